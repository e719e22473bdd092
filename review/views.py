"""The pages. No script anywhere; every change is a form with a token, answered by a redirect."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crypto.case import fold
from crypto.constants import CLOSE_REASONS
from crypto.errors import Malformed, NotForUs, TooLong
from crypto.roster import quarter_of
from review import casebook, cases, labels, outbox, sync, vault
from review.desk import Desk, card, lock_desk, lock_if_idle, open_desk, write
from review.guard import HEADERS, Guard, refusal, use_link
from review.standing import standing

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
PASSPHRASE_MIN = 12
FORM_MAX = 1024 * 1024
OPEN_STATES = ("RECEIVED", "ACKNOWLEDGED")


def create_app(desk: Desk, guard: Guard) -> Flask:
    """The workstation's pages over one desk."""
    app = Flask("review", template_folder=str(TEMPLATES), static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=FORM_MAX, MAX_FORM_MEMORY_SIZE=FORM_MAX)
    _protect(app, desk, guard)
    _doors(app, guard)
    _vault_pages(app, desk)
    _key_pages(app, desk)
    _case_pages(app, desk)
    _conflict_pages(app, desk)
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
                "poison": book.poison if book else 0,
                "waiting": len(desk.outbox),
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
        return _unlock_page(desk)

    @app.post("/unlock")
    def do_unlock() -> str | Response | tuple[str, int]:
        why, code = _try_passphrase(desk, request.form.get("passphrase", ""))
        if why:
            return _unlock_page(desk, why), code
        case_id, text, field = (request.form.get(name, "") for name in ("draft-case", "draft", "draft-field"))
        if case_id and text:
            return _case_page(desk, case_id, {field: text}, "You were locked out before this was sent. Your words are still in the form.")
        return redirect(url_for("home"), HTTPStatus.SEE_OTHER)

    @app.post("/create")
    def create() -> str | tuple[str, int]:
        name = " ".join(request.form.get("name", "").split())[:200]
        first, again = request.form.get("passphrase", ""), request.form.get("again", "")
        if not name or len(first) < PASSPHRASE_MIN or first != again:
            why = f"Give a name, and the same passphrase of at least {PASSPHRASE_MIN} characters twice."
            return _unlock_page(desk, why), HTTPStatus.BAD_REQUEST
        try:
            public = vault.create(desk.folder, first, name, desk.now(), desk.programme)
        except (vault.VaultExists, FileExistsError):
            return _unlock_page(desk, "There is a vault in this folder already."), HTTPStatus.CONFLICT
        return render_template("review/created.html", fingerprint=in_fours(public["sign"]), folder=desk.folder)

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
        return "This passphrase does not open the vault.", HTTPStatus.FORBIDDEN
    except casebook.CasebookBusy:
        return "Another workstation has this vault open.", HTTPStatus.CONFLICT
    except (casebook.CasebookDamaged, Malformed, FileNotFoundError):
        return "A file of this vault is damaged or missing. Nothing was changed.", HTTPStatus.CONFLICT
    return "", HTTPStatus.OK


def _case_pages(app: Flask, desk: Desk) -> None:
    @app.get("/")
    def home() -> str | Response:
        with desk.lock:
            if desk.book is None:
                return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)
            assert desk.vault is not None
            return render_template("review/cases.html", cases=cases.overview(desk.book, desk.vault.sign))

    @app.get("/case/<case_id>")
    def case(case_id: str) -> str | Response:
        if desk.book is None:
            return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)
        return _case_page(desk, case_id, {})

    @app.post("/case/<case_id>/answer")
    def answer(case_id: str) -> str | Response | tuple[str, int]:
        return _write_down(desk, case_id, "answer", "talk")

    @app.post("/case/<case_id>/note")
    def note(case_id: str) -> str | Response | tuple[str, int]:
        return _write_down(desk, case_id, "note", "notes")

    @app.post("/case/<case_id>/acknowledge")
    def acknowledge(case_id: str) -> str | Response | tuple[str, int]:
        return _move(desk, case_id, ("RECEIVED",), to="ACKNOWLEDGED", reason="NONE", text="")

    @app.post("/case/<case_id>/close")
    def close(case_id: str) -> str | Response | tuple[str, int]:
        reason = request.form.get("reason", "")
        if reason not in CLOSE_REASONS:
            page = _case_page(desk, case_id, {"close": _text("close")}, "Choose a reason for closing.")
            return page, HTTPStatus.BAD_REQUEST
        return _move(desk, case_id, OPEN_STATES, to="CLOSED", reason=reason, text=_text("close"))


def _conflict_pages(app: Flask, desk: Desk) -> None:
    @app.post("/case/<case_id>/open")
    def open_report(case_id: str) -> str | Response | tuple[str, int]:
        with desk.lock:
            seen = _header(desk, case_id)
            if seen is None or seen.opened:
                return redirect(url_for("case", case_id=case_id), HTTPStatus.SEE_OTHER)
            return _try(desk, case_id, lambda: outbox.say(desk, case_id, "received"))

    @app.get("/case/<case_id>/recuse")
    def ask_recuse(case_id: str) -> str | Response:
        with desk.lock:
            seen = _header(desk, case_id)
            if seen is None or not seen.opened or desk.book is None or case_id in desk.book.forgotten:
                return redirect(url_for("case", case_id=case_id), HTTPStatus.SEE_OTHER)
            return render_template("review/recuse.html", case=seen)

    @app.post("/case/<case_id>/recuse")
    def recuse(case_id: str) -> str | Response | tuple[str, int]:
        with desk.lock:
            if _header(desk, case_id) is None:
                return redirect(url_for("case", case_id=case_id), HTTPStatus.SEE_OTHER)
            if not _reads(desk, case_id):
                return _case_page(desk, case_id, {}, "You are not a reader of this case any more."), HTTPStatus.CONFLICT
            return _try(desk, case_id, lambda: outbox.step_back(desk, case_id))


