"""Why no web page the reviewer visits can talk to this program: one-time link, strict cookie, Host, Origin and form tokens."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from werkzeug.datastructures import Headers

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), clipboard-read=()",
    # Not no-referrer: that would make browsers send `Origin: null` with this program's own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def new_link() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class Guard:
    """Who may talk: the browser that used the link, under the one cookie, at this port."""

    port: int
    link: str = field(default_factory=new_link)
    session: str = ""
    form_token: str = ""

    @property
    def hosts(self) -> tuple[str, str]:
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """Cookies do not know ports; the name keeps two workstations on one machine apart."""
        return f"tellsafe-{self.port}"


def use_link(guard: Guard, token: str) -> bool:
    """Take the one-time link. True once; from then on the link opens nothing."""
    if not guard.link or not same(token, guard.link):
        return False
    guard.link = ""
    guard.session, guard.form_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    return True


def refusal(guard: Guard, method: str, headers: Headers, cookie: str, form_token: str, entering: bool) -> str:
    """Why this request is refused, or an empty string. `entering` is the one page that needs no cookie."""
    if headers.get("Host", "") not in guard.hosts:
        return "This program answers only at its own address."
    if _from_elsewhere(method, headers, entering):
        return "This request comes from another page."
    if entering and method in ("GET", "HEAD"):
        return ""
    if not guard.session or not same(cookie, guard.session):
        return "Open this program with the link it printed when it started. A link works once; for a new one, start the program again."
    if method == "POST" and not same(form_token, guard.form_token):
        return "This form is out of date. Go back, load the page again and send it once more."
    return ""


def _from_elsewhere(method: str, headers: Headers, entering: bool) -> bool:
    """Whether another page, or nothing that says what it is, made this request. Reading may also start from the address bar."""
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    if origin is not None and origin != f"http://{headers.get('Host')}":
        return True
    if method not in ("GET", "HEAD"):
        return site != "same-origin" if site is not None else origin is None
    return site not in (None, "same-origin", "none") and not entering


def same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
