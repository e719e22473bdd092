"""A report travels from the reporter's browser to three reviewers' desks and back, in a real Firefox."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.harness.firefox import WAIT_TIMEOUT, Firefox
from tests.harness.levels import ONION

AXE = Path(__file__).resolve().parents[2] / "crypto" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
CHOSEN = {"about": "A1-UNDISCLOSED", "stage": "L3-INTERNAL", "danger": "ONGOING", "basis": "SAW", "known": "K2", "may": "ASK"}
# Seconds until what was sent is read at the other end: some ticks of one second, on a machine that may be busy with much else.
PATIENCE = 180
TEXTS = {
    "standard": "The model is in use inside. 一个强大的模型正在内部使用。 النموذج يُستخدم داخليا. 🕊️🧠",
    "safer": "At Safer the same: 模型 النموذج 🛰️",
}


def intake_url(demo: dict[str, Any]) -> str:
    """The intake under a name that the browser takes for an onion: what is a secure context in Tor Browser."""
    return f"http://{ONION}:{urlsplit(demo['intake']['url']).port}"


def fill_report(ff: Firefox, base: str, text: str, by_mouse: bool = False) -> None:
    """Choose and write; `by_mouse` where each box shall be seen to lie open to the mouse, which takes a while."""
    ff.goto(f"{base}/report")
    ff.wait_js("return !document.querySelector('#questions').disabled")
    boxes = [f"input[name={name}][value={value}]" for name, value in CHOSEN.items()]
    if by_mouse:
        for box in boxes:
            ff.click(box)
    else:
        ff.js("arguments[0].forEach(box => document.querySelector(box).click())", boxes)
    ff.fill("#text", text)


def send_report(ff: Firefox, base: str, text: str, by_mouse: bool = False) -> str:
    """Fill in, check, send; the twelve words, when the page says that the posting is stored."""
    fill_report(ff, base, text, by_mouse)
    return check_and_send(ff)


def check_and_send(ff: Firefox) -> str:
    """Press both keys of a page that is filled in; the twelve words, when the page says that the posting is stored."""
    ff.click("#check")
    ff.wait_js("return document.querySelector('#send').checkVisibility() && !document.querySelector('#send').disabled")
    ff.click("#send")
    ff.wait_js("return !document.querySelector('#receipt').hidden")
    words = ff.js("return document.querySelector('#receipt-words').innerText").split()
    return " ".join(word for word in words if word.isalpha())


def come_back(ff: Firefox, base: str, words: str) -> None:
    ff.goto(f"{base}/return")
    ff.wait_js("return !document.querySelector('#questions').disabled")
    ff.fill("#words", words)
    ff.click("#open")
    ff.wait_js("return ['#case', '#nothing', '#error'].some(each => !document.querySelector(each).hidden)")


def look_again(ff: Firefox, base: str, words: str) -> None:
    """By the page's own key; from the twelve words where no case is open."""
    if ff.has("#case:not([hidden])"):
        ff.js("document.querySelector('#state').replaceChildren()")
        ff.click("#refresh")
        ff.wait_js("return document.querySelector('#state').innerText || !document.querySelector('#error').hidden")
    else:
        come_back(ff, base, words)


def press(ff: Firefox, label: str) -> None:
    """A key beside a proposal, by what it says, once it can be pressed: all of them are off while something is sent."""
    keys = "[...document.querySelectorAll('#proposals button:enabled')]"
    ff.wait_js(f"const key = {keys}.find(b => b.textContent === arguments[0]); key?.click(); return !!key", WAIT_TIMEOUT, label)


def write_again(ff: Firefox, text: str) -> None:
    """Send a reply; where the page points at something first, send it as it is. The box is empty again once it is stored."""
    ff.fill("#reply", text)
    ff.click("#send-reply")
    ff.wait_js("return !document.querySelector('#reply').value || document.querySelector('#reply-hints').innerText")
    if ff.text("#reply-hints"):
        ff.click("#send-reply")
    ff.wait_js("return document.querySelector('#reply').value === ''")


