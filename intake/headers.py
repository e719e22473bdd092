"""Headers of every answer. No cookies, no HSTS and no upgrade-insecure-requests: on an onion there is no https to go to."""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Flask, Response

COMMON = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

NO_STORE = "no-store"
REVALIDATE = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"

# For everything that is not a page: it can run, load and frame nothing.
BARE_POLICY = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def page_policy(html: str) -> str:
    """The policy of a page: own script and requests, the style elements it was rendered with, and no image but its empty icon."""
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(html)]
    styles = " ".join(f"'sha256-{value}'" for value in hashes) or "'none'"
    return (
        f"default-src 'none'; script-src 'self'; style-src {styles}; img-src data:; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )


def register(app: Flask) -> None:
    """Put the common headers on every answer, refusals included."""

    def add(response: Response) -> Response:
        response.headers.update(COMMON)
        response.headers.setdefault("Cache-Control", NO_STORE)
        response.headers.setdefault("Content-Security-Policy", BARE_POLICY)
        return response

    app.after_request(add)
