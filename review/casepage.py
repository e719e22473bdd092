"""The page of one case and everything that can be done on it. Each form is answered by a redirect; refused words stay in their form."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crypto import constants
from crypto.case import Case
from crypto.errors import Malformed, TooLong
from crypto.states import LONGER
from review import (
    casebook,
    cases,
    clock,
    clocks,
    exchange,
    export,
    labelling,
    labels,
    outbox,
    packets,
    phrases,
    promises,
    shelf,
    standing,
    steps,
    ticks,
    trial,
    vault,
)
from review.desk import Desk, write

Answer = str | Response | tuple[str, int]
NOT_READY = "Nothing can be sent now: see the line at the top. Your words are still in the form."
NO_BOX = "Tick the box if it may go all the same. Nothing was proposed."
FORMS = ("answer", "note", "evidence", "knew", "leads", "triage", "assess", "correction")
TRIAGE = ("code", "stage", "severity", "harm", "urgency", "known", "risk")


def attach(app: Flask, desk: Desk) -> None:
    """All pages under /case/."""
    app.jinja_env.globals["plain_week"] = clocks.plain_week
    _reading(app, desk)
    _talking(app, desk)
    _leads(app, desk)
    _moving(app, desk)
    _signing(app, desk)
    _judging(app, desk)
    _leaving(app, desk)


def _reading(app: Flask, desk: Desk) -> None:
    @app.get("/case/<case_id>")
    def case(case_id: str) -> str | Response:
        if desk.book is None:
            return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)
        return case_page(desk, case_id, {})

    @app.post("/case/<case_id>/tags")
    def tags(case_id: str) -> Answer:
        return _private(desk, case_id, lambda: [casebook.tags_record(case_id, shelf.split_tags(request.form.get("tags", "")))], "tags")

    @app.post("/case/<case_id>/ticks")
    def tick(case_id: str) -> Answer:
        kept = ticks.filled(request.form.getlist("tick"), request.form.getlist("own"))
        return _private(desk, case_id, lambda: [casebook.ticks_record(case_id, kept)], "h-check")

    @app.post("/case/<case_id>/unread")
    def unread(case_id: str) -> Answer:
        def newest() -> list[casebook.Record]:
            assert desk.book is not None and desk.vault is not None
            held = [event.id for event in casebook.events_of(desk.book, case_id) if event.author != desk.vault.sign]
            return [casebook.unread_record(name) for name in held[-1:]]

        answer = _private(desk, case_id, newest, "")
        return redirect(url_for("home"), HTTPStatus.SEE_OTHER) if isinstance(answer, Response) else answer


def _talking(app: Flask, desk: Desk) -> None:
    @app.post("/case/<case_id>/answer")
    def answer(case_id: str) -> Answer:
        return _write_down(desk, case_id, "answer", "talk")

    @app.post("/case/<case_id>/note")
    def note(case_id: str) -> Answer:
        return _write_down(desk, case_id, "note", "notes")

    @app.post("/case/<case_id>/phrase")
    def phrase(case_id: str) -> Answer:
        """Put a phrase under what stands in the answer's form already; nothing is sent."""
        if desk.book is None:
            return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)
        _, text = phrases.PHRASES.get(request.form.get("phrase", ""), ("", ""))
        return case_page(desk, case_id, {"answer": "\n\n".join(each for each in (_text("answer").strip(), text) if each)})

    @app.post("/case/<case_id>/evidence")
    def evidence(case_id: str) -> Answer:
        parts = [(name.capitalize(), _text(name).strip()) for name in ("what", "where", "source")]
        if not parts[0][1]:
            return case_page(desk, case_id, _drafts("evidence"), "Say what there is."), HTTPStatus.BAD_REQUEST
        text = cases.EVIDENCE + "\n".join(f"{name}: {said}" for name, said in parts if said)
        return _say(desk, case_id, "note", {"text": text}, "evidence", "evidence")

    @app.post("/case/<case_id>/promise")
    def promise(case_id: str) -> Answer:
        """Attach a promise of the stewards' list, or take off one that is attached."""
        words, off = _text("promise"), _text("off")
        known = promises.lines(desk.tree.programme.commitments if desk.tree else ())
        if not off and words not in known:
            return case_page(desk, case_id, {}, "Choose a promise from the list."), HTTPStatus.BAD_REQUEST
        text = promises.DETACH + off if off else promises.ATTACH + words
        return _say(desk, case_id, "note", {"text": text}, "promise", "promises")

    @app.post("/case/<case_id>/knew")
    def knew(case_id: str) -> Answer:
        """Say when the company first knew, to the reporter too."""
        since = clocks.week_said(_text("week"))
        if why := clocks.knew_refusal(since, clock.week_of(desk.now())):
            return case_page(desk, case_id, _drafts("knew"), why), HTTPStatus.BAD_REQUEST
        return _say(desk, case_id, "knew", {"since": since, "text": _text("text").strip()}, "knew", "clocks")

    @app.post("/case/<case_id>/undo")
    def undo(case_id: str) -> Answer:
        with desk.lock:
            event = desk.book.events.get(request.form.get("event", "")) if desk.book else None
            if event is None or casebook.of_case(event) != case_id:
                return redirect(url_for("case", case_id=case_id), HTTPStatus.SEE_OTHER)
            text = str(event.payload.get("text", "")) if event.kind in ("answer", "note") else ""
            try:
                outbox.take_back(desk, event.id)
            except outbox.Gone:
                return case_page(desk, case_id, {}, "This can no longer be taken back: it may have left already."), HTTPStatus.CONFLICT
            return case_page(desk, case_id, {event.kind: text}, "Taken back. Nobody else has seen it.")


