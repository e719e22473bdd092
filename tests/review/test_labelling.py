"""Labels for the statistician: two workstations sign, one letter per table leaves, and the reporter's letters hold nothing of it."""

import dataclasses
import datetime
from collections.abc import Callable

import pytest
from nacl.signing import SigningKey

from crypto.case import Case
from crypto.constants import EVENT_MAX, LABEL_EVENT, POSTING_BYTES, SLOTS
from crypto.encoding import b64, canonical, hex32
from crypto.errors import BadSignature, Malformed, NotForUs, ProtocolError
from crypto.event import Event, parse_event, verify
from crypto.label import Label, check_label, endorsed, intake_label, label_message, outcome_label, report_id
from crypto.posting import parse_posting
from crypto.private.opening import find_matches, open_letter
from crypto.roster import Statistician, Suspension
from oversight.statistics.labels import Store, active_in, collect
from review import casebook, labelling, outbox, sync
from review.desk import Desk, lock_desk, open_desk
from review.vault import VaultLocked
from tests.review.story import SIGN, Story
from tests.review.world import (
    NOW,
    PASSPHRASE,
    FakeIntake,
    P,
    arrive,
    change_card,
    change_tree,
    everybody,
    pass_screen,
    read_all,
    report_event,
    reporter_keys,
    turn,
)

STAT = reporter_keys(9)  # any keys that find and open
STEP = {"reason": "NONE", "text": "", "until": "", "whom": "", "urgent": "NO"}
TRIAGE = {"code": "B2-INSIDER", "also": [], "stage": "L2-EVAL", "severity": "S3", "harm": "H0", "urgency": "U3"}
TRIAGE |= {"known": "K4", "risk": "LOW"}
ALL = set(SIGN.values())


@pytest.fixture
def desks(desks: list[Desk]) -> list[Desk]:
    """Three workstations of a programme that has a statistician."""
    assert desks[0].tree is not None
    to = Statistician("Stat", STAT.find_public, STAT.open_public, "00" * 32)
    change_tree(desks, programme=dataclasses.replace(desks[0].tree.programme, statistician=to))
    return desks


def begun(intake: FakeIntake, desks: list[Desk]) -> str:
    """A case in triage, with its triage said."""
    report = arrive(intake, desks[0])
    everybody(intake, desks)
    for desk in desks:
        pass_screen(desk)
    everybody(intake, desks, 2)
    move(intake, desks, report.id, "ACKNOWLEDGED")
    move(intake, desks, report.id, "TRIAGE")
    outbox.say(desks[1], report.id, "triage", **TRIAGE)
    everybody(intake, desks, 2)
    return report.id


def move(intake: FakeIntake, desks: list[Desk], case_id: str, to: str, reason: str = "NONE") -> None:
    """A step by the second, endorsed by the third where one must; nobody hears of the endorsement yet."""
    event = outbox.say(desks[1], case_id, "state", **{**STEP, "to": to, "reason": reason})
    everybody(intake, desks, 2)
    if case_of(desks[2], case_id).state != to:
        outbox.say(desks[2], case_id, "endorse", of=event.id)
    assert case_of(desks[2], case_id).state == to


def case_of(desk: Desk, case_id: str) -> Case:
    assert desk.book is not None
    case = casebook.case_of(desk.book, case_id)
    assert case is not None
    return case


def sign(desk: Desk) -> str:
    assert desk.vault is not None
    return desk.vault.sign


def arrived(intake: FakeIntake) -> list[bytes]:
    """What the statistician finds and opens."""
    letters = intake.letters()
    found = find_matches(STAT.find_secret, [letter[:40] for letter in letters], P)
    return [open_letter(letters[at], STAT.find_secret, STAT.open_seed, P) for at in found]


def checked(intake: FakeIntake, desks: list[Desk]) -> list[Label]:
    return sorted((check_label(each, P, {sign(desk) for desk in desks}) for each in arrived(intake)), key=lambda one: one.table)


def said(desk: Desk, case_id: str) -> list[Event]:
    return [event for event in case_of(desk, case_id).order if event.kind == "label"]


