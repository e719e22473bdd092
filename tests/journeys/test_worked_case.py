"""A case at work, as the reporter sees it: what is proposed and asked, what happens and what does not. Reviewers' events are made here."""

import base64
import http.client
import json
import re
import time
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from crypto.case import common, fold, heads
from crypto.encoding import unb64
from crypto.event import Event
from crypto.posting import Posting
from crypto.private.signing import SignKey, sign_event
from crypto.sealing import make_posting
from crypto.segment import parse_segments
from crypto.states import READ
from review.clock import add_weeks
from review.clocks import plain_week, reporter_sentences
from tests.harness.firefox import Firefox
from tests.journeys.test_pages import KEYS, NAMES, UNCOVERED, choose, opened, routed, watched
from tests.journeys.test_sealed_post import AXE, PATIENCE, check_and_send, fill_report, look_again, press
from tools import clock
from tools.__main__ import main

__all__ = ["routed"]  # the fixture

ROOT = Path(__file__).resolve().parents[2]
COMPANY = {
    "organisation": "Example Lab",
    "issue": "An undeclared model is in wide use inside.",
    "correction": "Test it.",
    "embargo": "Soon",
}
SIZES = {"phone": (360, 740), "laptop": (1280, 800)}


# Where a reviewer last said something, and the clue of a letter of it.
SAID = SimpleNamespace(routed=None, clue=b"")


class Desk:
    """The reviewers of one case, who write what the workstation would; only the reporter gets it, for only their page is looked at."""

    def __init__(self, routed: SimpleNamespace, posts: Sequence[bytes]) -> None:
        self.routed, self.posts = routed, posts
        self.events = [next(iter(opened(routed, posts[0]).values()))]
        self.root = self.events[0]
        self.readers = [NAMES[sign] for sign in self.root.payload["readers"]]

    def learn(self) -> Event:
        """Read what the reporter posted since; the last of it."""
        known = {event.id for event in self.events}
        for body in self.posts:
            self.events += [event for event in list(opened(self.routed, body).values())[:1] if event.id not in known]
        return self.events[-1]

    def say(self, by: int, kind: str, **names: Any) -> Event:
        seed = KEYS[self.readers[by]].sign_seed
        opened_by = [event.author for event in self.events if event.kind == "received"]
        if kind in READ and SignKey(seed).public not in opened_by:
            self.say(by, "received")
        own = [event.id for event in self.events if event.author == SignKey(seed).public]
        parents = heads(self.events, self.root.id, "all")
        payload = common(kind, clock.week_of(clock.now()), [0, "0" * 64], 1, "all", self.root.id, own[-1] if own else None, parents)
        event = sign_event(payload | names, seed, self.routed.programme)
        body = make_posting(
            self.routed.programme, [(bytes.fromhex(self.root.payload["find"]), unb64(self.root.payload["open"], 1216), event.raw)]
        )
        with closing(http.client.HTTPConnection(urlsplit(self.routed.url).netloc, timeout=30)) as server:
            server.request("POST", "/post", body, {"Content-Type": "application/octet-stream"})
            assert server.getresponse().read() == b"stored"
        self.events.append(event)
        SAID.routed, SAID.clue = self.routed, Posting(body).clues[0]
        return event

    def propose(self, to: str, reason: str = "NONE", **names: str) -> Event:
        return self.say(0, "state", to=to, reason=reason, **{"text": "", "until": "", "whom": "", "urgent": "NO", **names})

    def enter(self, *states: str) -> None:
        """Through these states, each signed by two where that is needed."""
        for to in states:
            event = self.propose(to)
            if to not in ("ACKNOWLEDGED", "CORRECTED"):
                self.say(1, "endorse", of=event.id)

    def triage(self, known: str, urgency: str = "U2") -> None:
        codes = {
            "code": "A1-UNDISCLOSED",
            "also": [],
            "stage": "L3-INTERNAL",
            "severity": "S4",
            "harm": "H1",
            "risk": "SOME",
        }
        self.say(0, "triage", known=known, urgency=urgency, **codes)

    @property
    def state(self) -> str:
        case = fold(self.events, self.root.id)
        assert case is not None
        return case.state


