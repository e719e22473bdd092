"""A request between the leads of two cases: read strictly, answered by the lead alone, never seen by a reporter nor in a number."""

import re
from dataclasses import replace

import pytest

from crypto.event import Event
from review import casebook, exchange, labelling, outbox
from review.desk import Desk, lock_desk
from tests.review.story import SIGN, P, Story
from tests.review.test_deskwork import held, of_kind, send_report
from tests.review.test_views import Browser
from tests.review.world import PASSPHRASE, FakeIntake, everybody, read_all, reporter_keys

TOKEN = "5f" * 16
FACTS = {"code": "A concern", "text": "Two lines,\n== Concern ==\nthe second made to look like a heading.", "reach": "By telephone."}
TEXTS = (
    "Last spring an agent copied 41,337 files to a share called KestrelVault and nobody on the night shift noticed.",
    "Somebody on the night shift saw that an agent had copied files to the KestrelVault share in spring.",
)


def asked() -> tuple[Story, Event]:
    story = Story()
    return story, story.say("Cy", "note", text=exchange.request_note(TOKEN))


def test_only_the_lead_s_own_last_note_of_the_set_form_is_an_answer() -> None:
    story, request = asked()
    yes, no = exchange.answer_note(request.id, FACTS), exchange.answer_note(request.id, None)
    for who, text, answered in (
        ("Bo", yes, False),
        ("Ada", yes + "\n", False),
        ("Ada", yes.replace("== Concern", "== Concerns"), False),
        ("Ada", yes.replace("yes.", "yes"), False),
        ("Ada", "I say: " + yes, False),
        ("Ada", exchange.answer_note("0" * 64, FACTS), False),
        ("Ada", no.replace("no.", "no. "), False),
        ("Ada", yes, True),
    ):
        story.say(who, "note", text=text)
        [found] = exchange.requests(story.case())
        assert (found.answered, found.facts is not None) == (answered, answered), text
    assert found.facts == {**FACTS, "text": "Two lines,\n == Concern ==\nthe second made to look like a heading."}
    story.say("Bo", "note", text=no)
    assert exchange.requests(story.case())[0].facts is not None, "another reader's no is none either: they can ask the lead"
    story.say("Ada", "note", text=no)
    assert exchange.requests(story.case())[0].facts is None
    story.say("Ada", "note", text=yes)
    story.say("Bo", "note", text=yes)
    story.say("Cy", "assign", lead=SIGN["Bo"], second=SIGN["Ada"])
    assert not exchange.requests(story.case())[0].answered, "a new lead is asked anew"
    story.say("Cy", "recuse")
    assert exchange.requests(story.case()) == [], "who asked reads the case no more"


def test_what_asks_in_other_words_is_no_request() -> None:
    story = Story()
    for text in (exchange.request_note(TOKEN) + " It is about Lab.", "Hello. " + exchange.request_note(TOKEN), exchange.request_note("5f")):
        story.say("Cy", "note", text=text)
    assert exchange.requests(story.case()) == []


def test_why_two_cases_are_not_for_each_other() -> None:
    def why(one: Story, other: Story) -> str:
        return exchange.why_not(one.case(), other.case(), lambda sign: next(name for name, key in SIGN.items() if key == sign))

    one, other = Story(number=1), Story(number=2)
    assert why(one, other) == ""
    assert "advice only" in why(one, Story(number=3, may="ADVISE"))
    fewer = replace(other.case(), readers=(SIGN["Ada"], "77" * 32))
    assert "Stranger reads one of them" in exchange.why_not(one.case(), fewer, lambda _: "Stranger")
    other.say("reporter", "withdraw")
    assert "withdrew" in why(other, one) and "withdrew" in why(one, other)


def test_nothing_of_it_is_in_a_label() -> None:
    plain, told = Story(), Story()
    for story in (plain, told):
        if story is told:
            request = story.say("Cy", "note", text=exchange.request_note(TOKEN))
            story.say("Ada", "note", text=exchange.answer_note(request.id, FACTS))
            story.say("Cy", "note", text=exchange.told_note(request.id, FACTS))
        story.move("ACKNOWLEDGED")
        story.move("TRIAGE")
        story.triage()
        story.move("REVIEW")
        story.move("CLOSED", reason="NOT-ENOUGH")
    one, other = (
        [made.data for made in labelling.labels_of(story.case(), {event.id: event for event in story.events}, P)] for story in (plain, told)
    )
    assert len(one) == 2 and one == other


