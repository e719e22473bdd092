"""What someone finds who takes the server: disk, write-ahead log, freed pages, logs, backups and memory.

Reports and answers with planted markers go in while the real server runs: through the page in Firefox, through the commands, and through
the functions behind them. Reviewers answer, acknowledge and close. Workstations send labels for the public numbers, and the statistician's
table of them is published. Some of it stays in the tray. Then everything is searched.

What is searched for, and where:

- everywhere, memory included: texts, organisations and file names; receipts and all that is derived from them; ids of cases; codes and
  states as an event or a label would hold them (`"to":"CLOSED"`); labels with their names of reports and signatures, and true counts;
- on the disk, in the log and in the backup, but not in the stewards' signed tree and not in memory: names and keys of reviewers, and
  codes and states as bare words. The tree is public and has the names; the pages are public and have the codes; both are in memory.

A control shows that the same search finds each of these in each of those places.
"""

import base64
import dataclasses
import datetime
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import shake_256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crypto import case as cases
from crypto import constants as c
from crypto import event, receipt, sealing
from crypto.encoding import b64, unb64
from crypto.label import CONCERNS, OUTCOMES, report_id
from crypto.numbers import CONCERN_GROUPS, spelled
from crypto.posting import parse_posting
from crypto.private import receipt as private_receipt
from crypto.private.keyfile import Lock
from intake import publicfiles, segments
from intake.config import Config
from intake.db import open_database
from oversight.statistics import desk as statistics
from oversight.statistics import folder as disk
from oversight.statistics import keys
from oversight.statistics.release import target_files
from oversight.tree import create_programme
from review import labelling, vault
from review.desk import Desk, lock_desk
from tests.harness.firefox import Firefox
from tests.harness.levels import ONION
from tests.harness.workstations import case_of, opened, triage_and_close
from tests.journeys import test_sealed_post as page
from tests.oversight import releases
from tests.statistics.world import LATER
from tools import clock, demo, reporter

ROOT = Path(__file__).resolve().parents[1]
STATE = {"until": "", "whom": "", "urgent": "NO"}
MARKER, ORGANISATION, FILE_NAME = "Quetzalmarker", "Quetzalholdings Ltd", "quetzalfile"
REVIEWERS = ("Adaquetzal Lovelace", "Benquetzal Franklin", "Cyquetzal Twombly")
PASSPHRASE = "passphrase"
BY_PAGE, BY_COMMAND, BY_FUNCTION = 4, 4, 17  # reports; the last of each kind stays in the tray
REPORTS = BY_PAGE + BY_COMMAND + BY_FUNCTION
ANSWERED = 8  # by a reviewer, in words
LABELLED = ("A1-UNDISCLOSED", "C2-ESCAPE", "C1-MISBEHAVE", "D4-REPRISAL")  # cases triaged and closed, by their codes
PERIOD = f"{clock.week_of(clock.now())[:4]}-Y"
TRUE, PUBLISHED = (1, 0, 2, 1, 0), (3, 1, 7, 6, 8)  # by group of concerns, before and after the noise
IN_TRAY = 4 + len(LABELLED)  # three reports, an answer, and the outcome label of each labelled case
STEWARDS = [secrets.token_bytes(32) for _ in range(3)]
STATISTICIAN = keys.Unlocked(keys.new_key("Staquetzal"), Lock(secrets.token_bytes(16), secrets.token_bytes(32)))


@dataclasses.dataclass
class Seized:
    """A running server, and everything that must not be found in it."""

    folder: Path  # of the test: what was taken is `config.data`, `log` and `backup` in it
    config: Config
    process: subprocess.Popen[bytes]
    url: str
    receipts: list[str] = dataclasses.field(default_factory=list)  # as twelve words
    ids: list[str] = dataclasses.field(default_factory=list)  # of cases
    sent: list[str] = dataclasses.field(default_factory=list)  # the kind of each posting
    labels: list[bytes] = dataclasses.field(default_factory=list)
    signatures: list[bytes] = dataclasses.field(default_factory=list)  # of labels

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def backup(self) -> Path:
        return self.folder / "backup.tar"


