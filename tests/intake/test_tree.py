"""POST /tree (PROTOCOL 8): what is checked, what is kept, and that nothing sent there breaks or bloats the server."""

import copy
import datetime
import fcntl
import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.constants import BUNDLE_MAX, POSTING_BYTES
from crypto.errors import Malformed
from crypto.tree import verify_bundle
from intake import create_app, disk, publicfiles, segments, treefiles
from intake.config import Config
from intake.errors import SENTENCES
from intake.migrate import migrate
from oversight import publish, tree
from tests.intake.conftest import new_posting
from tests.intake.test_server import Server
from tests.intake.trees import PROGRAMME, SEEDS, admit, card, day, make, next_bundle, renew, roster_of, seed_of, signed_alone

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config(tmp_path, static) -> Config:
    made = Config.for_data(tmp_path / "data")
    make(made.tree)
    config = Config(data=made.data, tree=made.tree, static=static)
    migrate(config)
    return config


@pytest.fixture
def send(client):
    def send(body: bytes, kind: str = "application/json"):
        answer = client.post("/tree", data=body, content_type=kind)
        return answer.status_code, answer.get_data(as_text=True)

    return send


def held(config: Config) -> dict[str, bytes]:
    return {str(path.relative_to(config.tree)): path.read_bytes() for path in sorted(config.tree.rglob("*")) if path.is_file()}


STORED = (200, "stored")


def test_a_new_roster_is_served_at_once_and_the_old_one_stays(send, client, config, tmp_path):
    before = held(config)
    bundle = next_bundle(config.tree, tmp_path, admit)
    assert "Newly Admitted" not in client.get("/reviewers").text
    assert send(bundle) == STORED
    assert json.loads(client.get("/tree/bundle.json").data) == json.loads(bundle)
    after = held(config)
    assert {name: data for name, data in before.items() if name != "metadata/timestamp.json"}.items() <= after.items()
    for part, folder in (("metadata", "/tree/"), ("targets", "/tree/targets/")):
        for name, text in json.loads(bundle)[part].items():
            assert client.get(folder + name).data == text.encode()
    assert "Newly Admitted" in client.get("/reviewers").text
    assert "Newly Admitted" in client.get("/reviewers/history").text
    assert not list(config.tree.rglob("*.new"))


def test_files_are_dated_no_finer_than_a_week(send, config, tmp_path):
    assert send(next_bundle(config.tree, tmp_path, admit)) == STORED
    written = [path for path in config.tree.rglob("*.json") if path.name in ("timestamp.json", "2.roster.json", "2.root.json")]
    assert len(written) == 3
    for path in written:
        moment = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
        assert (moment.weekday(), moment.time()) == (0, datetime.time())


def test_what_is_served_has_the_ends_of_lines_that_were_sent(send, client, config, tmp_path):
    value = json.loads(next_bundle(config.tree, tmp_path, renew))
    value["metadata"]["timestamp.json"] += "\r\n"
    assert send(json.dumps(value).encode()) == STORED
    assert json.loads(client.get("/tree/bundle.json").data) == value


def test_the_same_again_and_the_timestamp_alone(send, config, tmp_path):
    bundle = next_bundle(config.tree, tmp_path, renew)
    assert send(bundle) == STORED
    after = held(config)
    assert after["metadata/timestamp.json"] == json.loads(bundle)["metadata"]["timestamp.json"].encode()
    assert send(bundle) == STORED
    assert held(config) == after


def test_an_active_workstation_may_renew(send, config, tmp_path):
    bundle = next_bundle(config.tree, tmp_path, lambda folder: renew(folder, seed_of(1)))
    assert send(bundle) == STORED
    assert held(config)["metadata/timestamp.json"] == json.loads(bundle)["metadata"]["timestamp.json"].encode()


@pytest.mark.parametrize(("hours", "written"), [(11.9, False), (12.1, True)])
def test_a_young_timestamp_over_the_same_snapshot_is_left(config, static, tmp_path, hours, written):
    other = Config.for_data(tmp_path / "other")
    make(other.tree, hours_ago=hours)
    app = create_app(Config(data=other.data, tree=other.tree, static=static))
    before = held(other)
    answer = app.test_client().post("/tree", data=next_bundle(other.tree, tmp_path, renew), content_type="application/json")
    assert answer.text == "stored"
    assert (held(other) != before) == written
    # Over another snapshot it is written however young the last one is.
    answer = app.test_client().post("/tree", data=next_bundle(other.tree, tmp_path, admit), content_type="application/json")
    assert answer.text == "stored"
    assert publicfiles.versions(other)["roster"] == 2


