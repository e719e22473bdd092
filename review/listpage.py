"""The list of cases. What it is asked for comes in a form and stays in memory: an address would be kept by the browser."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crypto.constants import ABOUT_CODES
from review import casebook, clock, clocks, labels, shelf
from review.desk import Desk, write

NAME_MAX = 40
VIEWS_MAX = 30


def attach(app: Flask, desk: Desk) -> None:
    """The pages of the list."""

    @app.get("/")
    def home() -> str | Response:
        with desk.lock:
            if desk.book is None:
                return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)
            return _list_page(desk)

    @app.post("/list")
    def choose() -> Response:
        """Show something else: what the form asks for, or a saved view."""
        with desk.lock:
            if desk.book is not None:
                name = request.form.get("view", "")
                desk.wish = shelf.clean(desk.book.views.get(name, {}) if name else request.form)
        return redirect(url_for("home"), HTTPStatus.SEE_OTHER)

    @app.post("/views")
    def save() -> Response:
        """Keep what is shown now under a name, or forget a name."""
        with desk.lock:
            if desk.book is not None:
                name = " ".join(request.form.get("name", "").split())[:NAME_MAX]
                drop = request.form.get("drop", "")
                if drop in desk.book.views:
                    write(desk, [casebook.view_record(drop, None)])
                elif name and len(desk.book.views) < VIEWS_MAX:
                    write(desk, [casebook.view_record(name, shelf.as_form(desk.wish))])
                elif not drop:
                    abort(HTTPStatus.BAD_REQUEST, f"Give the view a name; there may be {VIEWS_MAX} of them.")
        return redirect(url_for("home"), HTTPStatus.SEE_OTHER)


def _list_page(desk: Desk) -> str:
    """The caller holds the lock and has seen that the casebook is open."""
    assert desk.book is not None and desk.vault is not None
    page = request.args.get("page", "1")
    number = int(page) if page.isdecimal() and len(page) < 6 else 1
    found = shelf.look(desk.shelf, desk.book, desk.vault.sign, desk.now(), desk.wish, number)
    return render_template(
        "review/cases.html",
        found=found,
        wish=desk.wish,
        asked=shelf.as_form(desk.wish),
        told=_told(desk.wish),
        states=labels.STATE,
        concerns=labels.CONCERN,
        codes={group: [(code, labels.ABOUT[code]) for code in ABOUT_CODES if code[0] == group] for group in labels.CONCERN},
        organisations=shelf.organisations(desk.shelf),
        tags=shelf.tags(desk.shelf),
        views=sorted(desk.book.views, key=str.casefold),
        week=clock.week_of(desk.now()),
        plain_week=clocks.plain_week,
    )


def _told(wish: shelf.Wish) -> list[str]:
    """What the list is narrowed to, in words."""
    concern = labels.CONCERN.get(wish.concern) or labels.ABOUT.get(wish.concern, wish.concern)
    said = [
        wish.q and f"“{wish.q}”",
        wish.state and ("open" if wish.state == "OPEN" else labels.label(labels.STATE, wish.state)),
        concern,
        wish.organisation,
        wish.tag and f"tag {wish.tag}",
        wish.unread and "unread",
        {"": "", "lead": "mine to lead"}.get(wish.mine, "mine to lead or second"),
        {"": "", "over": "overdue"}.get(wish.due, "with a date"),
    ]
    return [each for each in said if each]
