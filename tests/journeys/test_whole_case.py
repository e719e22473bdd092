"""One case from received to closed: two reviewers at their workstations, a reporter who changes their mind, all in a real Firefox.

At each look at the reporter's page the two halves are held against each other: it leads with what a workstation says that the reporter
reads.
"""

import re
import time
from typing import Any

from tests.harness.firefox import Firefox
from tests.journeys.test_sealed_post import (
    CHOSEN,
    PATIENCE,
    check_and_send,
    desk_of,
    fill_report,
    intake_url,
    look_again,
    open_desk,
    press,
    until_desk_shows,
)

TEXT = "A model nobody declared answers tickets inside. I saw it at work."
STEP = "Tell the security contact what runs undeclared, and ask for tests by outsiders."
TRIAGE = {
    **{"code": "A1-UNDISCLOSED", "stage": "L3-INTERNAL", "severity": "S3", "harm": "H0"},
    **{"also": "D3-INCIDENT", "urgency": "U2", "known": "K3", "risk": "SOME"},
}
REASONS = {"ask": "the reporter's consent does not reach so far", "no": "The reporter said no to this step."}

OPENED = "document.querySelectorAll('#state details').forEach(each => { each.open = true });"

NO, YES = "You did not agree. It does not go ahead.", "You agreed. It happens once a second reviewer has signed."


class Worked:
    """The case as each workstation and the reporter have it on their pages. Reviewers are 0, 1 and 2."""

    def __init__(self, demo: dict[str, Any], desk: Firefox, reporter: Firefox, words: str, case: str) -> None:
        self.people, self.base = demo["reviewers"], intake_url(demo)
        self.desk, self.reporter, self.words, self.case = desk, reporter, words, case

    def open(self, who: int) -> None:
        self.desk.goto(f"{desk_of(self.people[who])}case/{self.case}")

    def until(self, who: int, script: str) -> None:
        """Load this reviewer's page of the case until a function body says yes."""
        self.open(who)
        self.desk.load_until(script)

    def until_state(self, who: int, state: str) -> None:
        self.until(who, f"return document.querySelector('#state').textContent === '{state}'")

    def send(self, who: int, form: str, key: str, **fields: str) -> None:
        """Fill in a form of the page by its fields' ids and press its key; what it says then is in the page that comes back."""
        self.open(who)
        if form:
            self.desk.js(f"document.querySelector('#{form}').closest('details').open = true")
        for field, said in fields.items():
            self.desk.fill("#" + field.replace("__", "-"), said)
        self.desk.follow(key)
        refused = self.desk.js("return [...document.querySelectorAll('.alarm, #sorry')].map(each => each.innerText).join(' ')")
        assert not refused and self.desk.has("#state"), refused or self.desk.text("body")[:2000]

    def propose(self, who: int, to: str, **fields: str) -> None:
        self.send(who, f"open-step-{to}", f"#step-{to}", **fields)

    def endorse(self, who: int, state: str) -> None:
        self.until(who, "return !!document.querySelector('.endorse')")
        self.send(who, "", ".endorse")
        assert self.desk.text("#state") == state
        assert "You gave the second signature" in self.desk.text("#timeline")

    def cannot_endorse(self, who: int, *said: str) -> None:
        """The page shows the proposal, no key, and why."""
        self.until(who, f"return {list(said)!r}.every(each => document.querySelector('.offers')?.innerText.includes(each))")
        assert not self.desk.has(".endorse") and "You cannot endorse this" in self.desk.text(".offers")

    def reads(self, who: int, *said: str) -> None:
        """The reporter's page says this, and leads with what this workstation's page says that it does.

        Both are looked at anew each time: what one reviewer said reaches the reporter and another workstation at different moments.
        """
        self.finds(*said, leading=who)

    def finds(self, *said: str, leading: int | None = None) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            look_again(self.reporter, self.base, self.words)
            # A closed part shows no text, and a letter may come a tick after the one sent before it.
            shown = self.reporter.js(
                OPENED + "return document.querySelector('#state').innerText + document.querySelector('#proposals').innerText"
            )
            missing = [each for each in (*said, *self.leads(leading)) if each not in shown]
            if not missing:
                return
            assert time.monotonic() < end, (missing, shown)
            time.sleep(0.3)

    def leads(self, who: int | None) -> list[str]:
        """What the page of this workstation says that the reporter reads first."""
        if who is None:
            return []
        self.open(who)
        found = re.fullmatch(r"The reporter reads: “(.+)”", self.desk.text("#sees"))
        assert found, self.desk.text("#sees")
        return [found[1]]

    def answer(self, label: str, said: str) -> None:
        """The reporter presses a key beside the proposal; the page says that it is stored, and how the step stands now."""
        press(self.reporter, label)
        self.reporter.wait_js(f"return document.querySelector('#proposals').innerText.includes({said!r})")
        self.stored()

    def stored(self) -> None:
        self.reporter.wait_js("return /to be published at the next tick/.test(document.querySelector('#state').innerText)")


def begin(demo: dict[str, Any], desk: Firefox, reporter: Firefox) -> Worked:
    """The report is sent, and opened by both; the reporter has not looked yet."""
    fill_report(reporter, intake_url(demo), TEXT)
    assert CHOSEN["may"] == "ASK"
    reporter.click("input[name=known][value=K3]")
    words = check_and_send(reporter)
    for reviewer in demo["reviewers"][:2]:
        open_desk(desk, reviewer)
        until_desk_shows(desk, reviewer, TEXT)
    return Worked(demo, desk, reporter, words, desk.url.rsplit("/", 1)[1])


