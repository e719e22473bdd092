"""The pages. No script anywhere; every change is a form with a token, answered by a redirect."""

from __future__ import annotations

import shlex
import time
from http import HTTPStatus
from pathlib import Path

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crypto.errors import Malformed, NotForUs
from crypto.roster import quarter_of
from review import casebook, casepage, deskwork, listpage, sync, vault
from review.desk import Desk, card, lock_desk, lock_if_idle, open_desk
from review.guard import HEADERS, Guard, refusal, use_link
from review.standing import standing

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
PASSPHRASE_MIN = 12
FORM_MAX = 1024 * 1024
OTHER_VERSION = (
    "The casebook was written by another version of this program, which keeps it in another form. Nothing was changed. "
    "Start the newest version the stewards name, or the one that wrote it."
)


def create_app(desk: Desk, guard: Guard) -> Flask:
    """The workstation's pages over one desk."""
    app = Flask("review", template_folder=str(TEMPLATES), static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=FORM_MAX, MAX_FORM_MEMORY_SIZE=FORM_MAX)
    _protect(app, desk, guard)
    _doors(app, guard)
    _vault_pages(app, desk)
    _key_pages(app, desk)
    listpage.attach(app, desk)
    casepage.attach(app, desk)
    deskwork.attach(app, desk)
    return app


def _protect(app: Flask, desk: Desk, guard: Guard) -> None:
    @app.before_request
    def check() -> tuple[str, int] | None:
        entering = request.endpoint == "enter"
        token = request.form.get("token", "") if request.method == "POST" else ""
        cookie = request.cookies.get(guard.cookie, "")
        why = refusal(guard, request.method, request.headers, cookie, token, entering)
        if why:
            return _sorry(why), HTTPStatus.FORBIDDEN
        lock_if_idle(desk)
        with desk.lock:
            if desk.vault is not None and request.endpoint != "style":
                desk.touched = time.monotonic()
        return None

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    def known(error: HTTPException) -> tuple[str, int]:
        return _sorry(error.description or "This did not work."), error.code or 500

    @app.errorhandler(OSError)
    def not_written(error: OSError) -> tuple[str, int]:
        app.logger.error("a page failed: %s", type(error).__name__)
        why = "This could not be written down: the disk may be full. Nothing was sent. Make room, go back and do it again."
        return _sorry(why), HTTPStatus.INSUFFICIENT_STORAGE

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> tuple[str, int]:
        # The traceback may hold words of a case, and a log is a file: only the kind of mistake is told.
        app.logger.error("a page failed: %s", type(error).__name__)
        return _sorry("This program made a mistake. Nothing was sent."), HTTPStatus.INTERNAL_SERVER_ERROR

    @app.context_processor
    def everywhere() -> dict[str, object]:
        with desk.lock:
            book = desk.book
            return {
                "form_token": guard.form_token,
                "unlocked": desk.vault is not None,
                "owner": desk.vault.name if desk.vault else "",
                "status": desk.status,
                "newest": max(book.hashes, default=0) if book else 0,
                "news": sum(row.seen.unread > 0 for row in desk.shelf.order),
                "poison": book.poison if book else 0,
                "unread_records": len(book.unread) if book else 0,
                "waiting": sum(not item.cover for item in list(desk.outbox.values())),
                "next_try": sync.next_try(desk),
                "lost": sync.unpublished(desk),
                "ready": desk.tree is not None,
                "stale": desk.tree is not None and desk.tree.stale,
                "standing": standing(desk.tree, card(desk), desk.now()) if desk.tree and vault.exists(desk.folder) else None,
                "programme_name": desk.tree.programme.name if desk.tree else "",
                "idle_minutes": max(1, round(desk.idle_seconds / 60)),
            }


def _doors(app: Flask, guard: Guard) -> None:
    @app.get("/enter/<link>")
    def enter(link: str) -> Response:
        if not use_link(guard, link):
            why = "This link was used already or is not the right one. For a new one, start the program again, or send it SIGUSR1."
            abort(HTTPStatus.FORBIDDEN, why)
        # A page and not a redirect: after one from elsewhere the browser would still hold back the strict cookie.
        response = app.make_response(render_template("review/enter.html"))
        response.set_cookie(guard.cookie, guard.session, httponly=True, samesite="Strict", path="/")
        return response

    @app.get("/style.css")
    def style() -> Response:
        return app.response_class((TEMPLATES / "review" / "style.css").read_bytes(), mimetype="text/css")


