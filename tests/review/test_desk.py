"""The list of cases, and working a case on its page: two workstations, one reporter."""

import re
import time
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from crypto.case import common, fold
from crypto.event import Event
from crypto.private.signing import sign_event
from review import casebook, outbox, search, shelf, steps
from review.desk import Desk, lock_desk, open_desk
from tests.review.test_views import Browser
from tests.review.world import (
    PASSPHRASE,
    FakeIntake,
    P,
    change_card,
    everybody,
    pass_screen,
    read_all,
    report_event,
    reporter_keys,
    send_to_all,
    turn,
)

TRIAGE = {"code": "B1-WEIGHTS", "stage": "L7-STORED", "severity": "S4", "harm": "H0", "urgency": "U2", "known": "K3", "risk": "SOME"}


class World:
    """Three workstations with a browser each, and reporters' cases on all of them, opened."""

    def __init__(self, intake: FakeIntake, desks: list[Desk]) -> None:
        self.intake, self.desks = intake, desks
        self.browsers = [Browser(desk) for desk in desks]
        for browser in self.browsers:
            assert browser.get(browser.link).status_code == 200

    def report(self, number: int, text: str, opened: bool = True, **answers: object) -> str:
        tree = self.desks[0].tree
        assert tree is not None
        plain = report_event(reporter_keys(number), tree, text).payload
        said = {**plain, "answers": {**plain["answers"], **answers}}
        event = sign_event(said, reporter_keys(number).sign_seed, P)
        send_to_all(self.intake, reporter_keys(number), tree, event.raw)
        self.intake.tick()
        everybody(self.intake, self.desks)
        if opened:
            for desk in self.desks:
                pass_screen(desk)
            everybody(self.intake, self.desks, 2)
        return event.id

    def go(self) -> None:
        everybody(self.intake, self.desks, 2)

    def reporter_says(self, number: int, case_id: str, kind: str, **fields: object) -> Event:
        keys, tree = reporter_keys(number), self.desks[0].tree
        assert tree is not None
        held = read_all(self.intake, keys)
        own = [event for event in held if event.author == keys.sign_public.hex() and event.id != case_id]
        named = {name for event in own for name in event.payload["prev"]}
        prev = next((event.id for event in own if event.id not in named), case_id)
        parents = [event.id for event in held if event.payload["audience"] == "all"][-32:]
        event = sign_event({**common(kind, "2026-W47", [0, "0" * 64], 1, "all", case_id, prev, parents), **fields}, keys.sign_seed, P)
        send_to_all(self.intake, keys, tree, event.raw)
        self.intake.tick()
        self.go()
        return event

    def state(self, case_id: str, who: int = 0) -> str:
        book = self.desks[who].book
        case = casebook.case_of(book, case_id) if book else None
        assert case is not None
        return case.state


@pytest.fixture
def world(intake: FakeIntake, desks: list[Desk]) -> World:
    return World(intake, desks)


def rows(answer: TestResponse) -> list[str]:
    return re.findall(r'href="/case/([0-9a-f]{64})"', answer.text)


def shown(browser: Browser, **wish: str) -> list[str]:
    """What the list shows for a wish, and that no address told it."""
    answer = browser.post("/list", wish)
    assert answer.status_code == 303 and answer.headers["Location"] == "/"
    return rows(browser.get("/"))