def test_from_received_to_closed(demo: dict[str, Any], firefox_standard: Firefox, firefox_safer: Firefox) -> None:
    case = begin(demo, firefox_standard, firefox_safer)
    case.reads(1, "Opened by")
    case.send(0, "", "#acknowledge")
    case.reads(0)

    case.until_state(1, "Acknowledged")
    case.propose(1, "triage", text__TRIAGE="We look at it first.")
    assert case.desk.text("#state") == "Acknowledged", "one reviewer alone does not get it there"
    assert "you proposed it; the second signature is another reader's" in case.desk.text(".offers")
    case.endorse(0, "Triage")
    assert "record the triage first" in case.desk.text("#lacks-review") and not case.desk.has("#step-review")
    case.send(0, "send-triage", "#send-triage", **{f"triage__{name}": code for name, code in TRIAGE.items()})
    case.send(0, "send-knew", "#send-knew", knew__week="2026-W02", knew__why="Their own log names it.")
    case.reads(0, "What laws ask of the company, and by when", "Their own log names it.")
    case.finds("by the week of 26 January 2026 the company should have told Cal OES in California. That week has passed.")

    case.until(1, "return !!document.querySelector('#triaged')")
    assert "note first how sure one can be" in case.desk.text("#lacks-review") and not case.desk.has("#step-review")
    case.send(1, "send-assess", "#send-assess", assess__credibility="E3")
    case.propose(1, "review")
    case.endorse(0, "Review")
    case.reads(0)
    case.propose(0, "plan", text__PLAN="We would like to write to the company.")
    case.endorse(1, "Plan")
    case.reads(1, "Nothing leaves them without your consent.")

    with_consent(case)
    case.endorse(1, "Coordinating with the organisation")
    case.reads(1, "With: Security contact", "They have not said yet that it is done.")
    case.send(1, "", ".done", **{"done__" + case.desk.js("return document.querySelector('[id^=done-]').id.slice(5)"): "They answered."})
    case.reads(1, "They answered.")
    corrected(case)

    case.until_state(1, "Correction stated")
    case.send(1, "close", "#close", close__reason="ACTION", close__text="Thank you.")
    assert case.desk.text("#state") == "Correction stated"
    case.endorse(0, "Closed")
    case.reporter.goto("about:blank")
    case.finds("Closed. The correction was made and confirmed.", "done, and confirmed by the reviewers", "Thank you.")
    assert case.reporter.js("return [...document.querySelectorAll('.history li')].map(li => li.textContent.split(' · ')[0])") == [
        *("Delivered", "Confirmed", "Deciding how to handle it", "Being checked", "Planning a step", "Telling the company"),
        *("A correction is stated", "Closed"),
    ]
    # The third reader, who did nothing, has the same case.
    open_desk(case.desk, demo["reviewers"][2])
    until_desk_shows(case.desk, demo["reviewers"][2], TEXT)
    case.until_state(2, "Closed")
    case.until(0, "return !document.querySelector('.offers') && !document.querySelector('#void') && !document.querySelector('#missing')")


def with_consent(case: Worked) -> None:
    """The step is proposed; the reporter refuses, allows something else, agrees, takes it back, and agrees again."""
    case.propose(0, "coordinating", whom__COORDINATING="Security contact", text__COORDINATING=STEP)
    case.cannot_endorse(1, REASONS["ask"], "The reporter has not agreed to this step yet. Their page asks them.")
    step = "We propose to tell the company of the issue, not of you (“Security contact”)"
    case.reads(0, step, STEP, "Nothing happens until you agree.")
    case.answer("Do not agree", NO)
    case.cannot_endorse(1, REASONS["no"])
    case.reads(1, NO)
    case.reporter.fill("#may", "REFER")
    case.reporter.click("#send-may")
    case.stored()
    case.until(1, "return document.querySelector('#may').textContent.startsWith('May refer to an authority')")
    case.cannot_endorse(1, REASONS["no"])
    case.answer("Agree after all", YES)
    case.until(1, "return !!document.querySelector('.endorse')")
    assert "The reporter said yes to this step." in case.desk.text(".offers")
    case.answer("Take it back", NO)
    case.cannot_endorse(1, REASONS["no"])
    case.answer("Agree after all", YES)


def corrected(case: Worked) -> None:
    """What was recommended is asked for, claimed, and checked; each word of it reaches the reporter."""
    for who, status, said in (
        (1, "ASKED", "asked for, no answer yet"),
        (0, "CLAIMED", "the company says that it is done; the reviewers could not confirm it yet"),
        (0, "VERIFIED", "done, and confirmed by the reviewers"),
    ):
        case.until_state(who, "Coordinating with the organisation")
        case.send(who, "send-correction", "#send-correction", correction__code="DC-TEST", correction__status=status)
        case.reads(who, f"Run or repeat an evaluation with outsiders: {said}")
    case.propose(0, "corrected", text__CORRECTED="They sent us the report of the tests.")
    assert case.desk.text("#state") == "Correction stated", "one reviewer suffices"
    case.reads(0, "They sent us the report of the tests.")
