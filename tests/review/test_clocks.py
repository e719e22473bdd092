import datetime
import re

import pytest

from crypto import constants
from crypto.wording import WORDING
from review import clock, clocks
from tests.review.story import SIGN, Story


def weeks(story: Story, now: str = "2026-W10") -> dict[str, str]:
    return {due.code: due.week for due in clocks.dues(story.case(), now)}


def test_a_new_report_is_acknowledged_within_a_week() -> None:
    story = Story(week="2026-W10")
    assert weeks(story) == {"acknowledge": "2026-W11"}
    due = clocks.dues(story.case(), "2026-W11")[0]
    assert (due.left, due.overdue, due.words) == (0, False, "Open and acknowledge")
    assert clocks.dues(story.case(), "2026-W12")[0].overdue


def test_triage_is_quicker_when_it_is_urgent_and_feedback_runs_from_the_acknowledgement() -> None:
    story = Story()
    story.move("ACKNOWLEDGED", "2026-W11")
    assert weeks(story) == {"triage": "2026-W12", "feedback": "2026-W23"}
    danger = Story(danger="NOW")
    danger.move("ACKNOWLEDGED", "2026-W11")
    assert weeks(danger)["triage"] == "2026-W11"
    danger.triage(urgency="U3")
    assert weeks(danger)["triage"] == "2026-W12"


def test_a_question_is_asked_again_twice_and_never_closed_for_silence_too_early() -> None:
    story = Story()
    story.move("ACKNOWLEDGED", "2026-W10")
    story.move("TRIAGE", "2026-W11")
    story.move("NEEDS_INFO", "2026-W12", text="Which month was it?")
    found = weeks(story)
    assert {code: found[code] for code in ("nudge", "nudge-again", "go-on", "no-reply")} == {
        "nudge": "2026-W14",
        "nudge-again": "2026-W16",
        "go-on": "2026-W20",
        "no-reply": "2026-W26",
    }
    story.say("Bo", "answer", "2026-W14", text="Do you remember?")
    assert "nudge" not in weeks(story) and "nudge-again" in weeks(story)
    story.say("reporter", "reply", "2026-W15", text="In March.")
    assert "nudge-again" not in weeks(story) and "go-on" in weeks(story)


def test_silence_closes_nothing_before_ninety_days_from_any_day_of_the_week() -> None:
    start, end = clock.add_weeks("2026-W12", 0), clocks.after("2026-W12", 90)
    sunday = datetime.date.fromisocalendar(2026, int(start[6:]), 7)
    monday = datetime.date.fromisocalendar(2026, int(end[6:]), 1)
    assert (monday - sunday).days >= 90


def in_review(week: str = "2026-W12") -> Story:
    story = Story()
    story.move("ACKNOWLEDGED", "2026-W10")
    story.move("TRIAGE", "2026-W11")
    story.move("REVIEW", week)
    return story


def test_a_note_every_month_and_feedback_after_three() -> None:
    story = in_review()
    assert weeks(story) == {"note": "2026-W14", "feedback": "2026-W22"}
    story.say("Ada", "answer", "2026-W14", text="Still checking.")
    assert weeks(story) == {"note": "2026-W18", "feedback": "2026-W22"}
    story.say("Ada", "answer", "2026-W18", text="We found the logs you meant. Next we ask for tests.")
    assert weeks(story) == {"note": "2026-W22"}


def test_an_extension_counts_up_to_a_hundred_and_eighty_days() -> None:
    story = Story()
    story.move("ACKNOWLEDGED", "2026-W10")
    story.move("TRIAGE", "2026-W11")
    story.move("REVIEW", "2026-W12", until="2026-W30", text="The evaluation needs longer.")
    assert weeks(story)["feedback"] == "2026-W30"
    assert clocks.longest(story.case()) == ("2026-W30", "2026-W35")
    story.move("NEEDS_INFO", "2026-W13")
    assert weeks(story)["feedback"] == "2026-W30", "a question does not take the date away"
    story.move("REVIEW", "2026-W14", until="2027-W10", text="Longer.")
    assert weeks(story)["feedback"] == "2026-W35"


def test_an_embargo_has_a_default_an_urgent_length_and_an_end() -> None:
    story = in_review()
    story.move("PLAN", "2026-W13")
    assert weeks(story)["plan"] == "2026-W15"
    story.move("COORDINATING", "2026-W14", whom="Security contact")
    assert weeks(story) == {"embargo": "2026-W20", "note": "2026-W14"}
    assert clocks.longest(story.case()) == ("2026-W20", "2026-W26")
    story.triage("2026-W14", urgency="U1")
    assert weeks(story)["embargo"] == "2026-W15"
    more = {"to": "COORDINATING", "reason": "NONE", "text": "A fix is dated.", "until": "2026-W24", "urgent": "NO"}
    step = story.say("Ada", "state", "2026-W15", whom="Security contact", **more)
    assert weeks(story)["embargo"] == "2026-W15", "not before two agreed"
    story.say("Bo", "endorse", of=step.id)
    assert weeks(story)["embargo"] == "2026-W24" and clocks.longest(story.case()) == ("2026-W24", "2026-W26")
    other = in_review()
    other.move("PLAN", "2026-W13")
    other.move("COORDINATING", "2026-W14", whom="Security contact", until="2027-W20")
    assert weeks(other)["embargo"] == "2026-W26"


