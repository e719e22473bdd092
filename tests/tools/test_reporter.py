"""The headless reporter: what it seals is found and opened by readers and by itself.

First against a server of a few lines, then as commands against the real one.
"""

import contextlib
import dataclasses
import datetime
import gzip
import http.server
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from crypto import case as cases
from crypto import constants, roster, segment
from crypto.encoding import canonical
from crypto.errors import BadWords, Mismatch, TooLong
from crypto.event import Event, parse_event
from crypto.posting import effort_of, parse_posting
from crypto.private.keyfile import ReviewerKeys, generate_reviewer_keys
from crypto.private.opening import find_matches, open_letter
from crypto.private.signing import SignKey, sign_event
from crypto.sealing import make_posting
from intake import tick
from intake.errors import SENTENCES
from oversight import tree as desk
from tests.harness.commands import run
from tests.review.story import Story
from tools import clock, evaluator, reporter
from tools import demo as module
from tools.__main__ import main
from tools.errors import Unfit

KEYS = [generate_reviewer_keys([roster.quarter_of(clock.now())]) for _ in range(4)]
FINDING = evaluator.Finding("Lab Watch", {"method": "We ran it 测", "access": "API", "steps": "1. Ask", "wishes": "Wait"}, bytes([7]) * 32)


class Fake:
    """What a server does, in memory."""

    def __init__(self, folder: Path) -> None:
        day = clock.now()
        records = [record(number, keys, day) for number, keys in enumerate(KEYS)]
        watch = {"name": "Lab Watch", "sign": SignKey(bytes([7]) * 32).public, "scope": "Tests", **module.term_of(day)}
        stewards = [bytes([n]) * 32 for n in range(3)]
        self.programme = bytes.fromhex(desk.create_programme(folder, stewards, module.PROGRAMME, records, day, [watch]))
        self.bundle = desk.bundle_of(folder)
        self.segments: list[tuple[segment.Segment, list[bytes]]] = []
        self.tray: list[bytes] = []
        self.asked: list[str] = []

    def post(self, body: bytes) -> None:
        self.tray += parse_posting(body).letters

    def tick(self) -> None:
        previous = segment.segment_hash(self.segments[-1][0]) if self.segments else constants.ZERO32
        week = clock.week_of(clock.now())
        self.segments.append(segment.build_segment(self.programme, len(self.segments) + 1, week, previous, self.tray))
        self.tray = []

    def get(self, path: str) -> bytes:
        self.asked.append(path)
        if path == "/tree/bundle.json":
            return self.bundle
        if path == "/files/head.json":
            weeks = [self.segments[-1][0].week] if self.segments else []
            newest = segment.segment_hash(self.segments[-1][0]).hex() if self.segments else "0" * 64
            return canonical({"effort": 0, "hash": newest, "number": len(self.segments), "tick": 1, "weeks": weeks, "v": 1})
        if path.startswith("/files/clues/"):
            return b"".join(segment.encode(item) for item, _ in self.segments)
        number, index = path.removeprefix("/files/letters/").split("/")
        return self.segments[int(number) - 1][1][int(index)]


def record(number: int, keys: ReviewerKeys, day: datetime.datetime) -> dict[str, Any]:
    ties = [{"lab": "Tied Lab", "category": "EQUITY", "until": ""}] if number else []
    return module.card({"name": f"R{number}", **keys.public()}, day, ties=ties)


@pytest.fixture
def server(tmp_path: Path) -> Any:
    return Fake(tmp_path)


def send_report(server: Any, text: str, **answers: Any) -> reporter.Composed:
    made = reporter.compose_report(reporter.fetch_programme(server, None, 1), text, answers)
    for body in made.bodies:
        reporter.send(server, body)
        server.tick()
    return made


def opened(server: Any, keys: ReviewerKeys) -> list[Event]:
    """What a workstation with these keys opens."""
    letters = [letter for _, blocks in server.segments for letter in split(b"".join(blocks))]
    mine = find_matches(keys.find_secret, [letter[: constants.CLUE_BYTES] for letter in letters], server.programme)
    seeds = list(keys.open_seeds.values())
    return [parse_event(open_letter(letters[index], keys.find_secret, seeds[0], server.programme), server.programme) for index in mine]


def split(data: bytes) -> list[bytes]:
    return [data[at : at + constants.LETTER_BYTES] for at in range(0, len(data), constants.LETTER_BYTES)]


