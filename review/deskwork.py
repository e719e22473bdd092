"""The pages of a case beside its own: packets, export, cases on the same matter, sending again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crypto.case import Case
from crypto.errors import Malformed, TooLong
from review import (
    casebook,
    casepage,
    cases,
    clock,
    clocks,
    corroborate,
    exchange,
    export,
    labels,
    outbox,
    packets,
    promises,
    resend,
    steps,
    vault,
)
from review.desk import Desk

Answer = str | Response | tuple[str, int]
PASSPHRASE_MIN = 12


class _Elsewhere(Exception):
    """This page is not to be shown; its argument is where to go instead."""


def attach(app: Flask, desk: Desk) -> None:
    """All pages under /case/ that are not the case's own."""
    _packet_pages(app, desk)
    _export_pages(app, desk)
    _other_pages(app, desk)

    @app.errorhandler(_Elsewhere)
    def elsewhere(error: _Elsewhere) -> Response:
        return redirect(str(error), HTTPStatus.SEE_OTHER)


def _packet_pages(app: Flask, desk: Desk) -> None:
    @app.get("/case/<case_id>/packets")
    def packet_list(case_id: str) -> Answer:
        return _packets(desk, case_id)

    @app.post("/case/<case_id>/packets")
    def packet_form(case_id: str) -> Answer:
        """A form for the chosen receiver, filled from codes, or from a draft that is to be written again."""
        to = _target()
        with desk.lock:
            case = _case(desk, case_id)
            old = next((each for each in packets.drafts(case) if (each.id, each.to) == (request.form.get("draft"), to)), None)
            if old is not None:
                return _draft_page(case, to, old.fields)
            about, until = promises.of_case(case, _promises(desk)), packets.given_until(case)
            return _draft_page(case, to, packets.filled(case, to, until and clocks.plain_week(until), about))

    @app.post("/case/<case_id>/packets/draft")
    def packet_draft(case_id: str) -> Answer:
        to = _target()
        said = {field.name: _text(field.name) for field in packets.form(to)}
        if desk.book is None:
            return _locked(desk, case_id, to, said)

        def again(why: str) -> str:
            return _draft_page(_case(desk, case_id), to, said, why)

        if not any(text.strip() for text in said.values()):
            return again("Nothing was kept: fill in a field first."), HTTPStatus.BAD_REQUEST
        return _say(desk, case_id, "note", {"text": packets.draft_note(to, said)}, again, "packet_list")

    @app.get("/case/<case_id>/packets/<draft_id>")
    def packet_again(case_id: str, draft_id: str) -> Answer:
        with desk.lock:
            return _retype_page(desk, case_id, draft_id, None, [], "")

    @app.post("/case/<case_id>/packets/<draft_id>")
    def packet_send(case_id: str, draft_id: str) -> Answer:
        with desk.lock:
            if desk.book is None:
                to = _target()
                return _locked(desk, case_id, to, {field.name: _text(field.name) for field in packets.form(to)})
            case, draft = _draft(desk, case_id, draft_id)
            typed = {field.name: _text(field.name) for field in packets.form(draft.to)}
            fields = packets.retyped(draft, typed)
            found = packets.traces("\n\n".join(fields.values()), packets.own_words(case, _promises(desk)))
            assert desk.vault is not None
            why = packets.why_not(draft, case, desk.vault.sign) or packets.no_reply(
                draft.to, fields, clock.week_of(desk.now()), packets.promised_until(case)
            )
            why = why or packets.refusal(draft.to, found, "looked" in request.form)
            lacking = packets.lacking(draft, fields)
            if not why and lacking and "short" not in request.form:
                why = f"The draft says something you left empty: {', '.join(lacking)}. Fill it in, or say below that it may go without."

            def again(reason: str) -> str:
                return _retype_page(desk, case_id, draft_id, typed, found, reason, bool(lacking))

            if why:
                return again(why), HTTPStatus.BAD_REQUEST
            packet = {"to": draft.to, "state": request.form.get("state", ""), "fields": fields}
            return _say(desk, case_id, "packet", packet, again, "packet_list")