def until_case_says(ff: Firefox, base: str, words: str, said: str, timeout: float = PATIENCE) -> None:
    """The return page, anew from the twelve words and then looking again, until it says so."""
    end = time.monotonic() + timeout
    come_back(ff, base, words)
    while said not in ff.js("return document.querySelector('#case').innerText"):
        assert time.monotonic() < end, f"the case never said {said!r}: {ff.js('return document.body.innerText')[:3000]}"
        time.sleep(0.3)
        look_again(ff, base, words)


def desk_of(reviewer: dict[str, Any]) -> str:
    return "{0.scheme}://{0.netloc}/".format(urlsplit(reviewer["url"]))


def open_desk(ff: Firefox, reviewer: dict[str, Any]) -> None:
    """By the one-time link the first time; the cookie holds afterwards."""
    ff.goto(reviewer["url"])
    ff.goto(desk_of(reviewer))
    if ff.has("#passphrase"):
        ff.type("#passphrase", reviewer["passphrase"])
        ff.follow("#unlock")
        assert not ff.has("#passphrase"), ff.text("body")


def until_desk_shows(ff: Firefox, reviewer: dict[str, Any], marker: str, timeout: float = PATIENCE) -> None:
    """Reload the list and look into each case, past the screen about conflicts, until one of them says it."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        ff.goto(desk_of(reviewer))
        for place in ff.js("return [...document.querySelectorAll('.case a')].map(a => a.href)"):
            ff.goto(place)
            if ff.has("#open-report"):
                assert marker not in ff.js("return document.body.innerText"), "the text before the decision"
                ff.follow("#open-report")
                assert ff.has("#text")
            if marker in ff.js("return document.body.innerText"):
                return
        time.sleep(0.5)
    raise AssertionError(f"{reviewer['name']} never saw {marker!r}: {ff.js('return document.body.innerText')[:2000]}")


@pytest.fixture(scope="module")
def desk(demo: dict[str, Any], firefox_standard: Firefox) -> Firefox:
    for reviewer in demo["reviewers"]:
        open_desk(firefox_standard, reviewer)
    return firefox_standard


def test_report_answer_return_reply_at_standard(demo: dict[str, Any], desk: Firefox) -> None:
    journey(demo, desk, desk, TEXTS["standard"])


def test_report_answer_return_reply_at_safer(demo: dict[str, Any], desk: Firefox, firefox_safer: Firefox) -> None:
    journey(demo, desk, firefox_safer, TEXTS["safer"])


def journey(demo: dict[str, Any], desk: Firefox, reporter: Firefox, text: str) -> None:
    base, marker = intake_url(demo), text[-12:]
    words = send_report(reporter, base, text, by_mouse=True)
    assert len(words.split()) == 12
    for reviewer in demo["reviewers"]:
        until_desk_shows(desk, reviewer, marker)
    desk.follow("#acknowledge")
    until_desk_shows(desk, demo["reviewers"][2], marker)
    desk.fill("#answer-text", f"We read it. 谢谢 {marker}")
    desk.follow("#send-answer")
    until_case_says(reporter, base, words, f"We read it. 谢谢 {marker}")
    assert text in reporter.js("return document.querySelector('#conversation').innerText")
    write_again(reporter, f"Thank you, reply to {marker}")
    for reviewer in demo["reviewers"]:
        until_desk_shows(desk, reviewer, f"Thank you, reply to {marker}")


def test_a_long_report_arrives_whole(demo: dict[str, Any], desk: Firefox) -> None:
    text = "".join(f"Sentence {number} of a long story. " for number in range(900)) + "The very end."
    assert len(text.encode()) > 16_384
    words = send_report(desk, intake_url(demo), text)
    assert len(words.split()) == 12
    desk.wait_js("return /everything is stored/i.test(document.querySelector('#parts').innerText)")
    until_desk_shows(desk, demo["reviewers"][0], "The very end.")
    assert "Sentence 0 of" in desk.js("return document.body.innerText")


def test_a_reviewer_steps_back_at_the_screen_and_the_others_see_it(demo: dict[str, Any], desk: Firefox) -> None:
    marker = "One of three will step back."
    send_report(desk, intake_url(demo), marker)
    first, second = demo["reviewers"][:2]
    until_desk_shows(desk, first, marker)
    page = desk.url
    until_unopened(desk, second, page.rpartition("/")[2].partition("#")[0])
    assert marker not in desk.text("body")
    # By keyboard: from the first key to the second, in the order in which they are read.
    order = desk.js("return [...document.querySelectorAll('main a, main button')].map(e => e.id || e.textContent)")
    assert order == ["All cases", "open-report", "step-back"]
    desk.follow("#step-back")
    assert desk.has("#stepped-back")
    desk.goto(desk_of(second))
    assert not desk.js(
        "return [...document.querySelectorAll('.unopened a')].some(a => a.href.includes(arguments[0]))", page.rpartition("/")[2]
    )
    desk.goto(page)
    desk.load_until("return document.body.innerText.includes('stepped back') && !!document.querySelector('#readers')")
    assert "no reserve is left" in desk.text("#gap"), "the demonstration has three reviewers and no reserve"


def until_unopened(ff: Firefox, reviewer: dict[str, Any], case_id: str) -> None:
    """Wait for the case that this reviewer has not decided about, and go to its screen."""
    ff.goto(desk_of(reviewer))
    found = "[...document.querySelectorAll('.unopened a')].map(a => a.href).find(place => place.includes(arguments[0]))"
    ff.goto(ff.load_until(f"return {found}", case_id))


def test_a_second_tab_reads_the_same_case(demo: dict[str, Any], firefox_safer: Firefox) -> None:
    base = intake_url(demo)
    words = send_report(firefox_safer, base, "Two tabs, one case.")
    until_case_says(firefox_safer, base, words, "Two tabs, one case.")
    first = firefox_safer.handles[0]
    tab = firefox_safer.new_tab()
    firefox_safer.switch(tab)
    until_case_says(firefox_safer, base, words, "Two tabs, one case.")
    write_again(firefox_safer, "From the second tab.")
    until_case_says(firefox_safer, base, words, "From the second tab.")
    firefox_safer.close_tab()
    firefox_safer.switch(first)


def test_wrong_words_find_nothing_and_say_so(demo: dict[str, Any], firefox_safer: Firefox) -> None:
    come_back(firefox_safer, intake_url(demo), "abandon " * 11 + "about")
    assert "No letters: check the words" in firefox_safer.text("body")


def test_without_script_the_page_says_what_to_do_and_can_send_nothing(demo: dict[str, Any], firefox_safest: Firefox) -> None:
    for page in ("report", "return"):
        firefox_safest.goto(f"{intake_url(demo)}/{page}")
        assert "script" in firefox_safest.text("body").lower()
        assert not firefox_safest.has("form")
    firefox_safest.goto(intake_url(demo))
    assert "emergency" in firefox_safest.text("body").lower()


@pytest.mark.parametrize("width", [390, 1100])
def test_every_page_meets_wcag(demo: dict[str, Any], desk: Firefox, width: int) -> None:
    """By axe-core at levels A and AA of 2.0 to 2.2, which finds a part of what a person would find."""
    axe = AXE.read_text("utf-8")
    desk.set_window(width, 800)
    places = [f"{intake_url(demo)}/{page}" for page in ("", "report", "return", "about")] + [desk_of(demo["reviewers"][0])]
    for place in places:
        desk.goto(place)
        assert desk.axe(axe) == [], place
    desk.set_window(1100, 800)