def test_filters_search_and_what_is_not_searched(world: World) -> None:
    ada = world.browsers[0]
    first = world.report(1, "Die STRASSE nachts: моДель весов", organisation="Lab A")
    second = world.report(2, "Ｆull width café, 沙箱 escape", about=["B1-WEIGHTS"], organisation="Lab B", danger="OVER")
    hidden = world.report(3, "secretword in a report nobody opened", opened=False, organisation="Lab C")
    assert set(rows(ada.get("/"))) == {first, second, hidden}
    for wish, found in (
        ({"q": "straße"}, {first}),
        ({"q": "МОДЕЛЬ Весов"}, {first}),
        ({"q": '"весов модель"'}, set()),
        ({"q": "full CAFÉ"}, {second}),
        ({"q": "cafe\u0301"}, {second}),
        ({"q": "沙箱"}, {second}),
        ({"q": "secretword"}, set()),
        ({"q": '"lab c"'}, {hidden}),
        ({"concern": "B"}, {second}),
        ({"concern": "C1-MISBEHAVE"}, {first, hidden}),
        ({"organisation": "Lab A"}, {first}),
        ({"state": "RECEIVED"}, {first, second, hidden}),
        ({"state": "CLOSED"}, set()),
        ({"state": "OPEN", "organisation": "Lab B", "q": "escape"}, {second}),
        ({"mine": "lead"}, {first, second, hidden}),
        ({"unread": "1"}, {first, second, hidden}),
        ({"nonsense": "1"}, {first, second, hidden}),
    ):
        assert set(shown(ada, **wish)) == found, wish
    assert set(shown(world.browsers[2], mine="any")) == set(), "the third reader neither leads nor is second"
    ada.get(f"/case/{first}")
    assert set(shown(ada, unread="1")) == {second, hidden}
    assert "<title>(2) " in ada.get("/").text, "a number, and nothing else"
    ada.post(f"/case/{first}/unread")
    assert set(shown(ada, unread="1")) == {first, second, hidden}
    assert set(shown(ada, due="any")) == {first, second, hidden}, "a report nobody opened is due as well"
    browser = world.browsers[1]
    assert set(rows(browser.get("/"))) == {first, second, hidden}, "one workstation's wish is not another's"


def test_tags_and_saved_views_are_private_and_last(world: World, tmp_path: Path) -> None:
    ada = world.browsers[0]
    first, second = world.report(1, "one"), world.report(2, "two")
    posted = len(world.intake.postings)
    ada.post(f"/case/{first}/tags", {"tags": " ask  METR, срочно,ask METR ,"})
    assert "срочно" in ada.get("/").text and shown(ada, tag="ask METR") == [first] and shown(ada, q="СРОЧНО") == [first]
    ada.post("/list", {"tag": "срочно", "state": "OPEN"})
    assert ada.post("/views", {"name": "  Urgent  ones "}).status_code == 303
    assert ada.post("/views", {"name": ""}).status_code == 400
    everybody(world.intake, world.desks)
    assert len(world.intake.postings) == posted, "nothing of this leaves the workstation"
    assert "срочно".encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for compacted in (False, True):
        if compacted and world.desks[0].book:
            casebook.compact(world.desks[0].book)
        lock_desk(world.desks[0])
        open_desk(world.desks[0], PASSPHRASE)
        assert set(rows(ada.get("/"))) == {first, second}, "a lock forgets what was looked for"
        assert "Urgent ones" in ada.get("/").text and shown(ada, view="Urgent ones") == [first]
    assert ada.post("/views", {"drop": "Urgent ones"}).status_code == 303
    assert "Urgent ones" not in ada.get("/").text
    ada.post(f"/case/{first}/tags", {"tags": ""})
    assert "срочно" not in ada.get("/").text.replace("срочно</p>", "") or shown(ada, tag="срочно") == []
    assert "срочно" not in world.browsers[1].get(f"/case/{first}").text


def test_pages_of_the_list(world: World) -> None:
    desk = world.desks[0]
    made = [world.report(1, "a report")]
    assert desk.book is not None and desk.vault is not None and desk.tree is not None
    for number in range(2, shelf.PAGE + 12):
        event = report_event(reporter_keys(number % 5), desk.tree, f"report {number}", week=f"2026-W{10 + number % 30}")
        casebook.append(desk.book, [casebook.event_record(event, 1)])
        made.append(event.id)
    ada = world.browsers[0]
    first, second = rows(ada.get("/")), rows(ada.get("/?page=2"))
    assert len(first) == shelf.PAGE and sorted(first + second) == sorted(made)
    assert "Page 2 of 2" in ada.get("/?page=2").text
    for odd in ("0", "99", "-1", "x", "9" * 5000, "٣"):
        assert ada.get(f"/?page={odd}").status_code == 200