def _try(desk: Desk, case_id: str, act: Callable[[], object]) -> str | Response | tuple[str, int]:
    try:
        act()
    except outbox.NotReady:
        return _case_page(desk, case_id, {}, "The roster has not been checked yet. Try again in a moment."), HTTPStatus.CONFLICT
    return redirect(url_for("case", case_id=case_id), HTTPStatus.SEE_OTHER)


def _header(desk: Desk, case_id: str) -> cases.Summary | None:
    """What may be seen of a case before it is opened; None also while locked. The caller holds the lock."""
    if desk.book is None or desk.vault is None:
        return None
    return cases.header(desk.book, desk.vault.sign, case_id)


def _reads(desk: Desk, case_id: str) -> bool:
    assert desk.book is not None and desk.vault is not None
    found = fold(desk.book.events.values(), case_id)
    return found is not None and not cases.place(found, desk.tree, desk.vault.sign, desk.now())


def _barred(desk: Desk, case_id: str) -> str:
    """Why nothing can be said in this case now, or an empty string. The caller holds the lock; the desk is unlocked."""
    assert desk.book is not None and desk.vault is not None
    if case_id in desk.book.forgotten:
        return "You stepped back from this case."
    seen = _header(desk, case_id)
    if seen is not None and not seen.opened:
        return "Decide first whether you have a conflict."
    return "You are not a reader of this case any more." if seen is not None and not _reads(desk, case_id) else ""


def _write_down(desk: Desk, case_id: str, kind: str, anchor: str) -> str | Response | tuple[str, int]:
    text = _text(kind)
    if not text.strip():
        return _case_page(desk, case_id, {}, "There was no text to send."), HTTPStatus.BAD_REQUEST
    return _say(desk, case_id, kind, {"text": text}, kind, anchor)


def _move(desk: Desk, case_id: str, allowed: tuple[str, ...], to: str, reason: str, text: str) -> str | Response | tuple[str, int]:
    with desk.lock:
        found = fold(desk.book.events.values(), case_id) if desk.book else None
        if found is not None and found.state not in allowed and not _barred(desk, case_id):
            return _case_page(desk, case_id, {"close": text}, "The case has moved on; this is not possible any more."), HTTPStatus.CONFLICT
        return _say(desk, case_id, "state", {"to": to, "reason": reason, "text": text}, "close", "top")


def _say(desk: Desk, case_id: str, kind: str, fields: dict[str, str], form: str, anchor: str) -> str | Response | tuple[str, int]:
    """Send an event; when that cannot be, show the page again with every word still in its form."""
    text = fields.get("text", "")
    with desk.lock:
        if desk.book is None or desk.vault is None:
            return _unlock_page(desk, "The workstation locked itself before this was sent.", case_id, text, form), HTTPStatus.CONFLICT
        if why := _barred(desk, case_id):
            return _case_page(desk, case_id, {form: text}, why), HTTPStatus.CONFLICT
    try:
        outbox.say(desk, case_id, kind, **fields)
    except outbox.NoSuchCase:
        abort(HTTPStatus.NOT_FOUND, "There is no such case here.")
    except outbox.NotReady:
        return _case_page(desk, case_id, {form: text}, "The roster has not been checked yet. Try again in a moment."), HTTPStatus.CONFLICT
    except (TooLong, Malformed):
        why = "This does not fit into one letter. Make it shorter, or send it in two."
        return _case_page(desk, case_id, {form: text}, why), HTTPStatus.BAD_REQUEST
    return redirect(url_for("case", case_id=case_id) + f"#{anchor}", HTTPStatus.SEE_OTHER)


def _case_page(desk: Desk, case_id: str, drafts: dict[str, str], why: str = "") -> str:
    with desk.lock:
        if desk.book is None or desk.vault is None:
            return _unlock_page(desk)
        if case_id in desk.book.forgotten:
            return render_template("review/stepped-back.html", short=cases.short(case_id), why=why)
        seen = _header(desk, case_id)
        if seen is None:
            abort(HTTPStatus.NOT_FOUND, "There is no such case here.")
        if not seen.opened:
            return render_template("review/header.html", case=seen, why=why)
        shown = cases.view(desk.book, desk.tree, desk.vault.sign, case_id, desk.now())
        assert shown is not None
        fresh = [name for name in shown.ids if name not in desk.book.read]
        page = render_template(
            "review/case.html", case=shown, drafts=drafts, why=why, reasons=labels.REASON, moving=shown.state_code in OPEN_STATES
        )
        if fresh:
            write(desk, [casebook.read_record(fresh)])
        return page


def _unlock_page(desk: Desk, why: str = "", case_id: str = "", draft: str = "", field: str = "") -> str:
    return render_template(
        "review/unlock.html", exists=vault.exists(desk.folder), why=why, draft_case=case_id, draft=draft, draft_field=field
    )


def _text(name: str) -> str:
    """A form's text as it is stored: one kind of line end, and no U+0000, which the protocol refuses."""
    return request.form.get(name, "").replace("\r\n", "\n").replace("\x00", "")


def _sorry(why: str) -> str:
    return render_template("review/sorry.html", why=why)
