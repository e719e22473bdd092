"""What the page of a case offers, what it says is missing, and that what could not count is refused with every word kept."""

import re

import pytest

from crypto.constants import MAY_CODES
from crypto.tree import Suspension
from review import casebook, clock, labels, outbox, phrases, steps, trial
from review.desk import Desk
from tests.review.story import SIGN, Story
from tests.review.test_desk import TRIAGE, World, _agreed, _endorse, _to_plan
from tests.review.world import FakeIntake, change_card, change_tree

STEP = {"reason": "NONE", "text": "", "until": "", "whom": "", "urgent": "NO"}


@pytest.fixture
def world(intake: FakeIntake, desks: list[Desk]) -> World:
    return World(intake, desks)


def test_every_reason_says_what_to_do_next() -> None:
    for why in ("unread", "triage", "legal", "correction", "reason", "date"):
        assert labels.VOID[why] and steps.WHY[why]
    assert set(steps.WHY) <= set(labels.VOID) and {why for why, _ in steps.WHY_HERE} <= set(steps.WHY)


def test_nothing_leaves_triage_before_it_is_recorded_and_somebody_said_how_sure_one_can_be(world: World) -> None:
    ada = world.browsers[0]
    case_id = world.report(1, "weights", known="K3")
    at = f"/case/{case_id}"
    ada.post(f"{at}/acknowledge")
    _agreed(world, case_id, "TRIAGE")
    for missing in ("record the triage first", "note first how sure one can be"):
        page = ada.get(at).text
        for to in ("review", "held"):
            assert missing in page.split(f'id="lacks-{to}"')[1].split("</p>")[0] and f'id="step-{to}"' not in page
        closing = page.split('id="close-reason"')[1].split("</select>")[0]
        assert missing in closing and re.findall(r'<option value="(\w+)">', closing) == ["SPAM"]
        for path, form in (
            ("state", {"to": "REVIEW", "text": "our words"}),
            ("state", {"to": "HELD", "text": "our words"}),
            ("close", {"reason": "NOT-ENOUGH", "close": "our words"}),
        ):
            refused = ada.post(f"{at}/{path}", form)
            assert refused.status_code == 409 and missing in refused.text and "our words" in refused.text
            to_form = re.findall(r'href="#([\w-]+)">To the form', refused.text)
            assert to_form == (["close"] if path == "close" else []) and all(f'id="{each}"' in refused.text for each in to_form)
        ada.post(f"{at}/triage", TRIAGE)
    assert ada.post(f"{at}/assess", {"credibility": "E3"}).status_code == 303
    assert 'id="step-review"' in ada.get(at).text and "lacks-" not in ada.get(at).text
    assert ada.post(f"{at}/state", {"to": "REVIEW", "text": ""}).status_code == 303


def test_danger_is_said_on_the_page_with_what_to_do_today_until_the_triage(world: World) -> None:
    ada = world.browsers[0]
    at = f"/case/{world.report(1, 'people are at risk', known='K3', danger='NOW')}"
    listed = ada.get("/").text.split('class="cases"')[1]
    assert listed.index("someone is in danger now") < listed.index("received in the week of"), "first in its row"
    page = ada.get(at).text
    assert 'id="in-danger"' in page and steps.TODAY in page and steps.HELP["ACKNOWLEDGED"] not in page
    ada.post(f"{at}/acknowledge")
    assert 'id="in-danger"' in ada.get(at).text
    ada.post(f"{at}/triage", {**TRIAGE, "urgency": "U0"})
    page = ada.get(at).text
    assert 'id="in-danger"' not in page and "now: life is in danger" in page
    ada.post(f"{at}/state", {"to": "REFERRED", "whom": "112", "urgent": "YES"})
    assert "Twelve hours" not in ada.get(at).text, "it waits for the reporter first"
    calm = ada.get(f"/case/{world.report(2, 'no hurry', known='K3', danger='OVER')}").text
    assert 'id="in-danger"' not in calm and steps.HELP["ACKNOWLEDGED"] in calm


