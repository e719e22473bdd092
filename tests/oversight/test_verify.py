"""`verify` against good servers and against servers with one thing wrong each: the sentence names it, the exit code is 1."""

import datetime
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tuf.ngclient import Updater

from crypto.encoding import canonical
from crypto.sealing import make_posting
from crypto.segment import build_segment, encode, segment_hash
from intake import create_app
from intake.config import Config
from intake.migrate import migrate
from intake.segments import tick_once
from oversight import keys, tree
from oversight.__main__ import main
from oversight.keys import signer
from oversight.metadata import next_versions, state_of, to_bundle
from oversight.proposal import Proposal, add_signatures, apply
from oversight.publish import load, store
from tests.oversight.serving import serving, serving_app
from tests.oversight.test_tree import PROGRAMME, ROSTER, STEWARDS
from tests.oversight.world import NOW, PASSPHRASE, Desk, Overheard, copied, request

PAGES = {"/": b"<h1>Start</h1>", "/report": b"<h1>Report</h1>", "/return": b"<h1>Return</h1>", "/static/a.css": b"body{}"}


class Site:
    """A whole server in memory: the tree, pages with their manifest, two segments. `files` may be changed at will."""

    def __init__(self, folder: Path) -> None:
        held = load(folder)
        programme = state_of(held).programme
        self.files: dict[str, bytes] = {f"/tree/{name}": text.encode() for name, text in held["metadata"].items()}
        self.files |= {f"/tree/targets/{name}": text.encode() for name, text in held["targets"].items()}
        self.files["/tree/bundle.json"] = to_bundle(held)
        self.files |= PAGES
        hashes = {path: hashlib.sha256(data).hexdigest() for path, data in PAGES.items()}
        self.files["/manifest.json"] = json.dumps({"v": 1, "files": hashes}).encode()
        letters = [bytes([number]) * 16384 for number in (1, 2, 3)]
        first, _ = build_segment(programme, 1, "2026-W46", bytes(32), letters[:2])
        second, _ = build_segment(programme, 2, "2026-W47", segment_hash(first), letters[2:])
        self.files |= {"/files/clues/2026-W46": encode(first), "/files/clues/2026-W47": encode(second)}
        head = {"v": 1, "number": 2, "hash": segment_hash(second).hex(), "weeks": ["2026-W46", "2026-W47"], "effort": 0, "tick": 60}
        self.files["/files/head.json"] = canonical(head)
        self.url, self.fingerprint = "", programme.hex()


