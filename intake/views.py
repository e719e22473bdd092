"""The addresses. Nothing here looks at who asks: only at the path, the body, its type, and whether gzip is understood."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from crypto.constants import BUNDLE_MAX, POSTING_BYTES
from crypto.encoding import is_week
from crypto.errors import ProtocolError
from intake import publicfiles, segments, tray, treefiles
from intake.config import Config
from intake.db import Database
from intake.errors import Refused, tree_refused
from intake.headers import FOR_EVER, NO_STORE, REVALIDATE
from intake.pages import Page, make

_TREE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,194}\.json")
_NUMBERS_NAME = re.compile(r"[0-9a-f]{64}\.[A-Za-z0-9][A-Za-z0-9.-]{0,60}\.(json|jsonl|csv)")
# Larger than any segment or block number there can be, small enough for a file name.
_NUMBER = "<int(max=9007199254740991):{}>"


def register(app: Flask, config: Config, db: Database, paths: Iterable[str], page: Callable[[str], Page]) -> None:
    """Put all addresses on the app; `page` gives what stands at one of `paths` now."""
    for path in paths:
        app.add_url_rule(path, path, lambda path=path: _send(page(path)))
    app.add_url_rule("/post", "post", lambda: _post(db), methods=["POST"])
    app.add_url_rule("/files/head.json", "head", lambda: _head(config))
    app.add_url_rule("/files/clues/<week>", "clues", lambda week: _clues(config, week))
    app.add_url_rule(f"/files/letters/{_NUMBER.format('n')}/{_NUMBER.format('b')}", "letters", lambda n, b: _letters(config, n, b))
    bundles: dict[bytes, Page] = {}
    app.add_url_rule("/tree", "tree", lambda: _new_tree(config), methods=["POST"])
    app.add_url_rule("/tree/bundle.json", "bundle", lambda: _bundle(config, bundles))
    app.add_url_rule("/tree/<name>", "metadata", lambda name: _tree(config, "metadata", name))
    app.add_url_rule("/tree/targets/statistics/<name>", "numbers", lambda name: _numbers(config, name))
    app.add_url_rule("/tree/targets/<name>", "target", lambda name: _tree(config, "targets", name))


def _post(db: Database) -> Response:
    if request.mimetype != "application/octet-stream":
        raise Refused("Type")
    if request.content_length != POSTING_BYTES:
        raise Refused("Length")
    # Straight from the server, which ends it at its length: one copy less of what is large.
    tray.accept(db, request.environ["wsgi.input"].read(POSTING_BYTES))
    return Response("stored", mimetype="text/plain")


def _head(config: Config) -> Response:
    data = publicfiles.read(config.files / "head.json")
    return _plain(data or segments.first_head(publicfiles.tick_seconds(config)), "application/json", REVALIDATE)


def _clues(config: Config, week: str) -> Response:
    if not is_week(week):
        raise NotFound
    return _plain(publicfiles.read(config.files / "clues" / week), "application/octet-stream", NO_STORE)


def _letters(config: Config, n: int, b: int) -> Response:
    # Kept on a reporter's disk, the blocks would be a mark of their twelve words, and the weeks of how far back they looked.
    return _plain(publicfiles.read(config.files / "letters" / str(n) / str(b)), "application/octet-stream", NO_STORE)


def _tree(config: Config, folder: str, name: str) -> Response:
    if not _TREE_NAME.fullmatch(name):
        raise NotFound
    changes = name == "timestamp.json"
    return _plain(publicfiles.read(config.tree / folder / name), "application/json", REVALIDATE if changes else FOR_EVER)


def _numbers(config: Config, name: str) -> Response:
    """A file of the public numbers. Read, not run: plain text but for JSON and what spreadsheets open."""
    found = _NUMBERS_NAME.fullmatch(name)
    if not found:
        raise NotFound
    kind = {"json": "application/json", "csv": "text/csv"}.get(found[1], "text/plain")
    return _plain(publicfiles.read(config.tree / "targets" / publicfiles.STATISTICS / name), kind, FOR_EVER)


def _new_tree(config: Config) -> Response:
    if request.mimetype != "application/json":
        raise Refused("TreeType")
    if not 0 < (request.content_length or 0) <= BUNDLE_MAX:
        raise Refused("TreeLength")
    # The bound of the whole app is that of a posting.
    request.max_content_length = BUNDLE_MAX
    try:
        treefiles.store(config, request.stream.read())
    except ProtocolError as error:
        return tree_refused(error)
    return Response("stored", mimetype="text/plain")


def _bundle(config: Config, cache: dict[bytes, Page]) -> Response:
    """Built again when the timestamp file is another one."""
    key = publicfiles.identity(config)
    page = cache.get(key)
    if page is None:
        page = make(publicfiles.bundle(config), "application/json", REVALIDATE)
        cache.clear()
        cache[key] = page
    return _send(page)


def _send(page: Page) -> Response:
    packed = request.accept_encodings["gzip"] > 0
    response = Response(page.packed if packed else page.body, mimetype=page.mimetype)
    response.headers.update({"Cache-Control": page.cache, "Content-Security-Policy": page.policy, "Vary": "Accept-Encoding"})
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _plain(body: bytes | None, mimetype: str, cache: str) -> Response:
    if body is None:
        raise NotFound
    response = Response(body, mimetype=mimetype)
    response.headers["Cache-Control"] = cache
    return response
