"""`./tellsafe shopper`: test reports that only their keeper can tell from real ones, and how often the server answers.

What is sent and read goes through the functions of the headless reporter. The record is a file sealed under a passphrase; what the
statistician makes of it is in oversight/statistics/shoppers.py.
"""

import argparse
import datetime
import json
import random
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import urllib3

from crypto import receipt
from crypto.case import Case, fold
from crypto.constants import ABOUT_CODES
from crypto.encoding import b64, canonical, parse_strict, unb64
from crypto.errors import NotForUs, ProtocolError
from crypto.event import parse_event
from crypto.label import thursday
from crypto.numbers import quarter_of, quarters_of
from crypto.private import keyfile
from oversight.disk import write
from oversight.statistics import shoppers
from oversight.statistics.keys import PASSPHRASE_MIN
from oversight.terminal import Add, add_passphrase, add_socks, passphrase_of
from tools import clock, receivers, reporter
from tools.errors import Unfit

KIND = "tellsafe mystery shopper"
MARKER_MIN = 8
OVER = "This was a test, by a mystery shopper: nothing in it happened, and there is nothing more to do. Thank you for reading it."
_PROBE = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d (yes|no)")
Test = dict[str, Any]


# ------------------------------------------------------------------ commands


def send(options: argparse.Namespace) -> int:
    """Send one test report through the same door as anybody, after it is in the record."""
    text = Path(options.text).read_text("utf-8")
    if len(options.marker) < MARKER_MIN or options.marker not in text:
        raise Unfit(
            f"The marker is a name or some words of the text, {MARKER_MIN} characters or more, found nowhere else. Nothing was sent."
        )
    given = json.loads(Path(options.answers).read_text("utf-8")) if options.answers else {}
    answers = reporter.answers_of({"about": [options.code], **given})
    if answers["may"] in ("REFER", "PUBLISH") or answers["danger"] == "NOW":
        raise Unfit("A test may not set off a step outside: `may` is ADVISE, HOLD or ASK, and `danger` is not NOW. Nothing was sent.")
    record = Record(options)
    if options.marker in [test["marker"] for test in record.tests]:
        raise Unfit("This marker stands in another test: a leak could be of either. Nothing was sent.")
    server = reporter.Server(options.server, options.socks)
    known = reporter.fetch_programme(server, options.fingerprint, 1)
    want = receivers.want_of(known.tree, answers["organisation"], answers["about"], None, [], known.day)
    nonce = secrets.token_bytes(32).hex()
    entropy = shoppers.entropy_of(nonce, options.code, known.id)
    made = reporter.compose_report(known, text, answers, want.exclude, "full", want.language, entropy=entropy)
    test = {"nonce": nonce, "code": options.code, "case": made.case, "week": clock.week_of(known.day), "marker": options.marker}
    record.add({**test, "leaks": 0, "events": []}, known.id)
    reporter.send_all(server, known, made.bodies)
    print(f"Test {len(record.tests)} is sent. If “{options.marker}” is ever seen outside, enter it with `leak`.")
    return 0


def check(options: argparse.Namespace) -> int:
    """Read one test's case as its reporter would, keep what was read, and say what is known."""
    record = Record(options)
    test = record.of(options.number)
    server = reporter.Server(options.server, options.socks)
    known, held = reporter.come_back(server, record.programme.hex(), record.words(test))
    # Letters leave the server after half a year; what was read of them stays here.
    test["events"] = list(dict.fromkeys([*test["events"], *(b64(event.raw) for event in held.events)]))
    record.save()
    print("\n".join(told(test, record.programme)))
    if options.end:
        if held.case is None:
            raise Unfit("This test is not on the server, so it cannot be ended there. Nothing was sent.")
        bodies = [*reporter.compose_replies(known, held, OVER), reporter.compose_more(known, held, "withdraw", {})]
        reporter.send_all(server, known, bodies)
        print("Its readers are told that it was a test.")
    return 0


def show(options: argparse.Namespace) -> int:
    """Everything in the record, the words too, without a network."""
    record = Record(options)
    for number, test in enumerate(record.tests, 1):
        print(f"Test {number}, {test['week']}: {test['code']} is meant, marker “{test['marker']}”, leaks found {test['leaks']}")
        print(f"  words: {record.words(test)}")
        print("\n".join(f"  {line}" for line in told(test, record.programme)))
    return 0


