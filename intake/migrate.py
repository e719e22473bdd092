"""Bring the database to the newest schema."""

from __future__ import annotations

from alembic import command
from alembic.config import Config as AlembicConfig

from intake.config import ROOT, Config
from intake.db import open_database


def alembic_config(config: Config) -> AlembicConfig:
    """Alembic's settings from pyproject.toml, for this server's database."""
    settings = AlembicConfig(toml_file=ROOT / "pyproject.toml")
    settings.attributes["engine"] = open_database(config.database).engine
    return settings


def migrate(config: Config) -> None:
    """Create the data folder if needed and run what migrations are missing."""
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    command.upgrade(alembic_config(config), "head")