# ------------------------------------------------------------------ a server in use


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tick(config: Config) -> None:
    """A tick now. The server's own ticker sleeps for a day but holds the lock that `tick_once` would wait for."""
    segments.tick(config, open_database(config.database), publicfiles.programme(config), 86_400)


def a_programme(folder: Path) -> str:
    """Three reviewers' vaults and a signed tree in `folder`/data/tree, with a tick too long to come by itself."""
    now = datetime.datetime.now(datetime.UTC)
    reviewers = [demo.card(vault.create(folder / f"vault{n}", PASSPHRASE, name), now) for n, name in enumerate(REVIEWERS)]
    programme = {"v": 1, "name": "Seizure", "tick": 86_400, "part_seconds": [0, 1], "cover_per_day": 4, "labs": ["Lab"], "emergency": ""}
    facts = {**programme, "statistician": keys.public_part(STATISTICIAN.key)}
    return create_programme(folder / "data" / "tree", STEWARDS, facts, reviewers, now)


@pytest.fixture(scope="module")
def seized(tmp_path_factory: pytest.TempPathFactory, firefox_standard: Firefox) -> Iterator[Seized]:
    folder = tmp_path_factory.mktemp("seizure")
    a_programme(folder)
    port = free_port()
    with (folder / "server.log").open("wb") as out:
        command = [sys.executable, "-m", "intake", "--port", str(port), "--data", str(folder / "data")]
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    found = Seized(folder, Config.for_data(folder / "data"), process, f"http://127.0.0.1:{port}")
    try:
        fill(found, firefox_standard, f"http://{ONION}:{port}")
        make_backup(found.config.data, found.backup)
        yield found
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(120)


def fill(found: Seized, ff: Firefox, base: str) -> None:
    """Reports, a tick, replies and answers, a tick, and more of all of it that stays in the tray."""
    server = reporter.Server(found.url)
    reporter.fetch_programme(server, None, 1)  # waits until the server answers
    by_page = [report_by_page(found, ff, base, number) for number in range(BY_PAGE - 1)]
    by_command = [report_by_command(found, number) for number in range(BY_COMMAND - 1)]
    by_function = [report_by_function(found, server, number) for number in range(BY_FUNCTION - 1)]
    labelled = found.ids[-len(LABELLED) :]
    tick(found.config)
    for words in by_function[2:]:
        known, back = reporter.come_back(server, None, words)
        reporter.send(server, reporter.compose_more(known, back, "reply", {"text": f"{MARKER} reply"}))
        found.sent.append("reply")
    folders = [found.folder / f"vault{number}" for number in range(len(REVIEWERS))]
    desks = opened(folders, PASSPHRASE, publicfiles.programme(found.config), found.url)
    for words in [*by_page[1:], *by_command[:1], *by_function[: ANSWERED - BY_PAGE]]:
        answer(found, server, [each.vault for each in desks if each.vault], words)
    tick(found.config)
    command(found, "reply", by_command[0], "--text", written(found, "reply", f"{MARKER} reply by command"))
    command(found, "return", by_command[1], "--may", "PUBLISH")
    command(found, "return", by_command[2], "--withdraw")
    found.sent += ["reply", "choice", "withdraw"]
    return_by_page(found, ff, base, by_page[1])
    tick(found.config)
    send_labels(found, desks, labelled)
    publish_numbers(found)
    server.get("/numbers")
    report_by_page(found, ff, base, BY_PAGE - 1)
    report_by_command(found, BY_COMMAND - 1)
    report_by_function(found, server, BY_FUNCTION - 1)
    command(found, "reply", by_command[1], "--text", written(found, "late", f"{MARKER} late reply"))
    found.sent.append("reply")
    ff.goto("about:blank")