def test_a_case_from_received_to_closed_by_two(world: World) -> None:
    """The whole machine by its forms: what one may do alone, what waits, what is refused and why."""
    ada, bo = world.browsers[:2]
    case_id = world.report(1, "weights lie open", about=["B1-WEIGHTS"], known="K3", may="ASK")
    at = f"/case/{case_id}"
    assert ada.post(f"{at}/acknowledge").status_code == 303
    world.go()
    assert "Write the question first" in ada.post(f"{at}/state", {"to": "NEEDS_INFO", "text": " "}).text
    early = ada.post(f"{at}/state", {"to": "NEEDS_INFO", "text": "which cluster?"})
    assert early.status_code == 409 and "not possible from there" in early.text and "which cluster?" in early.text
    assert ada.post(f"{at}/triage", {**TRIAGE, "risk": ""}).status_code == 400
    assert ada.post(f"{at}/triage", {**TRIAGE, "also": "B1-WEIGHTS"}).status_code == 303
    assert ada.post(f"{at}/assess", {"credibility": "E3", "text": "first-hand"}).status_code == 303
    assert ada.post(f"{at}/state", {"to": "TRIAGE"}).status_code == 303
    page = ada.get(at).text
    assert (
        "Waiting for a second signature" in page and "the second signature is another reader" in page and 'class="main endorse"' not in page
    )
    world.go()
    assert world.state(case_id) == "ACKNOWLEDGED", "one signature moves nothing"
    page = bo.get(at).text
    proposal = re.search(r'class="main endorse" name="of" value="([0-9a-f]{64})"', page)
    assert proposal is not None and "S4 severe" in page and "E3 first-hand" in page
    assert ada.post(f"{at}/endorse", {"of": proposal[1]}).status_code == 409, "not by the proposer, whatever is posted"
    assert bo.post(f"{at}/endorse", {"of": proposal[1]}).status_code == 303
    world.go()
    assert {world.state(case_id, who) for who in range(3)} == {"TRIAGE"}
    for to in ("REVIEW", "PLAN"):
        _agreed(world, case_id, to)
    assert 'value="6" selected' in ada.get(at).text, "the usual embargo is suggested"
    step = {"to": "COORDINATING", "whom": "security  lead", "until": "7", "text": "we tell them"}
    late = ada.post(f"{at}/state", step)
    assert late.status_code == 400 and "Choose a date in the week of 28 December 2026 at the latest" in late.text
    assert "we tell them" in late.text and ada.post(f"{at}/state", {**step, "until": "6"}).status_code == 303
    world.go()
    page = bo.get(at).text
    assert "security lead" in page and "has not agreed to this step yet" in page and 'class="main endorse"' not in page
    asked = re.search(r'class="offer" data-id="([0-9a-f]{64})"', page)
    assert asked is not None
    refused = bo.post(f"{at}/endorse", {"of": asked[1]})
    assert refused.status_code == 409 and "consent does not reach" in refused.text
    world.reporter_says(1, case_id, "confirm", of=asked[1], agree="YES", warned="NO")
    assert "said yes to this step" in bo.get(at).text
    assert bo.post(f"{at}/endorse", {"of": asked[1]}).status_code == 303
    world.go()
    assert world.state(case_id) == "COORDINATING" and 'class="done"' in ada.get(at).text
    assert ada.post(f"{at}/done", {"of": asked[1], "text": "told on the telephone"}).status_code == 303
    assert ada.post(f"{at}/correction", {"code": "DC-SECURE", "status": "ASKED", "text": "rotate"}).status_code == 303
    world.go()
    page = bo.get(at).text
    assert "Secure weights and secrets anew: <b>asked for</b>" in page and 'class="done"' not in page
    assert "recorded that it happened: Tell the organisation." in page
    assert "proposed: Tell the organisation. It took effect with the second signature." in page
    refused = ada.post(f"{at}/state", {"to": "COORDINATING", "until": "26", "text": "a dated fix"})
    assert refused.status_code == 400 and "at the latest the week of 8 February 2027" in refused.text and "a dated fix" in refused.text
    refused = ada.post(f"{at}/state", {"to": "COORDINATING", "until": "12", "text": "a dated fix"})
    assert (
        refused.status_code == 409
        and "which one the company acknowledged or says it made" in refused.text
        and "a dated fix" in refused.text
    )
    assert 'id="lacks-coordinating"' in page and 'id="lacks-corrected"' in page
    ada.post(f"{at}/correction", {"code": "DC-SECURE", "status": "ACKNOWLEDGED", "text": "by February"})
    assert 'id="lacks-coordinating"' not in ada.get(at).text
    assert ada.post(f"{at}/state", {"to": "COORDINATING", "until": "12", "text": "a dated fix"}).status_code == 303
    world.go()
    page = bo.get(at).text
    assert "Give the organisation more time</b>: <bdi>security lead" in page and "has not agreed to this step yet" in page
    longer = re.search(r'class="offer" data-id="([0-9a-f]{64})"', page)
    assert longer is not None
    world.reporter_says(1, case_id, "confirm", of=longer[1], agree="YES", warned="NO")
    _endorse(world, case_id)
    page = bo.get(at).text
    assert 'End of the embargo: <span class="meta">the week of 8 February 2027' in page and 'class="done"' not in page
    assert bo.post(f"{at}/correction", {"code": "DC-SECURE", "status": "CLAIMED", "text": ""}).status_code == 303
    assert bo.post(f"{at}/state", {"to": "CORRECTED", "text": "they say so"}).status_code == 303
    world.go()
    assert world.state(case_id, 2) == "CORRECTED"
    page = ada.get(at).text
    assert '<option value="ACTION" disabled>' in page and "put down a verified correction first" in page
    refused = ada.post(f"{at}/close", {"reason": "ACTION", "close": "my thanks"})
    assert refused.status_code == 409 and "put down a verified correction first" in refused.text and "my thanks" in refused.text
    assert ada.post(f"{at}/close", {"reason": "CLAIMED", "close": "they say it is done"}).status_code == 303
    world.go()
    assert world.state(case_id) == "CORRECTED"
    _endorse(world, case_id)
    assert world.state(case_id) == "CLOSED"
    told = fold(read_all(world.intake, reporter_keys(1)), case_id)
    assert told is not None and told.state == "CLOSED", "the reporter finds the same"