def test_an_answer_does_not_leave_with_the_gaps_of_its_phrase(world: World) -> None:
    ada = world.browsers[0]
    at = f"/case/{world.report(1, 'a question', known='K3')}"
    for key, (_, text) in phrases.PHRASES.items():
        refused = ada.post(f"{at}/answer", {"answer": text})
        assert (refused.status_code == 400) == ("…" in text), key
        assert "…" not in text or ('href="#send-answer"' in refused.text and 'id="send-answer"' in refused.text)
        assert "…" not in text or (text.split("…")[0][:30] in refused.text and "put your own words" in refused.text)
    assert ada.post(f"{at}/answer", {"answer": "You wrote “in spring …”. Which one?"}).status_code == 303


def test_from_a_plan_the_way_back_comes_last(world: World) -> None:
    ada, bo = world.browsers[:2]
    case_id = world.report(1, "a plan", known="K3", may="PUBLISH")
    _to_review(world, case_id)
    _agreed(world, case_id, "PLAN")
    labels_of = re.findall(r'<summary id="open-step-(\w+)"', ada.get(f"/case/{case_id}").text)
    assert labels_of == ["coordinating", "referred", "disclosed", "review"]
    ada.post(f"/case/{case_id}/state", {"to": "DISCLOSED", "text": "we would publish"})
    world.go()
    for page in (ada.get(f"/case/{case_id}").text, bo.get(f"/case/{case_id}").text):
        assert "Make the packet first" in page and "Their page asks them" not in page, "nobody is asked before there is a text"
    ada.post(f"/case/{case_id}/close", {"reason": "NOT-ENOUGH", "close": ""})
    world.go()
    _endorse(world, case_id)
    world.go()
    assert world.state(case_id) == "CLOSED" and "Waiting for a second signature" not in ada.get(f"/case/{case_id}").text, "overtaken"


def test_advice_is_for_who_chose_it_and_a_plan_for_who_did_not(world: World) -> None:
    ada = world.browsers[0]
    for number, may in enumerate(("ADVISE", "ASK"), 1):
        case_id = world.report(number, "a question", known="K3", may=may)
        at = f"/case/{case_id}"
        ada.post(f"{at}/acknowledge")
        assert ('id="step-advice"' in ada.get(at).text) == (may == "ADVISE") != ('id="lacks-advice"' in ada.get(at).text)
        assert (ada.post(f"{at}/state", {"to": "ADVICE"}).status_code == 303) == (may == "ADVISE")
    case_id = world.report(3, "a question", known="K3", may="ADVISE")
    at = f"/case/{case_id}"
    _to_review(world, case_id)
    assert "the reporter wants advice only" in ada.get(at).text
    assert "choose on this page what reviewers may do" in ada.post(f"{at}/phrase", {"phrase": "may"}).text
    ada.post(f"{at}/answer", {"answer": "May we do more?"})
    assert re.search(r"1 posting waiting for a random moment, tried at the latest in the hour from \d\d:00 UTC\.", ada.get(at).text)
    refused = ada.post(f"{at}/state", {"to": "PLAN", "text": "our words"})
    assert refused.status_code == 409 and "they can choose otherwise" in refused.text and "our words" in refused.text


def test_one_suffices_to_hold_what_the_reporter_wants_held(world: World) -> None:
    ada = world.browsers[0]
    case_id = world.report(1, "hold it", known="K3", may="HOLD")
    at = f"/case/{case_id}"
    ada.post(f"{at}/acknowledge")
    _agreed(world, case_id, "TRIAGE")
    ada.post(f"{at}/triage", TRIAGE)
    ada.post(f"{at}/assess", {"credibility": "E3"})
    assert "as the reporter chose to have it held" in ada.get(at).text
    assert ada.post(f"{at}/state", {"to": "HELD", "until": "26"}).status_code == 303
    assert world.state(case_id) == "HELD"