def sent(browser: Firefox, base: str, text: str, **answers: str) -> str:
    """Report with these answers; the twelve words."""
    fill_report(browser, base, text)
    for name, value in answers.items():
        browser.click(f"input[name={name}][value={value}]")
    return check_and_send(browser)


def until_published() -> None:
    """Wait for the segment that holds what was said last, and so all before it, and for the head that names it."""
    end = time.monotonic() + PATIENCE
    while SAID.clue:
        head = json.loads(fetched("head.json"))
        files = [fetched(f"clues/{week}") for week in head["weeks"]]
        segments = [each for data in files for each in parse_segments(data, SAID.routed.programme)]
        if any(SAID.clue in each.clues and each.number <= head["number"] for each in segments):
            SAID.clue = b""
        assert time.monotonic() < end, "the server does not tick"
        time.sleep(0.1)


def fetched(name: str) -> bytes:
    with closing(http.client.HTTPConnection(urlsplit(SAID.routed.url).netloc, timeout=30)) as server:
        server.request("GET", f"/files/{name}")
        return server.getresponse().read()


def until_case_says(browser: Firefox, base: str, words: str, said: str) -> None:
    """The return page, from the twelve words at first, then by its own key to look again."""
    until_published()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        look_again(browser, base, words)
        if said in browser.js("return document.querySelector('#case').innerText"):
            return
        time.sleep(0.3)
    raise AssertionError(f"the case never said {said!r}: {browser.js('return document.body.innerText')[:3000]}")


def until_posted(browser: Firefox, desk: Desk, count: int) -> Event:
    browser.wait_js("return /to be published at the next tick/.test(document.querySelector('#state').innerText)")
    assert len(desk.posts) == count
    return desk.learn()


def history(browser: Firefox) -> list[str]:
    return [line.split(" · ")[0] for line in browser.js("return [...document.querySelectorAll('.history li')].map(li => li.textContent)")]


def looked_at(browser: Firefox, folder: Path, name: str) -> None:
    """At both sizes: nothing is wider than the window, no line lies under the key to leave, and axe finds nothing."""
    axe = AXE.read_text("utf-8")
    for size, (width, height) in SIZES.items():
        browser.set_window(width, height)
        assert browser.js("return document.documentElement.scrollWidth <= innerWidth"), (name, size)
        assert browser.js(UNCOVERED), (name, size)
        assert browser.axe(axe) == [], (name, size)
        browser.screenshot(folder / f"{name}-{size}.png")