def test_a_purge_needs_two_and_leaves_nothing(world: World) -> None:
    ada, bo = world.browsers[:2]
    case_id = world.report(1, "spam spam")
    at = f"/case/{case_id}"
    assert ada.post(f"{at}/close", {"reason": "SPAM", "close": ""}).status_code == 303
    world.go()
    assert world.state(case_id) == "CLOSED", "of spam one person is enough"
    assert "becomes unopenable" in ada.get(at).text or "become unopenable" in ada.get(at).text
    early = ada.post(f"{at}/purge")
    assert early.status_code == 400 and "to be kept until the week of 28 December 2026" in early.text and 'id="purge-early"' in early.text
    assert world.desks[0].book is not None
    assert "purge" not in {event.kind for event in casebook.events_of(world.desks[0].book, case_id)}
    assert ada.post(f"{at}/purge", {"early": "YES"}).status_code == 303
    world.go()
    assert "This is early" in bo.get(at).text.split('id="h-may"')[0], "whoever endorses sees it beside the key"
    _endorse(world, case_id)
    world.go()
    for browser, desk in zip(world.browsers, world.desks, strict=True):
        page = browser.get(at)
        assert 'id="purged"' in page.text and "spam spam" not in page.text
        assert desk.book is not None and not casebook.events_of(desk.book, case_id)
    assert bo.post(f"{at}/answer", {"answer": "late"}).status_code == 409


