"""`./tellsafe demo`: stewards, a signed roster, a server and three workstations on this machine, with a tick of one second.

Everything is made new in one folder: `intake/` (the server's data with the signed tree), a vault per reviewer, `keys/` (a key file for each
steward and for an evaluator, with `keys/passphrase` that opens them all), and `stewards.json` (the stewards' seeds, for scripts).
One person holds all of these keys here, which is exactly what a real programme must never do.
"""

import contextlib
import datetime
import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import urllib3

from crypto.encoding import canonical
from oversight import keys, tree
from oversight.rules import FIELDS
from review import vault
from tools import clock

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120
STOP_SECONDS = 10
# What is said of each reviewer on their card; `card` fills in the rest. With three of them every report reaches all three.
REVIEWERS: Sequence[Mapping[str, Any]] = (
    {"name": "Ana Marković", "affiliation": "Institute for Public Technology", "languages": ["English", "Serbian"]},
    {"name": "Kwame Boateng", "affiliation": "University law clinic", "languages": ["English", "French"]},
    {"name": "Lin Yue", "affiliation": "Independent evaluator", "languages": ["English", "Chinese"]},
)
STEWARDS = ("Ada", "Ben", "Cem")
EVALUATOR = ("Lab Watch", "Evaluations of dangerous capabilities")
RECORD: Mapping[str, Mapping[str, str]] = {
    heading: dict.fromkeys(fields, "Invented for this demonstration") for heading, fields in FIELDS.items()
}
PROGRAMME: Mapping[str, Any] = {
    "v": 1,
    "name": "Tellsafe demonstration",
    "tick": 1,
    "part_seconds": [1, 3],
    "cover_per_day": 4,
    "labs": ["Example Lab", "Another Lab", "Third Lab"],
    "commitments": [
        {
            "id": "EX-1",
            "lab": "Example Lab",
            "title": "No wide internal use before danger tests",
            "since": "2025-03-01",
            "source": "Invented for this demonstration",
        }
    ],
    "emergency": "If life is at risk now, call your local emergency number: this inbox is read by people, not continuously.",
}


class Stopped(Exception):
    """A signal asked for the end."""


class Broken(Exception):
    """A part of the demo did not start."""