def test_from_received_to_closed_each_sentence_is_right(routed: SimpleNamespace, firefox_standard: Firefox, tmp_path: Path) -> None:
    browser = firefox_standard
    with watched(routed.url) as door:
        words = sent(browser, door.base, "A model nobody declared is in use.", known="K3")
        desk = Desk(routed, door.posts)

        def says(sentence: str) -> None:
            until_case_says(browser, door.base, words, sentence)
            shown = browser.text("#state")
            case = fold(desk.events, desk.root.id)
            assert case is not None
            missing = [said for _, _, said in reporter_sentences(case) if said not in shown]
            assert missing == [], shown

        desk.enter("ACKNOWLEDGED")
        says("Reviewers without declared ties have it and are looking at it.")
        desk.enter("TRIAGE")
        review = desk.propose("REVIEW")
        desk.say(1, "endorse", of=review.id)
        says("Not counted: nobody had put down yet what kind of case it is.")
        assert history(browser)[-1] == "Deciding how to handle it", "no case leaves triage without one"
        desk.triage("K3")
        desk.say(2, "endorse", of=review.id)
        plan = desk.propose("PLAN", text="We want to write to the company.")
        says("proposes: “Planning a step”. Nothing changes until a second reviewer has signed.")
        assert "It is being checked." in browser.text("#state")
        assert not browser.js("return !!document.querySelector('#proposals button')"), "planning takes no consent"
        desk.say(1, "endorse", of=plan.id)
        until = add_weeks(clock.week_of(clock.now()), 6)
        step = desk.propose("COORDINATING", text="We would ask for tests.", whom="Security contact", until=until)
        desk.say(0, "packet", to="COMPANY", state=step.id, fields=COMPANY)
        says("The reviewers are planning a step. Nothing leaves them without your consent.")
        asked = browser.text("#proposals")
        assert "We propose to tell the company of the issue, not of you (“\u2068Security contact\u2069”)" in asked
        assert "Nothing happens until you agree." in asked and f"they would have until {plain_week(until)}" in asked
        assert "The issue\nAn undeclared model is in wide use inside." in asked
        assert not browser.js("return !!document.querySelector('#proposals input')"), "no warning where many could know"
        looked_at(browser, tmp_path, "asked")
        # Signed without consent nothing moves.
        desk.say(1, "endorse", of=step.id)
        says("Not counted: your consent is missing.")
        assert history(browser)[-1] == "Planning a step"
        press(browser, "Agree")
        confirm = until_posted(browser, desk, 2)
        assert (confirm.kind, confirm.payload["of"], confirm.payload["agree"], confirm.payload["warned"]) == (
            "confirm",
            step.id,
            "YES",
            "NO",
        )
        assert "You agreed. It happens once a second reviewer has signed." in browser.text("#proposals")
        desk.say(2, "endorse", of=step.id)
        says("Two reviewers agreed to tell the company of the issue, not of you. They have not said yet that it is done.")
        assert "With: Security contact" in browser.text("#state") and browser.text("#proposals") == ""
        desk.say(1, "done", of=step.id, text="They answered within the hour.")
        desk.say(1, "correction", code="DC-TEST", status="ASKED", text="")
        desk.say(1, "correction", code="DC-MONITOR", status="DECLINED", text="")
        says("The company was told of the issue, not of you.")
        state = browser.text("#state")
        assert (
            "They answered within the hour." in state and "Run or repeat an evaluation with outsiders: asked for, no answer yet." in state
        )
        assert "Restore logging and review: the company declined." in state
        desk.say(1, "correction", code="DC-TEST", status="CLAIMED", text="They sent a report.")
        desk.enter("CORRECTED")
        says("The company says something about a correction. What the reviewers could confirm stands below.")
        assert "the company says that it is done; the reviewers could not confirm it yet." in browser.text("#state")
        desk.say(1, "correction", code="DC-TEST", status="VERIFIED", text="")
        close = desk.propose("CLOSED", "ACTION", text="Thank you.")
        says("Run or repeat an evaluation with outsiders: done, and confirmed by the reviewers.")
        assert "proposes: “Closed”" in browser.text("#proposals")
        desk.say(2, "endorse", of=close.id)
        says("Closed. The correction was made and confirmed. You can still write; reviewers may look again.")
        assert "It can be opened again until the week of" in browser.text("#state") and desk.state == "CLOSED"
        assert history(browser) == [
            *("Delivered", "Confirmed", "Deciding how to handle it", "Being checked", "Planning a step", "Telling the company"),
            *("A correction is stated", "Closed"),
        ]
        looked_at(browser, tmp_path, "closed")


def plan(desk: Desk, known: str) -> Event:
    """A proposal to tell the company, in the state where that is possible."""
    desk.enter("ACKNOWLEDGED", "TRIAGE")
    desk.triage(known)
    desk.enter("REVIEW", "PLAN")
    return desk.propose("COORDINATING", text="We would write to them.")


def test_consent_taken_back_beats_a_signature_made_meanwhile(routed: SimpleNamespace, firefox_standard: Firefox) -> None:
    browser = firefox_standard
    with watched(routed.url) as door:
        words = sent(browser, door.base, "I may change my mind.", known="K3")
        desk = Desk(routed, door.posts)
        step = plan(desk, "K3")
        until_case_says(browser, door.base, words, "Nothing happens until you agree.")
        press(browser, "Agree")
        until_posted(browser, desk, 2)
        press(browser, "Take it back")
        browser.wait_js("return /It does not go ahead/.test(document.querySelector('#proposals').innerText)")
        # They sign in the meantime, as they know of the yes alone.
        desk.say(1, "endorse", of=step.id)
        assert desk.state == "COORDINATING" and desk.learn().payload["agree"] == "NO" and desk.state == "PLAN"
        until_case_says(browser, door.base, words, "Not counted: your consent is missing.")
        assert "You did not agree. It does not go ahead." in browser.text("#proposals")
        assert history(browser)[-1] == "Planning a step" and "was told" not in browser.text("#state")