def _leads(app: Flask, desk: Desk) -> None:
    @app.post("/case/<case_id>/leads")
    def leads(case_id: str) -> Answer:
        """The lead's answer to a request about another case."""
        told, said = request.form.getlist("tell"), {name: _text(name).strip() for name in exchange.WRITTEN}
        facts: dict[str, str] | None = None
        with desk.lock:
            if desk.book is None or desk.vault is None:
                why = "The workstation locked itself before this was sent."
                return unlock_page(desk, why, case_id, said["text"], "leads.text"), HTTPStatus.CONFLICT
            case = casebook.case_of(desk.book, case_id)
            if case is not None and not _barred(desk, case_id):
                if request.form.get("choice") == "yes":
                    facts = {name: text for name, text in exchange.facts_of(case).items() if name in told} | said
                if why := exchange.refusal(case, desk.vault.sign, _text("of"), facts):
                    drafts = {**_drafts("leads"), "leads.tell": " ".join(told)}
                    return case_page(desk, case_id, drafts, why), HTTPStatus.CONFLICT
        return _say(desk, case_id, "note", {"text": exchange.answer_note(_text("of"), facts)}, "leads", "leads")


def _moving(app: Flask, desk: Desk) -> None:
    @app.post("/case/<case_id>/acknowledge")
    def acknowledge(case_id: str) -> Answer:
        return _say(desk, case_id, "state", {**trial.BLANK, "to": "ACKNOWLEDGED"}, "step-ACKNOWLEDGED", "top")

    @app.post("/case/<case_id>/close")
    def close(case_id: str) -> Answer:
        reason = request.form.get("reason", "")
        if reason not in constants.CLOSE_REASONS:
            return case_page(desk, case_id, _drafts("close"), "Choose a reason for closing."), HTTPStatus.BAD_REQUEST
        if why := _unsure(desk, case_id, "CLOSED", reason):
            return case_page(desk, case_id, _drafts("close"), why), HTTPStatus.CONFLICT
        return _say(desk, case_id, "state", {**trial.BLANK, "to": "CLOSED", "reason": reason, "text": _text("close")}, "close", "top")

    @app.post("/case/<case_id>/state")
    def state(case_id: str) -> Answer:
        to = request.form.get("to", "")
        if to not in constants.STATE_TARGETS or to == "CLOSED":
            abort(HTTPStatus.BAD_REQUEST, "There is no such step.")
        weeks = request.form.get("until", "")
        until = clock.add_weeks(clock.week_of(desk.now()), int(weeks)) if re.fullmatch("[0-9]{1,3}", weeks) else ""
        urgent = _code("urgent", constants.YES_NO, "NO")
        fields = {"to": to, "text": _text("text"), "until": until, "whom": _line("whom"), "urgent": urgent}
        with desk.lock:
            case = _open_case(desk, case_id)
            if case and (why := _no_date(case, to, until, fields["text"], clock.week_of(desk.now()))):
                return case_page(desk, case_id, _drafts(f"step-{to}"), why), HTTPStatus.BAD_REQUEST
            if case and case.state == to:  # the same state for longer, and for the same people
                fields["whom"] = case.whom
        if to == "NEEDS_INFO" and not fields["text"].strip():
            return case_page(
                desk, case_id, _drafts(f"step-{to}"), "Write the question first: the reporter sees it."
            ), HTTPStatus.BAD_REQUEST
        if why := _unsure(desk, case_id, to):
            return case_page(desk, case_id, _drafts(f"step-{to}"), why), HTTPStatus.CONFLICT
        return _say(desk, case_id, "state", {**trial.BLANK, **fields}, f"step-{to}", "top")