def report_by_page(found: Seized, ff: Firefox, base: str, number: int) -> str:
    """With an organisation typed in, a reviewer left out, and everything else that the questionnaire has room for."""
    page.fill_report(ff, base, f"{MARKER} typed {number}")
    ff.wait_js("return document.querySelectorAll('input[name=exclude]').length === 3")
    left_out = "[...document.querySelectorAll('input[name=exclude]')].find(box => box.parentElement.innerText.includes(arguments[0]))"
    ff.js(f"document.querySelectorAll('#questions details').forEach(each => each.open = true); {left_out}.click()", REVIEWERS[0])
    ff.js("const one = document.querySelector('#organisation'); one.value = 'other'; one.dispatchEvent(new Event('change'))")
    ff.fill("#organisation_other", ORGANISATION)
    ff.fill("#raised", f"{MARKER} raised")
    ff.fill("#promise", f"{MARKER} promise")
    ff.click(f"input[name=selfcopy][value={'dates' if number == 0 else 'full'}]")
    words = page.check_and_send(ff)
    assert len(words.split()) == 12
    found.receipts.append(words)
    found.sent.append("report")
    return words


def return_by_page(found: Seized, ff: Firefox, base: str, words: str) -> None:
    """Read the answer, write again, and change what reviewers may do."""
    page.until_case_says(ff, base, words, f"{MARKER} answer")
    page.write_again(ff, f"{MARKER} reply typed")
    ff.js("document.querySelector('#may').value = 'ADVISE'")
    ff.click("#send-may")
    ff.wait_js("return [...document.querySelectorAll('#conversation article')].some(each => each.dataset.kind === 'choice')")
    found.sent += ["reply", "choice"]


def command(found: Seized, name: str, words: str, *further: str) -> Any:
    """A command of the headless reporter as a person types it; gives the last line of output."""
    opened = ["--receipt-file", written(found, "words", words)] if words else []
    line = [sys.executable, "-m", "tools", name, "--server", found.url, *opened, *further]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def written(found: Seized, name: str, text: str) -> str:
    path = found.folder / f"{FILE_NAME}-{name}"
    path.write_text(text, "utf-8")
    return str(path)


def report_by_command(found: Seized, number: int) -> str:
    answers = {"about": ["D4-REPRISAL"], "organisation": ORGANISATION, "promise": f"{MARKER} promise"}
    files = ["--text", written(found, "text", f"{MARKER} by command {number}"), "--answers", written(found, "answers", json.dumps(answers))]
    said = command(found, "report", "", *files)
    found.receipts.append(said["receipt"])
    found.ids.append(said["case"])
    found.sent.append("report")
    return str(said["receipt"])


def report_by_function(found: Seized, server: reporter.Server, number: int) -> str:
    known = reporter.fetch_programme(server, None, 1)
    answers = {"about": ["C2-ESCAPE"], "organisation": ORGANISATION, "raised": f"{MARKER} raised"}
    made = reporter.compose_report(known, f"{MARKER} {number} happened.", answers)
    reporter.send(server, made.bodies[0])
    found.receipts.append(made.words)
    found.ids.append(made.case)
    found.sent.append("report")
    return made.words


def answer(found: Seized, server: reporter.Server, desks: list[vault.Vault], words: str) -> None:
    """A reader confirms, answers, notes, acknowledges and closes; each is a posting of its own."""
    known, back = reporter.come_back(server, None, words)
    assert back.case is not None
    found.ids.append(back.case.id)
    readers = back.case.root.payload["readers"]
    desk = next(desk for desk in desks if desk.sign in readers)
    last: dict[str, list[str]] = {"all": [], "reviewers": []}
    events = list(back.events)
    for kind, further in (
        ("received", {}),
        ("note", {"text": f"{MARKER} note"}),
        ("answer", {"text": f"{MARKER} answer"}),
        ("state", {"to": "ACKNOWLEDGED", "reason": "NONE", "text": f"{MARKER} acknowledged"} | STATE),
        ("state", {"to": "CLOSED", "reason": "NOT-ENOUGH", "text": f"{MARKER} closed"} | STATE),
        ("summary", {"state": "CLOSED", "due": clock.week_of(known.day), "again": [], "older": []}),
    ):
        audience = event.audience_of(kind)
        chain = {"case": back.case.id, "prev": last[audience], "parents": cases.heads(events, back.case.id, audience)}
        seen, week = reporter.seen_by(known.segments), clock.week_of(known.day)
        made = desk.sign_event(cases.common(kind, week, seen, known.tree.roster.version, audience) | chain | further, known.id)
        reporter.send(server, reporter.seal(known, back.keys, readers, made, [made] if audience == "all" else []))
        last[audience] = [made.id]
        events.append(made)
        found.sent.append(kind)