def _export_pages(app: Flask, desk: Desk) -> None:
    @app.get("/case/<case_id>/export")
    def export_page(case_id: str) -> Answer:
        return _export_page(desk, case_id, "")

    @app.post("/case/<case_id>/export/ask")
    def export_ask(case_id: str) -> Answer:
        why = _text("why").strip()
        if not why:
            return _export_page(desk, case_id, "Say what for."), HTTPStatus.BAD_REQUEST
        return _say(desk, case_id, "note", {"text": f"{export.ASK}\n{why}"}, lambda said: _export_page(desk, case_id, said), "export_page")

    @app.post("/case/<case_id>/export/agree")
    def export_agree(case_id: str) -> Answer:
        with desk.lock:
            case = _case(desk, case_id)
            assert desk.vault is not None
            open_ = {event.id for event in export.to_agree(case, desk.vault.sign, _weeks_ago(desk))}
            if request.form.get("of") not in open_:
                return _export_page(desk, case_id, "Nobody asks for that any more."), HTTPStatus.CONFLICT
            text = f"{export.AGREE} {request.form['of']}"
            return _say(desk, case_id, "note", {"text": text}, lambda said: _export_page(desk, case_id, said), "export_page")

    @app.post("/case/<case_id>/export")
    def export_make(case_id: str) -> Answer:
        first, again = request.form.get("passphrase", ""), request.form.get("again", "")
        if len(first) < PASSPHRASE_MIN or first != again:
            why = f"Give the same passphrase of at least {PASSPHRASE_MIN} characters twice."
            return _export_page(desk, case_id, why), HTTPStatus.BAD_REQUEST
        with desk.lock:
            case = _case(desk, case_id)
            assert desk.vault is not None
            if export.agreed(case, desk.vault.sign, _weeks_ago(desk)) is None:
                return _export_page(desk, case_id, "Another reader has to agree first."), HTTPStatus.CONFLICT
            names = {reviewer.sign: reviewer.name for reviewer in desk.tree.roster.reviewers} if desk.tree else {}
            data = export.pack(case, desk.programme, clock.week_of(desk.now()), names, "notes" in request.form)
        response = app.response_class(vault.seal_file(first, data), mimetype="application/octet-stream")
        # The file's name says nothing: it stands in the browser's list of downloads.
        response.headers["Content-Disposition"] = "attachment; filename=sealed.tellsafe"
        return response


def _other_pages(app: Flask, desk: Desk) -> None:
    @app.get("/case/<case_id>/alike")
    def alike(case_id: str) -> Answer:
        return _alike_page(desk, case_id, "")

    @app.post("/case/<case_id>/alike")
    def alike_act(case_id: str) -> Answer:
        why = _between_leads(desk, case_id, request.form.get("other", ""))
        return (_alike_page(desk, case_id, why), HTTPStatus.CONFLICT) if why else redirect(request.path, HTTPStatus.SEE_OTHER)

    @app.get("/case/<case_id>/resend")
    def resend_page(case_id: str) -> Answer:
        return _resend_page(desk, case_id, "")

    @app.post("/case/<case_id>/resend")
    def resend_do(case_id: str) -> Answer:
        with desk.lock:
            _case(desk, case_id)
            if "called" not in request.form:
                return _resend_page(desk, case_id, "Speak with them first, and say so below."), HTTPStatus.BAD_REQUEST
            try:
                resend.resend(desk, case_id, request.form.get("to", ""))
            except outbox.NotReady:
                return _resend_page(desk, case_id, casepage.NOT_READY), HTTPStatus.CONFLICT
            except resend.NoSuchReader:
                return _resend_page(desk, case_id, "They cannot have letters now."), HTTPStatus.CONFLICT
        return redirect(url_for("case", case_id=case_id) + "#notes", HTTPStatus.SEE_OTHER)


def _between_leads(desk: Desk, case_id: str, other_id: str) -> str:
    """Ask the leads of two cases or, when both have agreed, pass on what they agreed to; gives why not, or an empty string.

    other_id: the id of the other case, or as much of it as pages show.
    """
    with desk.lock:
        case, mine = _case(desk, case_id), _mine(desk)
        named = "".join(other_id.split()).lower()
        other_id = next((name for name in mine if len(named) >= 8 and name != case_id and name.startswith(named)), "")
        if not other_id:
            return "You read no other case of that number. Type it as the list of cases has it: two groups of four."
        assert desk.vault is not None
        pair = next((each for each in exchange.pairs(case, mine.values(), desk.vault.sign) if each.other.id == other_id), None)
        why = exchange.why_not(case, mine[other_id], _called(desk))
        if not why and pair is not None and pair.stands != "ready":
            why = exchange.STANDS[pair.stands]
        if why:
            return why
        try:
            for where, text in exchange.notes(case_id, other_id, pair, secrets.token_hex(16)):
                outbox.say(desk, where, "note", text=text)
        except outbox.NotReady:
            return "Nothing can be sent now: see the line at the top."
        except (TooLong, Malformed):
            return "What a lead wrote does not fit into one letter. Ask them to shorten it."
    return ""


