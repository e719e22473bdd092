"""Public numbers from the statistician's folder to a tree, a server's folder and a running server; what stewards and `verify` refuse."""

import datetime
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tuf.ngclient import Updater

from crypto.encoding import canonical
from crypto.errors import Malformed, Mismatch, Rollback
from crypto.tree import STATISTICS, verify_bundle
from intake import create_app
from intake.config import Config
from intake.migrate import migrate
from oversight import metadata
from oversight.keys import signer
from oversight.metadata import next_versions, state_of, to_bundle
from oversight.proposal import Proposal, add_signatures, apply
from oversight.publish import load
from oversight.tree import create_programme
from tests.oversight.releases import FIRST, SECOND, STATISTICIAN, THIRD, Drawn, published, put, write
from tests.oversight.serving import serving, serving_app
from tests.oversight.test_tree import PROGRAMME, ROSTER, STEWARDS
from tests.oversight.test_verify import Site
from tests.oversight.world import Desk, Overheard, copied, edit, request
from tests.statistics.world import SIGNERS

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def named_once(founded_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    founded = copied(founded_once, tmp_path_factory.mktemp("named"), Overheard())
    founded.now = datetime.datetime.now(datetime.UTC)
    Path(founded.path("stat.json")).write_bytes(canonical({"statistician": STATISTICIAN}))
    founded.change("refresh", "--all")
    founded.change("programme", founded.path("stat.json"))
    return founded.folder


@pytest.fixture
def named(named_once: Path, tmp_path: Path, capsys: Any) -> Desk:
    """A programme that names its statistician, as of today."""
    desk = copied(named_once, tmp_path, capsys)
    desk.now = datetime.datetime.now(datetime.UTC)
    return desk


def folder_of(desk: Desk, files: Files) -> str:
    return write(desk.folder / "published", files)


def publish(desk: Desk, *drawn: Drawn) -> str:
    return desk.change("statistics", folder_of(desk, published(desk.programme, *drawn)))


def test_two_stewards_publish_what_they_have_read(named: Desk) -> None:
    files = published(named.programme, FIRST)
    code, said, complaint = named.propose("p.json", "statistics", folder_of(named, files))
    assert code == 0, complaint
    for line in (
        "New public numbers 2024-Y-T1: What reports were about, 2024-01-01 to 2024-12-31, epsilon 1.0",
        "Secrecy and testing: about 12 (8 to 16) [in the file: 12]",
        "Honesty and accountability: few or none [in the file: -2]",
        "All together: about 51 (45 to 57)",
        "published before, and unchanged: 0",
        "Signed file 1.statistics.json: good until",
    ):
        assert line in said, said
    shutil.copy(named.path("p.json"), named.path("q.json"))
    named.sign("p.json", "ada")
    assert "statistics needs 2 stewards, signed by Ada; 1 more must sign" in named.publish("p.json")[2]
    named.sign("q.json", "cem")
    assert named.run("combine", named.path("p.json"), named.path("q.json"), "--out", named.path("both.json"))[0] == 0
    assert "DO NOT SIGN" not in named.run("show", named.path("both.json"), "--tree", str(named.tree))[1]
    shutil.copytree(named.tree, named.folder / "data" / "tree")
    code, _, complaint = named.publish("both.json", "--data", named.path("data"))
    assert code == 0, complaint
    for folder in (named.tree, named.folder / "data" / "tree"):
        state = state_of(load(folder))
        assert (state.numbers_version, dict(state.number_files)) == (1, files)
        assert len(list((folder / "targets" / "statistics").iterdir())) == 5
    said = publish(named, FIRST, SECOND, THIRD)
    assert "Of 6 test reports, reviewers acknowledged 4" in said and "answered 2871 of the 2900 times" in said
    assert "New public numbers 2025-Y-T1" in said and "New public numbers 2024-Y-T1" not in said and "unchanged: 1" in said
    assert named.propose("p.json", "statistics", named.path("published"))[2].endswith("is published already\n")


def test_other_changes_leave_the_numbers_alone_and_new_stewards_sign_them_again(named: Desk) -> None:
    publish(named, FIRST)
    named.change("refresh", "--timestamp-only", by=("ben",))
    named.change("programme", named.path("stat.json"))
    assert state_of(load(named.tree)).numbers_version == 1
    named.change("stewards", *(named.path(f"{name}.key.public.json") for name in ("ada", "ben", "dee")))
    state = state_of(load(named.tree))
    assert (state.numbers_version, dict(state.number_files)) == (2, published(named.programme, FIRST))
    publish(named, FIRST, SECOND)
    assert "statistics" in named.run("propose", "refresh", "--all", "--tree", str(named.tree), "--out", named.path("p.json"))[1]


def changed(path: str, was: bytes, becomes: bytes) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        assert was in files[path]
        files[path] = files[path].replace(was, becomes)

    return change


REFUSED: dict[str, tuple[Callable[[bytes], Files], str]] = {
    "a number changed": (
        lambda p: spoiled(published(p, FIRST, SECOND), changed("statistics/2024-Y-T2.json", b"[6,11", b"[7,11")),
        "2024-Y-T2 is not a good release",
    ),
    "the CSV changed": (
        lambda p: spoiled(published(p, FIRST, SECOND), changed("statistics/2024-Y-T1.csv", b"A,12", b"A,13")),
        "statistics/2024-Y-T1.csv is not what the releases say",
    ),
    "an exact figure changed": (
        lambda p: spoiled(published(p, FIRST, THIRD), changed("statistics/2025-Y-T1.json", b'"leaks":1', b'"leaks":0')),
        "2025-Y-T1 is not a good release",
    ),
    "the CSV of exact figures changed": (
        lambda p: spoiled(published(p, FIRST, THIRD), changed("statistics/2025-Y-exact.csv", b"leaks,1", b"leaks,0")),
        "statistics/2025-Y-exact.csv is not what the releases say",
    ),
    "a release drawn again": (lambda p: published(p, ("T1", "2024-Y", (1, 2, 3, 4, 5))), "does not go on from the one that is published"),
    "a release taken away": (published, "does not go on from the one that is published"),
    "another's signature": (
        lambda p: published(p, FIRST, SECOND, signers={SECOND: stranger()}),
        "2024-Y-T2 is not signed by the statistician whom the programme names",
    ),
    "too early": (lambda p: published(p, FIRST, ("T1", "2098-Y", (1, 2, 3, 4, 5))), "2098-Y-T1 is published on 2099-02-14, and not before"),
    "another programme's": (lambda p: published(bytes(32), FIRST, SECOND), "is of another programme"),
    "a stray file": (lambda p: published(p, FIRST, SECOND) | {"statistics/x.csv": b"1"}, "x.csv is not what the releases say"),
}


def spoiled(files: Files, change: Callable[[Files], None]) -> Files:
    change(files)
    return files


def stranger() -> tuple[str, Callable[[bytes], bytes]]:
    return SIGNERS[0].verify_key.encode().hex(), lambda message: SIGNERS[0].sign(message).signature


@pytest.mark.parametrize("case", REFUSED)
def test_stewards_cannot_propose_what_is_wrong(named: Desk, case: str) -> None:
    publish(named, FIRST)
    make, sentence = REFUSED[case]
    code, _, complaint = named.propose("p.json", "statistics", folder_of(named, make(named.programme)))
    assert (code, sentence in complaint) == (1, True), complaint


def test_a_proposal_whose_numbers_were_changed_on_the_way_is_none(named: Desk) -> None:
    assert named.propose("p.json", "statistics", folder_of(named, published(named.programme, FIRST)))[0] == 0

    def change(value: dict[str, dict[str, str]]) -> None:
        name = next(name for name in value["targets"] if name.endswith(".csv"))
        value["targets"][name] = value["targets"][name].replace("A,12", "A,13")

    edit(named.path("p.json"), change)
    assert "not the ones that would be signed" in named.run("show", named.path("p.json"), "--tree", str(named.tree))[2]


def test_a_folder_without_a_ledger_is_none(named: Desk) -> None:
    assert "has no ledger.jsonl" in named.propose("p.json", "statistics", write(named.folder / "empty", {}))[2]


# A running server


@pytest.fixture
def server(named: Desk, tmp_path: Path) -> Iterator[tuple[str, FlaskClient, Config]]:
    data = tmp_path / "own"
    shutil.copytree(named.tree, data / "tree")
    config = Config.for_data(data)
    migrate(config)
    client = create_app(config).test_client()
    with serving_app(client) as url:
        yield url, client, config


def posted(desk: Desk, url: str, *drawn: Drawn) -> None:
    assert desk.propose("n.json", "statistics", folder_of(desk, published(desk.programme, *drawn)))[0] == 0
    desk.sign("n.json", "ada", "ben")
    code, said, complaint = desk.publish("n.json", "--server", url)
    assert (code, "answered: stored" in said) == (0, True), complaint


def test_a_running_server_takes_and_keeps_them_and_the_bundle_does_not_grow(
    named: Desk, server: tuple[str, FlaskClient, Config], tmp_path: Path
) -> None:
    url, client, config = server
    before = json.loads(client.get("/tree/bundle.json").data)
    posted(named, url, FIRST)
    posted(named, url, FIRST, SECOND, THIRD)
    assert load(config.tree) == load(named.tree)
    bundle = json.loads(client.get("/tree/bundle.json").data)
    assert not any("statistics" in name for part in bundle.values() for name in part)
    assert len(bundle["metadata"]) == len(before["metadata"]) and bundle["targets"].keys() == before["targets"].keys()
    # python-tuf's own client downloads a release.
    (tmp_path / "client").mkdir()
    root = (config.tree / "metadata" / "1.root.json").read_bytes()
    updater = Updater(str(tmp_path / "client"), f"{url}/tree/", str(tmp_path / "client"), f"{url}/tree/targets/", bootstrap=root)
    updater.refresh()
    for path, data in published(named.programme, FIRST, SECOND, THIRD).items():
        info = updater.get_targetinfo(path)
        assert info is not None
        assert Path(updater.download_target(info, str(tmp_path / "one"))).read_bytes() == data
    # Another steward's machine fetches them, and a change of the roster goes over the same server without them.
    code, _, complaint = named.run("fetch", "--server", url, "--fingerprint", named.programme.hex(), "--tree", named.path("copy"))
    assert code == 0, complaint
    assert state_of(load(Path(named.path("copy")))).number_files == state_of(load(named.tree)).number_files
    assert named.propose("r.json", "refresh", "--all")[0] == 0
    named.sign("r.json", "ada", "ben")
    assert named.publish("r.json", "--server", url)[0] == 0
    code, said, complaint = named.run("verify", url, "--fingerprint", named.programme.hex())
    assert code == 0, complaint
    assert "release 2024-Y-T1 (2024-01-01 to 2024-12-31, 5 cells, epsilon 1.0): drawn by Stat, published by Ada, Ben" in said
    assert "release 2025-Y-T1" in said and said.count("ok  release ") == 3
    assert "numbers: 3 releases, each once" in said


def test_a_server_refuses_a_tree_whose_numbers_it_would_lack_or_lose(named: Desk, server: tuple[str, FlaskClient, Config]) -> None:
    url, client, config = server
    posted(named, url, FIRST)
    old = to_bundle(load(named.tree))
    publish(named, FIRST, SECOND)
    whole = json.loads(to_bundle(load(named.tree), numbers=True))

    def said(value: dict[str, dict[str, str]]) -> tuple[int, str]:
        found = client.post("/tree", data=json.dumps(value), content_type="application/json")
        return found.status_code, found.text

    before = load(config.tree)
    without = json.loads(json.dumps(whole))
    del without["metadata"]["2.statistics.json"]
    assert said(without) == (400, "Nothing was stored: 2.statistics.json is missing (Mismatch).")
    for name in [name for name in whole["targets"] if name.endswith("T2.csv")]:
        without = json.loads(json.dumps(whole))
        del without["targets"][name]
        assert said(without) == (400, f"Nothing was stored: {name} is missing (Mismatch).")
        without["targets"][name] = "other"
        assert said(without)[1] == "Nothing was stored: a file is not the one promised (Mismatch)."
    signatures = json.loads(json.dumps(whole))
    one = json.loads(signatures["metadata"]["2.statistics.json"])
    one["signatures"].pop()
    signatures["metadata"]["2.statistics.json"] = json.dumps(one)
    assert said(signatures) == (400, "Nothing was stored: statistics has 1 good signatures of 2 (Threshold).")
    assert load(config.tree) == before
    # What the server holds already need not be sent again.
    for name in [name for name in whole["targets"] if name.endswith("Y-T1.json")]:
        del whole["targets"][name]
    assert said(whole) == (200, "stored")
    assert said(json.loads(old))[0] == 400


def test_readers_never_look_at_them(named: Desk) -> None:
    """A bundle with the numbers' version in its snapshot and nothing else of them is whole for everybody but those who publish."""
    publish(named, FIRST)
    tree = verify_bundle(to_bundle(load(named.tree)), named.programme, named.now)
    assert STATISTICS not in tree.versions and not tree.lacking
    whole = json.loads(to_bundle(load(named.tree), numbers=True))
    whole["metadata"]["1.statistics.json"] = "rubbish"
    assert verify_bundle(json.dumps(whole).encode(), named.programme, named.now).versions == tree.versions
    with pytest.raises(Malformed):
        verify_bundle(json.dumps(whole).encode(), named.programme, named.now, statistics=True)


@pytest.mark.parametrize("path", ["statistics/../x.json", "statistics/a/b.json", "roster.json", "statistics/.json", "statistics/x.html"])
def test_the_role_speaks_for_nothing_else(named: Desk, path: str) -> None:
    create_programme(named.folder / "other", STEWARDS, {**PROGRAMME, "statistician": STATISTICIAN}, ROSTER, named.now)
    held = load(named.folder / "other")
    state = state_of(held)
    proposal = Proposal(*next_versions(state, {}, named.now, numbers={path: b"x"}))
    for seed in STEWARDS[:2]:
        proposal, _ = add_signatures(proposal, signer(seed), state)
    body = to_bundle(apply(held, proposal), numbers=True)
    with pytest.raises(Mismatch, match="does not speak for"):
        verify_bundle(body, state.programme, named.now, statistics=True)


def test_numbers_that_have_lapsed_stop_nothing_but_are_said_so(named: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    named.change("admit", str(request(named.folder, "Ana", 1, named.programme)), named.path("record.toml"))
    monkeypatch.setitem(metadata.LIFE, STATISTICS, datetime.timedelta(days=1))
    publish(named, FIRST)
    monkeypatch.undo()
    named.now += datetime.timedelta(days=2)
    named.change("suspend", "Ana", "--reason", "CONFLICT", by=("cem",))
    site = Site(named.tree)
    with serving(site.files.get) as site.url:
        copy = ("--fingerprint", site.fingerprint, "--tree", named.path("copy"))
        code, said, complaint = named.run("fetch", "--server", site.url, *copy)
        assert (code, "NOTE: the signatures under the public numbers have lapsed" in said) == (0, True), complaint
        assert "statistics 1 has lapsed" in verified(named, site)[2]
        changed = next(name for name in site.files if name.endswith("T1.csv"))
        site.files[changed] += b"x"
        assert "is missing or not the file that was signed" in named.run("fetch", "--server", site.url, *copy)[2]
    named.change("refresh")
    assert state_of(load(named.tree)).numbers_version == 2


def test_a_snapshot_may_not_go_back_or_drop_them(named: Desk) -> None:
    without = to_bundle(load(named.tree))
    publish(named, FIRST)
    body = to_bundle(load(named.tree), numbers=True)
    for seen in (0, 1):
        assert verify_bundle(body, named.programme, named.now, {STATISTICS: seen}, statistics=True).versions[STATISTICS] == 1
    # The last two leave the metadata out: only the snapshot says which version there is.
    for old, seen in ((body, 2), (to_bundle(load(named.tree)), 2), (without, 1)):
        with pytest.raises(Rollback):
            verify_bundle(old, named.programme, named.now, {STATISTICS: seen}, statistics=True)


# verify


def rewritten(suffix: str, was: bytes, becomes: bytes) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        path = next(path for path in site.files if path.endswith(suffix))
        assert was in site.files[path]
        site.files[path] = site.files[path].replace(was, becomes)

    return change


def gone(suffix: str) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        del site.files[next(path for path in site.files if path.endswith(suffix))]

    return change


def unsigned(site: Site) -> None:
    value = json.loads(site.files["/tree/1.statistics.json"])
    value["signatures"].pop()
    site.files["/tree/1.statistics.json"] = json.dumps(value).encode()


TAMPERED: dict[str, tuple[Callable[[Site], None], str]] = {
    "a number": (rewritten("2024-Y-T1.json", b"[12,", b"[13,"), "statistics/2024-Y-T1.json is not the file that was signed"),
    "a CSV": (rewritten("2024-Y-T1.csv", b"A,12", b"A,13"), "statistics/2024-Y-T1.csv is not the file that was signed"),
    "the ledger": (rewritten("ledger.jsonl", b"1.0", b"0.1"), "statistics/ledger.jsonl is not the file that was signed"),
    "a release gone": (gone("2024-Y-T1.json"), "2024-Y-T1.json is missing on the server"),
    "an old version gone": (gone("/1.statistics.json"), "/tree/1.statistics.json is missing on the server"),
    "one signature": (unsigned, "statistics 1 has 1 good signatures of 2"),
}


@pytest.fixture
def site(named: Desk) -> Iterator[Site]:
    publish(named, FIRST)
    publish(named, FIRST, SECOND)
    made = Site(named.tree)
    with serving(made.files.get) as made.url:
        yield made


def verified(desk: Desk, site: Site) -> tuple[int, str, str]:
    return desk.run("verify", site.url, "--fingerprint", site.fingerprint)


@pytest.mark.parametrize("case", TAMPERED)
def test_verify_finds_what_was_tampered_with(named: Desk, site: Site, case: str) -> None:
    assert verified(named, site)[0] == 0
    change, sentence = TAMPERED[case]
    change(site)
    code, _, complaint = verified(named, site)
    assert (code, sentence in complaint) == (1, True), complaint


@pytest.mark.parametrize("later", [[("T1", "2024-Y", (1, 2, 3, 4, 5))], []])
def test_verify_finds_stewards_who_publish_a_second_draw(named: Desk, later: list[Drawn]) -> None:
    """Two stewards by another program: the desk would not."""
    tree = named.folder / "other"
    create_programme(tree, STEWARDS, {**PROGRAMME, "statistician": STATISTICIAN}, ROSTER, named.now)
    for drawn in ([FIRST], later):
        put(tree, STEWARDS[:2], published(state_of(load(tree)).programme, *drawn), named.now)
    site = Site(tree)
    with serving(site.files.get) as site.url:
        code, _, complaint = verified(named, site)
    assert (code, complaint) == (1, "tellsafe: statistics 2: the ledger does not go on from the one before\n")