def send_labels(found: Seized, desks: list[Desk], ids: list[str]) -> None:
    """Workstations take cases from triage to close and send their labels; those of the outcome stay in the tray."""
    rounds = 0

    def publish(kinds: list[str]) -> None:
        nonlocal rounds
        found.sent += kinds
        rounds += 1
        if rounds < 6:
            tick(found.config)

    triage_and_close(desks, {id_: (code, "NOT-ENOUGH") for id_, code in zip(ids, LABELLED, strict=True)}, publish)
    book, programme = desks[0].book, publicfiles.programme(found.config)
    assert book is not None
    for id_ in ids:
        found.labels += [made.data for made in labelling.labels_of(case_of(desks[0], id_), book.cases[id_], programme)]
    for each in desks:
        assert each.book is not None
        said = [event for event in each.book.events.values() if event.kind == "label"]
        found.signatures += [unb64(event.payload["signature"]) for event in said]
        lock_desk(each)


def publish_numbers(found: Seized) -> None:
    """The statistician collects what is published and draws, with noise that is known; stewards put the release into the tree."""
    own, mirror, programme = found.folder / "statistician", found.folder / "mirror", publicfiles.programme(found.config)
    shutil.copytree(found.config.files, mirror, ignore=shutil.ignore_patterns("*.*"))
    arrived = statistics.from_mirror(mirror, STATISTICIAN.key, programme)
    signers = frozenset(vault.public_keys(found.folder / f"vault{number}")["sign"] for number in range(len(REVIEWERS)))
    tally = statistics.collect_into(own, STATISTICIAN, programme, arrived, lambda _: signers)
    assert (tally.new, tally.refused) == (len(LABELLED), {})
    counted: list[int] = []

    def noisy(cells: Sequence[str], wanted: Sequence[str], _: str) -> list[int]:
        counted.extend(list(cells).count(key) for key in wanted)
        return [*PUBLISHED]

    statistics.draw_once(own, STATISTICIAN, PERIOD, "T1", LATER, noisy=noisy)
    assert tuple(counted) == TRUE
    files = target_files(disk.read_ledger(own), disk.read_releases(own))
    releases.put(found.config.data / "tree", STEWARDS[:2], files, datetime.datetime.now(datetime.UTC))


def make_backup(data: Path, to: Path) -> None:
    """As docs/operations.md tells an operator: `files/` and the stewards' `tree/`, never the database."""
    told = " ".join((ROOT / "docs" / "operations.md").read_text("utf-8").split("## Backups")[1].split("##")[0].split())
    assert "Back up `files/`, the stewards' `tree/`" in told and "Never the database" in told
    subprocess.run(["tar", "-C", str(data), "-cf", str(to), "files", "tree"], check=True)


# ------------------------------------------------------------------ what is searched for


def spellings(name: str, text: str) -> dict[str, bytes]:
    """A text as it is, as UTF-16, as hex, and in base64 wherever in the three-byte rhythm it may begin."""
    raw = text.encode()
    in_base64 = {f"{name} in base64 {shift}": base64.b64encode(bytes(shift) + raw)[4:-4] for shift in range(3)}
    return {name: raw, f"{name} in UTF-16": text.encode("utf-16-le"), f"{name} in hex": raw.hex().encode(), **in_base64}


def bytes_spelt(name: str, raw: bytes) -> dict[str, bytes]:
    in_base64 = {f"{name} in base64": base64.b64encode(raw).rstrip(b"="), f"{name} in base64url": b64(raw).encode()}
    return {name: raw, f"{name} in hex": raw.hex().encode(), **in_base64}