def test_every_other_state_in_plain_words(routed: SimpleNamespace, firefox_standard: Firefox) -> None:
    browser = firefox_standard
    with watched(routed.url) as door:
        words = sent(browser, door.base, "From a question to the very end.", known="K3", may="ADVISE")
        desk = Desk(routed, door.posts)

        def says(sentence: str) -> str:
            until_case_says(browser, door.base, words, sentence)
            return browser.text("#state")

        desk.enter("ACKNOWLEDGED")
        desk.propose("ADVICE")
        assert "The answer to your question should be here by" in says("Taken as a question: the reviewers advise you and open no case.")
        desk.propose("CLOSED", "ADVISED")
        says("Closed. Your question was answered. No case was opened.")
        desk.propose("REOPENED")
        says("Opened again. The reviewers look at it anew.")
        choose(browser, "#may", "PUBLISH")
        browser.click("#send-may")
        assert until_posted(browser, desk, 2).payload["may"] == "PUBLISH"
        desk.enter("TRIAGE")
        desk.triage("K3")
        says("The reviewers are deciding how to handle it.")
        desk.propose("NEEDS_INFO", text="Was it switched on?")
        state = says("The reviewers have a question. Take your time; no answer is fine.")
        assert "Was it switched on?" in state and "Silence alone never closes this case before" in state
        desk.propose("TRIAGE")
        first, later = (add_weeks(clock.week_of(clock.now()), weeks) for weeks in (17, 26))
        hold = desk.propose("HELD", until=first)
        desk.say(0, "retract", of=hold.id)
        says("took back what they had proposed")
        assert "Not counted: the reviewer who proposed it took it back." in browser.text("#conversation") and not browser.text("#proposals")
        hold = desk.propose("HELD", until=first)
        desk.say(1, "endorse", of=hold.id)
        state = says("Kept safe and not acted on, until others report the same or you say so.")
        assert f"It is held until {plain_week(first)} at the latest, unless you say otherwise." in state
        longer = desk.propose("HELD", until=later, text="Another team may speak.")
        longer_said = f"go on keeping it, not acted on, until {plain_week(later)}"
        says(f"proposes: {longer_said}. Nothing changes until a second reviewer has signed.")
        desk.say(1, "endorse", of=longer.id)
        says(f"It is held until {plain_week(later)} at the latest, unless you say otherwise.")
        assert f"proposed: {longer_said}" in browser.text("#conversation")
        desk.enter("REVIEW", "PLAN")
        refer = desk.propose("REFERRED", whom="Cal OES")
        desk.say(0, "packet", to="CAL-OES", state=refer.id, fields={"statement": "An undeclared model is in use."})
        desk.say(1, "endorse", of=refer.id)
        state = says("Two reviewers agreed to pass it to an authority. They have not said yet that it is done.")
        assert "To: Cal OES" in state and "An undeclared model is in use." in browser.text("#conversation .packet")
        desk.say(0, "done", of=refer.id, text="")
        says("It was passed to an authority.")
        publish = desk.propose("DISCLOSED")
        says("The reviewers have not shown you the text yet. Nothing happens before they have, and before you agree to it.")
        assert "We propose to publish a summary" in browser.text("#proposals"), "never without a yes, whatever they may"
        assert not browser.js("return !!document.querySelector('#proposals [data-agree=YES]')")
        desk.say(0, "packet", to="PUBLIC", state=publish.id, fields={"summary": "A model was in use."})
        says("The text as it would go to the public")
        press(browser, "Agree")
        until_posted(browser, desk, 3)
        desk.say(1, "endorse", of=publish.id)
        says("Not counted: no lawyer had read the text as it is.")
        desk.say(2, "legal", of=publish.id, text="As counsel of the programme: nothing in it is libel.")
        says("As counsel of the programme: nothing in it is libel.")
        assert history(browser)[-1] == "Passing it to an authority"
        desk.say(2, "endorse", of=publish.id)
        says("A summary that you agreed to is about to be published.")
        desk.say(0, "done", of=publish.id, text="")
        says("A summary that you agreed to was published.")
        browser.click("#withdraw")
        browser.click("#sure")
        browser.click("#withdraw-confirm")
        until_posted(browser, desk, 4)
        state = says("You have withdrawn it. Reviewers do nothing further.")
        assert "The reviewers take no further step and close it by" in state and browser.js(
            "return document.querySelector('#withdraw').disabled"
        )
        desk.propose("CLOSED", "WITHDRAWN")
        hold = desk.say(0, "hold", on="YES", text="A court asks.")
        desk.say(1, "endorse", of=hold.id)
        assert "can be opened again" not in says("Closed. You withdrew it.")
        assert "remove it from their machines" not in says("It is under a legal hold: nobody may remove it until two reviewers lift that.")
        hold = desk.say(0, "hold", on="NO", text="")
        desk.say(1, "endorse", of=hold.id)
        purge = desk.say(0, "purge")
        desk.say(1, "endorse", of=purge.id)
        says("Closed for good: the reviewers have removed it from their machines.")
        assert browser.js("return document.querySelector('#send-reply').disabled") and desk.state == "PURGED"
        assert history(browser)[-3:] == ["Withdrawn", "Closed", "Removed"]