def _signing(app: Flask, desk: Desk) -> None:
    @app.post("/case/<case_id>/endorse")
    def endorse(case_id: str) -> Answer:
        return _say(desk, case_id, "endorse", {"of": request.form.get("of", "")}, "endorse", "top")

    @app.post("/case/<case_id>/done")
    def done(case_id: str) -> Answer:
        of = request.form.get("of", "")
        return _say(desk, case_id, "done", {"of": of, "text": _text("text")}, f"done-{of}", "top")

    @app.post("/case/<case_id>/legal")
    def legal(case_id: str) -> Answer:
        if not _text("text").strip():
            why = "Say in what capacity the lawyer read it and what they found."
            return case_page(desk, case_id, _drafts("legal"), why), HTTPStatus.BAD_REQUEST
        return _say(desk, case_id, "legal", {"of": _text("of"), "text": _text("text")}, "legal", "top")

    @app.post("/case/<case_id>/retract")
    def retract(case_id: str) -> Answer:
        return _say(desk, case_id, "retract", {"of": request.form.get("of", "")}, "retract", "top")

    @app.post("/case/<case_id>/hold")
    def hold(case_id: str) -> Answer:
        return _say(desk, case_id, "hold", {"on": request.form.get("on", ""), "text": _text("text")}, "hold", "top")

    @app.post("/case/<case_id>/purge")
    def purge(case_id: str) -> Answer:
        with desk.lock:
            case = _open_case(desk, case_id)
            if case and "early" not in request.form and (why := steps.early(case, clock.week_of(desk.now()))):
                return case_page(desk, case_id, {"purge.early": "NO"}, f"{why} {NO_BOX}"), HTTPStatus.BAD_REQUEST
        return _say(desk, case_id, "purge", {}, "purge", "top")


def _judging(app: Flask, desk: Desk) -> None:
    @app.post("/case/<case_id>/triage")
    def triage(case_id: str) -> Answer:
        fields: dict[str, Any] = {name: request.form.get(name, "") for name in TRIAGE}
        if not all(fields.values()):
            return case_page(desk, case_id, _drafts("triage"), "Choose something in every list of the triage."), HTTPStatus.BAD_REQUEST
        also = dict.fromkeys(code for code in request.form.getlist("also") if code and code != fields["code"])
        return _say(desk, case_id, "triage", {**fields, "also": list(also)}, "triage", "triage")

    @app.post("/case/<case_id>/assess")
    def assess(case_id: str) -> Answer:
        return _say(
            desk, case_id, "assess", {"credibility": request.form.get("credibility", ""), "text": _text("text")}, "assess", "triage"
        )

    @app.post("/case/<case_id>/assign")
    def assign(case_id: str) -> Answer:
        lead, second = request.form.get("lead", ""), request.form.get("second", "")
        if lead == second:
            return case_page(desk, case_id, {}, "The lead and the second are two people."), HTTPStatus.BAD_REQUEST
        return _say(desk, case_id, "assign", {"lead": lead, "second": second}, "assign", "h-readers")

    @app.post("/case/<case_id>/correction")
    def correction(case_id: str) -> Answer:
        fields = {"code": request.form.get("code", ""), "status": request.form.get("status", ""), "text": _text("text")}
        return _say(desk, case_id, "correction", fields, "correction", "corrections")