@pytest.mark.parametrize("may", MAY_CODES)
def test_a_plan_says_what_each_step_would_need(may: str) -> None:
    beforehand = {"REFER": ["Refer"], "PUBLISH": ["Refer", "Tell"]}.get(may, [])
    for known, needs in (("K3", "needs a yes."), ("K1", "needs a yes given after a warning.")):
        chose, who, *lines = steps.plan_check(Story(may=may, known=known).case())
        assert chose == labels.MAY[may] + "." and who == labels.KNOWN[known] + "."
        agreed = [line for line in lines if line.endswith("was agreed to beforehand.")]
        assert [line.split()[0] for line in agreed] == (beforehand if known == "K3" else [])
        assert all(line.endswith(needs) for line in lines if line not in agreed)
    story = Story(may=may, known="K3")
    story.triage(known="K1")
    assert all("after a warning" in line for line in steps.plan_check(story.case())[2:]), "the most careful answer counts"


def test_the_plan_shows_the_check_to_both_who_sign(world: World) -> None:
    ada, bo = world.browsers[:2]
    case_id = world.report(1, "a plan", known="K3", may="REFER")
    _to_review(world, case_id)
    ada.post(f"/case/{case_id}/state", {"to": "PLAN", "text": "we would refer it"})
    world.go()
    for page in (ada.get(f"/case/{case_id}").text, bo.get(f"/case/{case_id}").text):
        assert "Refer to an authority: was agreed to beforehand." in page and "Publish: needs a yes." in page


def test_a_publication_waits_for_a_lawyer_and_for_one_more_when_the_text_changes(world: World) -> None:
    ada, bo = world.browsers[:2]
    case_id = world.report(1, "to be published", known="K3", may="PUBLISH")
    at = f"/case/{case_id}"
    ada.post(f"{at}/acknowledge")
    _to_plan(world, case_id)
    assert ada.post(f"{at}/state", {"to": "DISCLOSED"}).status_code == 303
    world.go()
    assert "Make the packet first" in bo.get(at).text and 'class="legal"' not in bo.get(at).text
    case = casebook.case_of(world.desks[0].book, case_id) if world.desks[0].book else None
    assert case is not None
    of = case.proposals[0].id
    for found in ("nothing is libel", "still nothing"):
        outbox.say(world.desks[0], case_id, "packet", to="PUBLIC", state=of, fields={"summary": found})
        world.go()
        page = bo.get(at).text
        assert 'class="legal"' in page and "a lawyer has to read this text first" in page and 'class="main endorse"' not in page
        assert ("changed since a lawyer read it" in page) == (found == "still nothing")
        assert bo.post(f"{at}/legal", {"of": of, "text": " "}).status_code == 400
        assert bo.post(f"{at}/legal", {"of": of, "text": f"As counsel: {found}."}).status_code == 303
        world.go()
        page = ada.get(at).text.split('id="h-may"')[0]
        assert 'class="legal"' not in page and f"As counsel: {found}." in page and "Their page asks them" in page
    world.reporter_says(1, case_id, "confirm", of=of, agree="YES", warned="NO")
    _endorse(world, case_id)
    assert world.state(case_id) == "DISCLOSED" and "As counsel: still nothing." in ada.get(at).text
    assert bo.post(f"{at}/legal", {"of": "0" * 64, "text": "of nothing"}).status_code == 409