@pytest.fixture(scope="module")
def history_once(founded_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two reviewers, one suspended, one revoked, a steward replaced."""
    founded = copied(founded_once, tmp_path_factory.mktemp("history"), Overheard())
    for name, number in (("Ana", 1), ("Bob", 2)):
        founded.change("admit", str(request(founded.folder, name, number, founded.programme)), founded.path("record.toml"))
    founded.change("suspend", "Ana", "--reason", "CONFLICT", by=("cem",))
    founded.change("revoke", "Bob", "--reason", "RESIGNED")
    founded.change("stewards", *(founded.path(f"{name}.key.public.json") for name in ("ada", "ben", "dee")))
    founded.change("refresh", "--timestamp-only", by=("dee",))
    return founded.folder


@pytest.fixture
def history(history_once: Path, tmp_path: Path, capsys: Any) -> Iterator[tuple[Desk, Site]]:
    desk = copied(history_once, tmp_path, capsys)
    site = Site(desk.tree)
    with serving(site.files.get) as site.url:
        yield desk, site


def verified(desk: Desk, site: Site) -> tuple[int, str, str]:
    return desk.run("verify", site.url, "--fingerprint", site.fingerprint)


def test_a_good_server(history: tuple[Desk, Site]) -> None:
    code, said, complaint = verified(*history)
    assert (code, complaint) == (0, "")
    for line in (
        "root 1: signed by Ada, Cem",
        "root 2: signed by Ada, Ben",
        "roster 2 (snapshot 2, 2026-11-21): signed by Ada, Ben",
        "Admitted: Ana (Example University)",
        "barred for Third Lab until 2027-06-30",
        "suspensions 2 (snapshot 4, 2026-11-21): signed by Cem",
        "Suspended: Ana from 2026-11-21 until 2026-12-04",
        "Revoked: Bob, last day 2026-11-25 (resigned)",
        "No longer may sign for the stewards: Cem",
        "timestamp 502: signed by Dee; about 0.0 days old, good for 7.0 more",
        "today: Ana is suspended",
        "suspension: Ana from 2026-11-21 until 2026-12-04 (a conflict of interest)",
        "none ever used for another name",
        "pages: 4 pages and files are the ones manifest.json promises",
        "segments: 2 kept, hash chain unbroken from 1 to 2",
        "Everything checked: Example programme",
    ):
        assert line in said, f"{line}\n{said}"


def replaced(path: str, was: bytes, becomes: bytes) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        assert was in site.files[path]
        site.files[path] = site.files[path].replace(was, becomes)

    return change


def without(path: str) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        del site.files[path]

    return change


def old_roster_changed(site: Site) -> None:
    """A text of long ago is rewritten: nobody who only looks at the newest state would notice."""
    signed = json.loads(site.files["/tree/2.roster.json"])["signed"]
    name = signed["targets"]["roster.json"]["hashes"]["sha256"]
    replaced(f"/tree/targets/{name}.roster.json", b"Example University", b"Example Lab University")(site)


def old_signature_lost(site: Site) -> None:
    value = json.loads(site.files["/tree/3.roster.json"])
    value["signatures"].pop()
    site.files["/tree/3.roster.json"] = json.dumps(value).encode()


def hidden_root(site: Site) -> None:
    site.files["/tree/99.root.json"] = b"{}"
    count = sum(path.endswith(".root.json") for path in site.files)
    site.files[f"/tree/{count}.root.json"] = b"{}"


def head_of_another_chain(site: Site) -> None:
    head = json.loads(site.files["/files/head.json"])
    site.files["/files/head.json"] = canonical({**head, "hash": "11" * 32})


FORGED = rb'"/\u001b[2J\u001b[Hok  segments\nEverything checked: Example programme\u001b[8m"'
TAMPERED: dict[str, tuple[Callable[[Site], None], str]] = {
    "another fingerprint": (lambda site: setattr(site, "fingerprint", "22" * 32), "not the one of this fingerprint"),
    "no bundle": (without("/tree/bundle.json"), "/tree/bundle.json is missing"),
    "an old roster rewritten": (old_roster_changed, "roster.json of version 2 is not the file that was signed"),
    "an old version gone": (without("/tree/2.snapshot.json"), "snapshot 2 is not shown here; Ada, Ben signed 3."),
    "an old signature gone": (old_signature_lost, "roster 3 has 1 good signatures of 2"),
    "single files differ": (replaced("/tree/1.root.json", b"{", b"{ "), "in the bundle is not"),
    "a hidden root": (hidden_root, "leaves it out of the bundle"),
    "a changed page": (replaced("/report", b"Report", b"Rep0rt"), "the page /report is not the one"),
    "a page left out": (replaced("/manifest.json", b'"/report"', b'"/rep"'), "leaves out /report"),
    "a page of another host": (replaced("/manifest.json", b'"/static/a.css"', b'"@evil.example/a"'), "no path of a page on this server"),
    "a page that writes on the screen": (replaced("/manifest.json", b'"/static/a.css"', FORGED), "no path of a page on this server"),
    "a week that writes on the screen": (replaced("/files/head.json", b'"2026-W46"', FORGED), "head.json is not in its form"),
    "no manifest": (without("/manifest.json"), "/manifest.json is missing"),
    "a changed clue": (replaced("/files/clues/2026-W46", b"\x01" * 40, b"\x00" * 40), "does not follow"),
    "a segment gone": (replaced("/files/head.json", b'"2026-W46","2026-W47"', b'"2026-W46"'), "not the one of head.json"),
    "another head": (head_of_another_chain, "not the one of head.json"),
    "a changed bundle": (replaced("/tree/bundle.json", b'\\"until\\":\\"2026-12-04', b'\\"until\\":\\"2026-11-21'), "Mismatch"),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_tampered_server(history: tuple[Desk, Site], case: str) -> None:
    change, sentence = TAMPERED[case]
    change(history[1])
    code, _, complaint = verified(*history)
    assert code == 1
    assert sentence in complaint, complaint
    assert complaint.count("\n") == 1
    assert complaint[:-1].isprintable()


def jump(desk: Desk, number: int) -> None:
    """Cem alone publishes a snapshot of a number far ahead, by another program; the server takes it, and the stewards go on from there."""
    held = load(desk.tree)
    state = state_of(held)
    state.snapshot.version = number - 1
    cem = keys.open_key(PASSPHRASE, Path(desk.path("cem.key")).read_bytes())
    made, texts = next_versions(state, {}, desk.now, again=["snapshot", "timestamp"])
    proposal, _ = add_signatures(Proposal(made, texts), keys.signer_of(cem), state)
    store(desk.tree, apply(held, proposal))


def test_one_steward_skips_versions(founded: Desk) -> None:
    """Nobody can bring them back: it is said who did it, all else is checked, and it stays wrong."""
    jump(founded, 1_700_000_000)
    founded.change("admit", str(request(founded.folder, "Ana", 1, founded.programme)), founded.path("record.toml"))
    site = Site(founded.tree)
    asked: list[str] = []
    with serving(lambda path: asked.append(path) or site.files.get(path)) as site.url:
        code, said, complaint = verified(founded, site)
    assert (code, complaint.count("\n")) == (1, 1)
    assert "snapshot 2 to 1699999999 are not shown here; Cem signed 1700000000. Either" in complaint
    for line in ("WRONG: snapshot 2 to", "Admitted: Ana", "pages: 4 pages", "segments: 2 kept"):
        assert line in said, f"{line}\n{said}"
    assert "Everything checked" not in said and len(asked) < 60


def test_a_tree_that_was_left_alone(history: tuple[Desk, Site]) -> None:
    desk, site = history
    desk.now = NOW + datetime.timedelta(days=5)
    assert "NOTE: it lapses within 2 days" in verified(desk, site)[1]
    desk.now = NOW + datetime.timedelta(days=8)
    code, _, complaint = verified(desk, site)
    assert (code, "timestamp has expired (Expired)" in complaint) == (1, True)


def test_nobody_answers(desk: Desk) -> None:
    code, _, complaint = desk.run("verify", "http://127.0.0.1:9", "--fingerprint", "00" * 32)
    assert (code, "could not be reached" in complaint) == (1, True)


def wrong_history(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Two stewards publish by another program what the desk would refuse."""
    held = load(folder)
    state = state_of(held)
    roster = json.loads(json.dumps(state.contents["roster"]))
    change(roster)
    proposal = Proposal(*next_versions(state, {"roster": roster}, NOW))
    for seed in STEWARDS[:2]:
        proposal, _ = add_signatures(proposal, signer(seed), state)
    store(folder, apply(held, proposal))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda roster: roster["reviewers"].pop(), "Reviewer 3 may not leave the roster yet"),
        (lambda roster: roster["reviewers"][0].update(name="Eva"), "may not change its name"),
        (lambda roster: roster["reviewers"][0].update(find="77" * 31 + "01"), "may never be replaced by another"),
    ],
)
def test_stewards_who_break_their_rules(desk: Desk, change: Callable[[dict[str, Any]], None], sentence: str) -> None:
    tree.create_programme(desk.tree, STEWARDS, PROGRAMME, ROSTER, NOW)
    wrong_history(desk.tree, change)
    site = Site(desk.tree)
    with serving(site.files.get) as site.url:
        code, _, complaint = verified(desk, site)
    assert (code, sentence in complaint) == (1, True), complaint