def test_what_one_reviewer_started_alone_is_said(routed: SimpleNamespace, firefox_standard: Firefox) -> None:
    browser = firefox_standard
    with watched(routed.url) as door:
        words = sent(browser, door.base, "Life is in danger.", known="K3", may="PUBLISH")
        desk = Desk(routed, door.posts)
        desk.enter("ACKNOWLEDGED")
        desk.triage("K3", "U0")
        step = desk.propose("COORDINATING", whom="Emergency contact", urgent="YES")
        until_case_says(browser, door.base, words, "One reviewer started this at once, as life is in danger.")
        assert history(browser)[-1] == "Telling the company" and "Two reviewers" not in browser.text("#state")
        desk.say(1, "endorse", of=step.id)
        until_case_says(browser, door.base, words, "Two reviewers agreed to tell the company")
        assert "life is in danger" not in browser.text("#state")


def test_a_text_put_in_after_the_yes_asks_anew(routed: SimpleNamespace, firefox_standard: Firefox) -> None:
    browser = firefox_standard
    with watched(routed.url) as door:
        words = sent(browser, door.base, "They may not swap the text.", known="K3", may="PUBLISH")
        desk = Desk(routed, door.posts)
        step = plan(desk, "K3")
        until_case_says(browser, door.base, words, "It happens once a second reviewer has signed, unless you say no.")
        press(browser, "Agree")
        until_posted(browser, desk, 2)
        desk.say(0, "packet", to="COMPANY", state=step.id, fields=COMPANY)
        until_case_says(browser, door.base, words, "You agreed, but something has changed since: please look again.")
        assert browser.js("return [...document.querySelectorAll('#proposals .row [data-of]')].map(b => b.textContent)") == [
            "Agree",
            "Do not agree",
        ]


def test_where_few_could_know_the_warning_comes_first(routed: SimpleNamespace, firefox_dark: Firefox, tmp_path: Path) -> None:
    browser = firefox_dark
    with watched(routed.url) as door:
        words = sent(browser, door.base, "Only a few of us know this.", known="K3", may="PUBLISH")
        desk = Desk(routed, door.posts)
        # The reporter counted more people than the reviewers do: the more careful number counts, and the general yes no longer does.
        step = plan(desk, "K1")
        until_case_says(browser, door.base, words, "First read this: few people could know it")
        asked = browser.text("#proposals")
        assert "1 to 5 people could know what you reported" in asked and "Nothing happens until you agree." in asked
        assert asked.index("What could go wrong") < asked.index("I have read this, and agree all the same")
        looked_at(browser, tmp_path, "warned")
        press(browser, "Agree")
        browser.wait_js("return /Read the warning and tick its box first/.test(document.querySelector('#error').innerText)")
        assert len(door.posts) == 1
        browser.click("#proposals input")
        press(browser, "Agree")
        confirm = until_posted(browser, desk, 2)
        assert (confirm.payload["of"], confirm.payload["agree"], confirm.payload["warned"]) == (step.id, "YES", "YES")
        desk.say(1, "endorse", of=step.id)
        until_case_says(browser, door.base, words, "Two reviewers agreed to tell the company of the issue")
        assert desk.state == "COORDINATING"