def _leaving(app: Flask, desk: Desk) -> None:
    @app.post("/case/<case_id>/open")
    def open_report(case_id: str) -> Answer:
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
    def recuse(case_id: str) -> Answer:
        with desk.lock:
            if _header(desk, case_id) is None:
                return redirect(url_for("case", case_id=case_id), HTTPStatus.SEE_OTHER)
            if not _reads(desk, case_id):
                return case_page(desk, case_id, {}, "You are not a reader of this case any more."), HTTPStatus.CONFLICT
            return _try(desk, case_id, lambda: outbox.step_back(desk, case_id))


def case_page(desk: Desk, case_id: str, drafts: Mapping[str, str], why: str = "") -> str:
    """The page of a case as far as it may be seen. drafts: what stands in forms, by form or by form and field ("knew.week")."""
    with desk.lock:
        if desk.book is None or desk.vault is None:
            return unlock_page(desk)
        if case_id in desk.book.forgotten:
            purged = not desk.book.forgotten[case_id]
            return render_template("review/stepped-back.html", short=cases.short(case_id), why=why, purged=purged)
        seen = _header(desk, case_id)
        if seen is None:
            abort(HTTPStatus.NOT_FOUND, "There is no such case here.")
        if not seen.opened:
            return render_template("review/header.html", case=seen, why=why)
        shown = cases.view(desk.book, desk.tree, desk.vault.sign, case_id, desk.now())
        found = casebook.case_of(desk.book, case_id)
        assert shown is not None and found is not None
        fresh = [name for name in shown.ids if name not in desk.book.read]
        own = [event for event in casebook.events_of(desk.book, case_id) if event.author == desk.vault.sign]
        week, said = clock.week_of(desk.now()), {each.words for each in shown.promises}
        names = {reviewer.sign: reviewer.name for reviewer in desk.tree.roster.reviewers} if desk.tree else {}
        exports = () if shown.place else export.to_agree(found, desk.vault.sign, clock.add_weeks(week, -export.AGREED_WEEKS))
        off = standing.off_duty(desk.tree, desk.vault.sign, desk.now())
        page = render_template(
            "review/case.html",
            case=shown,
            drafts=drafts,
            why=why,
            kept=_homeless(shown, drafts, off),
            to_form=_key_of(drafts, [] if shown.place else _forms(shown, off)),
            labels=labels,
            phrases=phrases.PHRASES,
            tags=desk.book.tags.get(case_id, ()),
            back={event.id for event in own if outbox.may_take_back(desk, event)},
            hours={name: clocks.sign_by(seen, desk.now()) for name, seen in desk.book.hours.items() if name in found.unsigned},
            differing=labelling.differing(
                found, desk.book.cases[case_id], desk.programme, desk.vault.sign, names, labelling.out_in(desk.tree)
            ),
            asked=[(each, names.get(each.by, "A reader")) for each in exchange.requests(found)],
            is_lead=found.lead == desk.vault.sign,
            own=desk.vault.sign,
            tellable=[(name, exchange.FACTS[name], text) for name, text in exchange.facts_of(found).items() if text],
            ticks=ticks.lines(found, desk.book.ticks.get(case_id, ())),
            own_ticks=[*ticks.own(desk.book.ticks.get(case_id, ())), ("", False)],
            promises=[words for words in promises.lines(desk.tree.programme.commitments if desk.tree else ()) if words not in said],
            week=week,
            day=f"{desk.now():%Y-%m-%d}",
            danger=seen.danger,
            exporters=[names.get(each.author, "A reader") for each in exports],
            elsewhere=_elsewhere(found),
            off_duty=standing.off_duty_words(off),
            purge_words=clocks.purge_words(found, vault.KEEP_DAYS) if any(step.to == "PURGED" for step in shown.next_steps) else "",
        )
        if fresh:
            write(desk, [casebook.read_record(fresh)])
        return page


def _elsewhere(case: Case) -> dict[str, tuple[str, str, str]]:
    """(what it is, where it stands, the name of that place) of private notes of a set form, which nobody reads as they are."""
    place = url_for("packet_list", case_id=case.id), "Packets and texts that leave"
    drafts = {each.id: (f"Draft of a packet: {packets.FORMS[each.to]['title']}", *place) for each in packets.drafts(case)}
    return drafts | {each.id: ("A request to the lead", "#leads", "A request about another case") for each in exchange.requests(case)}