def test_few_who_know_need_a_warned_yes(world: World) -> None:
    ada, bo = world.browsers[:2]
    case_id = world.report(1, "only four of us", known="K1", may="PUBLISH")
    at = f"/case/{case_id}"
    ada.post(f"{at}/acknowledge")
    world.go()
    _to_plan(world, case_id)
    ada.post(f"{at}/state", {"to": "REFERRED", "whom": "Cal OES"})
    world.go()
    page = bo.get(at).text
    assert "must agree to this very step, after a warning" in page and 'class="main endorse"' not in page
    asked = re.search(r'class="offer" data-id="([0-9a-f]{64})"', page)
    assert asked is not None
    world.reporter_says(1, case_id, "confirm", of=asked[1], agree="YES", warned="NO")
    assert "but without the warning" in bo.get(at).text and bo.post(f"{at}/endorse", {"of": asked[1]}).status_code == 409
    world.reporter_says(1, case_id, "confirm", of=asked[1], agree="YES", warned="YES")
    assert bo.post(f"{at}/endorse", {"of": asked[1]}).status_code == 303
    world.go()
    assert world.state(case_id) == "REFERRED" and "before you build on this" not in ada.get(at).text
    change_card(world.desks, 1, paused="2026-11-20")
    assert "Bo is paused: talk to the stewards" in ada.get(at).text.split('id="h-undone"')[1], "whose signature it is"


def test_an_urgent_step_waits_for_its_second_signature(world: World) -> None:
    ada, bo = world.browsers[:2]
    for number, ending in ((1, "endorse"), (2, "back")):
        case_id = world.report(number, "someone may die", known="K3", may="REFER")
        at = f"/case/{case_id}"
        ada.post(f"{at}/acknowledge")
        assert 'name="urgent"' not in ada.get(at).text
        ada.post(f"{at}/triage", {**TRIAGE, "urgency": "U0"})
        world.go()
        if ending == "endorse":
            ada.post(f"{at}/assess", {"credibility": "E3"})
            for to in ("TRIAGE", "REVIEW", "PLAN"):
                _agreed(world, case_id, to)
        # From the plan it can be urgent; from anywhere else it can be nothing else.
        assert ('id="urgent-REFERRED"' if ending == "endorse" else 'type="hidden" name="urgent" value="YES"') in ada.get(at).text
        assert ada.post(f"{at}/state", {"to": "REFERRED", "whom": "112", "urgent": "YES", "text": "called"}).status_code == 303
        world.go()
        assert world.state(case_id, 1) == "REFERRED"
        page = bo.get(at).text
        assert (
            "A second signature is missing" in page and "Twelve hours for the second signature" in page and "Take it back to review" in page
        )
        assert "first seen here: until 19 November 2026, 00:00 UTC" in page
        if ending == "endorse":
            _endorse(world, case_id)
            assert world.state(case_id) == "REFERRED"
        else:
            assert bo.post(f"{at}/state", {"to": "REVIEW", "text": "told them it was not needed"}).status_code == 303
            world.go()
            assert world.state(case_id) == "REVIEW"
        assert "A second signature is missing" not in bo.get(at).text and "Take it back to review" not in ada.get(at).text


