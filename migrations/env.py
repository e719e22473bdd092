"""Alembic's way into the server's database; `alembic upgrade head` on the command line reads the same environment as the server."""

from alembic import context

from intake.config import Config
from intake.db import open_database
from intake.models import metadata

engine = context.config.attributes.get("engine")
if engine is None:
    engine = open_database(Config.from_env().database).engine

with engine.execution_options(writes=True).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