def _no_date(case: Case, to: str, until: str, text: str, week: str) -> str:
    """Why a state cannot be entered, or the present one kept, with this date and reason, or an empty string."""
    most = steps.latest(case, to, week) if to in LONGER else ""
    if to != case.state:
        return f"Choose a date in {clocks.plain_week(most)} at the latest." if most and until > most else ""
    try:
        now, most = clocks.longest(case)
    except StopIteration:
        return "This state cannot be given a later date."
    if not now < until <= most:
        return f"Choose a date later than the present one, and at the latest {clocks.plain_week(most)}."
    return "" if text.strip() else "Say why it takes longer: the reporter reads it."


def _unsure(desk: Desk, case_id: str, to: str, reason: str = constants.NO_REASON) -> str:
    """Why a case cannot leave triage yet, or an empty string."""
    with desk.lock:
        case = _open_case(desk, case_id)
        return f"Not sent: {steps.UNSURE}." if case and steps.unsure(case, to, reason) else ""


def _open_case(desk: Desk, case_id: str) -> Case | None:
    """A case in which this reader has a say; None also while locked. The caller holds the lock."""
    return casebook.case_of(desk.book, case_id) if desk.book and not _barred(desk, case_id) else None


def _homeless(shown: cases.View, drafts: Mapping[str, str], off: str) -> list[str]:
    """Words whose form is not on the page any more: the case moved on, something is missing first, one has left it or is off duty."""
    forms = _forms(shown, off)
    return [text for form, text in drafts.items() if text.strip() and "." not in form and (shown.place or form not in forms)]


def _forms(shown: cases.View, off: str) -> list[str]:
    """The forms on the page of a case that take words."""
    moving = [f"step-{step.to}" for step in shown.next_steps if not step.waiting and not step.lacks]
    moving += ["hold", *(["close"] if "step-CLOSED" in moving else []), *(f"done-{name}" for name, _, _ in shown.undone)]
    moving += ["legal"] if any(offer.unread for offer in shown.offers) else []
    return [*FORMS, *([] if off else moving)]


def _key_of(drafts: Mapping[str, str], forms: Collection[str]) -> str:
    """The id of the key of the form that words were left in: what is said about it stands at the top of a long page."""
    form = next((name for name in drafts if name in forms and not name.startswith(("done-", "legal"))), "")
    return {"evidence": "add-evidence", "leads": "leads", "step-ACKNOWLEDGED": "acknowledge"}.get(
        form, f"send-{form}" if form in FORMS else form.lower()
    )


def unlock_page(desk: Desk, why: str = "", case_id: str = "", draft: str = "", field: str = "") -> str:
    """The page that asks for the passphrase; it carries along what was being written."""
    return render_template(
        "review/unlock.html", exists=vault.exists(desk.folder), why=why, draft_case=case_id, draft=draft, draft_field=field
    )


def _try(desk: Desk, case_id: str, act: Callable[[], object]) -> Answer:
    try:
        act()
    except outbox.NotReady:
        return case_page(desk, case_id, {}, NOT_READY), HTTPStatus.CONFLICT
    return redirect(url_for("case", case_id=case_id), HTTPStatus.SEE_OTHER)


def _header(desk: Desk, case_id: str) -> cases.Summary | None:
    """What may be seen of a case before it is opened; None also while locked. The caller holds the lock."""
    if desk.book is None or desk.vault is None:
        return None
    return cases.header(desk.book, desk.vault.sign, case_id)


def _reads(desk: Desk, case_id: str) -> bool:
    assert desk.book is not None and desk.vault is not None
    found = casebook.case_of(desk.book, case_id)
    return found is not None and not cases.place(found, desk.tree, desk.vault.sign, desk.now())


def _barred(desk: Desk, case_id: str) -> str:
    """Why nothing can be said in this case now, or an empty string. The caller holds the lock; the desk is unlocked."""
    assert desk.book is not None and desk.vault is not None
    if case_id in desk.book.forgotten:
        return "You stepped back from this case." if desk.book.forgotten[case_id] else "This case was purged."
    seen = _header(desk, case_id)
    if seen is not None and not seen.opened:
        return "Decide first whether you have a conflict."
    return "You are not a reader of this case any more." if seen is not None and not _reads(desk, case_id) else ""