class Readers:
    """The reviewers of one case, who write what the workstation would."""

    def __init__(self, server: Any, made: reporter.Composed) -> None:
        self.server, self.made, self.events = server, made, reporter.come_back(server, None, made.words)[1].events
        payload = self.events[0].payload
        by_sign = {SignKey(keys.sign_seed).public: keys for keys in KEYS}
        self.readers = [by_sign[sign] for sign in payload["readers"]]
        self.reserves = [by_sign[sign] for sign in payload["reserves"]]

    def write(self, keys: ReviewerKeys, kind: str, **further: Any) -> Event:
        """One event that follows everything, posted to the reporter and published."""
        known, held = reporter.come_back(self.server, None, self.made.words)
        own = [event.id for event in held.events if event.author == SignKey(keys.sign_seed).public]
        chain = {"case": self.made.case, "prev": own[-1:], "parents": cases.heads(held.events, self.made.case, "all"), **further}
        made = sign_event(reporter._head(known, kind) | chain, keys.sign_seed, self.server.programme)
        self.server.post(make_posting(self.server.programme, [(held.keys.find_public, held.keys.open_public, made.raw)]))
        self.server.tick()
        return made


def name(keys: ReviewerKeys) -> str:
    return f"R{KEYS.index(keys)}"


def test_three_readers_and_the_reporter_open_a_report(server: Any) -> None:
    made = send_report(server, "It happened. 它发生了 حدث 🦉", about=["B1-WEIGHTS"])
    readers = Readers(server, made)
    assert (len(readers.readers), len(readers.reserves)) == (3, 1)
    assert opened(server, readers.reserves[0]) == []
    for keys in readers.readers:
        (event,) = opened(server, keys)
        assert (event.id, event.payload["text"]) == (made.case, "It happened. 它发生了 حدث 🦉")
        assert event.payload["answers"]["about"] == ["B1-WEIGHTS"]
    known, held = reporter.come_back(server, server.programme.hex(), made.words)
    assert held.case is not None
    assert (held.case.id, held.case.state, held.skipped) == (made.case, "RECEIVED", 0)
    said = reporter.conversation(held.case, held.keys, known.tree.roster)
    assert said == [{"from": "you", "week": clock.week_of(known.day), "text": "It happened. 它发生了 حدث 🦉"}]


def test_an_answer_and_a_reply(server: Any) -> None:
    made = send_report(server, "Something.")
    readers = Readers(server, made)
    readers.write(readers.readers[1], "answer", text="Thank you. When?")
    known, held = reporter.come_back(server, None, made.words)
    reporter.send(server, reporter.compose_more(known, held, "reply", {"text": "In spring."}))
    server.tick()
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None and not held.case.void
    said = reporter.conversation(held.case, held.keys, known.tree.roster)
    assert [(item["from"], item["text"]) for item in said] == [
        ("you", "Something."),
        (name(readers.readers[1]), "Thank you. When?"),
        ("you", "In spring."),
    ]
    reporter.send(server, reporter.compose_more(known, held, "withdraw", {}))
    server.tick()
    _, held = reporter.come_back(server, None, made.words)
    assert held.case is not None and held.case.state == "WITHDRAWN"


def test_what_is_dated_ahead_of_its_segment_is_left_out(server: Any) -> None:
    made = send_report(server, "Something.")
    readers = Readers(server, made)
    readers.write(readers.readers[1], "answer", text="In a far future.", week="2199-W01")
    _, held = reporter.come_back(server, None, made.words)
    assert [event.kind for event in held.events] == ["report"] and held.skipped == 1


def test_later_letters_go_to_who_reads_the_case_now(server: Any) -> None:
    """Not to who stepped back; to the reserve who took over; and the reporter is told of both."""
    made = send_report(server, "Something.")
    readers = Readers(server, made)
    (first, second, third), (reserve,) = readers.readers, readers.reserves
    readers.write(second, "recuse")
    readers.write(first, "handover", to=SignKey(reserve.sign_seed).public)
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None
    told = reporter.changes_of_readers(held.case, known.tree.roster)
    assert [line.split(" has ")[0] for line in told] == [name(second), name(first)]
    assert "stepped back" in told[0] and f"{name(reserve)}, one of your reserves, reads it from now on" in told[1]
    assert reporter.readers_of(held.case, known.tree.roster) == [
        {"name": name(first), "reads": True},
        {"name": name(second), "reads": False},
        {"name": name(third), "reads": True},
        {"name": name(reserve), "reads": True},
    ]
    reporter.send(server, reporter.compose_more(known, held, "reply", {"text": "Only for those who read."}))
    server.tick()
    got = [[event.payload["text"] for event in opened(server, keys) if event.kind == "reply"] for keys in (first, second, third, reserve)]
    assert got == [["Only for those who read."], [], ["Only for those who read."], ["Only for those who read."]]