def test_a_packet_to_file_alone(routed: SimpleNamespace, firefox_standard: Firefox, tmp_path: Path) -> None:
    browser = firefox_standard
    with watched(routed.url) as door:
        words = sent(browser, door.base, "What I would tell an authority.", known="K3")
        desk = Desk(routed, door.posts)
        desk.say(0, "packet", to="REPORTER", state="", fields={"where_to_go": "A lawyer first.", "why": "Law protects that."})
        until_case_says(browser, door.base, words, "prepared a text for you")
        assert "where to go\nA lawyer first." in browser.text("#conversation .packet")
        browser.js("document.querySelector('#own').open = true")
        choose(browser, "#own-to", "CAL-OES")
        packet = browser.text("#own-packet pre")
        assert "Short and plain statement of what happened" in packet and "What I would tell an authority." in packet
        assert "A powerful model is used inside" in packet and "You can file this yourself." in packet and "\nYes" in packet
        assert "caloes.ca.gov" in browser.text("#own-address") and not browser.js("return !!document.querySelector('#own a')")
        choose(browser, "#own-to", "NY-DFS")
        assert "We give no address" in browser.text("#own-address") and ".gov" not in browser.text("#own-address")
        assert len(door.posts) == 1, "nothing of it is sent"
        looked_at(browser, tmp_path, "own")
        whole = printed(browser)
        browser.js("document.querySelector('#conversation .packet').classList.add('alone')")
        assert printed(browser) == 1 < whole, "printed alone, nothing of the case is beside it"


def printed(browser: Firefox) -> int:
    """The pages that printing makes."""
    pdf = base64.b64decode(browser.command("WebDriver:Print"))
    streams = [zlib.decompressobj().decompress(body) for body in re.findall(rb"FlateDecode.*?stream\r?\n(.*?)endstream", pdf, re.S)]
    return len(re.findall(rb"/Type */Page\b", b"".join([pdf, *streams])))


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return said


def test_without_a_browser(routed: SimpleNamespace, firefox_standard: Firefox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    browser, receipt = firefox_standard, tmp_path / "receipt"
    with watched(routed.url) as door:
        words = sent(browser, door.base, "From a page, and then without.", known="K1")
        receipt.write_text(words, "utf-8")
        desk = Desk(routed, door.posts)
        step = plan(desk, "K3")
        until_case_says(browser, door.base, words, "Nothing happens until you agree.")
        back = ["return", "--server", routed.url, "--receipt-file", str(receipt)]
        assert main(back) == 0
        said = told(capsys)
        assert said["status"] == said["state"] == "PLAN" and [each["state"] for each in said["history"]][-1] == "PLAN"
        (proposal,) = said["proposals"]
        assert (proposal["id"], proposal["to"], proposal["why"], proposal["answer"]) == (step.id, "COORDINATING", "consent", "")
        assert "Few people could know it." in proposal["warning"] and "We would write to them." in [m["text"] for m in said["messages"]]
        assert main([*back, "--confirm", step.id]) == 1 and main([*back, "--confirm", "0" * 64, "--agree"]) == 1
        capsys.readouterr()
        assert main([*back, "--confirm", step.id, "--agree"]) == 0
        assert told(capsys)["sent"] == "confirm"
        until_case_says(browser, door.base, words, "You agreed. It happens once a second reviewer has signed.")
        assert main([*back, "--confirm", step.id, "--refuse"]) == 0
        until_case_says(browser, door.base, words, "You did not agree. It does not go ahead.")
        capsys.readouterr()
        assert main(back) == 0
        assert told(capsys)["proposals"][0]["answer"] == "NO"