def _mine(desk: Desk) -> dict[str, Case]:
    """The cases that this reviewer reads and has opened, by id. The caller holds the lock; the desk is unlocked."""
    assert desk.book is not None and desk.vault is not None
    book, sign = desk.book, desk.vault.sign
    held = [found for found in (casebook.case_of(book, name) for name in book.cases) if found is not None]
    return {
        each.id: each for each in held if sign in each.readers and each.id not in book.forgotten and cases.is_opened(book, sign, each.id)
    }


def _alike_page(desk: Desk, case_id: str, why: str) -> str:
    with desk.lock:
        case, mine = _case(desk, case_id), _mine(desk)
    # Compared without the lock: with thousands of cases it takes seconds, and letters go on arriving.
    profiles = {name: corroborate.profile(each) for name, each in mine.items()}
    one = profiles.get(case_id)
    found = corroborate.alike(one, [each for each in profiles.values() if each is not None]) if one else []
    with desk.lock:
        case, book = _case(desk, case_id), desk.book
        assert book is not None and desk.vault is not None
        sign, called, mine = desk.vault.sign, _called(desk), _mine(desk)
        pairs = exchange.pairs(case, mine.values(), sign)
        asked = {pair.other.id for pair in pairs}
        rows = [(cases.summary(mine[each.case], book, sign), each, each.case in asked) for each in found if each.case in mine]
        return render_template(
            "review/alike.html",
            **_about(case),
            rows=[(*row, exchange.why_not(case, mine[row[0].id], called)) for row in rows],
            pairs=[(cases.summary(pair.other, book, sign), pair, exchange.why_not(case, pair.other, called)) for pair in pairs],
            stands=exchange.STANDS,
            compared=len(mine) - 1,
            typed=request.form.get("other", "")[:9],
            why=why,
        )


def _case(desk: Desk, case_id: str) -> Case:
    """A case that is open to this reviewer now. _Elsewhere: locked, not opened, stepped back or cut off; its own page says which."""
    if desk.book is None or desk.vault is None:
        raise _Elsewhere(url_for("unlock"))
    case = casebook.case_of(desk.book, case_id)
    if case is None and case_id not in desk.book.forgotten:
        abort(HTTPStatus.NOT_FOUND, "There is no such case here.")
    opened = case is not None and case_id not in desk.book.forgotten and cases.is_opened(desk.book, desk.vault.sign, case_id)
    if case is None or not opened or cases.place(case, desk.tree, desk.vault.sign, desk.now()):
        raise _Elsewhere(url_for("case", case_id=case_id))
    return case


def _draft(desk: Desk, case_id: str, draft_id: str) -> tuple[Case, packets.Draft]:
    case = _case(desk, case_id)
    draft = next((each for each in packets.drafts(case) if each.id == draft_id), None)
    if draft is None:
        raise _Elsewhere(url_for("packet_list", case_id=case_id))
    return case, draft


def _locked(desk: Desk, case_id: str, to: str, said: Mapping[str, str]) -> Answer:
    """The page that asks for the passphrase, carrying what was typed: after it the words stand as a draft in the form for notes."""
    why = "The workstation locked itself before this was kept. Unlock it: your words are then in the form for a private note."
    return casepage.unlock_page(desk, why, case_id, packets.draft_note(to, said), "note"), HTTPStatus.CONFLICT


def _packets(desk: Desk, case_id: str) -> str:
    with desk.lock:
        case = _case(desk, case_id)
        assert desk.vault is not None
        sign, called = desk.vault.sign, _called(desk)
        drafts = [(draft, called(draft.author), packets.why_not(draft, case, sign)) for draft in packets.drafts(case)]
        made = [
            (
                packets.FORMS[event.payload["to"]]["title"],
                called(event.author),
                event.payload["week"],
                _said(event.payload),
                event.id in case.agreed,
            )
            for event in reversed(case.order)
            if event.kind == "packet" and event.payload["to"] in packets.FORMS
        ]
        return render_template("review/packet.html", page="list", **_about(case), forms=packets.FORMS, drafts=drafts, made=made)