def test_a_reader_who_was_cut_off_gets_nothing_more(server: Any) -> None:
    made = send_report(server, "Something.")
    readers = Readers(server, made)
    first, second, third = readers.readers
    gone = SignKey(third.sign_seed).public
    readers.write(third, "answer", text="Seen by the others.")
    readers.write(first, "cutoff", of=gone)
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None
    (told,) = reporter.changes_of_readers(held.case, known.tree.roster)
    assert told.startswith(f"{name(first)} has cut {name(third)} off") and "no effect yet" in told
    readers.write(second, "cutoff", of=gone)
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None
    told_now = reporter.changes_of_readers(held.case, known.tree.roster)
    assert len(told_now) == 2 and not any("no effect" in line for line in told_now)
    assert {item["name"] for item in reporter.readers_of(held.case, known.tree.roster) if not item["reads"]} == {name(third)}
    for body in reporter.compose_replies(known, held, "A reply."):
        reporter.send(server, body)
    server.tick()
    assert [len([event for event in opened(server, keys) if event.kind == "reply"]) for keys in readers.readers] == [1, 1, 0]


def test_nothing_is_sent_when_nobody_reads(server: Any) -> None:
    made = send_report(server, "Something.")
    readers = Readers(server, made)
    for keys in readers.readers:
        readers.write(keys, "recuse")
    known, held = reporter.come_back(server, None, made.words)
    with pytest.raises(Unfit, match="None of your readers"):
        reporter.compose_more(known, held, "reply", {"text": "Is anybody there?"})


@pytest.mark.parametrize("selfcopy", ["full", "dates"])
def test_an_evaluator_s_finding_follows_the_report(server: Any, selfcopy: str) -> None:
    text = "Long. " * 3000
    made = reporter.compose_report(reporter.fetch_programme(server, None, 1), text, {}, selfcopy=selfcopy, finding=FINDING)
    assert {len(body) for body in made.bodies} == {constants.POSTING_BYTES}
    for body in made.bodies:
        reporter.send(server, body)
        server.tick()
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None
    readers = [keys for keys in KEYS if opened(server, keys)]
    for keys in readers:
        events = opened(server, keys)
        assert [event.kind for event in events] == ["report", "part", "evaluator"]
        assert {name: events[-1].payload[name] for name in FINDING.texts} == FINDING.texts
        folded = cases.fold(events, made.case)
        assert folded is not None and (folded.evaluator, folded.void, folded.missing) == (FINDING.sign, {}, frozenset())
    if selfcopy == "full":
        with pytest.raises(Unfit, match="already"):
            reporter.compose_finding(known, held, FINDING)
    else:
        assert [event.kind for event in held.events] == ["stub"]


def test_a_finding_can_be_added_later(server: Any) -> None:
    made = send_report(server, "Something.")
    known, held = reporter.come_back(server, None, made.words)
    reporter.send(server, reporter.compose_finding(known, held, FINDING))
    server.tick()
    _, held = reporter.come_back(server, None, made.words)
    assert held.case is not None and (held.case.evaluator, held.case.void) == (FINDING.sign, {})
    stranger = evaluator.Finding("Nobody", FINDING.texts, bytes([8]) * 32)
    with pytest.raises(Unfit, match="not an evaluator's"):
        reporter.compose_finding(known, held, stranger)


def test_an_evaluator_who_may_not_speak_is_refused(server: Any) -> None:
    known = reporter.fetch_programme(server, None, 1)
    evaluator.check_accredited(known.tree, FINDING)
    (watch,) = known.tree.roster.evaluators
    today = roster.day_text(known.day)
    gone = dataclasses.replace(known.tree.roster, evaluators=(dataclasses.replace(watch, to="2026-01-01"),))
    suspended = (roster.Suspension(watch.sign, today, today, "OTHER"),)
    for tree in (dataclasses.replace(known.tree, roster=gone), dataclasses.replace(known.tree, suspensions=suspended)):
        with pytest.raises(Unfit, match="may not speak"):
            evaluator.check_accredited(tree, FINDING)