def test_the_older_one_is_refused_and_a_dropped_file_too(send, config, tmp_path):
    first = tree.bundle_of(config.tree)
    assert send(next_bundle(config.tree, tmp_path, admit)) == STORED
    after = held(config)
    assert send(first) == (400, "Nothing was stored: root is older than what was seen before (Rollback).")
    value = json.loads(next_bundle(config.tree, tmp_path, lambda folder: admit(folder, 8, "Another")))
    del value["metadata"]["3.roster.json"]
    assert send(json.dumps(value).encode()) == (400, "Nothing was stored: 3.roster.json is missing (Mismatch).")
    assert held(config) == after


def test_too_few_signatures_and_a_strangers_programme(send, config, tmp_path):
    before = held(config)
    value = json.loads(next_bundle(config.tree, tmp_path, admit))
    roster = json.loads(value["metadata"]["2.roster.json"])
    roster["signatures"] = roster["signatures"][:1]
    value["metadata"]["2.roster.json"] = json.dumps(roster)
    status, said = send(json.dumps(value).encode())
    assert (status, said) == (400, "Nothing was stored: roster has 1 good signatures of 2 (Threshold).")
    other = tmp_path / "stranger"
    tree.create_programme(other, [bytes([9]) * 32, bytes([8]) * 32], PROGRAMME, [], datetime.datetime.now(datetime.UTC))
    status, said = send(tree.bundle_of(other))
    assert status == 400 and "(Mismatch)" in said
    assert held(config) == before


def people(**facts):
    """A step: two stewards sign a roster on which the first reviewer's entry says something else."""

    def step(copy):
        first, *others = roster_of(copy)["reviewers"]
        tree.publish_roster(copy, SEEDS[:2], [first | facts, *others], datetime.datetime.now(datetime.UTC))

    return step


def suspended(*entries):
    """A step: one steward signs a list of suspensions, each (number of the reviewer, first day, last day)."""
    listed = [{"sign": card(n, "")["sign"], "from": day(a), "until": day(b), "reason": "CONDUCT"} for n, a, b in entries]
    return lambda copy: tree.publish_suspensions(copy, SEEDS[:1], listed, datetime.datetime.now(datetime.UTC))


def without_the_first(copy):
    tree.publish_roster(copy, SEEDS[:2], roster_of(copy)["reviewers"][1:], datetime.datetime.now(datetime.UTC))