def _said(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, text) of every field of a packet; one that no form knows has its own name for a label."""
    names = {field.name: field.label for field in packets.form(payload["to"])}
    return [(names.get(name, name), text) for name, text in payload["fields"].items()]


def _draft_page(case: Case, to: str, said: Mapping[str, str], why: str = "") -> str:
    form = packets.form(to)
    return render_template(
        "review/packet.html", page="draft", **_about(case), to=to, about=packets.FORMS[to], form=form, said=said, why=why
    )


def _retype_page(
    desk: Desk,
    case_id: str,
    draft_id: str,
    typed: Mapping[str, str] | None,
    found: list[packets.Trace],
    why: str,
    lacking: bool = False,
) -> str:
    """The first reviewer's text beside an empty form. The caller holds the lock."""
    case, draft = _draft(desk, case_id, draft_id)
    assert desk.vault is not None
    barred = packets.why_not(draft, case, desk.vault.sign)
    form = packets.form(draft.to)
    said = typed if typed is not None else {field.name: draft.fields[field.name] for field in form if field.open}
    by_id = {event.id: event for event in case.order}
    waiting = [by_id[each.id] for each in case.proposals if each.id in by_id]
    step = packets.step_of(draft.to)
    proposals = [(event.id, steps.VERBS[step], event.payload["whom"]) for event in waiting if steps.target(event) == step]
    return render_template(
        "review/packet.html",
        page="again",
        **_about(case),
        draft=draft,
        by=_called(desk)(draft.author),
        about=packets.FORMS[draft.to],
        form=form,
        said=said,
        traces=found,
        may_stay=bool(found) and not packets.refusal(draft.to, found, True),
        lacking=lacking,
        proposals=proposals,
        chosen=request.form.get("state", ""),
        barred=barred,
        why=why,
    )


def _export_page(desk: Desk, case_id: str, why: str) -> str:
    with desk.lock:
        case = _case(desk, case_id)
        assert desk.vault is not None
        sign, called, since = desk.vault.sign, _called(desk), _weeks_ago(desk)
        consent = export.agreed(case, sign, since)
        return render_template(
            "review/export.html",
            **_about(case),
            asked=export.asked(case, sign, since),
            agreed=called(consent.author) if consent else "",
            others=[
                (event.id, called(event.author), event.payload["text"][len(export.ASK) :]) for event in export.to_agree(case, sign, since)
            ],
            weeks=export.AGREED_WEEKS,
            typed=_text("why"),
            why=why,
        )


def _resend_page(desk: Desk, case_id: str, why: str) -> str:
    with desk.lock:
        case = _case(desk, case_id)
        people = resend.possible(desk, case) if desk.tree else []
        return render_template("review/resend.html", **_about(case), people=[(each.sign, each.name) for each in people], why=why)


def _say(desk: Desk, case_id: str, kind: str, fields: Mapping[str, Any], again: Callable[[str], str], then: str) -> Answer:
    """Send an event and go to the page `then`, or show the form again with every word and why it was not sent."""
    try:
        with desk.lock:
            _case(desk, case_id)
            outbox.say(desk, case_id, kind, **fields)
    except outbox.NotReady:
        return again(casepage.NOT_READY), HTTPStatus.CONFLICT
    except outbox.Refused as error:
        return again(f"Not sent, as it would not count: {labels.label(labels.VOID, str(error))}."), HTTPStatus.CONFLICT
    except (TooLong, Malformed):
        return again("This does not fit into one letter. Make it shorter."), HTTPStatus.BAD_REQUEST
    return redirect(url_for(then, case_id=case_id), HTTPStatus.SEE_OTHER)


def _about(case: Case) -> dict[str, str]:
    return {"case_id": case.id, "short": cases.short(case.id)}


def _called(desk: Desk) -> Callable[[str], str]:
    """How a page names a sign key."""
    names = {reviewer.sign: reviewer.name for reviewer in desk.tree.roster.reviewers} if desk.tree else {}
    own = desk.vault.sign if desk.vault else ""
    return lambda sign: "You" if sign == own else names.get(sign, f"Reviewer {sign[:8]}")


def _promises(desk: Desk) -> dict[str, str]:
    return promises.lines(desk.tree.programme.commitments if desk.tree else ())


def _weeks_ago(desk: Desk) -> str:
    return clock.add_weeks(clock.week_of(desk.now()), -export.AGREED_WEEKS)


def _target() -> str:
    to = request.form.get("to", "")
    if to not in packets.FORMS:
        abort(HTTPStatus.BAD_REQUEST, "There is no such form.")
    return to


def _text(name: str) -> str:
    """A form's text as it is stored: one kind of line end, and no U+0000, which the protocol refuses."""
    return request.form.get(name, "").replace("\r\n", "\n").replace("\x00", "")