def of_receipt(name: str, words: str, programme: bytes) -> dict[str, bytes]:
    """The words however joined, their entropy, and every key derived from it."""
    found = {f"{name} joined by {join!r}": join.join(words.split()).encode() for join in (" ", "\n", "+", "-", "")}
    entropy = receipt.entropy_of(words)
    keys = private_receipt.keys_of(entropy, programme)
    expanded = shake_256(keys.open_seed).digest(96)  # X-Wing's ML-KEM seed and X25519 scalar
    derived = {
        "entropy": entropy, "find secret": keys.find_secret, "find key": keys.find_public, "open seed": keys.open_seed,
        "open key": keys.open_public[:48], "open key's X25519": keys.open_public[-32:], "sign seed": keys.sign_seed,
        "sign key": keys.sign_public, "cover": keys.cover, "ML-KEM seed": expanded[:64], "X25519 scalar": expanded[64:],
    }  # fmt: skip
    assert sealing.open_public_of(keys.open_seed) == keys.open_public
    for what, raw in derived.items():
        found |= bytes_spelt(f"{name}, {what}", raw)
    return found


CODES: Mapping[str, tuple[str, ...]] = {
    "stage": c.STAGE_CODES, "danger": c.DANGER_CODES, "basis": c.BASIS_CODES, "known": c.KNOWN_CODES, "may": c.MAY_CODES,
    "selfcopy": c.SELFCOPY_CODES, "to": c.STATE_TARGETS, "state": c.STATES, "reason": (c.NO_REASON, *c.CLOSE_REASONS),
    "kind": (*event.REPORTER_KINDS, *event.REVIEWER_KINDS), "audience": c.AUDIENCES,
}  # fmt: skip


def of_numbers(found: Seized) -> dict[str, bytes]:
    """Labels, what signs and names them, and the true counts as a release, its CSV or a list would have them."""
    programme = publicfiles.programme(found.config)
    needles: dict[str, bytes] = {}
    for number, data in enumerate(found.labels):
        needles |= bytes_spelt(f"label {number}", data)
    for number, signature in enumerate(found.signatures):
        needles |= bytes_spelt(f"signature {number} of a label", signature)
    for id_ in found.ids:
        name = report_id(id_, programme)
        needles |= bytes_spelt(f"name of report {id_[:8]}", bytes.fromhex(name)) | spellings(f"name of report {id_[:8]} as text", name)
    for name, codes in (("code", CONCERNS), ("outcome", OUTCOMES), ("shopper", ("no",))):
        needles |= {f"{name} {code} of a label": f'"{name}":"{code}"'.encode() for code in codes}
    lines = {f"true count of {key}": f"{PERIOD}-T1,{key},{count},".encode() for key, count in zip(CONCERN_GROUPS, TRUE, strict=True)}
    by_group = spelled(dict(zip(CONCERN_GROUPS, TRUE, strict=True)))
    counts = ", ".join(map(str, TRUE))
    as_list = {"true counts": counts.encode(), "true counts without spaces": counts.replace(" ", "").encode()}
    return needles | lines | as_list | {"true counts by group": by_group}


def nowhere(found: Seized) -> dict[str, bytes]:
    """What must not be anywhere, memory included."""
    programme = publicfiles.programme(found.config)
    needles = spellings("a text", MARKER) | spellings("an organisation", ORGANISATION) | spellings("a file name", FILE_NAME)
    for number, words in enumerate(found.receipts):
        needles |= of_receipt(f"receipt {number}", words, programme)
    for id_ in found.ids:
        needles |= bytes_spelt(f"case {id_[:8]}", bytes.fromhex(id_))
    needles |= {f"{name} {code} of an event": f'"{name}":"{code}"'.encode() for name, codes in CODES.items() for code in codes}
    needles |= {f"about {code} of an event": f'"about":["{code}"'.encode() for code in c.ABOUT_CODES}
    needles |= of_numbers(found)
    return needles | {"readers of an event": b'"readers":["', "answers of an event": b'"answers":{'}


def only_public(found: Seized) -> dict[str, bytes]:
    """What stands in public files and pages, and must not stand in anything else that is kept."""
    needles: dict[str, bytes] = {}
    for number, name in enumerate(REVIEWERS):
        sign = vault.public_keys(found.folder / f"vault{number}")["sign"]
        needles |= spellings(f"reviewer {name}", name) | bytes_spelt(f"sign key of {name}", bytes.fromhex(sign))
    bare = {*c.ABOUT_CODES, *c.STAGE_CODES, *c.STATES, *c.CLOSE_REASONS, *OUTCOMES}
    # Shorter ones would be found in letters by chance; with their name they are above.
    return needles | {f"the word {code}": code.encode() for code in bare if len(code) >= 6}