def test_the_latest_week_on_the_page_is_the_latest_that_counts() -> None:
    story = Story(week="2026-W10", known="K3", may="PUBLISH")
    story.move("ACKNOWLEDGED", "2026-W11")
    story.move("TRIAGE")

    def lacks(to: str, until: str) -> str:
        whom = story.case().whom if story.case().state == to else ""
        return trial.tried(story.case(), story.events, SIGN["Ada"], "2026-W12", [{"to": to, "until": until, "whom": whom, "text": "-"}])[0]

    def held(to: str, urgency: str = "") -> str:
        if urgency:
            story.triage(urgency=urgency)
        last = steps.latest(story.case(), to, "2026-W12")
        assert lacks(to, last) == "" and lacks(to, clock.add_weeks(last, 1)) == "date", (to, last)
        return last

    assert (held("HELD", "U3"), held("REVIEW")) == ("2027-W11", "2026-W36")
    story.move("REVIEW", "2026-W12")
    story.move("PLAN")
    assert [held("COORDINATING", urgency) for urgency in ("U0", "U1", "U3")] == ["2026-W12", "2026-W13", "2026-W18"]
    story.move("COORDINATING", until="2026-W18")
    story.corrected("CLAIMED")
    assert held("COORDINATING") == "2026-W24"
    assert steps._dates("2026-W12", "2026-W18", "")[-1][0] == 6 and steps._dates("2026-W19", "2026-W18", "") == ()


def test_a_case_is_early_to_purge_until_its_time_has_come() -> None:
    story = Story(week="2026-W10")
    story.move("CLOSED", reason="SPAM")
    assert "until the week of 13 April 2026" in steps.early(story.case(), "2026-W15")
    assert steps.early(story.case(), "2026-W16") == ""
    gone = Story()
    gone.say("reporter", "withdraw")
    assert "not closed yet" in steps.early(gone.case(), "2027-W40")


def test_a_date_that_cannot_be_later_is_not_asked_for() -> None:
    story = Story(week="2026-W10", known="K3", may="PUBLISH")
    story.triage()
    for to in ("ACKNOWLEDGED", "TRIAGE", "REVIEW", "PLAN", "COORDINATING"):
        story.move(to)
    story.corrected("CLAIMED")

    def longer(week: str) -> steps.Step:
        return next(step for step in steps.steps(story.case(), story.events, SIGN["Ada"], week) if step.longer)

    assert [count for count, _ in longer("2026-W11").dates] == [6, 11] and not longer("2026-W11").lacks, "later than the usual W16"
    assert [count for count, _ in longer("2026-W22").dates] == [0] and longer("2026-W23").lacks == steps.PASSED


def test_a_review_never_extended_is_told_that_its_time_has_passed() -> None:
    story = Story(week="2026-W10")
    for to in ("ACKNOWLEDGED", "TRIAGE", "REVIEW"):
        story.triage()
        story.move(to)
    assert steps.steps(story.case(), story.events, SIGN["Ada"], "2026-W35")[-1].lacks == ""
    assert steps.steps(story.case(), story.events, SIGN["Ada"], "2026-W36")[-1].lacks == steps.PASSED


def test_what_waits_for_consent_is_not_offered_again_and_of_closing_only_the_reason_that_waits() -> None:
    """Seen to fail: a step that waited for the reporter's yes was offered again, and after one reason no other could be proposed."""
    story = Story(known="K3", may="ASK")
    story.triage()
    for to in ("ACKNOWLEDGED", "TRIAGE", "REVIEW", "PLAN"):
        story.move(to)
    story.say("Ada", "state", **{**STEP, "to": "REFERRED"})
    story.say("Ada", "state", **{**STEP, "to": "CLOSED", "reason": "UNSAFE"})
    assert {each.why for each in story.case().proposals} == {"consent", ""}
    found = {each.to: each for each in steps.steps(story.case(), story.events, SIGN["Ada"], "2026-W10")}
    assert [to for to, each in found.items() if each.waiting] == ["REFERRED"]
    assert [code for code, _, _, why in found["CLOSED"].reasons if why == steps.PROPOSED] == ["UNSAFE"] and not found["CLOSED"].lacks