@pytest.mark.parametrize("wrong", ['{"method": 1}', "[]", '{"result": "x"}', json.dumps({"wishes": "é" * 501})])
def test_a_finding_of_another_form_is_refused(wrong: str) -> None:
    with pytest.raises(Unfit, match="Nothing was sent"):
        evaluator.read_texts(wrong)


@pytest.mark.parametrize("wrong", [{"about": "A1-UNDISCLOSED"}, {"about": []}, {"about": ["A9"]}, {"organisation": None}, {"lab": "x"}])
def test_answers_of_another_form_are_refused(wrong: Any) -> None:
    with pytest.raises(Unfit):
        reporter.answers_of(wrong)


def test_a_long_text_travels_in_parts(server: Any) -> None:
    text = 'Long "text"\n\U0001f989 ' * 1800
    made = send_report(server, text)
    assert len(made.bodies) == 3
    assert {len(body) for body in made.bodies} == {constants.POSTING_BYTES}
    assert sum(len(event.payload["text"]) for event in opened(server, Readers(server, made).readers[0])) == len(text)
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None and not held.case.missing
    assert "".join(item["text"] for item in reporter.conversation(held.case, held.keys, known.tree.roster)) == text
    with pytest.raises(TooLong):
        send_report(server, text * 2)


def test_a_tied_reviewer_gets_nothing(server: Any) -> None:
    with pytest.raises(ValueError, match="Fewer than two"):
        send_report(server, "About them.", organisation=" tied lab ")


def test_an_excluded_reviewer_gets_nothing(server: Any) -> None:
    excluded = SignKey(KEYS[2].sign_seed).public
    known = reporter.fetch_programme(server, None, 1)
    server.post(reporter.compose_report(known, "About one of them.", {}, frozenset([excluded])).bodies[0])
    server.tick()
    assert [len(opened(server, keys)) for keys in KEYS] == [1, 1, 0, 1]


