import datetime
import re

import pytest

from crypto import constants
from crypto.wording import LEGAL, WORDING
from review import clock, clocks
from tests.review.story import Story


def weeks(story: Story, now: str = "2026-W10") -> dict[str, str]:
    return {due.code: due.week for due in clocks.dues(story.case(), now)}


def test_a_new_report_is_acknowledged_within_a_week() -> None:
    story = Story(week="2026-W10")
    assert weeks(story) == {"acknowledge": "2026-W11"}
    due = clocks.dues(story.case(), "2026-W11")[0]
    assert (due.left, due.overdue, due.words) == (0, False, "Open and acknowledge")
    assert clocks.dues(story.case(), "2026-W12")[0].overdue
    assert weeks(Story(week="2026-W10", danger="NOW")) == {"acknowledge": "2026-W10"}


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
    story.triage()
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
    story.triage()
    story.move("TRIAGE", "2026-W11")
    story.move("REVIEW", "2026-W12", until="2026-W30", text="The evaluation needs longer.")
    assert weeks(story)["feedback"] == "2026-W30"
    assert clocks.longest(story.case()) == ("2026-W30", "2026-W35")
    story.move("NEEDS_INFO", "2026-W13")
    assert weeks(story)["feedback"] == "2026-W30", "a question does not take the date away"
    story.move("REVIEW", "2026-W14", until="2026-W35", text="Longer.")
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
    story.corrected("ACKNOWLEDGED")
    more = {"to": "COORDINATING", "reason": "NONE", "text": "A fix is dated.", "until": "2026-W24", "urgent": "NO"}
    step = story.say("Ada", "state", "2026-W15", whom="Security contact", **more)
    assert weeks(story)["embargo"] == "2026-W15", "not before two agreed"
    story.say("Bo", "endorse", of=step.id)
    assert weeks(story)["embargo"] == "2026-W24" and clocks.longest(story.case()) == ("2026-W24", "2026-W26")


def test_the_authority_is_asked_and_a_correction_verified() -> None:
    story = in_review()
    story.move("PLAN", "2026-W13")
    story.move("REFERRED", "2026-W14", whom="Cal OES")
    assert weeks(story)["authority"] == "2026-W18" and weeks(story)["authority-again"] == "2026-W26"
    story.say("Ada", "answer", "2026-W18", text="They are looking at it.")
    assert "authority" not in weeks(story) and "authority-again" in weeks(story)
    story.corrected("CLAIMED")
    story.move("CORRECTED", "2026-W19")
    assert weeks(story)["verify"] == "2026-W27"
    story.corrected("VERIFIED")
    assert "verify" not in weeks(story)


def test_holding_asks_after_ninety_days_and_ends_within_a_year() -> None:
    story = Story()
    story.move("ACKNOWLEDGED", "2026-W10")
    story.triage()
    story.move("TRIAGE", "2026-W11")
    story.move("HELD", "2026-W12", until="2026-W40")
    assert weeks(story)["ask"] == "2026-W24" and weeks(story)["hold"] == "2026-W40"
    story.move("TRIAGE")
    story.move("HELD")
    assert clocks.longest(story.case()) == ("", "2027-W11"), "no date was given, so any may be"


def test_after_each_later_date_for_holding_the_question_is_asked_again() -> None:
    story = Story()
    story.move("ACKNOWLEDGED", "2026-W10")
    story.triage()
    story.move("TRIAGE", "2026-W11")
    story.move("HELD", "2026-W12", until="2026-W30")
    story.say("Ada", "answer", "2026-W24", text="Shall we go on holding it?")
    assert weeks(story) == {"hold": "2026-W30"}
    for at, until, ask in (("2026-W28", "2026-W45", "2026-W40"), ("2026-W44", "2027-W10", "2027-W03")):
        again = {"to": "HELD", "reason": "NONE", "text": "Others may still come.", "until": until, "whom": "", "urgent": "NO"}
        step = story.say("Ada", "state", clock.add_weeks(at, -1), **again)
        assert "ask-again" not in weeks(story), "not before two agreed"
        story.say("Bo", "endorse", at, of=step.id)
        assert weeks(story) == {"hold": until, "ask-again": ask}
        if at < "2026-W44":
            story.say("Ada", "answer", "2026-W39", text="Shall we still hold it?")
            assert weeks(story) == {"hold": until}
    story.move("TRIAGE", "2027-W01")
    story.move("HELD", "2027-W02")
    assert "ask-again" not in weeks(story), "it is asked of this holding, not of the one before"


def test_a_reply_to_a_question_does_not_lie_for_two_months() -> None:
    story = Story()
    story.move("ACKNOWLEDGED", "2026-W10")
    story.move("TRIAGE", "2026-W10")
    story.move("NEEDS_INFO", "2026-W11", text="Which month was it?")
    story.say("reporter", "reply", "2026-W11", text="In March.")
    assert weeks(story)["note"] == "2026-W15" and "nudge" not in weeks(story)