def test_one_label_per_table_reaches_the_statistician_and_nobody_else(intake: FakeIntake, desks: list[Desk]) -> None:
    case_id = begun(intake, desks)
    assert not said(desks[0], case_id), "triage has not ended"
    move(intake, desks, case_id, "REVIEW")
    everybody(intake, desks, 4)
    name = report_id(case_id, P)
    t1 = Label("T1", name, "2026-W47", "no", code="B2-INSIDER", stage="L2-EVAL")
    assert checked(intake, desks) == [t1]
    move(intake, desks, case_id, "CLOSED", "NOT-ENOUGH")
    everybody(intake, desks, 4)
    t2 = Label("T2", name, "2026-W47", "no", outcome="NOT-FURTHER")
    assert checked(intake, desks) == [t1, t2]
    store, tally = collect(Store(P), [(each, "2026-W47") for each in arrived(intake)], lambda _: {sign(desk) for desk in desks})
    assert (tally.new, tally.again, tally.refused) == (2, 0, {}) and len(store.waiting) == 2
    # Opened and closed again with another reason: counted once, whatever became of it.
    move(intake, desks, case_id, "REOPENED")
    move(intake, desks, case_id, "TRIAGE")
    everybody(intake, desks, 2)
    outbox.say(desks[1], case_id, "triage", **{**TRIAGE, "code": "D1-EVALS"})
    move(intake, desks, case_id, "REVIEW")
    everybody(intake, desks, 2)
    outbox.say(desks[1], case_id, "correction", code="DC-SECURE", status="VERIFIED", text="")
    move(intake, desks, case_id, "CLOSED", "ACTION")
    everybody(intake, desks, 4)
    assert checked(intake, desks) == [t1, t2]
    # Two events a table among the readers, by the lead and then the second; the third has nothing to add.
    for desk in desks:
        events = said(desk, case_id)
        assert [(event.author, event.payload["table"]) for event in events] == [
            (sign(desks[0]), "T1"),
            (sign(desks[1]), "T1"),
            (sign(desks[0]), "T2"),
            (sign(desks[1]), "T2"),
        ]
        assert desk.book is not None and all(event.id in desk.book.read for event in events), "nobody has to read them"
        assert not case_of(desk, case_id).void and not case_of(desk, case_id).missing
    # The reporter's letters: none of the kind, none of the words, no event that hangs on one.
    seen = read_all(intake, reporter_keys())
    assert {"report", "state", "triage", "endorse"} <= {event.kind for event in seen}
    hidden = {event.id for event in said(desks[0], case_id)}
    for event in seen:
        assert event.kind != "label" and b"label" not in event.raw and name.encode() not in event.raw
        assert hidden.isdisjoint({*event.payload.get("prev", ()), *event.payload.get("parents", ())})
    # And what the statistician gets holds neither the case id nor words.
    for each in arrived(intake):
        assert case_id.encode() not in each and hex32(case_id) not in each
        with pytest.raises(ProtocolError):
            parse_event(each, P)


def test_the_posting_is_like_any_other(intake: FakeIntake, desks: list[Desk]) -> None:
    case_id = begun(intake, desks)
    move(intake, desks, case_id, "REVIEW")
    everybody(intake, desks, 1)
    turn(desks[0])
    intake.tick()
    before = len(intake.postings)
    turn(desks[1])
    (posting,) = intake.postings[before:]
    letters = parse_posting(posting).letters
    assert len(posting) == POSTING_BYTES and len(letters) == SLOTS
    clues = [letter[:40] for letter in letters]
    assert len(find_matches(STAT.find_secret, clues, P)) == 1
    for desk in desks:
        assert desk.vault is not None and len(desk.vault.find_matches(clues, P)) == 1, "to the readers and a copy to oneself"
    (at,) = find_matches(STAT.find_secret, clues, P)
    assert len(open_letter(letters[at], STAT.find_secret, STAT.open_seed, P)) <= EVENT_MAX
    assert find_matches(reporter_keys().find_secret, clues, P) == []


def test_nothing_is_said_of_what_may_still_be_taken_back(intake: FakeIntake, desks: list[Desk]) -> None:
    case_id = begun(intake, desks)
    event = outbox.say(desks[1], case_id, "state", **{**STEP, "to": "REVIEW"})
    everybody(intake, desks, 2)
    ada = desks[0]
    signed = outbox.say(ada, case_id, "endorse", of=event.id)
    labelling.label(ada, case_id)
    assert case_of(ada, case_id).state == "REVIEW" and not said(ada, case_id)
    outbox.take_back(ada, signed.id)
    everybody(intake, desks, 3)
    assert not said(ada, case_id) and not arrived(intake)