def test_steps_are_tried_together_and_lack_what_they_lack_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closing for silence is spoilt by any newer word of the reporter, so by a yes that is only taken for granted too."""
    story, folds, together = Story(known="K3", may="ASK"), list[int](), trial.tried
    fold = trial.fold
    monkeypatch.setattr(trial, "fold", lambda *given: (folds.append(1), fold(*given))[1])
    story.triage(urgency="U0")
    for to in ("ACKNOWLEDGED", "TRIAGE", "NEEDS_INFO", "REVIEW", "PLAN", "REFERRED", "CORRECTED"):
        if to == "REFERRED":
            story.say("reporter", "choice", may="PUBLISH")
        if to == "CORRECTED":
            story.corrected("CLAIMED")
        story.move(to)
        folds.clear()
        found = steps.steps(story.case(), story.events, SIGN["Bo"], "2026-W40")
        assert len(folds) <= 2 + sum(each.who != "two" or each.hurry for each in found)
        monkeypatch.setattr(trial, "tried", lambda *most: together(*most[:4], *([each] for group in most[4:] for each in group)))
        assert steps.steps(story.case(), story.events, SIGN["Bo"], "2026-W40") == found, to
        monkeypatch.setattr(trial, "tried", together)
    assert not next(why for code, _, _, why in found[-1].reasons if code == "NO-REPLY")


@pytest.mark.parametrize("how", ["suspended", "paused", "revoked", "out of term"])
def test_who_is_off_duty_moves_no_case_and_the_others_are_warned(world: World, how: str) -> None:
    ada, bo = world.browsers[:2]
    case_id = world.report(1, "one", known="K3", may="PUBLISH")
    at = f"/case/{case_id}"
    ada.post(f"{at}/acknowledge")
    ada.post(f"{at}/state", {"to": "TRIAGE"})
    world.go()
    assert "before you build on this" not in bo.get(at).text
    sign = sign_of(world.desks[0])
    if how == "suspended":
        change_tree(world.desks, suspensions=(Suspension(sign, "2026-11-18", "2026-11-25", "OTHER"),))
    else:
        facts = {"paused": {"paused": "2026-11-20"}, "revoked": {"to": "2026-11-17", "ended": "OTHER"}, "out of term": {"to": "2026-11-17"}}
        change_card(world.desks, 0, **facts[how])
    page = bo.get(at).text
    assert f"Ada is {how}: talk to the stewards before you build on this." in page and 'class="main endorse"' in page
    assert ("a reserve takes the place once they step back" in page) == (how in ("paused", "out of term"))
    page = ada.get(at).text
    assert ('id="cut-off"' if how == "revoked" else 'id="off-duty"') in page and 'id="h-steps"' not in page
    for path, form in (("state", {"to": "TRIAGE", "text": "my words"}), ("hold", {"on": "YES", "text": "my words"})):
        refused = ada.post(f"{at}/{path}", form)
        assert refused.status_code == 409 and "my words" in refused.text
        assert ("not a reader of this case any more" if how == "revoked" else f"Your card is {how}: you cannot propose") in refused.text
        assert ("or step back below" in refused.text) == (how in ("paused", "out of term"))
    for kind, fields in (("state", {**STEP, "to": "TRIAGE"}), ("endorse", {"of": "0" * 64}), ("done", {"of": "0" * 64, "text": ""})):
        with pytest.raises(outbox.OffDuty, match=how):
            outbox.say(world.desks[0], case_id, kind, **fields)
    if how != "revoked":
        assert ada.post(f"{at}/answer", {"answer": "still here"}).status_code == 303, "talking goes on"


def test_a_step_that_does_not_fit_is_not_even_proposed(world: World) -> None:
    case_id = world.report(1, "one")
    with pytest.raises(outbox.Refused, match="state"):
        outbox.say(world.desks[0], case_id, "state", **{**STEP, "to": "PLAN"})


def sign_of(desk: Desk) -> str:
    assert desk.vault is not None
    return desk.vault.sign


def _to_review(world: World, case_id: str) -> None:
    ada = world.browsers[0]
    ada.post(f"/case/{case_id}/acknowledge")
    _agreed(world, case_id, "TRIAGE")
    ada.post(f"/case/{case_id}/triage", TRIAGE)
    ada.post(f"/case/{case_id}/assess", {"credibility": "E3"})
    _agreed(world, case_id, "REVIEW")