@pytest.mark.parametrize(("reason", "until"), [("OUT-OF-SCOPE", "2026-W26"), ("NOT-ENOUGH", "2027-W13")])
def test_a_case_is_not_said_to_open_again_after_it_is_removed(reason: str, until: str) -> None:
    story = in_review()
    story.move("CLOSED", "2026-W14", reason=reason)
    found = weeks(story)
    assert found["reopen"] == until < found["purge"]
    assert [due.code for due in clocks.dues(story.case(), "2028-W01")] == ["purge", "reopen"], "overdue first"


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
    end = datetime.datetime(2026, 4, 2, 8, tzinfo=datetime.UTC)
    assert clocks.sign_by("2026-04-01T20:00Z", end) == ("2 April 2026, 08:00 UTC", False)
    assert clocks.sign_by("2026-04-01T20:00Z", end + datetime.timedelta(minutes=1))[1]


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
        assert row["from"] in ("root", "since", "ack", "word", "longer")
        assert set(row.get("urgency", {})) <= set(constants.URGENCY_CODES)
        assert set(row.get("reason", {})) <= set(constants.CLOSE_REASONS)
    idle = {"PURGED"}
    assert {state for row in WORDING["clocks"] for state in row["in"]} == set(constants.STATES) - idle


def test_the_last_week_that_was_put_down_counts() -> None:
    story = Story()
    assert clocks.legal_panel(story.case(), "2026-W20") == []
    story.say("Ada", "knew", since="2026-W10", text="The reporter told their manager in March.")
    story.say("Bo", "knew", "2026-W11", since="2026-W05", text="")
    assert {duty.code: duty.first for duty in clocks.legal_panel(story.case(), "2026-W20")}["SB53-15D"] == "2026-W07"


def test_a_week_is_typed_as_any_day_of_it_or_as_the_calendar_counts_it() -> None:
    assert clocks.week_said(" 2026-09-30 ") == clocks.week_said("2026-w40") == "2026-W40"
    assert clocks.week_said("in spring") == "IN SPRING"


def test_a_week_that_nobody_can_know_of_is_refused_in_a_sentence() -> None:
    assert clocks.knew_refusal("2026-W11", "2026-W11") == ""
    for wrong in ("January", "2025-W53", "9999-W01"):
        assert "like 2026-09-30" in clocks.knew_refusal(wrong, "2026-W11")
    assert "has not come yet" in clocks.knew_refusal("2026-W12", "2026-W11")


def panel(story: Story, knew: str, week: str) -> dict[str, clocks.Duty]:
    story.say("Ada", "knew", week, since=knew, text="")
    return {duty.code: duty for duty in clocks.legal_panel(story.case(), week)}


def test_the_legal_panel_estimates_ends_and_says_what_fits() -> None:
    found = panel(Story(), "2026-W10", "2026-W20")
    assert (found["SB53-15D"].first, found["SB53-15D"].last, found["SB53-15D"].fits) == ("2026-W12", "2026-W13", True)
    assert found["SB53-15D"].words.startswith("Estimate: ended in the week of 23 March 2026 or the one before.")
    assert "by the week of 23 March 2026 the company should have told Cal OES" in found["SB53-15D"].reporter
    assert not any(found[code].fits for code in ("SB53-24H", "COP-10D", "EU-7D", "SB53-1M"))
    assert not found["COP-5D"].fits, "weights and escapes only"
    assert panel(Story(danger="NOW"), "2026-W10", "2026-W20")["SB53-24H"].fits
    assert panel(Story(raised="My manager, in spring"), "2026-W10", "2026-W20")["EU-3M"].fits
    assert panel(Story(), "2026-W10", "2026-W11")["SB53-15D"].words == "Estimate: ends in the week of 23 March 2026 or the one before."


def test_triage_decides_what_fits_once_there_is_one() -> None:
    story = Story(danger="NOW")
    story.triage(code="B1-WEIGHTS", also=["D3-INCIDENT"], harm="H2", urgency="U2")
    found = panel(story, "2026-W10", "2026-W20")
    assert found["COP-5D"].fits and found["COP-10D"].fits and not found["SB53-24H"].fits


def test_a_law_that_was_not_in_force_yet_does_not_fit() -> None:
    before, after = panel(Story(), "2026-W50", "2027-W20")["RAISE-72H"], panel(Story(), "2027-W02", "2027-W20")["RAISE-72H"]
    assert not before.fits and "applies from 2027-01-01" in before.words and after.fits


def test_every_duty_is_an_estimate_with_a_source_and_its_standing() -> None:
    found = panel(Story(), "2026-W10", "2026-W20").values()
    assert len(found) == len(LEGAL["duties"])
    for duty in found:
        assert duty.words.startswith("Estimate") and duty.source and duty.checked in LEGAL["checked"].values()
    assert {duty.law for duty in found} == {"California SB 53", "New York RAISE Act", "EU Code of Practice", "EU Directive 2019/1937"}
    assert {code for row in LEGAL["duties"] for code in row["codes"]} <= set(constants.ABOUT_CODES)


def test_the_sentences_for_the_reporter_are_plain() -> None:
    for row in (*WORDING["clocks"], *LEGAL["duties"]):
        assert len(row["reporter"]) <= 130 and row["reporter"].count("{week}") == 1
        assert not re.search(r"\b(state|event|deadline|triage)\b", row["reporter"])