ANOTHER_KEY = "a key of Reviewer 0 may never be replaced by another: revoke the entry and admit a new one"
REFUSED = {
    "leaves": (None, without_the_first, "Reviewer 0 may not leave the roster yet: entries stay for 18 months after their last day"),
    "renamed": (None, people(name="Somebody"), "the entry of Reviewer 0 may not change its name, kind or day of first notice"),
    "noticed": (None, people(noticed=day(-50)), "the entry of Reviewer 0 may not change its name, kind or day of first notice"),
    "find": (None, people(find=card(9, "")["find"]), ANOTHER_KEY),
    "open": (None, people(open=card(9, "")["open"]), ANOTHER_KEY),
    "term": (None, people(to=day(250)), "the term of Reviewer 0 may not grow under the old vetting record: "
             "vet again, then propose renew --new-term"),
    "back": (people(ended="CONDUCT"), people(ended=""), "the revocation of Reviewer 0 may not be taken back: admit a new entry"),
    "freed": (suspended((0, 0, 9)), suspended(), f"the suspension of Reviewer 0 runs until {day(9)} and may not be taken back"),
    "dropped": (suspended((0, -9, -1)), suspended(),
                f"the suspension of Reviewer 0 runs until {day(-1)} and stays listed for 28 days after it"),
    "again": (suspended((0, -9, -1)), suspended((0, -9, -1), (0, 0, 9)),
              f"Reviewer 0 was suspended until {day(-1)} already: now two stewards must pause or revoke"),
    "nobody": (None, suspended((9, 0, 9)), "a suspension names a key that is not on the roster"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_number_of_stewards_may_undo(send, config, tmp_path, name):
    first, second, sentence = REFUSED[name]
    if first:
        assert send(next_bundle(config.tree, tmp_path, first)) == STORED
    before = held(config)
    assert send(next_bundle(config.tree, tmp_path, second)) == (400, f"Nothing was stored: {sentence} (Mismatch).")
    assert held(config) == before
    # Nothing hangs: one steward suspends somebody else at once, and beside what was there.
    kept = {"again": [(0, -9, -1)], "dropped": [(0, -9, -1)], "freed": [(0, 0, 9)]}.get(name, [])
    assert send(next_bundle(config.tree, tmp_path, suspended(*kept, (1, 0, 13)))) == STORED


def test_what_comes_late_or_over_a_roster_of_another_form_is_taken(send, config, tmp_path, monkeypatch):
    """Signed and shown in time elsewhere, here only now: an admission, a revocation whose last day was yesterday, a longer term."""
    late = card(7, "Late", noticed=day(-20), **{"from": day(-10)})

    def step(copy):
        first, *others = roster_of(copy)["reviewers"]
        changed = [first | {"ended": "CONDUCT", "to": day(-1)}, *others, late]
        tree.publish_roster(copy, SEEDS[:2], changed, datetime.datetime.now(datetime.UTC))

    assert send(next_bundle(config.tree, tmp_path, step)) == STORED

    def older_form(*_):
        raise Malformed("a file with other names or types")

    assert send(next_bundle(config.tree, tmp_path, people(name="Somebody")))[0] == 400
    monkeypatch.setattr(treefiles, "parse_roster", older_form)
    assert send(next_bundle(config.tree, tmp_path, people(name="Somebody"))) == STORED


NOWHERE = {"length": 1, "hashes": {"sha256": "0" * 64}}
SECONDS = int(datetime.datetime.now(datetime.UTC).timestamp()) - 9
ALONE = {
    "a role nobody knows": (SEEDS[0], {"snapshot": lambda signed: signed["meta"].update({"site.json": {"version": 1}})}),
    "of a great version": (SEEDS[0], {"snapshot": lambda signed: signed["meta"].update({"site.json": {"version": 2**53 - 1}})}),
    "numbers that are not there": (SEEDS[0], {"snapshot": lambda signed: signed["meta"].update({"statistics.json": {"version": 1}})}),
    "files in a snapshot": (SEEDS[0], {"snapshot": lambda signed: signed.update(targets={"x.json": NOWHERE})}),
    "files in a reviewer's timestamp": (seed_of(1), {"timestamp": lambda signed: signed.update(targets=5)}),
    "a second file of a role": (SEEDS[0], {"suspensions": lambda signed: signed["targets"].update({"more.json": NOWHERE})}),
    "a day of fewer digits": (seed_of(1), {"timestamp": lambda signed: signed.update(expires=f"{day(7)}T0:00:00Z")}),
    "a version for each second": (SEEDS[0], {"suspensions": lambda signed: signed.update(version=SECONDS)}),
}


@pytest.mark.parametrize("name", ALONE)
def test_nothing_that_one_key_can_sign_stops_the_server(send, client, config, db, tmp_path, name):
    seed, edits = ALONE[name]
    answer = send(signed_alone(seed, tree.bundle_of(config.tree), **edits))
    assert (answer == STORED) != (name in ("numbers that are not there", "a day of fewer digits")) and answer[0] in (200, 400)
    for path in ("/tree/bundle.json", "/files/head.json", "/manifest.json"):
        assert client.get(path).status_code == 200
    assert "Reviewer 2" in client.get("/reviewers").text and "Suspensions" in client.get("/reviewers/history").text
    segments.tick_once(config, db)
    assert send(next_bundle(config.tree, tmp_path, admit)) == STORED
    assert "Newly Admitted" in client.get("/reviewers").text


def test_a_reviewer_may_only_lengthen_the_life_of_the_tree(send, config):
    """Else one key could keep everybody out by a timestamp that lapses at once, again and again."""
    before = held(config)
    soon = f"{datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    assert send(signed_alone(seed_of(1), tree.bundle_of(config.tree), timestamp=lambda signed: signed.update(expires=soon))) == STORED
    assert held(config) == before


def test_a_programme_without_time_between_ticks_stops_no_page(send, client, config, tmp_path):
    never = next_bundle(
        config.tree, tmp_path, lambda copy: tree.publish_programme(copy, SEEDS[:2], {"tick": 0}, datetime.datetime.now(datetime.UTC))
    )
    assert send(never) == STORED
    assert "Reviewer 2" in client.get("/reviewers").text


def test_the_same_name_with_other_bytes_is_409(send, config, tmp_path):
    """Two stewards make two second versions; the one that came first stays."""
    one = next_bundle(config.tree, tmp_path, admit)
    two = next_bundle(config.tree, tmp_path, lambda folder: admit(folder, 9, "Somebody Else"))
    value = json.loads(one)
    roster = config.tree / "metadata" / "2.roster.json"
    roster.write_text(json.loads(two)["metadata"]["2.roster.json"])
    before = held(config)
    assert send(json.dumps(value).encode()) == SENTENCES["TreeOther"]
    assert held(config) == before


def test_what_the_check_did_not_read_is_dropped(send, config, tmp_path):
    value = json.loads(next_bundle(config.tree, tmp_path, admit))
    value["metadata"] |= {"../../escape.json": "x", "9.statistics.json": "x", "7.roster.json": "x"}
    value["targets"] |= {"../escape.json": "x", "a" * 64 + ".roster.json": "x"}
    assert send(json.dumps(value).encode()) == STORED
    names = {Path(name).name for name in held(config)}
    assert not names & {"escape.json", "9.statistics.json", "7.roster.json", "a" * 64 + ".roster.json"}
    assert not list(config.data.glob("**/escape.json"))


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "multipart/form-data", ""])
def test_another_type_is_refused(send, config, tmp_path, kind):
    assert send(next_bundle(config.tree, tmp_path, admit), kind) == SENTENCES["TreeType"]