def _vault_pages(app: Flask, desk: Desk) -> None:
    @app.get("/unlock")
    def unlock() -> str | Response:
        if desk.vault is not None:
            return redirect(url_for("home"), HTTPStatus.SEE_OTHER)
        return casepage.unlock_page(desk)

    @app.post("/unlock")
    def do_unlock() -> str | Response | tuple[str, int]:
        why, code = _try_passphrase(desk, request.form.get("passphrase", ""))
        if why:
            return casepage.unlock_page(desk, why), code
        case_id, text, field = (request.form.get(name, "") for name in ("draft-case", "draft", "draft-field"))
        if case_id and text:
            return casepage.case_page(
                desk, case_id, {field: text}, "You were locked out before this was sent. Your words are still in the form."
            )
        return redirect(url_for("home"), HTTPStatus.SEE_OTHER)

    @app.post("/create")
    def create() -> str | tuple[str, int]:
        name = " ".join(request.form.get("name", "").split())[:200]
        first, again = request.form.get("passphrase", ""), request.form.get("again", "")
        if not name or len(first) < PASSPHRASE_MIN or first != again:
            why = f"Give a name, and the same passphrase of at least {PASSPHRASE_MIN} characters twice."
            return casepage.unlock_page(desk, why), HTTPStatus.BAD_REQUEST
        try:
            public = vault.create(desk.folder, first, name, desk.now(), desk.programme)
        except (vault.VaultExists, FileExistsError):
            return casepage.unlock_page(desk, "There is a vault in this folder already."), HTTPStatus.CONFLICT
        backup = f"--vault {shlex.quote(str(desk.folder))} --fingerprint {desk.programme.hex()}"
        facts = {"fingerprint": in_fours(public["sign"]), "folder": desk.folder, "backup": backup}
        return render_template("review/created.html", **facts)

    @app.post("/lock")
    def lock() -> Response:
        lock_desk(desk)
        return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)


def _key_pages(app: Flask, desk: Desk) -> None:
    @app.get("/keys")
    def keys() -> str | Response:
        return _keys_page(desk)

    @app.post("/keys")
    def make_keys() -> Response:
        with desk.lock:
            if desk.vault is None:
                return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)
            try:
                desk.vault.make_keys(desk.now())
                desk.vault.request(desk.programme, desk.now())
            except OSError:
                abort(HTTPStatus.INTERNAL_SERVER_ERROR, "The vault could not be written. The keys you had are as they were.")
        return redirect(url_for("keys"), HTTPStatus.SEE_OTHER)

    @app.get("/request.json")
    def request_file() -> Response:
        """The request for the stewards: fresh while unlocked, else as it lies in the folder. It holds public keys only."""
        with desk.lock:
            if desk.vault is not None:
                data = desk.vault.request(desk.programme, desk.now())
            elif (desk.folder / vault.REQUEST).exists():
                data = (desk.folder / vault.REQUEST).read_bytes()
            else:
                return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)
        response = app.response_class(data, mimetype="application/json")
        response.headers["Content-Disposition"] = "attachment; filename=request.json"
        return response


def _keys_page(desk: Desk) -> str | Response:
    with desk.lock:
        if desk.vault is None:
            return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)
        held, mine, day = desk.vault.quarters(), card(desk), desk.now()
        wanted = (quarter_of(day), vault.next_quarter(day))
        rows = [(name, name in held, bool(mine and name in mine.open), name < wanted[0], _until(name)) for name in sorted({*held, *wanted})]
        make = any(name not in held for name in wanted)
        return render_template("review/keys.html", rows=rows, make=make, fingerprint=in_fours(desk.vault.sign), folder=desk.folder)


def _until(quarter: str) -> str:
    return vault.destroyed_after(quarter).isoformat()


def in_fours(text: str) -> str:
    """A key as it is read aloud."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def _try_passphrase(desk: Desk, passphrase: str) -> tuple[str, int]:
    """Unlock the desk; gives why not, and the status, or an empty string."""
    try:
        open_desk(desk, passphrase)
    except NotForUs:
        return (
            "This passphrase does not open the vault. Type it again, and look at the capital letters and the language of the keyboard.",
            HTTPStatus.FORBIDDEN,
        )
    except casebook.CasebookBusy:
        return "Another workstation has this vault open.", HTTPStatus.CONFLICT
    except casebook.CasebookOther:
        return OTHER_VERSION, HTTPStatus.CONFLICT
    except (casebook.CasebookDamaged, Malformed, FileNotFoundError):
        return "A file of this vault is damaged or missing. Nothing was changed.", HTTPStatus.CONFLICT
    return "", HTTPStatus.OK


def _sorry(why: str) -> str:
    return render_template("review/sorry.html", why=why)