def test_more_time_what_is_taken_back_and_a_legal_hold(world: World) -> None:
    ada, bo = world.browsers[:2]
    case_id = world.report(1, "not urgent", known="K3")
    at = f"/case/{case_id}"
    ada.post(f"{at}/acknowledge")
    world.go()
    _agreed(world, case_id, "TRIAGE")
    ada.post(f"{at}/triage", TRIAGE)
    ada.post(f"{at}/assess", {"credibility": "E4"})
    ada.post(f"{at}/state", {"to": "HELD", "text": "to be taken back"})
    world.go()
    page = ada.get(at).text
    assert 'class="retract"' in page and 'class="retract"' not in bo.get(at).text
    asked = re.search(r'class="retract" name="of" value="([0-9a-f]{64})"', page)
    assert asked is not None
    assert bo.post(f"{at}/retract", {"of": asked[1]}).status_code == 409
    assert ada.post(f"{at}/retract", {"of": asked[1]}).status_code == 303
    world.go()
    page = bo.get(at).text
    assert 'class="main endorse"' not in page and "who proposed it took it back" in page and "took back what they had proposed" in page
    assert bo.post(f"{at}/endorse", {"of": asked[1]}).status_code == 409
    _agreed(world, case_id, "HELD")
    for refused, said in (
        ({"until": "26"}, "Say why it takes longer"),
        ({"text": "my words"}, "Choose a date"),
    ):
        answer = ada.post(f"{at}/state", {"to": "HELD", **refused})
        assert answer.status_code == 400 and said in answer.text and refused.get("text", "") in answer.text
    assert ada.post(f"{at}/state", {"to": "HELD", "until": "26", "text": "others may report"}).status_code == 303
    world.go()
    assert (
        "Endorse: Hold longer" in bo.get(at).text and 'End of holding: <span class="meta">the week of 15 November 2027' in bo.get(at).text
    )
    _endorse(world, case_id)
    page = bo.get(at).text
    assert 'End of holding: <span class="meta">the week of 17 May 2027' in page and "You gave the second signature: Hold longer." in page
    told = fold(read_all(world.intake, reporter_keys(1)), case_id)
    assert told is not None and told.until == "2027-W20" and told.void, "the reporter finds the same"
    ada.post(f"{at}/close", {"reason": "NOT-ENOUGH", "close": ""})
    world.go()
    _endorse(world, case_id)
    for on in ("YES", "NO"):
        assert ada.post(f"{at}/hold", {"on": on, "text": f"a court says {on}"}).status_code == 303
        world.go()
        _endorse(world, case_id)
        page = ada.get(at).text
        assert ('id="legal-hold"' in page) == (on == "YES") == ('id="purge"' not in page)
        assert ("Remove the case from every casebook" in page) == (on == "NO")


def test_lead_and_second_evidence_notes_and_phrases(world: World) -> None:
    ada, bo = world.browsers[:2]
    case_id = world.report(1, "one")
    at = f"/case/{case_id}"
    signs = [desk.vault.sign for desk in world.desks if desk.vault]
    assert shown(ada, mine="lead") == [case_id]
    assert ada.post(f"{at}/assign", {"lead": signs[1], "second": signs[1]}).status_code == 400
    assert ada.post(f"{at}/assign", {"lead": signs[1], "second": "0" * 64}).status_code == 409
    assert ada.post(f"{at}/assign", {"lead": signs[1], "second": signs[2]}).status_code == 303
    assert shown(ada, mine="lead") == [] and "lead: Bo, second: Cy" in ada.get(at).text
    refused = ada.post(f"{at}/evidence", {"what": "", "where": "there"})
    assert refused.status_code == 400 and re.search(r'<details open><summary>Add to the list.*?value="there"', refused.text, re.S)
    judged = {"credibility": "E3", "text": "a word " * 3000}
    refused = ada.post(f"{at}/assess", judged)
    assert refused.status_code == 400 and re.search(r'<details open><summary id="open-assess">.*?"E3" selected', refused.text, re.S)
    assert (
        ada.post(f"{at}/evidence", {"what": "an alarm <b>log</b>", "where": "the night dashboard", "source": "the reporter"}).status_code
        == 303
    )
    for wrong in ("2026-W99", "2099-W01"):
        assert ada.post(f"{at}/knew", {"week": wrong}).status_code == 400
    assert ada.post(f"{at}/knew", {"week": "2026-w40", "text": "a mail"}).status_code == 303
    world.go()
    page = bo.get(at).text
    assert "an alarm &lt;b&gt;log&lt;/b&gt;" in page and "Where: the night dashboard" in page and 'id="legal"' in page
    told = fold(read_all(world.intake, reporter_keys(1)), case_id)
    assert told is not None and {event.kind for event in told.order} == {"report", "received", "knew"}, "the reporter learns of one thing"
    posted = len(world.intake.postings)
    draft = ada.post(f"{at}/phrase", {"phrase": "where", "answer": "Dear you"}).text
    assert re.search(r'id="answer-text"[^>]*>\nDear you\n\nIs there something', draft)
    everybody(world.intake, world.desks)
    assert len(world.intake.postings) == posted