def leak(options: argparse.Namespace) -> int:
    """Enter by hand in how many places outside the marker of a test has been found."""
    record = Record(options)
    record.of(options.number)["leaks"] = options.count
    record.save()
    print(f"Test {options.number}: leaks found {options.count}.")
    return 0


def hand_over(options: argparse.Namespace) -> int:
    """Write what the statistician takes: the tests of a period, opened, and how often the server answered."""
    record = Record(options)
    quarters = quarters_of(options.period)
    mine = [test for test in record.tests if quarter_of(thursday(test["week"])) in quarters]
    there = [test for test in mine if case_of(test, record.programme)]
    names = ("nonce", "code", "leaks", "events")
    probes = {quarter: counts for quarter, counts in (probes_of(Path(options.log)) if options.log else {}).items() if quarter in quarters}
    data = shoppers.handed_over(record.programme, options.period, [{name: test[name] for name in names} for test in there], probes)
    write(Path(options.out), data, 0o600)
    asked = sum(each for each, _ in probes.values())
    print(f"{options.out} holds {len(there)} tests and {asked} probes. Give it to the statistician by hand:")
    print("it opens the tests, so nobody else may see it before they are over.")
    if len(there) < len(mine):
        print(f"{len(mine) - len(there)} tests are left out: they were never read back. Run `check` first.")
    return 0


def watch(options: argparse.Namespace) -> int:
    """Ask for head.json at random moments until stopped; a line for each, with the hour and nothing finer."""
    server, asked = reporter.Server(options.server, options.socks), 0
    while not options.times or asked < options.times:
        # Gaps of this distribution see a server as it is on average, and nobody can tell when the next one ends.
        time.sleep(random.SystemRandom().expovariate(1 / (60 * options.every)))
        yes = "yes" if answers(server) else "no"
        with Path(options.log).open("a", encoding="ascii") as log:
            log.write(f"{clock.now():%Y-%m-%dT%H} {yes}\n")
        asked += 1
    return 0


# ------------------------------------------------------------------ the record