def _private(desk: Desk, case_id: str, records: Callable[[], list[casebook.Record]], anchor: str) -> Answer:
    """Write something down that stays on this workstation."""
    with desk.lock:
        if desk.book is None:
            return redirect(url_for("unlock"), HTTPStatus.SEE_OTHER)
        if _header(desk, case_id) is None:
            abort(HTTPStatus.NOT_FOUND, "There is no such case here.")
        write(desk, records())
    return redirect(url_for("case", case_id=case_id) + (f"#{anchor}" if anchor else ""), HTTPStatus.SEE_OTHER)


def _write_down(desk: Desk, case_id: str, kind: str, anchor: str) -> Answer:
    text = _text(kind)
    if not text.strip():
        return case_page(desk, case_id, {}, f"Nothing was sent: write the {kind} first."), HTTPStatus.BAD_REQUEST
    if kind == "answer" and phrases.unfilled(text):
        why = "Nothing was sent: put your own words where the text you began with has “…”, or take the “…” out."
        return case_page(desk, case_id, _drafts(kind), why), HTTPStatus.BAD_REQUEST
    return _say(desk, case_id, kind, {"text": text}, kind, anchor)


def _say(desk: Desk, case_id: str, kind: str, fields: Mapping[str, Any], form: str, anchor: str) -> Answer:
    """Send an event; when that cannot be, show the page again with every word still in its form."""
    drafts = {form: str(fields.get("text", "")), **_drafts(form)}
    with desk.lock:
        if desk.book is None or desk.vault is None:
            why = "The workstation locked itself before this was sent."
            made = str(fields.get("text", "")).removeprefix(cases.EVIDENCE) if form in FORMS else ""
            return unlock_page(desk, why, case_id, drafts[form] or made, form), HTTPStatus.CONFLICT
        if why := _barred(desk, case_id):
            return case_page(desk, case_id, drafts, why), HTTPStatus.CONFLICT
    try:
        outbox.say(desk, case_id, kind, **fields)
    except outbox.NoSuchCase:
        abort(HTTPStatus.NOT_FOUND, "There is no such case here.")
    except outbox.NotReady:
        return case_page(desk, case_id, drafts, NOT_READY), HTTPStatus.CONFLICT
    except outbox.OffDuty as error:
        return case_page(desk, case_id, drafts, standing.off_duty_words(str(error))), HTTPStatus.CONFLICT
    except outbox.Refused as error:
        why = f"Not sent, as it would not count: {labels.label(labels.VOID, str(error))}.{_first(desk, str(error), fields)}"
        return case_page(desk, case_id, drafts, why), HTTPStatus.CONFLICT
    except (TooLong, Malformed):
        why = "This does not fit into one letter. Make it shorter, or send it in two."
        return case_page(desk, case_id, drafts, why), HTTPStatus.BAD_REQUEST
    return redirect(url_for("case", case_id=case_id) + f"#{anchor}", HTTPStatus.SEE_OTHER)


def _first(desk: Desk, why: str, fields: Mapping[str, Any]) -> str:
    """What to do first, as a sentence after the reason, for the reasons that say so."""
    with desk.lock:
        of = desk.book.events.get(fields.get("of", "")) if desk.book else None
    step = of.payload if of is not None else fields
    said = steps.next_of(why, str(step.get("to", "")), str(step.get("reason", "")))
    return f" What is missing: {said}." if why in steps.WHY and why not in ("consent", "recused", "state") else ""


def _drafts(form: str) -> dict[str, str]:
    """What was sent in a form, for the page that shows it again."""
    said = {f"{form}.{name}": _text(name) for name in request.form if name != "token"}
    return {form: _text("text") or _text(form), **said}


def _text(name: str) -> str:
    """A form's text as it is stored: one kind of line end, and no U+0000, which the protocol refuses."""
    return request.form.get(name, "").replace("\r\n", "\n").replace("\x00", "")


def _line(name: str) -> str:
    return " ".join(_text(name).split())


def _code(name: str, codes: tuple[str, ...], otherwise: str) -> str:
    found = request.form.get(name, "")
    return found if found in codes else otherwise