def test_what_has_not_left_can_be_taken_back(world: World) -> None:
    ada, desk = world.browsers[0], world.desks[0]
    case_id = world.report(1, "one")
    at = f"/case/{case_id}"
    assert desk.book is not None
    before = {name: set(getattr(desk.book, name)) for name in ("events", "waiting", "letters", "event_posting")}
    ada.post(f"{at}/answer", {"answer": "too quick"})
    button = re.search(r'name="event" value="([0-9a-f]{64})"', ada.get(at).text)
    assert button is not None
    back = ada.post(f"{at}/undo", {"event": button[1]})
    assert back.status_code == 200 and re.search(r'id="answer-text"[^>]*>\ntoo quick', back.text), "the words are in the form again"
    assert {name: set(getattr(desk.book, name)) for name in before} == before and not desk.outbox
    lock_desk(desk)
    open_desk(desk, PASSPHRASE)
    assert desk.book is not None
    assert button[1] not in desk.book.events
    ada.post(f"{at}/answer", {"answer": "first"})
    ada.post(f"{at}/answer", {"answer": "second"})
    first, second = (event for event in casebook.events_of(desk.book, case_id) if event.kind == "answer")
    assert ada.post(f"{at}/undo", {"event": first.id}).status_code == 409, "the second names it"
    assert ada.post(f"{at}/undo", {"event": second.id}).status_code == 200
    world.intake.take = lambda body: (503, "busy")  # type: ignore[method-assign]
    for item in desk.outbox.values():
        item.at = 0
    from review import sync

    sync.send_due(desk)
    assert desk.outbox and ada.post(f"{at}/undo", {"event": first.id}).status_code == 409, "it was tried: it may have arrived"
    assert first.id not in re.findall(r'name="event" value="([0-9a-f]{64})"', ada.get(at).text)
    received = next(event for event in casebook.events_of(desk.book, case_id) if event.kind == "received")
    with pytest.raises(outbox.Gone):
        outbox.take_back(desk, received.id)


def test_a_restart_forgets_what_could_be_taken_back(world: World) -> None:
    ada, desk = world.browsers[0], world.desks[0]
    case_id = world.report(1, "one")
    ada.post(f"/case/{case_id}/note", {"note": "hm"})
    lock_desk(desk)
    desk.outbox.clear()  # a restart: whether it was tried before is not known
    open_desk(desk, PASSPHRASE)
    assert 'name="event"' not in ada.get(f"/case/{case_id}").text


def test_the_bell_rings_for_others_only_and_says_nothing(world: World) -> None:
    rung: list[float] = []
    world.desks[1].ring = lambda: rung.append(time.monotonic())
    case_id = world.report(1, "one", opened=False)
    assert len(rung) == 1
    outbox.say(world.desks[1], case_id, "received")
    turn(world.desks[1])
    world.intake.tick()
    turn(world.desks[1])
    assert len(rung) == 1, "not for what one said oneself"