@pytest.fixture
def both(intake: FakeIntake, desks: list[Desk]) -> list[str]:
    """Two alike cases; Bo leads the second, Cy reads both."""
    found = [send_report(intake, desks, number, text) for number, text in enumerate(TEXTS, 1)]
    assert desks[0].tree is not None
    ada, bo, _ = (reviewer.sign for reviewer in desks[0].tree.roster.reviewers)
    outbox.say(desks[0], found[1], "assign", lead=bo, second=ada)
    everybody(intake, desks, 2)
    return found


def people(desks: list[Desk]) -> list[Browser]:
    made = [Browser(desk) for desk in desks]
    for browser in made:
        assert browser.get(browser.link).status_code == 200
    return made


def request_in(desk: Desk, case_id: str) -> str:
    [found] = exchange.requests(held(desk, case_id))
    return found.id


def test_both_leads_agree_and_exactly_that_is_told(intake: FakeIntake, desks: list[Desk], both: list[str]) -> None:
    (one, other), (ada, bo, cy) = both, people(desks)
    act = f"/case/{one}/alike"
    before = [len(read_all(intake, reporter_keys(number))) for number in (1, 2)]
    assert cy.post(act, {"other": "0" * 64}).status_code == 409
    for wrong in ("", other[:4], one[:8]):
        assert cy.post(act, {"other": wrong}).status_code == 409
    assert cy.post(act, {"other": f"{other[:4].upper()} {other[4:8]}"}).status_code == 303, "by its number, as the pages show it"
    assert cy.post(act, {"other": other}).status_code == 409, "nobody is asked twice"
    everybody(intake, desks, 2)
    for case_id, hidden in ((one, other), (other, one)):
        [note] = of_kind(desks[0], case_id, "note")
        assert note.payload["audience"] == "reviewers" and hidden not in note.payload["text"] and "Lab" not in note.payload["text"]
    first, second = request_in(desks[0], one), request_in(desks[1], other)
    assert "Answer as the lead" in ada.get(f"/case/{one}").text and "Answer as the lead" not in bo.get(f"/case/{one}").text
    page = ada.get(f"/case/{one}").text
    assert "A request to the lead" in page and "What may its lead be told of this one?" not in page, "it has its own place on the page"
    yes = {"of": first, "choice": "yes", "tell": "organisation", "text": "I can check it."}
    assert bo.post(f"/case/{one}/leads", yes).status_code == 409, "the second reader does not decide"
    copied = ada.post(f"/case/{one}/leads", {**yes, "text": "It went to KestrelVault."})
    assert copied.status_code == 409 and "KestrelVault" in copied.text and "It went to" in copied.text
    assert ada.post(f"/case/{one}/leads", {"of": first, "choice": "yes"}).status_code == 409, "nothing was chosen"
    assert ada.post(f"/case/{one}/leads", yes).status_code == 303
    everybody(intake, desks, 2)
    assert "Waiting for the leads" in cy.get(act).text and cy.post(act, {"other": other}).status_code == 409
    assert bo.post(f"/case/{other}/leads", {"of": second, "choice": "yes", "tell": "week", "reach": "Through Ada."}).status_code == 303
    everybody(intake, desks, 2)
    assert bo.post(f"/case/{other}/leads", {"of": second, "choice": "no"}).status_code == 303
    everybody(intake, desks, 2)
    assert "took the yes back" in cy.get(act).text and cy.post(act, {"other": other}).status_code == 409
    assert not any("From the lead" in event.payload["text"] for case_id in both for event in of_kind(desks[2], case_id, "note"))
    assert bo.post(f"/case/{other}/leads", {"of": second, "choice": "yes", "tell": "week", "reach": "Through Ada."}).status_code == 303
    everybody(intake, desks, 2)
    assert "exchange" in cy.get(act).text and cy.post(act, {"other": other}).status_code == 303
    everybody(intake, desks, 2)
    told = {case_id: of_kind(desks[0], case_id, "note")[-1].payload["text"] for case_id in both}
    assert told[one] == exchange.told_note(first, {"week": "the week of 16 November 2026", "reach": "Through Ada."})
    assert told[other] == exchange.told_note(second, {"organisation": "Lab", "text": "I can check it."})
    assert "Exchanged" in cy.get(act).text and cy.post(act, {"other": other}).status_code == 409
    assert ada.post(f"/case/{one}/leads", {"of": first, "choice": "no"}).status_code == 409, "too late: it is told"

    assert [len(read_all(intake, reporter_keys(number))) for number in (1, 2)] == before, "no reporter had a letter"
    outbox.say(desks[0], one, "answer", text="Thank you.")
    everybody(intake, desks, 2)
    notes = {event.id for case_id in both for event in of_kind(desks[0], case_id, "note")}
    [answer] = [event for event in read_all(intake, reporter_keys(1)) if event.kind == "answer"]
    assert notes.isdisjoint([*answer.payload["prev"], *answer.payload["parents"]])


