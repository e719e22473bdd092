"""Every page and static file, rendered once when the server starts. The same bytes for everyone; no request reaches a template."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from intake.config import Config
from intake.forms import ABOUT_GROUPS, ReportForm, ReturnForm
from intake.headers import BARE_POLICY, FOR_EVER, NO_STORE, page_policy

TEMPLATES = {"/": "index.html", "/report": "report.html", "/return": "return.html", "/about": "about.html"}
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2"}
SCRIPT = "reporter.js"


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


def render(config: Config, programme: bytes) -> dict[str, Page]:
    """Path to Page for the pages, /static and /manifest.json. A missing template, name or script raises: no half server."""
    static = dict(_static(config.static))
    context: dict[str, Any] = {
        "fingerprint": programme.hex(),
        "script_url": script_url(static),
        "groups": ABOUT_GROUPS,
    }
    forms: dict[str, Any] = {"/report": ReportForm(), "/return": ReturnForm()}
    environment = Environment(loader=FileSystemLoader(config.templates), autoescape=True, undefined=StrictUndefined)
    pages = dict(static)
    for path, name in TEMPLATES.items():
        html = environment.get_template(f"intake/{name}").render(context, form=forms.get(path))
        pages[path] = make(html.encode(), "text/html", NO_STORE, page_policy(html))
    pages["/manifest.json"] = make(_manifest(pages), "application/json", NO_STORE)
    return pages


def script_url(static: Mapping[str, Page]) -> str:
    """Where the reporter's script is. It is built, not written: crypto/browser makes it."""
    stem = SCRIPT.removesuffix(".js")
    found = [path for path in static if path.startswith(f"/static/{stem}.") and path.endswith(".js")]
    if not found:
        raise FileNotFoundError(f"{SCRIPT} is not in the static folder: build it in crypto/browser first")
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