def test_the_two_bounds_are_apart(client, send, config, db):
    assert send(b" " * (BUNDLE_MAX + 1)) == SENTENCES["TreeLength"]
    assert send(b" " * BUNDLE_MAX)[0] == 400
    assert send(b" " * BUNDLE_MAX)[1].endswith("(Malformed).")
    answer = client.post("/tree", content_type="application/json", environ_overrides={"CONTENT_LENGTH": ""})
    assert (answer.status_code, answer.text) == SENTENCES["TreeLength"]
    for length in (POSTING_BYTES + 1, BUNDLE_MAX):
        answer = client.post("/post", data=b" " * length, content_type="application/octet-stream")
        assert (answer.status_code, answer.text) == SENTENCES["Length"]
    assert client.post("/post", data=new_posting(), content_type="application/octet-stream").text == "stored"


def test_only_one_check_at_a_time_also_against_the_stewards_desk(send, config, tmp_path):
    bundle = next_bundle(config.tree, tmp_path, admit)
    before = held(config)
    with publish.only_one(config.data):
        assert send(bundle) == SENTENCES["TreeBusy"]
    assert held(config) == before
    with (config.data / publish.LOCK).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert send(bundle) == SENTENCES["TreeBusy"]
    assert send(bundle) == STORED


def test_a_crash_at_any_write_leaves_the_old_tree_whole_and_a_retry_cures_it(send, client, config, tmp_path, monkeypatch):
    bundle = next_bundle(config.tree, tmp_path, admit)
    old = client.get("/tree/bundle.json").data
    write, count = disk.write, len(json.loads(bundle)["metadata"])
    for at in range(count):
        left = [at]

        def crash(path, data, week, left=left):
            if left[0] == 0:
                raise OSError("the power went")
            left[0] -= 1
            write(path, data, week)

        monkeypatch.setattr(treefiles.disk, "write", crash)
        status, _ = send(bundle)
        monkeypatch.setattr(treefiles.disk, "write", write)
        if status == 200:
            break
        assert status == 500
        assert client.get("/tree/bundle.json").data == old
        assert "Newly Admitted" not in client.get("/reviewers").text
    assert send(bundle) == STORED
    assert json.loads(client.get("/tree/bundle.json").data) == json.loads(bundle)


FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["1.root.json", "../../x", "\ud800"]))
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats())
ODD = st.one_of(PLAIN, TEXTS, st.just({}), st.just([]), st.just([[]]), st.just({"keyid": 1}))
NAMES = st.sampled_from(["metadata", "targets", "1.root.json", "signed"])
NESTED = st.recursive(ODD, lambda inner: st.dictionaries(NAMES, inner) | st.lists(inner)).map(lambda value: json.dumps(value).encode())
DEEP = st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000])


@FUZZ
@given(st.one_of(st.binary(max_size=400), NESTED, DEEP))
def test_no_body_breaks_the_server_and_nothing_refused_is_stored(send, config, body):
    before = held(config)
    status, said = send(body)
    assert status == 400
    assert said.startswith("Nothing was stored: ") and said.endswith(".")
    assert held(config) == before