def test_a_key_that_comes_back_under_another_name(desk: Desk) -> None:
    """Each roster by itself is in order; only the whole history shows it. The first entry left long enough ago to be gone."""
    long_ago = {**ROSTER[0], "noticed": "2020-01-01", "from": "2020-01-01", "to": "2020-12-01", "ended": "RESIGNED"}
    tree.create_programme(desk.tree, STEWARDS, PROGRAMME, [long_ago, *ROSTER[1:]], NOW)
    wrong_history(desk.tree, lambda roster: roster["reviewers"].pop(0))
    more = {"name": "Eva", "noticed": "2026-11-21", "from": "2026-11-21", "paused": "", "ended": ""}
    wrong_history(desk.tree, lambda roster: roster["reviewers"].append({**roster["reviewers"][0], **ROSTER[0], **more,
                  "record": roster["reviewers"][0]["record"]}))  # fmt: skip
    site = Site(desk.tree)
    with serving(site.files.get) as site.url:
        code, _, complaint = verified(desk, site)
    assert (code, complaint) == (1, "tellsafe: a key of Reviewer 1 is used again for Eva\n")


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The real server on a tree of today, with one segment: (address, fingerprint)."""
    now = datetime.datetime.now(datetime.UTC)
    config = Config.for_data(tmp_path / "data")
    config.data.mkdir()
    fingerprint = tree.create_programme(config.tree, STEWARDS, PROGRAMME, ROSTER, now)
    tree.publish_roster(config.tree, STEWARDS[1:], ROSTER, now)
    migrate(config)
    client = create_app(config).test_client()
    assert (
        client.post("/post", data=make_posting(bytes.fromhex(fingerprint), []), content_type="application/octet-stream").status_code == 200
    )
    assert tick_once(config) == 1

    def answer(path: str) -> bytes | None:
        found = client.get(path)
        return found.data if found.status_code == 200 else None

    with serving(answer) as url:
        yield url, fingerprint


def test_the_real_server_verifies(intake: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    url, fingerprint = intake
    assert main(["verify", url, "--fingerprint", fingerprint]) == 0
    assert "segments: 1 kept, hash chain unbroken from 1 to 1" in capsys.readouterr().out


def test_python_tufs_client_reads_the_real_server(intake: tuple[str, str], tmp_path: Path) -> None:
    url, _ = intake
    (tmp_path / "client").mkdir()
    root = (tmp_path / "data" / "tree" / "metadata" / "1.root.json").read_bytes()
    updater = Updater(str(tmp_path / "client"), f"{url}/tree/", str(tmp_path / "client"), f"{url}/tree/targets/", bootstrap=root)
    updater.refresh()
    for name in ("roster.json", "programme.json", "suspensions.json"):
        info = updater.get_targetinfo(name)
        assert info is not None
        assert Path(updater.download_target(info, str(tmp_path / name))).stat().st_size == info.length


def test_publishing_to_the_real_server(founded: Desk, tmp_path: Path) -> None:
    """What one desk publishes through POST /tree, another fetches, and every version is there to verify."""
    founded.now = datetime.datetime.now(datetime.UTC)
    founded.change("refresh", "--all")
    data = tmp_path / "own"
    shutil.copytree(founded.tree, data / "tree")
    config = Config.for_data(data)
    migrate(config)
    founded.change("refresh", "--timestamp-only")  # the server does not have this one
    client = create_app(config).test_client()
    asked = str(request(founded.folder, "Ana", 1, founded.programme))
    assert founded.propose("p.json", "admit", asked, founded.path("record.toml"))[0] == 0
    founded.sign("p.json", "ada", "ben")
    with serving_app(client) as url:
        code, said, complaint = founded.publish("p.json", "--server", url)
        assert (code, "answered: stored" in said) == (0, True), complaint
        assert load(data / "tree") == load(founded.tree)
        assert founded.run("verify", url, "--fingerprint", founded.programme.hex())[0] == 0