def test_the_authority_is_asked_and_a_correction_verified() -> None:
    story = in_review()
    story.move("PLAN", "2026-W13")
    story.move("REFERRED", "2026-W14", whom="Cal OES")
    assert weeks(story)["authority"] == "2026-W18" and weeks(story)["authority-again"] == "2026-W26"
    story.say("Ada", "answer", "2026-W18", text="They are looking at it.")
    assert "authority" not in weeks(story) and "authority-again" in weeks(story)
    story.move("CORRECTED", "2026-W19")
    assert weeks(story)["verify"] == "2026-W27"
    story.say("Ada", "correction", "2026-W20", code="DC-MONITOR", status="CLAIMED", text="")
    assert weeks(story)["verify"] == "2026-W27"
    story.say("Ada", "correction", "2026-W21", code="DC-MONITOR", status="VERIFIED", text="")
    assert "verify" not in weeks(story)


def test_holding_asks_after_ninety_days_and_ends_within_a_year() -> None:
    story = Story()
    story.move("ACKNOWLEDGED", "2026-W10")
    story.move("TRIAGE", "2026-W11")
    story.move("HELD", "2026-W12", until="2026-W40")
    assert weeks(story)["ask"] == "2026-W24" and weeks(story)["hold"] == "2026-W40"
    story.move("TRIAGE")
    story.move("HELD")
    assert clocks.longest(story.case()) == ("", "2027-W11"), "no date was given, so any may be"


def test_an_urgent_step_wants_its_second_signature_in_the_same_week() -> None:
    story = in_review()
    story.triage(urgency="U0", severity="S5")
    story.move("PLAN", "2026-W13")
    step = story.say(
        "Ada", "state", "2026-W14", to="COORDINATING", reason="NONE", text="Stop it.", until="", whom="Security contact", urgent="YES"
    )
    assert story.case().unsigned == (step.id,)
    assert weeks(story)["sign"] == "2026-W14"
    story.say("Bo", "endorse", of=step.id)
    assert "sign" not in weeks(story)
    seen = datetime.datetime(2026, 4, 1, 8, tzinfo=datetime.UTC)
    assert clocks.sign_by(seen) - seen == datetime.timedelta(hours=12)


@pytest.mark.parametrize(("reason", "days"), [("SPAM", 30), ("NOT-ENOUGH", 365)])
def test_a_closed_case_is_removed_after_its_time_and_not_before(reason: str, days: int) -> None:
    story = in_review() if reason != "SPAM" else Story()
    story.move("CLOSED", "2026-W14", reason=reason)
    due = clocks.purge_due(story.case(), "2026-W14")
    assert due is not None
    closed_on = datetime.date.fromisocalendar(2026, 14, 7)
    assert days <= (datetime.date.fromisocalendar(int(due.week[:4]), int(due.week[6:]), 1) - closed_on).days <= days + 7
    assert clocks.purge_due(Story().case(), "2026-W14") is None


def test_a_proposal_to_close_for_another_reason_does_not_shorten_it() -> None:
    story = in_review()
    story.move("CLOSED", "2026-W14", reason="NOT-ENOUGH")
    before = clocks.purge_due(story.case(), "2026-W14")
    story.say("Cy", "state", to="CLOSED", reason="SPAM", text="", until="", whom="", urgent="NO")
    assert clocks.purge_due(story.case(), "2026-W14") == before


def test_what_a_page_says_before_removing() -> None:
    story = Story(week="2026-W10")
    words = clocks.purge_words(story.case(), keep_days=60)
    assert "unopenable for reviewers when the quarter's key is destroyed, on 31 May 2026 at the earliest" in words
    assert "31 May 2026" not in clocks.purge_words(Story(week="2026-W14").case(), 60)


def test_the_due_list_has_the_overdue_first_and_nothing_that_is_no_duty() -> None:
    late, early, closed = Story(week="2026-W05"), Story(week="2026-W12", number=2), in_review()
    closed.move("CLOSED", "2026-W13", reason="NOT-ENOUGH")
    found = clocks.due_list([early.case(), late.case(), closed.case()], "2026-W12")
    assert [(due.case, due.overdue) for due in found[:2]] == [(late.id, True), (early.id, False)]
    assert "reopen" not in {due.code for due in found}


def test_the_first_and_the_last_week_there_is_give_no_mistake() -> None:
    for week in ("2000-W01", "2199-W52"):
        story = Story(week=week)
        assert clocks.dues(story.case(), "2026-W10")
        clocks.reporter_sentences(story.case())
        clocks.purge_words(story.case(), 60)