def searching(needles: Mapping[str, bytes]) -> Callable[[bytes], set[str]]:
    """A search for thousands of needles at once: only where four bytes are the start of one is the whole compared."""
    starting: dict[int, list[tuple[str, bytes]]] = {}
    for name, needle in needles.items():
        assert len(needle) >= 6, name
        starting.setdefault(int.from_bytes(needle[:4], "little"), []).append((name, needle))
    starts = np.array(sorted(starting), dtype="<u4")
    likely = np.zeros(1 << 16, dtype=bool)
    likely[starts & 0xFFFF] = True

    def search(data: bytes) -> set[str]:
        found: set[str] = set()
        for shift in range(min(4, len(data))):
            words = np.frombuffer(data, dtype="<u4", offset=shift, count=(len(data) - shift) // 4)
            places = np.flatnonzero(likely[words & 0xFFFF])
            for place in places[np.isin(words[places], starts)].tolist():
                at = shift + 4 * place
                found.update(name for name, needle in starting[int(words[place])] if data.startswith(needle, at))
        return found

    return search


# ------------------------------------------------------------------ where it is searched


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file but the signed tree's: database, write-ahead log with its index, segments, what is being staged."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "tree" not in path.relative_to(folder).parts
    }


def tree_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in (folder / "tree").rglob("*") if path.is_file()}