class Record:
    """The keeper's file: tests as {nonce, code, case, week, marker, leaks, events}, sealed under a passphrase. Made with the first test."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.path = Path(options.record)
        self.tests: list[Test] = []
        self.programme = b""
        data = self.path.read_bytes() if self.path.exists() else b""
        if not data and options.run is not send:
            raise Unfit(f"There is no record in {self.path}: `send` makes it.")
        said = _passphrase(options, twice=not data)
        self.lock = keyfile.lock_of(said, data)
        if data:
            try:
                value = parse_strict(keyfile.open_with(self.lock, data))
            except NotForUs as error:
                raise Unfit("The passphrase is wrong, or the record was changed.") from error
            if value.get("kind") != KIND:
                raise Unfit(f"{self.path} is not a mystery shopper's record.")
            self.tests, self.programme = value["tests"], bytes.fromhex(value["programme"])

    def add(self, test: Test, programme: bytes) -> None:
        if self.programme not in (b"", programme):
            raise Unfit("This record is of another programme. Nothing was sent.")
        self.tests, self.programme = [*self.tests, test], programme
        self.save()

    def save(self) -> None:
        value = {"v": 1, "kind": KIND, "programme": self.programme.hex(), "tests": self.tests}
        write(self.path, keyfile.seal_with(self.lock, canonical(value)), 0o600)

    def of(self, number: int) -> Test:
        if not 1 <= number <= len(self.tests):
            raise Unfit(f"There is no test {number}: the record has {len(self.tests)}.")
        return self.tests[number - 1]

    def words(self, test: Test) -> str:
        return receipt.words_of(shoppers.entropy_of(test["nonce"], test["code"], self.programme))


def case_of(test: Test, programme: bytes) -> Case | None:
    """The case of a test from what was read of it; None while nothing was."""
    events = [parse_event(unb64(raw), programme) for raw in test["events"]]
    return fold([event for event in events if event.kind != "stub"], test["case"])


def told(test: Test, programme: bytes) -> list[str]:
    """What is known of a test, in sentences."""
    case = case_of(test, programme)
    if case is None:
        return ["Nothing of it was read yet. A report appears after the next tick; one that was never stored never does."]
    trial = shoppers.trial_of(case, test["code"], test["leaks"], programme)
    triage = {"as_meant": f"as meant, {test['code']}", "none": "none yet"}.get(trial.triage) or f"another than {test['code']}"
    return [
        f"State: {case.state}. Sent in {trial.week}, acknowledged: {trial.acknowledged.replace('_', ' ')} (nobody knows more than weeks).",
        f"Triage: {triage}. Reviewers wrote back: {'yes' if trial.answered else 'no'}.",
    ]


def answers(server: reporter.Server) -> bool:
    """Whether the server gives its head.json, asked once. What fails on the way counts as no answer."""
    try:
        found = server.pool.request("GET", f"{server.url}/files/head.json", retries=False, redirect=False)
        return found.status == 200 and "number" in parse_strict(found.data)
    except (urllib3.exceptions.HTTPError, ProtocolError):
        return False


def probes_of(path: Path) -> Mapping[str, tuple[int, int]]:
    """(asked, answered) by quarter, from the log of `watch`."""
    counted: dict[str, tuple[int, int]] = {}
    for number, line in enumerate(path.read_text("ascii").splitlines(), 1):
        found = _PROBE.fullmatch(line)
        if not found:
            raise Unfit(f"Line {number} of {path} is not one that `watch` writes.")
        quarter = quarter_of(datetime.date.fromisoformat(found[1]))
        asked, answered = counted.get(quarter, (0, 0))
        counted[quarter] = asked + 1, answered + (found[2] == "yes")
    return counted


# ------------------------------------------------------------------ the command line


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="tellsafe shopper", description="Test reports in secret, and how often the server answers.")
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = _command(commands, "send", send, "send one test report")
    add("--code", required=True, choices=ABOUT_CODES, metavar="CODE", help="what triage should find, such as B1-WEIGHTS")
    add("--text", required=True, metavar="FILE", help="an invented story, UTF-8")
    add("--marker", required=True, metavar="WORDS", help="words of the story that stand nowhere else: a leak is known by them")
    add("--answers", metavar="FILE", help="JSON object with answers that differ from the defaults")
    add("--fingerprint", metavar="HEX", help="the programme's fingerprint, 64 hex characters (default: believe the server)")
    _network(add)
    add = _command(commands, "check", check, "read one test back, as its reporter would")
    add("number", type=int, metavar="NUMBER", help="which test: they are numbered as they were sent")
    add("--end", action="store_true", help="and tell its readers that it was a test, and withdraw it")
    _network(add)
    _command(commands, "show", show, "everything in the record")
    add = _command(commands, "leak", leak, "enter that a marker was found outside")
    add("number", type=int, metavar="NUMBER")
    add("count", type=int, metavar="COUNT", help="in how many places so far")
    add = _command(commands, "hand-over", hand_over, "write what the statistician takes for a period")
    add("period", metavar="PERIOD", help="2027-Y, 2027-H1 or 2027-Q1")
    add("--out", required=True, metavar="FILE")
    add("--log", metavar="FILE", help="the log of `watch`")
    add = _command(commands, "watch", watch, "ask at random moments whether the server answers", record=False)
    add("--log", required=True, metavar="FILE", help="gets one line for each time")
    add("--every", type=float, default=180, metavar="MINUTES", help="on average (default: 180)")
    add("--times", type=int, default=0, metavar="N", help="stop after so many (default: never)")
    _network(add)
    return made


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    help_text: str,
    record: bool = True,
) -> Add:
    made = commands.add_parser(name, help=help_text, description=help_text)
    made.set_defaults(run=run)
    if record:
        made.add_argument("--record", required=True, metavar="FILE", help="the keeper's sealed file")
        add_passphrase(made.add_argument)
    return made.add_argument


def _network(add: Add) -> None:
    add("--server", required=True, metavar="URL", help="address of the server")
    add_socks(add)


def _passphrase(options: argparse.Namespace, twice: bool) -> str:
    said = passphrase_of(options, "Passphrase of the record: ", twice)
    if twice and len(said) < PASSPHRASE_MIN:
        raise Unfit(f"The passphrase has fewer than {PASSPHRASE_MIN} characters.")
    return said


def main(arguments: Sequence[str]) -> int:
    """0, or 1 after one sentence that says why not."""
    options = parser().parse_args(arguments)
    return reporter.explained(options.run, options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