def test_an_event_names_what_it_is_about_before_anything_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id, asked = world.report(1, "one"), list[str]()
    heads = outbox.heads
    monkeypatch.setattr(outbox, "heads", lambda *said: asked.append(said[3]) or heads(*said))
    for kind, fields in (("received", {}), ("answer", {"text": "Which one?"})):
        outbox.say(world.desks[1], case_id, kind, **fields)
    for kind, fields in (("packet", {"to": "COMPANY", "state": case_id, "fields": {}}), ("retract", {"of": case_id})):
        with pytest.raises(outbox.Refused):
            outbox.say(world.desks[1], case_id, kind, **fields)
    assert asked == ["", "", case_id, case_id]


def test_a_void_event_is_shown_with_its_reason(world: World) -> None:
    case_id = world.report(1, "one")
    desk = world.desks[2]
    assert desk.vault is not None and desk.book is not None and desk.tree is not None
    case = casebook.case_of(desk.book, case_id)
    assert case is not None
    payload = {
        **outbox._common(desk, case, "state", "all", ""),
        "to": "DISCLOSED",
        "reason": "NONE",
        "text": "",
        "until": "",
        "whom": "",
        "urgent": "NO",
    }
    alone = {**payload, "to": "CORRECTED", "text": "said out of turn"}
    event = desk.vault.sign_event(alone, P)
    casebook.append(desk.book, [casebook.event_record(event, 1)])
    page = world.browsers[2].get(f"/case/{case_id}").text
    assert "Cy" in page or "You" in page
    assert "a change of state that is not possible from there" in page and "said out of turn" in page
    assert shown(world.browsers[2], q="out of turn") == [case_id]


def test_search_terms() -> None:
    assert search.terms('one "two words" ＴＨＲＥＥ "') == (b"one", b"two words", b"three", b'"')
    assert search.terms("  ") == () and search.matches(b"anything", ())
    hay = search.haystack(["İstanbul", "ΣΊΣΥΦΟΣ", "ﬁle", "end", "start", "👩🏽\u200d💻 wrote"])
    for word in ("σίσυφος", "FILE", "👩🏽\u200d💻", "istanbul".replace("i", "İ", 1)):
        assert search.matches(hay, search.terms(word)), word
    assert not search.matches(hay, search.terms('"end start"'))


def test_every_state_has_words() -> None:
    from crypto.states import LONGER, TABLE
    from review import labels

    for state, following in TABLE.items():
        assert labels.STATE[state] and labels.REPORTER_SEES[state]
        assert all(steps.VERBS[to] and steps.HELP[to] for to in following)
    assert all(steps.MORE_TIME[state] for state in LONGER)
    page = (Path(__file__).resolve().parents[2] / "intake/static/return.js").read_text("utf-8")
    sentences = [*labels.REPORTER_SEES.values(), *labels.REPORTER_SEES_BEFORE.values(), labels.REPORTER_SEES_ALONE]
    assert [said for said in sentences if f'"{said}"' not in page] == [], "not what the reporter reads: build the page anew"


def _to_plan(world: World, case_id: str) -> None:
    _agreed(world, case_id, "TRIAGE")
    world.browsers[0].post(f"/case/{case_id}/triage", TRIAGE)
    world.browsers[0].post(f"/case/{case_id}/assess", {"credibility": "E3"})
    for to in ("REVIEW", "PLAN"):
        _agreed(world, case_id, to)


def _agreed(world: World, case_id: str, to: str) -> None:
    """One proposes, another endorses."""
    assert world.browsers[0].post(f"/case/{case_id}/state", {"to": to, "text": f"to {to}"}).status_code == 303
    world.go()
    _endorse(world, case_id)
    assert world.state(case_id) == to


def _endorse(world: World, case_id: str) -> None:
    page = world.browsers[1].get(f"/case/{case_id}").text
    found = re.search(r'class="main endorse" name="of" value="([0-9a-f]{64})"', page)
    assert found is not None
    assert world.browsers[1].post(f"/case/{case_id}/endorse", {"of": found[1]}).status_code == 303
    world.go()
