"""The server: it accepts a posting, ticks and serves files. It can open, seal and sign nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intake.config import Config

if TYPE_CHECKING:
    from flask import Flask


def create_app(config: Config) -> Flask:
    """The WSGI application. Renders every page now but those about the reviewers, which follow the signed tree.

    The database is opened by the first request that needs it.
    """
    # Imported here, because every process of the server imports this package and only the workers need Flask.
    from flask import Flask

    from crypto.constants import POSTING_BYTES
    from intake import errors, headers, pages, publicfiles, views
    from intake.db import open_database

    app = Flask(__name__, static_folder=None, template_folder=None)
    # Otherwise // in a path is answered by a redirect that names the host.
    app.url_map.merge_slashes = False
    app.config.update(MAX_CONTENT_LENGTH=POSTING_BYTES, PROPAGATE_EXCEPTIONS=False, PROVIDE_AUTOMATIC_OPTIONS=False)
    errors.register(app)
    headers.register(app)
    paths, page = pages.following(config, publicfiles.programme(config))
    views.register(app, config, open_database(config.database), paths, page)
    return app
