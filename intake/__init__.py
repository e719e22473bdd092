"""The server: it accepts a posting, ticks and serves files. It can open, seal and sign nothing."""

from __future__ import annotations

from flask import Flask

from crypto.constants import POSTING_BYTES
from intake import errors, headers, pages, publicfiles, views
from intake.config import Config
from intake.db import open_database


def create_app(config: Config) -> Flask:
    """The WSGI application. Reads the tree and renders every page now; the database is opened by the first request that needs it."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    # Otherwise // in a path is answered by a redirect that names the host.
    app.url_map.merge_slashes = False
    app.config.update(MAX_CONTENT_LENGTH=POSTING_BYTES, PROPAGATE_EXCEPTIONS=False, PROVIDE_AUTOMATIC_OPTIONS=False)
    errors.register(app)
    headers.register(app)
    views.register(app, config, open_database(config.database), pages.render(config, publicfiles.programme(config)))
    return app