def test_who_left_or_locked_is_told_so(intake: FakeIntake, desks: list[Desk], both: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (one, other), (ada, _, cy) = both, people(desks)
    with monkeypatch.context() as patch:
        patch.setattr(exchange, "why_not", lambda *_: "They may not.")
        assert cy.post(f"/case/{one}/alike", {"other": other}).status_code == 409
        assert "The leads cannot be asked. They may not." in cy.get(f"/case/{one}/alike").text
    cy.post(f"/case/{one}/alike", {"other": other})
    everybody(intake, desks, 2)
    of = request_in(desks[0], one)
    lock_desk(desks[0])
    page = ada.post(f"/case/{one}/leads", {"of": of, "choice": "yes", "text": "An hour of work."}).text
    carried = dict(re.findall(r'name="(draft-[a-z]+)" value="([^"]*)"', page)) | {"draft": "An hour of work."}
    assert "An hour of work." in page
    again = ada.post("/unlock", {"passphrase": PASSPHRASE, **carried}).text
    assert "An hour of work." in again and "What you wrote was not sent" not in again
    ada.post(f"/case/{one}/leads", {"of": of, "choice": "yes", "text": "An hour of work."})
    everybody(intake, desks, 2)
    cy.post(f"/case/{other}/recuse")
    assert other not in cy.get(f"/case/{one}/alike").text and cy.post(f"/case/{one}/alike", {"other": other}).status_code == 409


def test_the_own_ticks_stay_here_and_a_label_that_differs_is_shown(
    intake: FakeIntake, desks: list[Desk], both: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = people(desks)[0]
    postings = len(intake.postings) + len(desks[0].outbox)
    assert 'id="tick-conflict"' in ada.get(f"/case/{both[0]}").text and 'id="tick-reply"' not in ada.get(f"/case/{both[0]}").text
    assert ada.post(f"/case/{both[0]}/ticks", {"tick": "conflict", "nonsense": "x"}).status_code == 303
    own = {"tick": ["conflict", "own-1"], "own": ["", "Ask  <Bo>", "Read it again"]}
    assert ada.post(f"/case/{both[0]}/ticks", own).status_code == 303
    assert desks[0].book is not None and len(intake.postings) + len(desks[0].outbox) == postings
    casebook.compact(desks[0].book)
    lock_desk(desks[0])
    ada.post("/unlock", {"passphrase": PASSPHRASE})
    assert re.search(r'id="tick-conflict"[^>]* checked', ada.get(f"/case/{both[0]}").text)
    assert '" checked' not in ada.get(f"/case/{both[1]}").text
    lines = r'value="own-(.)"[^>]*?( checked)?>.*?name="own" value="(.*?)"'
    assert re.findall(lines, ada.get(f"/case/{both[0]}").text) == [
        ("0", " checked", "Ask &lt;Bo&gt;"),
        ("1", "", "Read it again"),
        ("2", "", ""),
    ]
    ada.post(f"/case/{both[0]}/recuse")
    assert not desks[0].book.ticks

    monkeypatch.setattr(labelling, "differing", lambda *arguments: (f"{arguments[4]} counts it differently.",))
    assert "counts it differently." in ada.get(f"/case/{both[1]}").text