def in_backup(path: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The files of a backup: those of the server, and those of the signed tree."""
    server, tree = {}, {}
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            if (file := archive.extractfile(member)) is not None:
                (tree if member.name.startswith("tree/") else server)[f"backup of {member.name}"] = file.read()
    return server, tree


def processes(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from processes(int(child))


def open_files(pid: int) -> dict[str, bytes]:
    """What a process holds open, files already removed included; and how it was started."""
    found = {f"{name} of process {pid}": Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")}
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            if stat.S_ISREG(handle.stat().st_mode):
                found[f"{handle.readlink()} open in process {pid}"] = handle.read_bytes()
    return found


def in_memory(pid: int) -> Iterator[bytes]:
    """Every readable, writable range of a process."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(side, 16) for side in span.split("-"))
            piece = bytearray()
            memory.seek(start)
            try:
                # A read may give less than what was asked for.
                while start + len(piece) < end and (more := memory.read(end - start - len(piece))):
                    piece += more
            except OSError:
                pass
            yield bytes(piece)


# ------------------------------------------------------------------ what is found


def test_there_was_something_to_find(seized: Seized) -> None:
    """Fifty reports and answers and more, by every way in, of every kind; and the reporters could read what was answered."""
    reports = seized.sent.count("report")
    assert reports == REPORTS == len(set(seized.receipts)) and len(seized.sent) - reports >= 25
    assert {*seized.sent} >= {"report", "reply", "choice", "withdraw", "received", "answer", "note", "state", "summary"}
    with sqlite3.connect(f"file:{seized.config.data / 'intake.sqlite3'}?mode=ro", uri=True) as database:
        assert database.execute("select count(*) from posting").fetchone() == (IN_TRAY,)
        assert database.execute("select count(*) from published").fetchone() == ((len(seized.sent) - IN_TRAY) * c.SLOTS,)


def test_labels_were_published_and_stay_in_the_tray(seized: Seized) -> None:
    """Those of concerns are in segments and were collected; those of outcomes wait in the tray. The statistician alone finds them."""
    assert seized.sent.count("label") == 4 * len(LABELLED) == len({*seized.signatures}) and len({*seized.labels}) == 2 * len(LABELLED)
    with sqlite3.connect(f"file:{seized.config.data / 'intake.sqlite3'}?mode=ro", uri=True) as database:
        letters = [letter for (body,) in database.execute("select body from posting") for letter in parse_posting(body).letters]
    programme = publicfiles.programme(seized.config)
    places = keys.ours(STATISTICIAN.key, [letter[: c.CLUE_BYTES] for letter in letters], programme)
    waiting = keys.opened(STATISTICIAN.key, [letters[place] for place in places], programme)
    assert {unb64(json.loads(each)["label"]) for each in waiting} == {label for label in seized.labels if b'"T2"' in label}
    names = publicfiles.numbers(seized.config)[0]
    assert f"statistics/{PERIOD}-T1.json" in names


def test_nothing_on_the_disk_or_in_the_log(seized: Seized) -> None:
    search = searching(nowhere(seized) | only_public(seized))
    taken = files_in(seized.config.data) | {"log": seized.log.read_bytes()}
    assert {"intake.sqlite3", "intake.sqlite3-wal", "files/head.json"} <= {*taken}
    assert taken["intake.sqlite3-wal"], "the tray's last postings should still stand in the log of writes"
    assert {name: found for name, data in taken.items() if (found := search(data))} == {}
    search = searching(nowhere(seized))
    assert {name: found for name, data in tree_in(seized.config.data).items() if (found := search(data))} == {}


def test_nothing_in_a_backup(seized: Seized) -> None:
    server, tree = in_backup(seized.backup)
    assert not any("sqlite" in name for name in server) and "backup of files/letters/1/0" in server and tree
    search = searching(nowhere(seized) | only_public(seized))
    assert {name: found for name, data in server.items() if (found := search(data))} == {}
    search = searching(nowhere(seized))
    assert {name: found for name, data in tree.items() if (found := search(data))} == {}


def test_nothing_in_the_memory_of_the_running_server(seized: Seized) -> None:
    search = searching(nowhere(seized))
    for pid in processes(seized.process.pid):
        assert set().union(*(search(piece) for piece in in_memory(pid))) == set(), f"in the memory of process {pid}"
        assert {name: found for name, data in open_files(pid).items() if (found := search(data))} == {}


# ------------------------------------------------------------------ the control


def leak(folder: Path, needles: Mapping[str, bytes]) -> sqlite3.Connection:
    """The needles as a careless server would leave them: in rows, in the log of writes, in freed pages, in blocks. Keep the connection."""
    leaked = [bytes(16) + needle + bytes(16) for needle in needles.values()]
    for name in ("rows", "freed", "waiting"):
        database = sqlite3.connect(folder / f"{name}.sqlite3")
        database.executescript("pragma journal_mode=wal; pragma secure_delete=off; pragma wal_autocheckpoint=0")
        database.execute("create table posting (body blob)")
        database.commit()
        database.execute("pragma wal_checkpoint(truncate)")
        database.executemany("insert into posting values (?)", [(each,) for each in leaked])
        database.commit()
        if name == "waiting":
            break
        database.execute("pragma wal_checkpoint(truncate)")
        if name == "freed":
            database.execute("delete from posting")
            database.commit()
            database.execute("pragma wal_checkpoint(truncate)")
            assert database.execute("select count(*) from posting").fetchone() == (0,)
        database.close()
    block = folder / "files" / "letters" / "1" / "0"
    block.parent.mkdir(parents=True)
    block.write_bytes(secrets.token_bytes(5001) + b"".join(leaked))
    (folder / "tree").mkdir()
    (folder / "tree" / "roster.json").write_bytes(b"".join(leaked))
    return database


def test_control_the_search_finds_every_needle_in_every_place(seized: Seized, tmp_path: Path) -> None:
    needles = nowhere(seized) | only_public(seized)
    search, every = searching(needles), {*needles}
    waiting = leak(tmp_path, needles)
    try:
        found = {name: search(data) for name, data in files_in(tmp_path).items()}
        for name in ("rows.sqlite3", "freed.sqlite3", "waiting.sqlite3-wal", "files/letters/1/0"):
            assert found[name] == every, f"{name}: {sorted(every - found[name])[:5]}"
        assert found["waiting.sqlite3"] == set()
    finally:
        waiting.close()
    make_backup(tmp_path, tmp_path / "backup.tar")
    for part in in_backup(tmp_path / "backup.tar"):
        assert set().union(*(search(data) for data in part.values())) == every
    assert set().union(*(search(data) for data in tree_in(tmp_path).values())) == every


def test_control_the_search_finds_every_needle_in_memory_and_open_files(seized: Seized, tmp_path: Path) -> None:
    """In a process that keeps them, and has removed a file that it still holds open, as a spooled upload would be."""
    needles = nowhere(seized)
    search, every = searching(needles), {*needles}
    path = tmp_path / "spool"
    path.write_bytes(b"\0".join(needles.values()))
    keep = "import sys, time; held = sys.stdin.buffer.read(); print(1, flush=True); time.sleep(600)"
    with path.open("rb") as spool:
        process = subprocess.Popen([sys.executable, "-c", keep], stdin=spool, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"1\n"
        path.unlink()
        assert set().union(*(search(piece) for piece in in_memory(process.pid))) == every
        assert set().union(*(search(data) for data in open_files(process.pid).values())) == every
    finally:
        process.kill()
        process.communicate()


def test_control_the_search_reads_what_the_server_holds(seized: Seized) -> None:
    """The tray's letters are on the disk; and every process of the server has words in memory that must be there."""
    with sqlite3.connect(f"file:{seized.config.data / 'intake.sqlite3'}?mode=ro", uri=True) as database:
        (body,) = database.execute("select body from posting").fetchone()
    search = searching({"letter": body[8 : 8 + 64]})
    assert any(search(data) for data in files_in(seized.config.data).values())
    search = searching(
        {"policy": b"default-src", "code": b"A1-UNDISCLOSED", "name": REVIEWERS[0].encode(), "data": bytes(seized.config.data)}
    )
    held = {pid: set().union(*(search(piece) for piece in in_memory(pid))) for pid in processes(seized.process.pid)}
    assert len(held) >= 4 and all("data" in found for found in held.values())
    # Public pages and the public roster, in those that serve them: which is why names and bare codes are no needles in memory.
    assert any({"policy", "code", "name"} <= found for found in held.values())


# ------------------------------------------------------------------ what groups letters


def test_a_tick_leaves_nothing_that_groups_its_letters(seized: Seized) -> None:
    """After the tick letters stand in the order of R, their files carry one and the same time, and nothing of the tray is left."""
    with sqlite3.connect(seized.config.data / "intake.sqlite3") as database:
        tray = [row for (row,) in database.execute("select body from posting")]
        (least,) = database.execute("select min(rowid) from posting").fetchone()
    assert least > 1 << 40, "a posting's row number counts arrivals"
    assert len(tray) == IN_TRAY
    tick(seized.config)
    # In a block two letters of one posting may stand side by side by chance; anywhere else their seam would group them.
    elsewhere = {name: data for name, data in files_in(seized.config.data).items() if "letters/" not in name}
    for name, data in elsewhere.items():
        for body in tray:
            pair = body[8 + c.LETTER_BYTES - 32 : 8 + c.LETTER_BYTES + 32]  # the seam of two letters of one posting
            assert pair not in data, f"a posting's seam is still in {name}"
    in_order(seized.config)
    times = {path.stat().st_mtime for path in seized.config.files.rglob("*")}
    midnight = {datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%H%M%S") for moment in times}
    assert midnight == {"000000"} and len(times) == 1


def in_order(config: Config) -> None:
    """Rows and letters are in the order of R, which is random; no table numbers its rows as they come; the tray is empty."""
    for folder in (config.files / "letters").iterdir():
        data = b"".join((folder / str(number)).read_bytes() for number in range(len(list(folder.iterdir()))))
        points = [data[at : at + c.POINT_BYTES] for at in range(0, len(data), c.LETTER_BYTES)]
        assert points == sorted(points)
    with sqlite3.connect(config.data / "intake.sqlite3") as database:
        assert [database.execute(f"select count(*) from {table}").fetchone() for table in ("posting", "tray_clue")] == [(0,), (0,)]
        rows = [r for (r,) in database.execute("select r from published not indexed")]
        assert rows == sorted(rows) and rows
        # The row number of a posting is a key that was drawn: see above and tests/intake/test_segments.py.
        assert database.execute("select count(*) from sqlite_master where name = 'sqlite_sequence'").fetchone() == (0,)
        for table in ("tray_clue", "published", "segment"):
            with pytest.raises(sqlite3.OperationalError, match="rowid"):
                database.execute(f"select rowid from {table}")