def test_more_effort_is_done_once_the_server_names_it(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """head.json follows what the server asks only after a while; any other refusal is told at once."""
    made = reporter.compose_report(reporter.fetch_programme(server, None, 1), "Something.", {})
    head, asked, take = json.loads(server.get("/files/head.json")), 3, server.post
    monkeypatch.setattr(reporter.time, "sleep", lambda seconds: head.update(effort=asked if seconds > tick.LOOK else 0))
    monkeypatch.setattr(server, "get", lambda path: canonical(head))

    def refuse(name: str) -> None:
        status, sentence = SENTENCES[name]
        raise reporter._refusal(status, sentence.encode())

    def post(body: bytes) -> None:
        if effort_of(parse_posting(body), bytes(32)) < asked:
            refuse("BadEffort")
        take(body)

    monkeypatch.setattr(server, "post", post)
    reporter.send(server, made.bodies[0])
    assert len(server.tray) == constants.SLOTS
    monkeypatch.setattr(server, "post", lambda body: refuse("Known"))
    monkeypatch.setattr(reporter.time, "sleep", lambda seconds: pytest.fail("waited"))
    with pytest.raises(reporter.Refused, match="posted before"):
        reporter.send(server, made.bodies[0])


def test_other_words_find_nothing(server: Any) -> None:
    send_report(server, "Something.")
    _, held = reporter.come_back(server, None, "abandon " * 11 + "about")
    assert held.case is None and not held.events
    server.asked.clear()
    with pytest.raises(BadWords):
        reporter.come_back(server, None, "abandon " * 12)
    assert not server.asked


def test_a_changed_file_is_refused(server: Any) -> None:
    made = send_report(server, "Something.")
    known = reporter.fetch_programme(server, None)
    blocks = server.segments[0][1]
    blocks[0] = blocks[0][:-1] + bytes([blocks[0][-1] ^ 1])
    with pytest.raises(Mismatch):
        reporter.read_return(server, known, made.words)
    with pytest.raises(Mismatch):
        reporter.fetch_programme(server, "00" * 32)


@pytest.mark.parametrize("text", ["", "a", "\n" * 20, '"\\' * 10, "\x01" * 4, "é🦉" * 5])
def test_pieces_fit_as_json(text: str) -> None:
    pieces = reporter.split_text(text, [25, 25, 25])
    assert "".join(pieces) == text
    assert all(len(json.dumps(piece, ensure_ascii=False).encode()) - 2 <= 25 for piece in pieces)


def test_a_copy_of_dates_holds_no_text(server: Any) -> None:
    """The words open when and to whom; readers get everything, in a long text's parts too; and one can still write."""
    text = "Kept by readers only. " * 1200
    made = reporter.compose_report(reporter.fetch_programme(server, None, 1), text, {}, selfcopy="dates")
    assert len(made.bodies) == 2
    for body in made.bodies:
        reporter.send(server, body)
        server.tick()
    reader = next(keys for keys in KEYS if opened(server, keys))
    assert "".join(event.payload["text"] for event in opened(server, reader)) == text
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None
    assert [(event.kind, event.payload["case"], "text" in event.payload) for event in held.events] == [("stub", made.case, False)]
    assert (held.case.id, held.case.state, reporter.conversation(held.case, held.keys, known.tree.roster)) == (made.case, "RECEIVED", [])
    reporter.send(server, reporter.compose_more(known, held, "reply", {"text": "More."}))
    server.tick()
    reply = opened(server, reader)[-1]
    assert (reply.kind, reply.payload["prev"], reply.payload["parents"]) == ("reply", [made.case], [made.case])
    _, held = reporter.come_back(server, None, made.words)
    assert held.case is not None and not held.case.void and not held.case.missing
    # Nobody else seals a stub again: it comes along with all that its writer says.
    assert sorted(event.kind for event in held.events) == ["reply", "stub", "stub"]


def test_another_hands_stub_changes_nothing(server: Any) -> None:
    made = reporter.compose_report(reporter.fetch_programme(server, None, 1), "Something.", {}, selfcopy="dates")
    reporter.send(server, made.bodies[0])
    server.tick()
    _, held = reporter.come_back(server, None, made.words)
    assert held.case is not None
    for seed in (bytes([n]) * 32 for n in range(8)):  # one of so many has the smaller id and would win
        forged = sign_event({**held.case.root.payload, "reserves": [SignKey(seed).public]}, seed, server.programme)
        server.post(make_posting(server.programme, [(held.keys.find_public, held.keys.open_public, forged.raw)]))
    server.tick()
    _, held = reporter.come_back(server, None, made.words)
    assert len(held.events) == 9
    assert held.case is not None and held.case.root.author == held.keys.sign_public.hex()


def test_a_long_reply_is_split(server: Any) -> None:
    made = send_report(server, "Something.")
    known, held = reporter.come_back(server, None, made.words)
    text = '"Longer"\n than 一 letter. ' * 1500
    bodies = reporter.compose_replies(known, held, text)
    assert len(bodies) == 4
    for body in reversed(bodies):  # whichever tick they come out in
        reporter.send(server, body)
        server.tick()
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None and not held.case.void and not held.case.missing
    assert "".join(item["text"] for item in reporter.conversation(held.case, held.keys, known.tree.roster)[1:]) == text
    with pytest.raises(TooLong):
        reporter.compose_replies(known, held, "x" * 15_000 * (reporter.REPLY_LETTERS + 1))


@contextlib.contextmanager
def answering(body: bytes, status: int, **headers: str) -> Iterator[str]:
    """A server that says the same to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def test_a_server_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter, "LIMIT", 100_000)
    large = answering(gzip.compress(bytes(50_000_000)), 200, Content_Encoding="gzip")
    with large as url, pytest.raises(reporter.Unreachable, match="more than any file"):
        reporter.Server(url).get("/tree/bundle.json")


def test_what_a_server_says_does_not_write_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(b"\x1b[2J\x1b[Hok  Everything checked\x1b[8m", 403) as url:
        assert main(["report", "--server", url, "--who"]) == 1
    assert capsys.readouterr().err == "tellsafe: Refused: ?[2J?[Hok  Everything checked?[8m\n"
    reporter._say_json({"text": "a\x9b2J\u202e 测"})
    assert (said := capsys.readouterr().out)[:-1].isprintable() and json.loads(said) == {"text": "a\x9b2J\u202e 测"}


@pytest.mark.parametrize("command", [["return"], ["reply", "--text", "TEXT"]])
def test_the_words_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: Any) -> None:
    """They need not stand in a file. Wrong ones are said before anything is fetched."""
    text = written(tmp_path / "text", "More.")
    monkeypatch.setattr("getpass.getpass", lambda _: "twelve words of no case")
    assert main([text if part == "TEXT" else part for part in command] + ["--server", "http://127.0.0.1:9"]) == 1
    assert "BadWords" in capsys.readouterr().err


# ------------------------------------------------------------------ the commands, against the real server; as processes: test_demo


def tellsafe(*arguments: str) -> Any:
    """The last line of a command that succeeds."""
    code, said, complaints = run(*arguments)
    assert code == 0, complaints
    return json.loads(said.splitlines()[-1])


def until(holds: Callable[[Any], bool], *arguments: str) -> Any:
    """Ask again until it holds: what was sent comes out at the next tick."""
    end = time.monotonic() + 180
    while not holds(said := tellsafe(*arguments)):
        assert time.monotonic() < end, said
        time.sleep(0.3)
    return said


def written(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


@pytest.fixture
def held(demo: dict[str, Any], tmp_path: Path) -> list[str]:
    """A report on the real server; gives the arguments of `return` that open it."""
    network = ["--server", demo["intake"]["url"], "--fingerprint", demo["fingerprint"]]
    sent = tellsafe("report", *network, "--text", written(tmp_path / "text", "Something. 某事"), "--selfcopy", "dates")
    assert (sent["stored"], sent["postings"]) == ("all", 1) and "warning" not in sent
    back = ["return", *network, "--receipt-file", written(tmp_path / "words", sent["receipt"])]
    until(lambda said: said["status"] != "NOTHING", *back)
    return back


def test_return_replies_changes_and_withdraws(held: list[str], tmp_path: Path) -> None:
    text = "A long answer. " * 1200
    sent = tellsafe(*held, "--reply", written(tmp_path / "reply", text))
    assert (sent["sent"], sent["stored"], sent["messages"]) == ("reply", 2, [])  # the copy of the report holds no text
    said = until(lambda said: len(said["messages"]) == 2, *held)
    assert "".join(item["text"] for item in said["messages"]) == text
    assert tellsafe(*held, "--may", "PUBLISH")["sent"] == "choice"
    until(lambda said: said["may"] == "PUBLISH", *held)
    assert tellsafe(*held, "--withdraw")["sent"] == "withdraw"
    until(lambda said: said["status"] == "WITHDRAWN", *held)


def test_return_refuses_what_makes_no_sense(held: list[str], tmp_path: Path) -> None:
    def refused(*arguments: str) -> str:
        code, said, complaints = run(*arguments)
        assert code != 0
        return complaints + said

    assert "ADVISE, HOLD, ASK, REFER, PUBLISH" in refused(*held, "--may", "ANYTHING")
    assert "not allowed with" in refused(*held, "--may", "ASK", "--withdraw")
    nobody = written(tmp_path / "others", "abandon " * 11 + "about")
    assert "NOTHING" in refused(*held[:-1], nobody, "--withdraw")


class Deaf(http.server.BaseHTTPRequestHandler):
    """Passes everything on to the real server but postings: it stores or loses them without an answer, or says that it is full."""

    behind: ClassVar[str]
    fate: ClassVar[str]  # "stored", "lost" or "full"

    def do_GET(self) -> None:
        try:
            with urllib.request.urlopen(self.behind + self.path, timeout=120) as answer:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer.read())
        except urllib.error.HTTPError as error:
            self.send_error(error.code)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.fate == "full":
            self.send_error(503, "The tray is full.")
        elif self.fate == "stored":
            request = urllib.request.Request(self.behind + self.path, body, {"Content-Type": "application/octet-stream"})
            urllib.request.urlopen(request, timeout=120).read()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def deaf(behind: str, fate: str) -> Iterator[str]:
    handler = type("Handler", (Deaf,), {"behind": behind, "fate": fate})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as between:
        threading.Thread(target=between.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{between.server_port}"
        between.shutdown()


@pytest.mark.parametrize("fate", ["stored", "lost"])
def test_a_first_posting_without_an_answer_still_gives_the_words(
    demo: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fate: str
) -> None:
    monkeypatch.setattr(reporter, "WAITS", (0.1, 0.1))
    with deaf(demo["intake"]["url"], fate) as url:
        code = main(["report", "--server", url, "--text", written(tmp_path / "text", "Did it arrive?")])
    out, err = capsys.readouterr()
    told, last = out.splitlines()[-2:]
    result = json.loads(last)
    assert code == 1 and "Uncertain" in err
    assert "UNCERTAIN" in told and "may or may not have stored" in told and "`return`" in told
    assert (result["stored"], result["postings"]) == ("unknown", 0) and "may or may not have stored" in result["warning"]
    back = ["return", "--server", demo["intake"]["url"], "--receipt-file", written(tmp_path / "words", result["receipt"])]
    if fate == "lost":
        time.sleep(2.5)  # two ticks
        assert tellsafe(*back)["status"] == "NOTHING"
    else:
        said = until(lambda said: said["status"] != "NOTHING", *back)
        assert said["case"] == result["case"] and said["messages"][0]["text"] == "Did it arrive?"


def test_a_full_server_gives_no_words(
    demo: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said each time that it took nothing. Words that certainly open nothing would only mislead."""
    monkeypatch.setattr(reporter, "WAITS", (0.1, 0.1))
    with deaf(demo["intake"]["url"], "full") as url:
        assert main(["report", "--server", url, "--text", written(tmp_path / "text", "No room.")]) == 1
    out, err = capsys.readouterr()
    assert "receipt" not in out and "Refused" in err and "The tray is full." in err


@pytest.mark.parametrize(("trouble", "code", "given"), [(reporter.Refused("No."), 1, False), (KeyboardInterrupt(), 130, True)])
def test_words_are_given_where_they_may_open_something(
    demo: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trouble: Any,
    code: int,
    given: bool,
) -> None:
    """Nobody knows how far a posting came that was interrupted."""

    def post(_server: Any, _body: bytes) -> None:
        raise trouble

    monkeypatch.setattr(reporter.Server, "post", post)
    assert main(["report", "--server", demo["intake"]["url"], "--text", written(tmp_path / "text", "Something.")]) == code
    assert ("receipt" in capsys.readouterr().out) is given


# ------------------------------------------------------------------ who can receive it, and an evaluator, as commands


def refused(*arguments: str) -> str:
    """What a command that fails says; it has sent nothing, so there are no words."""
    code, said, complaints = run(*arguments)
    assert code == 1 and "receipt" not in said, said
    return complaints


def test_who_can_receive_it(demo: dict[str, Any], tmp_path: Path) -> None:
    network = ["--server", demo["intake"]["url"], "--fingerprint", demo["fingerprint"]]
    names = [each["name"] for each in demo["reviewers"]]
    said = tellsafe("report", *network, "--who", "--exclude", names[0].upper())
    assert said == {"receivers": names[1:], "left_out": [{"name": names[0], "why": "left out by you"}], "stale": False}
    sent = ["--text", written(tmp_path / "text", "Something.")]
    unknown = refused("report", *network, *sent, "--exclude", "Nobody")
    assert all(name in unknown for name in names)
    few = refused("report", *network, *sent, "--language", "French")
    assert "Fewer than two" in few and "choose another --language, or any (then 3 can receive it)" in few
    assert "--text" in refused("report", *network)


def evaluators(demo: dict[str, Any], tmp_path: Path) -> list[str]:
    finding = written(tmp_path / "finding", json.dumps(FINDING.texts))
    return ["--as-evaluator", demo["evaluator"]["key"], "--passphrase-file", demo["passphrase_file"], "--finding", finding]


def test_an_evaluator_reports(demo: dict[str, Any], tmp_path: Path) -> None:
    network = ["--server", demo["intake"]["url"], "--fingerprint", demo["fingerprint"]]
    text, added = ["--text", written(tmp_path / "text", "We tested it.")], evaluators(demo, tmp_path)
    sent = tellsafe("report", *network, *text, *added)
    assert (sent["stored"], sent["postings"], sent["finding"]) == ("all", 2, "stored")
    back = ["return", *network, "--receipt-file", written(tmp_path / "words", sent["receipt"])]
    until(lambda said: said.get("evaluator") == "Lab Watch", *back)
    assert "already" in refused(*back, *added)
    assert "belong together" in refused("report", *network, *text, *added[:4])
    own = str(tmp_path / "own.key")
    made = tellsafe("evaluator-key", "--out", own, "--name", "Another Watch", "--passphrase-file", demo["passphrase_file"])
    assert made["name"] == "Another Watch" and Path(f"{own}.public.json").exists()
    assert "not an evaluator's" in refused("report", *network, *text, "--as-evaluator", own, *added[2:])
    wrong = written(tmp_path / "wrong", "not the passphrase")
    assert "passphrase is wrong" in refused("report", *network, *text, *added[:2], "--passphrase-file", wrong, *added[4:])


def test_words_are_given_when_only_the_finding_fails(
    demo: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the finding can be sent later with them."""
    real, posted = reporter.Server.post, []

    def post(server: Any, body: bytes) -> None:
        posted.append(body)
        # A busy server may want the first posting again.
        if body[8:] != posted[0][8:]:
            raise reporter.Refused("No.")
        real(server, body)

    network = ["--server", demo["intake"]["url"], "--fingerprint", demo["fingerprint"]]
    text, added = ["--text", written(tmp_path / "text", "We tested it.")], evaluators(demo, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(reporter.Server, "post", post)
        patch.setattr(reporter, "_pause", lambda _known: None)
        assert main(["report", *network, *text, *added]) == 1
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines, said.err
    result = json.loads(lines[-1])
    assert (result["stored"], result["postings"], result["finding"]) == ("some", 1, "unsent")
    assert "return --as-evaluator" in lines[-2] and lines[-2] == f"WARNING: {result['warning']}"
    back = ["return", *network, "--receipt-file", written(tmp_path / "words", result["receipt"])]
    until(lambda said: said["status"] != "NOTHING", *back)
    assert tellsafe(*back, *added)["sent"] == "evaluator"
    until(lambda said: said.get("evaluator") == "Lab Watch", *back)


def test_a_stale_list_is_told(
    demo: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five days and an hour after the timestamp was signed."""
    later = clock.now() + datetime.timedelta(days=5, hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert main(["report", "--server", demo["intake"]["url"], "--who"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("WARNING") and "not been renewed for five days" in lines[0]
    assert json.loads(lines[-1])["stale"] is True


def test_no_yes_to_a_text_that_was_not_shown() -> None:
    story = Story()
    story.triage()
    for to in ("ACKNOWLEDGED", "TRIAGE", "REVIEW", "PLAN"):
        story.move(to)
    step = story.say("Ada", "state", to="DISCLOSED", reason="NONE", text="", until="", whom="", urgent="NO")
    assert [each["why"] for each in reporter.proposals_of(story.case())] == ["packet"]
    held: Any = SimpleNamespace(case=story.case())
    with pytest.raises(reporter.Unfit, match="not shown you the text"):
        reporter.compose_answer(held, held, step.id, True)
    story.say("Ada", "packet", to="PUBLIC", state=step.id, fields={"summary": "A model was in use."})
    assert [each["why"] for each in reporter.proposals_of(story.case())] == ["legal"]
    story.say("Ada", "legal", of=step.id, text="As counsel of the programme: it may be published.")
    assert [each["why"] for each in reporter.proposals_of(story.case())] == ["consent"]
    story.say("reporter", "confirm", of=step.id, agree="YES", warned="NO")
    assert [reporter.answered(each) for each in reporter.proposals_of(story.case())] == [reporter.ANSWERED["YES"]]
    story.say("reporter", "choice", may="ADVISE")
    assert [reporter.answered(each) for each in reporter.proposals_of(story.case())] == [reporter.ANSWERED["AGAIN"]], "taken back"
    story.move("REVIEW")
    assert reporter.proposals_of(story.case()) == [], "the case cannot go there from where it stands now"


def test_what_may_be_held_back_is_told() -> None:
    """Seen to fail: without a browser nobody learned that a message they could not see had been answered."""
    story = Story()
    hidden = story.say("Ada", "answer", text="Beware.")
    story.say("Bo", "answer", text="As Ada says.")
    assert reporter.warnings(story.case(), 0) == []
    there = cases.fold([event for event in story.events if event != hidden], story.id)
    assert there is not None
    (line, left) = reporter.warnings(there, 2)
    assert "have not reached you: 1." in line and "further parts" not in line and left.startswith("2 letters")
