"""Every page and static file, rendered ahead. The same bytes for everyone; nothing of a request reaches a template.

Most are rendered when the server starts; those about the reviewers and the numbers, and the manifest, for each signed tree and day (UTC).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crypto.errors import ProtocolError
from crypto.fingerprint import groups_of_programme, words_of_programme
from intake import clock, numbers, publicfiles, rosterpage
from intake.config import Config
from intake.forms import ABOUT_GROUPS, ReportForm, ReturnForm
from intake.headers import BARE_POLICY, FOR_EVER, NO_STORE, page_policy

TEMPLATES = {"/": "index.html", "/report": "report.html", "/return": "return.html", "/about": "about.html"}
TREE_TEMPLATES = {"/reviewers": "reviewers.html", "/reviewers/history": "history.html", "/numbers": "numbers.html"}
MANIFEST = "/manifest.json"
# What reading a tree may fail with.
UNREADABLE = (ProtocolError, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2"}


@dataclass(frozen=True)
class Page:
    """One answer: plain and gzip bytes and the headers that go with them."""

    body: bytes
    packed: bytes
    mimetype: str
    cache: str
    policy: str = BARE_POLICY


def make(body: bytes, mimetype: str, cache: str, policy: str = BARE_POLICY) -> Page:
    """A Page of `body`. Its gzip carries no time: the same bytes from every server."""
    return Page(body, gzip.compress(body, 9, mtime=0), mimetype, cache, policy)


def following(config: Config, programme: bytes) -> tuple[tuple[str, ...], Callable[[str], Page]]:
    """All paths, and the page at a path for the tree and the day there are now.

    What never changes is rendered here. What is about the reviewers grows with the years of the programme, and no reporter waits for it:
    it is rendered when it is first looked at after the start, a new tree or midnight, and is the same for everyone.
    """
    environment = Environment(loader=FileSystemLoader(config.templates), autoescape=True, undefined=StrictUndefined)
    fixed = _fixed(config, environment, programme)
    for name in TREE_TEMPLATES.values():
        environment.get_template(f"intake/{name}")
    lock = threading.Lock()
    # What was rendered last and for what: one value, so that no request sees the pages of one tree with the manifest of another.
    last: list[tuple[tuple[bytes, date], dict[str, Page]]] = []

    def page(path: str) -> Page:
        if path in fixed:
            return fixed[path]
        with lock:
            key = (publicfiles.identity(config), clock.today())
            if not last or last[0][0] != key:
                pages = _tree_pages(config, environment, programme, key[1])
                manifest = make(_manifest({**fixed, **pages}), "application/json", NO_STORE)
                last[:] = [(key, {**pages, MANIFEST: manifest})]
            return last[0][1][path]

    return (*fixed, *TREE_TEMPLATES, MANIFEST), page


def _fixed(config: Config, environment: Environment, programme: bytes) -> dict[str, Page]:
    """Path to Page for what never changes while the server runs. A missing template, name or script raises: no half server."""
    static = dict(_static(config.static))
    context: dict[str, Any] = {"fingerprint": programme.hex(), "groups": ABOUT_GROUPS}
    forms: dict[str, Any] = {"/report": ReportForm(), "/return": ReturnForm()}
    context["script_url"] = lambda stem: script_url(static, stem)
    return static | {path: _page(environment, name, {**context, "form": forms.get(path)}) for path, name in TEMPLATES.items()}


def _tree_pages(config: Config, environment: Environment, programme: bytes, day: date) -> dict[str, Page]:
    """The pages about the reviewers on a day. Without a tree this server can read they say so: reports do not wait for a page."""
    context: dict[str, Any] = {
        "fingerprint": programme.hex(),
        "words": words_of_programme(programme),
        "blocks": groups_of_programme(programme),
    }
    try:
        context |= {"roster": rosterpage.roster_context(config, day), "versions": rosterpage.history(config)}
    except UNREADABLE:
        context |= {"roster": None, "versions": None}
    try:
        context["numbers"] = numbers.numbers_context(config, day, context["roster"], context["versions"])
    except UNREADABLE:
        context["numbers"] = None
    return {path: _page(environment, name, context) for path, name in TREE_TEMPLATES.items()}


def _page(environment: Environment, name: str, context: Mapping[str, Any]) -> Page:
    html = environment.get_template(f"intake/{name}").render(context)
    return make(html.encode(), "text/html", NO_STORE, page_policy(html))


def script_url(static: Mapping[str, Page], stem: str) -> str:
    """Where a page's script is. It is built, not written: crypto/browser makes it."""
    found = [path for path in static if path.startswith(f"/static/{stem}.") and path.endswith(".js")]
    if not found:
        raise FileNotFoundError(f"{stem}.js is not in the static folder: build it in crypto/browser first")
    return found[0]


def _static(folder: Path) -> list[tuple[str, Page]]:
    """(/static/NAME.HASH.EXT, Page) of every file that may be served."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix in TYPES:
            body = path.read_bytes()
            name = f"{path.stem}.{hashlib.sha256(body).hexdigest()[:16]}{path.suffix}"
            found.append((f"/static/{name}", make(body, TYPES[path.suffix], FOR_EVER)))
    return found


def _manifest(pages: Mapping[str, Page]) -> bytes:
    """What anyone may compare: SHA-256 of each page and static file, before compression."""
    hashes = {path: hashlib.sha256(page.body).hexdigest() for path, page in pages.items()}
    return json.dumps({"files": hashes, "v": 1}, separators=(",", ":"), sort_keys=True).encode()