def places(value, path=()):
    """Every path into nested JSON."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


@pytest.fixture
def start(config, tmp_path) -> tuple[bytes, Path]:
    """A bundle with a new roster, and a copy of the tree as it is before."""
    shutil.copytree(config.tree, tmp_path / "start")
    return next_bundle(config.tree, tmp_path, admit), tmp_path / "start"


@settings(FUZZ, max_examples=150)
@given(data=st.data())
def test_a_bundle_changed_anywhere_breaks_nothing_and_what_is_served_still_checks_out(send, config, start, data):
    """One value anywhere in the signed files is replaced by something odd."""
    bundle, kept = start
    value = json.loads(bundle)
    part = data.draw(st.sampled_from(["metadata", "targets"]))
    name = data.draw(st.sampled_from(sorted(value[part])))
    inside = json.loads(value[part][name])
    path = data.draw(st.sampled_from(list(places(inside))))
    odd = copy.deepcopy(data.draw(ODD))
    if path:
        holder = inside
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = odd
    else:
        inside = odd
    value[part][name] = json.dumps(inside)
    before = held(config)
    status, said = send(json.dumps(value).encode())
    assert status in (200, 400, 409), said
    if status == 200:
        verify_bundle(publicfiles.bundle(config), publicfiles.programme(config), datetime.datetime.now(datetime.UTC))
        shutil.rmtree(config.tree)
        shutil.copytree(kept, config.tree)
    assert held(config) == before


def test_both_workers_show_a_new_tree_at_once(tmp_path, static):
    data = tmp_path / "data"
    make(data / "tree")
    server = Server(data, static)
    try:
        bundle = next_bundle(data / "tree", tmp_path, admit)
        assert not any("Newly Admitted" in text for text in asked(server, "/reviewers"))
        assert (
            subprocess.run([sys.executable, "-c", POST, str(server.port)], input=bundle, capture_output=True, timeout=180).stdout
            == b"200 stored"
        )
        assert all("Newly Admitted" in text for text in asked(server, "/reviewers"))
        assert len(set(asked(server, "/manifest.json"))) == 1
        assert len(set(asked(server, "/tree/bundle.json"))) == 1
        assert server.log.read_text() == ""
    finally:
        server.kill()


def asked(server: Server, path: str) -> list[str]:
    """Many answers on connections of their own at once, so that both workers give some."""
    with ThreadPoolExecutor(12) as pool:
        return [body.decode() for _, _, body in pool.map(lambda _: server.ask("GET", path), range(48))]


POST = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=120)
connection.request("POST", "/tree", sys.stdin.buffer.read(), {"Content-Type": "application/json"})
answer = connection.getresponse()
print(answer.status, answer.read().decode(), end="")
"""


FRESH = """
import sys
from pathlib import Path
from intake import create_app
from intake.config import Config
data, tree, static, bundle = sys.argv[1:]
client = create_app(Config(Path(data), Path(tree), static=Path(static))).test_client()
client.get("/reviewers")
client.post("/tree", data=b"x", content_type="text/plain")
print([name in sys.modules for name in ("tuf", "crypto.tree", "cryptography")])
print(client.post("/tree", data=Path(bundle).read_bytes(), content_type="application/json").text)
walls = ("oversight", "review", "tools", "crypto.private", "crypto.sealing")
print("crypto.tree" in sys.modules, [name for name in sys.modules if name.startswith(walls)])
"""


def test_the_code_that_checks_signatures_is_loaded_by_the_first_tree_only(config, static, tmp_path):
    bundle = tmp_path / "bundle.json"
    bundle.write_bytes(next_bundle(config.tree, tmp_path, admit))
    given = [str(each) for each in (config.data, config.tree, static, bundle)]
    done = subprocess.run([sys.executable, "-c", FRESH, *given], cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.stdout.splitlines() == ["[False, False, False]", "stored", "True []"], done.stderr


def test_a_server_without_a_tree_says_in_one_sentence_what_to_do(tmp_path):
    command = [sys.executable, "-m", "intake", "--port", "0", "--data", str(tmp_path / "data")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"tellsafe: there is no signed tree in .*: put one there with `\./tellsafe steward publish .* --data .*`\n", done.stderr
    )


@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError])
def test_what_a_parser_trips_over_is_a_refusal(send, config, monkeypatch, error):
    def trip(*_):
        raise error("x")

    monkeypatch.setattr("crypto.tree.verify_bundle", trip)
    before = held(config)
    assert send(b"{}") == (400, "Nothing was stored: this is not a tree (Malformed).")
    assert held(config) == before