def test_without_a_statistician_nothing_is_said(intake: FakeIntake, desks: list[Desk]) -> None:
    assert desks[0].tree is not None
    change_tree(desks, programme=dataclasses.replace(desks[0].tree.programme, statistician=None))
    case_id = begun(intake, desks)
    move(intake, desks, case_id, "REVIEW")
    everybody(intake, desks, 4)
    assert not said(desks[0], case_id)


def test_a_fold_that_differs_sends_nothing_and_is_shown(intake: FakeIntake, desks: list[Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = begun(intake, desks)
    ada, bo, cy = desks
    made = labelling.labels_of

    def other(*arguments: object) -> tuple[labelling.Made, ...]:
        found = made(*arguments)  # type: ignore[arg-type]
        data = intake_label(report_id(case_id, P), "2026-W47", "A3-FRAMEWORK", "L2-EVAL")
        return tuple(dataclasses.replace(one, data=data) for one in found)

    move(intake, desks, case_id, "REVIEW")
    everybody(intake, desks)
    monkeypatch.setattr(labelling, "labels_of", other)
    turn(ada)
    intake.tick()
    monkeypatch.setattr(labelling, "labels_of", made)
    for desk in (bo, cy):
        turn(desk)
        intake.tick()
        turn(desk)
    assert [event.author for event in said(bo, case_id)] == [sign(ada)] and not arrived(intake)
    for desk in (bo, cy):
        assert desk.book is not None
        (line,) = labelling.differing(case_of(desk, case_id), desk.book.cases[case_id], P, sign(desk), {sign(ada): "Ada"}, nobody)
        assert line == "Ada's workstation counts this case differently in the table of what reports are about. Nothing is sent for it."
    # Once Ada's workstation knows better it says so, and the label goes out.
    everybody(intake, desks, 4)
    (found,) = checked(intake, desks)
    assert found.code == "B2-INSIDER"
    assert bo.book is not None
    assert labelling.differing(case_of(bo, case_id), bo.book.cases[case_id], P, sign(bo), {}, nobody) == ()


def later(desks: list[Desk], weeks: int) -> str:
    """Everybody's clock some weeks on; gives the week."""
    for desk in desks:
        desk.now = lambda: NOW + datetime.timedelta(weeks=weeks)
    return f"2026-W{47 + weeks}"


def test_when_the_lead_is_gone_the_next_reader_does_it(intake: FakeIntake, desks: list[Desk]) -> None:
    case_id = begun(intake, desks)
    move(intake, desks, case_id, "REVIEW")
    _, bo, cy = desks
    everybody(intake, [bo, cy], 3)
    assert not said(bo, case_id), "Ada's workstation is only off: it has two weeks"
    week = later(desks, 2)
    everybody(intake, [bo, cy], 3, week)
    assert [event.author for event in said(bo, case_id)] == [sign(bo)]
    week = later(desks, 4)
    everybody(intake, [bo, cy], 3, week)
    assert {event.author for event in said(bo, case_id)} == {sign(bo), sign(cy)}
    assert len(checked(intake, desks)) == 1


def test_who_is_paused_is_passed_over_at_once(intake: FakeIntake, desks: list[Desk]) -> None:
    case_id = begun(intake, desks)
    change_card(desks, 0, paused="2026-12-31")
    move(intake, desks[:], case_id, "REVIEW")
    everybody(intake, desks, 4)
    assert [event.author for event in said(desks[1], case_id)] == [sign(desks[1]), sign(desks[2])]
    assert len(checked(intake, desks[1:])) == 1


def test_who_is_suspended_in_the_week_their_label_came_is_replaced(intake: FakeIntake, desks: list[Desk]) -> None:
    """The statistician refuses the first letter; the next reader signs beside who is left, at once, and once only."""
    case_id = begun(intake, desks)
    ada, bo, cy = (sign(desk) for desk in desks)
    move(intake, desks, case_id, "REVIEW")
    everybody(intake, desks, 4)
    assert [event.author for event in said(desks[2], case_id)] == [ada, bo]
    tree = desks[0].tree
    assert tree is not None
    change_tree(desks, suspensions=(Suspension(bo, "2026-11-20", "2026-12-04", "OTHER"),))
    everybody(intake, desks, 4)
    assert [event.author for event in said(desks[2], case_id)] == [ada, bo, cy]
    suspended = dataclasses.replace(tree, suspensions=(Suspension(bo, "2026-11-20", "2026-12-04", "OTHER"),))
    store, tally = collect(Store(P), [(each, "2026-W47") for each in arrived(intake)], active_in(suspended))
    assert (tally.new, tally.refused) == (1, {"Threshold": 1}) and len(store.waiting) == 1
    # Somebody who leaves later takes no label along: the week in which it came is what counts.
    change_card(desks, 2, to="2026-12-01", ended="CONDUCT")
    everybody(intake, desks, 3, later(desks, 3))
    assert len(said(desks[0], case_id)) == 3


def test_two_who_say_it_at_the_same_time_still_send_one(intake: FakeIntake, desks: list[Desk]) -> None:
    """Nobody had a statistician, and the third in line is as overdue as the first: one letter, by whoever is next."""
    assert desks[0].tree is not None
    programme = desks[0].tree.programme
    change_tree(desks, programme=dataclasses.replace(programme, statistician=None))
    case_id = begun(intake, desks)
    move(intake, desks, case_id, "REVIEW")
    everybody(intake, desks, 2)
    week = later(desks, 4)
    change_tree(desks, programme=programme)
    everybody(intake, desks, 1, week)
    assert len(said(desks[0], case_id)) == 1
    everybody(intake, desks, 5, week)
    assert len(checked(intake, desks)) == 1


def test_a_crash_between_saying_and_sending_sends_it_once(intake: FakeIntake, desks: list[Desk]) -> None:
    case_id = begun(intake, desks)
    move(intake, desks, case_id, "REVIEW")
    everybody(intake, desks)
    turn(desks[0])
    intake.tick()
    sync.one_round(desks[1])
    desks[1].outbox.clear()
    lock_desk(desks[1])
    open_desk(desks[1], PASSPHRASE)
    everybody(intake, desks, 4)
    assert len(checked(intake, desks)) == 1


# ------------------------------------------------------------------ which label a case has


def made(story: Story) -> dict[str, bytes]:
    case = story.case()
    return {one.table: one.data for one in labelling.labels_of(case, {event.id: event for event in story.events}, P)}


def told(**answers: str) -> Story:
    story = Story(**answers)
    story.move("ACKNOWLEDGED")
    return story


def triaged(**fields: str) -> Story:
    story = told()
    story.move("TRIAGE")
    story.triage(**fields)
    return story


def t1(story: Story, code: str = "C1-MISBEHAVE") -> bytes:
    return intake_label(report_id(story.id, P), "2026-W10", code, "L3-INTERNAL")


def t2(story: Story, outcome: str) -> bytes:
    return outcome_label(report_id(story.id, P), "2026-W10", outcome)


def test_spam_and_what_is_outside_our_field_have_no_label() -> None:
    story = Story()
    story.move("CLOSED", reason="SPAM")
    assert made(story) == {}
    story = triaged()
    story.move("CLOSED", reason="SPAM")
    assert made(story) == {}
    story = triaged(code="X2-OUTSIDE")
    story.move("CLOSED", reason="OUT-OF-SCOPE")
    assert made(story) == {}
    story = Story(about=["X2-OUTSIDE"], may="ADVISE")
    story.move("ACKNOWLEDGED")
    story.move("ADVICE")
    story.move("CLOSED", reason="ADVISED")
    assert made(story) == {}


def test_spam_opened_again_was_none() -> None:
    story = Story()
    story.move("CLOSED", reason="SPAM")
    story.move("REOPENED")
    story.move("TRIAGE")
    story.triage()
    story.move("REVIEW")
    story.move("CLOSED", reason="NOT-ENOUGH")
    assert made(story) == {"T1": t1(story), "T2": t2(story, "NOT-FURTHER")}


def test_closed_without_triage_is_in_the_second_table_only() -> None:
    story = told(may="ADVISE")
    story.move("ADVICE")
    story.move("CLOSED", reason="ADVISED")
    assert made(story) == {"T2": t2(story, "OTHER")}
    story = told()
    story.say("reporter", "withdraw")
    assert made(story) == {}
    story.move("CLOSED", reason="WITHDRAWN")
    assert made(story) == {"T2": t2(story, "OTHER")}


def test_what_was_known_when_triage_ended_counts_and_nothing_later() -> None:
    story = triaged(code="D1-EVALS")
    assert made(story) == {}
    story.triage(code="A1-UNDISCLOSED")
    story.move("NEEDS_INFO", "2026-W12")
    before = made(story)
    assert before == {"T1": t1(story, "A1-UNDISCLOSED")}
    story.move("TRIAGE")
    story.triage(code="X2-OUTSIDE")
    story.move("REVIEW")
    assert made(story) == before
    story.corrected()
    story.move("CLOSED", reason="ACTION")
    assert made(story) == {**before, "T2": t2(story, "ACTED")}
    story.move("REOPENED")
    story.move("TRIAGE")
    story.move("CLOSED", reason="NOT-SUPPORTED")
    assert made(story) == {**before, "T2": t2(story, "ACTED")}


def test_an_urgent_step_does_not_wait_for_triage_to_end() -> None:
    story = told()
    story.triage(urgency="U0", code="B1-WEIGHTS")
    assert made(story) == {}
    story.move("COORDINATING", urgent="YES")
    assert made(story) == {"T1": t1(story, "B1-WEIGHTS")} and not story.case().proposals


def test_the_first_table_waits_for_a_triage() -> None:
    story = told()
    story.move("TRIAGE")
    story.move("NEEDS_INFO")
    assert made(story) == {}
    story.triage(code="B1-WEIGHTS")
    story.triage(code="A2-UNTESTED")
    assert made(story) == {"T1": t1(story, "B1-WEIGHTS")}


def test_order_of_arrival_changes_no_label() -> None:
    story = triaged()
    story.move("REVIEW")
    story.corrected()
    story.move("CLOSED", reason="ACTION")
    first = made(story)
    story.events.reverse()
    assert made(story) == first and set(first) == {"T1", "T2"}


def test_who_says_what_and_when() -> None:
    story = triaged()
    for who in ("Ada", "Bo", "Cy"):
        story.say(who, "received")
    story.move("REVIEW", "2026-W20")
    due = acts(story)
    assert due("Ada", "2026-W20") == [("T1", None)] and due("Bo", "2026-W21") == [] and due("Bo", "2026-W22") == [("T1", None)]
    assert due("Cy", "2026-W23") == [] and due("Cy", "2026-W24") == [("T1", None)]
    assert acts(story, published=False)("Ada", "2026-W20") == []
    assert acts(story, active=ALL - {SIGN["Ada"]})("Bo", "2026-W20") == [("T1", None)]
    first = say(story, "Ada")
    assert due("Ada", "2026-W30") == [] and due("Bo", "2026-W20") == [("T1", first.id)] and due("Cy", "2026-W21") == []
    assert due("Cy", "2026-W22") == [("T1", first.id)]
    # From somebody who may no longer sign it is nobody's label: the statistician would refuse it.
    assert acts(story, active=ALL - {SIGN["Ada"]})("Bo", "2026-W20") == [("T1", None)]
    say(story, "Bo")
    assert [due(who, "2026-W40") for who in SIGN] == [[], [], []]


def test_only_the_same_bytes_under_their_authors_own_signature_are_endorsed() -> None:
    for forged in ("none", "signature", "signer", "label"):
        story = triaged()
        for who in SIGN:
            story.say(who, "received")
        story.move("REVIEW", "2026-W20")
        (data,) = made(story).values()
        other = intake_label(report_id(story.id, P), "2026-W10", "C2-ESCAPE", "L3-INTERNAL")
        held = other if forged == "label" else data
        signature = SigningKey(story.seeds["Cy" if forged == "signer" else "Ada"]).sign(label_message(data, P)).signature
        signature = bytes(64) if forged == "signature" else signature
        first = story.say("Ada", "label", table="T1", label=b64(held), signature=b64(signature))
        assert acts(story)("Bo", "2026-W20") == ([("T1", first.id)] if forged == "none" else [])
        assert acts(story)("Bo", "2026-W40") == ([("T1", first.id)] if forged == "none" else [])


def test_who_has_not_declared_to_have_no_conflict_signs_nothing() -> None:
    story = triaged()
    story.move("REVIEW", "2026-W20")
    left = acts(story, active={SIGN["Cy"]})
    assert left("Cy", "2026-W20") == []
    story.say("Cy", "received")
    assert left("Cy", "2026-W20") == [("T1", None)]


def test_after_two_equal_labels_at_once_one_letter_is_still_due() -> None:
    story = triaged()
    for who in SIGN:
        story.say(who, "received")
    story.move("REVIEW", "2026-W20")
    held, last = list(story.events), dict(story.last)
    one = say(story, "Ada")
    story.events, story.last = held, last
    other = say(story, "Bo")
    story.events.append(one)
    due = {who: acts(story)(who, "2026-W20") for who in SIGN}
    first = next(event for event in story.case().order if event.kind == "label")
    author = next(who for who in SIGN if SIGN[who] == first.author)
    assert due[author] == [] and due[{"Ada": "Bo", "Bo": "Ada"}[author]] == [("T1", first.id)] and due["Cy"] == []
    assert {one.id, other.id} >= {first.id}


def nobody(_: str) -> set[str]:
    return set()


def acts(
    story: Story, active: set[str] = ALL, published: bool = True, out: Callable[[str], set[str]] = nobody
) -> Callable[[str, str], list[tuple[str, str | None]]]:
    def due(who: str, week: str) -> list[tuple[str, str | None]]:
        held = {event.id: event for event in story.events}
        segment = dict.fromkeys(held, 1 if published else 0)
        found = labelling.due(story.case(), held, P, active, segment, SIGN[who], week, out)
        return [(act.table, act.after.id if act.after else None) for act in found]

    return due


def say(story: Story, who: str) -> Event:
    (data,) = made(story).values()
    signature = SigningKey(story.seeds[who]).sign(label_message(data, P)).signature
    return story.say(who, "label", table="T1", label=b64(data), signature=b64(signature))


# ------------------------------------------------------------------ the door


def test_the_vault_signs_labels_through_this_door_and_nothing_else(desks: list[Desk]) -> None:
    vault, second, tree = desks[0].vault, desks[1].vault, desks[0].tree
    assert vault is not None and second is not None and tree is not None
    data = intake_label("00" * 32, "2026-W47", "C2-ESCAPE", "L3-INTERNAL")
    signature = vault.sign_label(data, P)
    both = {vault.sign: signature, second.sign: second.sign_label(data, P)}
    assert check_label(endorsed(data, both), P, both.keys()).code == "C2-ESCAPE"
    with pytest.raises(BadSignature):
        verify(hex32(vault.sign), signature, LABEL_EVENT + P + data)
    payload = report_event(reporter_keys(), tree).raw[96:]
    whole = {"v": 1, "kind": "label", "table": "T1", "report": "00" * 32, "week": "2026-W47", "shopper": "no", "code": "C2-ESCAPE"}
    for bad in (
        b"",
        payload,
        LABEL_EVENT + P + payload,
        data + b"\n",
        data.replace(b'":"', b'": "'),
        data.replace(b"C2-ESCAPE", b"X2-OUTSIDE"),
        canonical(whole),
        canonical({**whole, "stage": "L2-EVAL", "text": "more"}),
        b'{"_type":"timestamp"}',
    ):
        with pytest.raises(Malformed):
            vault.sign_label(bad, P)
    # Nor does a label go through the door of events.
    with pytest.raises(Malformed):
        vault.sign_event({**whole, "stage": "L2-EVAL"}, P)
    vault.lock()
    with pytest.raises(VaultLocked):
        vault.sign_label(data, P)


def test_the_statistician_alone_opens_the_letter(intake: FakeIntake, desks: list[Desk]) -> None:
    case_id = begun(intake, desks)
    move(intake, desks, case_id, "REVIEW")
    everybody(intake, desks, 4)
    letters = intake.letters()
    (at,) = find_matches(STAT.find_secret, [letter[:40] for letter in letters], P)
    for desk in desks:
        assert desk.vault is not None
        with pytest.raises(NotForUs):
            desk.vault.open_letter(letters[at], P)