def run(data: str | None, port: int, as_json: bool) -> int:
    """Run until SIGTERM or Ctrl-C. Returns 0, or 1 if something did not start."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    children: list[subprocess.Popen[str]] = []
    with _folder(data) as folder:
        try:
            ready = start(folder, port, children)
            print(json.dumps(ready, ensure_ascii=False) if as_json else told(ready), flush=True)
            _wait(children)
        except Stopped:
            return 0
        except (Broken, OSError) as error:
            print(f"tellsafe: {error}", file=sys.stderr)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):  # a second Ctrl-C does not interrupt the end
                signal.signal(number, signal.SIG_IGN)
            stop(children)
    return 1


def start(folder: Path, port: int, children: list[subprocess.Popen[str]]) -> dict[str, Any]:
    """Make everything, start four programs (kept in `children`), and return what `--json` prints."""
    fingerprint, passphrases = make(folder)
    served = start_intake(folder, port, children)
    reviewers = start_desks(folder, served["url"], fingerprint, passphrases, children)
    return {"intake": served, "reviewers": reviewers, "fingerprint": fingerprint, **keyholders(folder)}


def start_intake(folder: Path, port: int, children: list[subprocess.Popen[str]]) -> dict[str, Any]:
    """Start the server on the tree that `make` left in the folder, and wait until it answers."""
    port = port or _free_port()
    url = f"http://127.0.0.1:{port}"
    intake = _spawn(["intake", "--port", str(port), "--data", str(folder / "intake")], folder / "intake.log")
    children.append(intake)
    _await_server(url, intake, folder / "intake.log")
    return {"url": url, "pid": intake.pid, "data": str(folder / "intake")}


def start_desks(
    folder: Path, url: str, fingerprint: str, passphrases: Mapping[str, str], children: list[subprocess.Popen[str]], socks: str = ""
) -> list[dict[str, Any]]:
    """Start a workstation for every vault of `make`; `socks` is HOST:PORT of a Tor client, or nothing."""
    reviewers = []
    for name, place in _vaults(folder, list(passphrases)):
        log = folder / f"{place.name}.log"
        command = ["review", "--vault", str(place), "--server", url, "--fingerprint", fingerprint, "--port", str(_free_port()), "--json"]
        child = _spawn([*command, "--socks", socks] if socks else command, log)
        children.append(child)
        link = _first_json(child, log)["url"]
        reviewers.append({"name": name, "url": link, "pid": child.pid, "vault": str(place), "passphrase": passphrases[name]})
    return reviewers


def make(folder: Path, people: Sequence[Mapping[str, Any]] = REVIEWERS) -> tuple[str, dict[str, str]]:
    """Make stewards, an evaluator, vaults and the tree. Returns the fingerprint and a passphrase per reviewer's name.

    `people` are facts of `card`, each with a name: more reviewers, and reviewers with ties, terms and groups of their own.
    """
    now = clock.now()
    passphrases = {person["name"]: _new_passphrase() for person in people}
    vaults = _vaults(folder, list(passphrases))
    records = [
        card(vault.create(place, passphrases[name], name, now), now, **person) for person, (name, place) in zip(people, vaults, strict=True)
    ]
    stewards, evaluator = make_keys(folder / "keys")
    _keep(folder / "stewards.json", json.dumps([each.sign_seed.hex() for each in stewards]))
    named = [{name: keys.public_part(each)[name] for name in ("name", "sign", "box")} for each in stewards]
    accredited = {"name": evaluator.name, "sign": keys.public_part(evaluator)["sign"], "scope": EVALUATOR[1], **term_of(now)}
    # Two of the three sign; the third is a key of the root and nothing more.
    seeds = [each.sign_seed for each in stewards]
    fingerprint = tree.create_programme(folder / "intake" / "tree", seeds, {**PROGRAMME, "stewards": named}, records, now, [accredited])
    return fingerprint, passphrases


def make_keys(folder: Path) -> tuple[list[keys.StewardKey], keys.StewardKey]:
    """Write key files for the stewards and the evaluator, and one passphrase for all, as `./tellsafe steward key` would."""
    folder.mkdir(mode=0o700, parents=True)
    passphrase = _new_passphrase()
    _keep(folder / "passphrase", passphrase + "\n")
    made = [keys.new_key(name) for name in (*STEWARDS, EVALUATOR[0])]
    for each in made:
        path = folder / _key_name(each.name)
        _keep(path, keys.seal_key(each, passphrase))
        _keep(path.with_name(path.name + ".public.json"), canonical(keys.public_part(each)))
    return made[:-1], made[-1]


def keyholders(folder: Path) -> dict[str, Any]:
    """The key files in a folder of `make`: {"stewards": [{"name", "key"}], "evaluator": {"name", "key"}, "passphrase_file"}."""
    held = [{"name": name, "key": str(folder / "keys" / _key_name(name))} for name in (*STEWARDS, EVALUATOR[0])]
    return {"stewards": held[:-1], "evaluator": held[-1], "passphrase_file": str(folder / "keys" / "passphrase")}


def _key_name(name: str) -> str:
    return f"{name.lower().replace(' ', '-')}.key"


def _new_passphrase() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(4))


def _keep(path: Path, data: str | bytes) -> None:
    """Write a file that only its owner may read."""
    path.touch(mode=0o600)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def card(public: Mapping[str, Any], now: datetime.datetime, **facts: Any) -> dict[str, Any]:
    """A reviewer's entry of the roster (PROTOCOL section 8) for a year from today, from a vault's public part; `facts` replace the rest."""
    said = {"affiliation": "None", "languages": ["English"], "groups": ["A", "B", "C", "D"], "ties": [], "record": RECORD, "paused": ""}
    return {**said, **term_of(now), **{key: public[key] for key in ("name", "sign", "find", "open")}, **facts}


def term_of(now: datetime.datetime) -> dict[str, str]:
    """A term of a year from today, without notice."""
    today, last = (day.strftime("%Y-%m-%d") for day in (now, now + datetime.timedelta(days=365)))
    return {"noticed": today, "from": today, "to": last, "ended": ""}


def told(ready: Mapping[str, Any]) -> str:
    """Return what a person reads when the demo is ready."""
    lines = [
        "",
        "  Tellsafe is running on this machine. It is a demonstration: nothing here is secret.",
        "",
        f"  1. Report something        {ready['intake']['url']}/",
        "  2. Read it as a reviewer   (each link works once; the passphrase unlocks the vault)",
        *(
            f"       {reviewer['name']:<16} {reviewer['url']}\n       {'':<16} passphrase {reviewer['passphrase']}"
            for reviewer in ready["reviewers"]
        ),
        f"  3. Come back for an answer {ready['intake']['url']}/return",
        "",
        f"  Without a browser:  ./tellsafe report --server {ready['intake']['url']} --text FILE",
        f"  Key files of stewards and an evaluator (report --as-evaluator):  {Path(ready['passphrase_file']).parent}",
        f"  Fingerprint of the programme:  {ready['fingerprint']}",
        "  Ctrl-C ends everything.",
        "",
    ]
    return "\n".join(lines)


def stop(children: Sequence[subprocess.Popen[str]]) -> None:
    """End every child: ask first, insist after STOP_SECONDS."""
    for child in reversed(children):
        child.terminate()
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            # Each child leads its own group, so what it started ends with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        if child.stdout:
            child.stdout.close()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Stopped


@contextlib.contextmanager
def _folder(data: str | None) -> Iterator[Path]:
    """The folder of the demo: the one asked for, which must be new or empty, or one that goes at the end."""
    if data is None:
        made = Path(tempfile.mkdtemp(prefix="tellsafe-demo-"))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    folder = Path(data).resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SystemExit(f"tellsafe: {folder} is not empty. The demo makes everything new: name another folder.")
    yield folder


def _vaults(folder: Path, names: Sequence[str]) -> list[tuple[str, Path]]:
    return [(name, folder / f"reviewer-{number}") for number, name in enumerate(names, 1)]


def _spawn(arguments: Sequence[str], log: Path) -> subprocess.Popen[str]:
    """Start `python -m …` with its complaints in a log file."""
    with log.open("ab") as complaints:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if arguments[0] == "review" else complaints,
            stderr=complaints,
            text=True,
            start_new_session=True,
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_server(url: str, child: subprocess.Popen[str], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if child.poll() is not None:
            raise Broken(f"the server ended at once:\n{_tail(log)}")
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if urllib3.request("GET", f"{url}/files/head.json", retries=False, timeout=5).status == 200:
                return
        time.sleep(0.1)
    raise Broken(f"the server did not answer within {START_SECONDS} s:\n{_tail(log)}")


def _first_json(child: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    """Return the first line of JSON a workstation prints."""
    assert child.stdout is not None
    until = time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as waiting:
        waiting.register(child.stdout, selectors.EVENT_READ)
        while waiting.select(max(0.0, until - time.monotonic())):
            line = child.stdout.readline()
            if line.startswith("{"):
                said: dict[str, Any] = json.loads(line)
                return said
            if not line:
                break
    raise Broken(f"a workstation did not start:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-40:])


def _wait(children: Sequence[subprocess.Popen[str]]) -> None:
    """Stay until a signal comes or a part ends by itself."""
    while all(child.poll() is None for child in children):
        time.sleep(0.5)
    raise Broken("a part of the demo ended by itself; its log is in the demo's folder")