def test_the_reporter_reads_the_same_dates_in_words() -> None:
    story = in_review()
    story.say("Ada", "note", text="Private.")
    sentences = clocks.reporter_sentences(story.case())
    assert [(code, week) for code, week, _ in sentences] == sorted(weeks(story).items(), key=lambda item: (item[1], item[0]))
    assert sentences[0][2] == "You hear how it stands by the week of 30 March 2026, even if nothing has happened."


def test_every_clock_has_its_words_and_codes_that_exist() -> None:
    codes = [row["code"] for row in WORDING["clocks"]]
    assert len(codes) == len(set(codes)) and {*codes, "sign"} == set(clocks.DESK)
    for row in WORDING["clocks"]:
        assert set(row["in"]) <= set(constants.STATES) and "{week}" in row["reporter"]
        assert row["from"] in ("root", "since", "ack", "word")
        assert set(row.get("urgency", {})) <= set(constants.URGENCY_CODES)
        assert set(row.get("reason", {})) <= set(constants.CLOSE_REASONS)
    idle = {"PURGED"}
    assert {state for row in WORDING["clocks"] for state in row["in"]} == set(constants.STATES) - idle


def test_when_the_company_first_knew_is_a_note_and_the_last_one_counts() -> None:
    story = Story()
    assert clocks.first_knew(story.case()) is None
    story.say("Ada", "note", text=clocks.knew_text("2026-W03", "The reporter told their manager in January."))
    story.say("Bo", "note", "2026-W11", text="The company first knew: perhaps never.")
    knew = clocks.first_knew(story.case())
    assert knew is not None
    assert (knew.week, knew.by, knew.why) == ("2026-W03", SIGN["Ada"], "The reporter told their manager in January.")
    story.say("Bo", "note", text=clocks.knew_text("2026-W05", ""))
    later = clocks.first_knew(story.case())
    assert later is not None and (later.week, later.by) == ("2026-W05", SIGN["Bo"])
    for wrong in ("January", "2025-W53", "9999-W01"):
        with pytest.raises(ValueError, match="week"):
            clocks.knew_text(wrong, "")
    story.say("Bo", "note", text="The company first knew: 2025-W53.")
    assert clocks.first_knew(story.case()) == later


def panel(story: Story, knew: str, week: str) -> dict[str, clocks.Duty]:
    return {duty.code: duty for duty in clocks.legal_panel(story.case(), knew, week)}


def test_the_legal_panel_estimates_ends_and_says_what_fits() -> None:
    found = panel(Story(), "2026-W10", "2026-W20")
    assert (found["SB53-15D"].first, found["SB53-15D"].last, found["SB53-15D"].fits) == ("2026-W12", "2026-W13", True)
    assert found["SB53-15D"].words.startswith("Estimate: ended in 2026-W12 or 2026-W13")
    assert not found["SB53-24H"].fits and not found["COP-10D"].fits and not found["EU-7D"].fits
    assert not found["COP-5D"].fits, "weights and escapes only"
    assert panel(Story(danger="NOW"), "2026-W10", "2026-W20")["SB53-24H"].fits
    assert panel(Story(raised="My manager, in spring"), "2026-W10", "2026-W20")["EU-3M"].fits
    assert panel(Story(), "2026-W10", "2026-W11")["SB53-15D"].words == "Estimate: ends in 2026-W12 or 2026-W13."


def test_triage_decides_what_fits_once_there_is_one() -> None:
    story = Story(danger="NOW")
    story.triage(code="B1-WEIGHTS", also=["D3-INCIDENT"], harm="H2", urgency="U2")
    found = panel(story, "2026-W10", "2026-W20")
    assert found["COP-5D"].fits and found["COP-10D"].fits and not found["SB53-24H"].fits


def test_a_law_that_was_not_in_force_yet_does_not_fit() -> None:
    assert not panel(Story(), "2026-W50", "2027-W20")["RAISE-72H"].fits
    assert panel(Story(), "2027-W02", "2027-W20")["RAISE-72H"].fits
    assert "applies from 2027-01-01" in panel(Story(), "2026-W50", "2027-W20")["RAISE-72H"].words


def test_every_duty_is_an_estimate_with_a_source_and_its_standing() -> None:
    for duty in clocks.legal_panel(Story().case(), "2026-W10", "2026-W20"):
        assert duty.words.startswith("Estimate") and duty.source and duty.checked in ("READ", "SECONDARY", "GENERAL")
    laws = {duty.law for duty in clocks.legal_panel(Story().case(), "2026-W10", "2026-W20")}
    assert laws == {"California SB 53", "New York RAISE Act", "EU Code of Practice", "EU Directive 2019/1937"}
    codes = {code for row in clocks.LEGAL["duties"] for code in row["codes"]}
    assert codes <= set(constants.ABOUT_CODES)


def test_the_sentences_for_the_reporter_are_plain() -> None:
    for row in WORDING["clocks"]:
        assert len(row["reporter"]) <= 130
        assert not re.search(r"\b(state|event|deadline|triage)\b", row["reporter"])
