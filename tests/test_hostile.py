"""A server that serves the real pages and a manipulated tree, in the spirit of python-tuf's repository simulator: one attack each.

For every attack both halves refuse by the same error name: Python directly, the other by the sentence that stands for that name on the
reporter's page in a real Firefox, which then sends nothing. `./tellsafe verify` says a sentence and ends with 1.
"""

import datetime
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from crypto import errors
from crypto.private.keyfile import generate_reviewer_keys
from crypto.roster import quarter_of
from crypto.tree import verify_bundle
from intake import create_app
from intake.config import Config
from intake.migrate import migrate
from oversight import tree
from oversight.__main__ import main
from oversight.keys import signer
from oversight.metadata import Files, first_versions, next_versions, state_of, target_name
from oversight.publish import load
from review import sync
from review.desk import Desk
from review.post import connect
from tests.harness.firefox import Firefox
from tests.harness.levels import ONION
from tests.journeys.test_sealed_post import fill_report, send_report
from tools import demo as made

NOW = datetime.datetime.now(datetime.UTC)
STEWARDS = [bytes([number]) * 32 for number in (1, 2, 3)]
NEW, STRANGER = bytes([4]) * 32, bytes([9]) * 32
NAMES = ("Ana Marković", "Kwame Boateng", "Lin Yue", "Tom Ties")
# What the page says of an error name, and says of no other (crypto/browser/net.ts).
SAID = {
    "Expired": "The signed list of reviewers is out of date.",
    "Threshold": "The list of reviewers is not signed by enough stewards.",
    "Mismatch": "The server’s files do not fit together.",
    "Rollback": "The server shows an older list of reviewers than it should.",
    "Malformed": "A file of the server is not as it must be.",
}


def public(seed: bytes) -> str:
    return str(signer(seed).public_key.keyval["public"])


def card(name: str, **facts: Any) -> dict[str, Any]:
    keys = generate_reviewer_keys([quarter_of(NOW)])
    return made.card({"name": name, **keys.public()}, NOW, **facts)


@dataclass
class Hostile:
    """A repository in memory: what is honest now, and ways to make what is not. `files` is what it serves."""

    files: Files
    fingerprint: str = ""

    def content(self, role: str) -> dict[str, Any]:
        """A fresh copy of a target file as it is now."""
        value: dict[str, Any] = json.loads(json.dumps(state_of(self.files).contents[role]))
        return value

    def next(
        self,
        contents: Mapping[str, Mapping[str, Any]],
        by: Sequence[bytes],
        *,
        only: Mapping[str, Sequence[bytes]] | None = None,
        stewards: Sequence[bytes] = (),
        now: datetime.datetime = NOW,
        again: Sequence[str] = (),
        edit: Callable[[dict[str, Any]], Any] = lambda made: None,
    ) -> Files:
        """The next versions with other contents, signed by `by` but for roles named in `only`, whoever may sign what."""
        made, texts = next_versions(state_of(self.files), contents, now, [public(seed) for seed in stewards], again=again)
        edit(made)
        for name, metadata in made.items():
            role = name.removesuffix(".json").rpartition(".")[2]
            for seed in (only or {}).get(role, by):
                metadata.sign(signer(seed), append=True)
        return {
            "metadata": {**self.files["metadata"], **{name: each.to_bytes().decode() for name, each in made.items()}},
            "targets": {**self.files["targets"], **texts},
        }


@dataclass
class Site:
    """The real server's pages; under /tree what `files` holds. `posts` are the addresses that anything was posted to."""

    honest: Files
    fingerprint: str
    files: Files
    port: int = 0
    posts: list[str] = field(default_factory=list)

    @property
    def bundle(self) -> bytes:
        return json.dumps(self.files, ensure_ascii=False).encode()

    def at(self, path: str) -> bytes | None:
        """What stands at an address below /tree/."""
        name = path.removeprefix("/tree/")
        if name == "bundle.json":
            return self.bundle
        text = self.files["targets"].get(name.removeprefix("targets/")) if "/" in name else self.files["metadata"].get(name)
        return None if text is None else text.encode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A programme of three stewards and four reviewers, at its second roster, behind a server that can serve anything in its place."""
    config = Config.for_data(tmp_path_factory.mktemp("hostile"))
    people = [card(name) for name in NAMES[:3]]
    before = NOW - datetime.timedelta(days=1)
    fingerprint = tree.create_programme(config.tree, STEWARDS, {**made.PROGRAMME, "notice_hours": 0}, people, before)
    tree.publish_roster(config.tree, STEWARDS[1:], [*people, card(NAMES[3])], NOW)
    migrate(config)
    app = create_app(config)
    honest = load(config.tree)
    found = Site(honest, fingerprint, honest)

    def answer(environ: Any, start: Any) -> Any:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method == "POST":
            found.posts.append(path)
        elif path.startswith("/tree/"):
            data = found.at(path)
            start("200 OK" if data is not None else "404 Not Found", [("Content-Type", "application/json")])
            return [data or b""]
        return app.wsgi_app(environ, start)

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def honest_again(site: Site) -> Iterator[None]:
    yield
    site.files = site.honest
    site.posts.clear()


# The attacks: from the honest repository to what is served in its place.


def same_root(made: dict[str, Any]) -> None:
    """A roster of other people goes with a root of their keys, which takes two as well: one steward alone would do without."""
    for name in [name for name in made if name.endswith(".root.json")]:
        del made[name]


def freeze(repo: Hostile) -> Files:
    """The tree of eight days ago, with everything good but its timestamp."""
    return repo.next({}, STEWARDS[:1], now=NOW - datetime.timedelta(days=8))


def frozen_ahead(repo: Hostile) -> Files:
    """One key of a timestamp, stolen, says that nothing changes for a year."""

    def far(made: dict[str, Any]) -> None:
        made["timestamp.json"].signed.expires = (NOW + datetime.timedelta(days=365)).replace(microsecond=0)

    return repo.next({}, STEWARDS[:1], edit=far)


def mixed(repo: Hostile) -> Files:
    """The roster of before under the newest snapshot, which promises the second."""
    metadata = dict(repo.files["metadata"])
    metadata["2.roster.json"] = metadata["1.roster.json"]
    return {**repo.files, "metadata": metadata}


def lowered(repo: Hostile) -> Files:
    """One steward gives the roster a threshold of one, and signs it alone."""

    def one_is_enough(made: dict[str, Any]) -> None:
        made["2.targets.json"].signed.delegations.roles["roster"].threshold = 1

    return repo.next({"roster": repo.content("roster")}, STEWARDS[:1], again=["targets"], edit=one_is_enough)


def doubled(repo: Hostile) -> Files:
    """One steward's signature of a roster, twice."""
    files = repo.next({"roster": repo.content("roster")}, STEWARDS[:1])
    roster = json.loads(files["metadata"]["3.roster.json"])
    roster["signatures"] *= 2
    return {**files, "metadata": {**files["metadata"], "3.roster.json": json.dumps(roster)}}


def revoked(repo: Hostile) -> Files:
    """The third steward handed over to a fourth, and then signs one more roster together with one who stayed."""
    after = Hostile(repo.next({}, [*STEWARDS, NEW], stewards=[*STEWARDS[:2], NEW]))
    return after.next({"roster": after.content("roster")}, STEWARDS[:1], only={"roster": [STEWARDS[0], STEWARDS[2]]})


def undelegated(repo: Hostile) -> Files:
    """The third steward's key was taken from the roster's delegation alone, stays in the root, and signs a roster with one who stayed."""

    def without(made: dict[str, Any]) -> None:
        delegations = made["2.targets.json"].signed.delegations
        gone = next(keyid for keyid, key in delegations.keys.items() if key.keyval["public"] == public(STEWARDS[2]))
        delegations.roles["roster"].keyids.remove(gone)

    after = Hostile(repo.next({"roster": repo.content("roster")}, STEWARDS[:2], again=["targets"], edit=without))
    verify_bundle(json.dumps(after.files).encode(), state_of(after.files).programme, NOW)  # so far it is good
    return after.next({"roster": after.content("roster")}, STEWARDS[:1], only={"roster": [STEWARDS[0], STEWARDS[2]]})


def skipped(repo: Hostile) -> Files:
    """Root 2 is left out and root 3 is there: what the stewards of root 3 sign is nobody's by root 1."""
    others = [NEW, bytes([5]) * 32, bytes([6]) * 32]
    second = Hostile(repo.next({}, [*STEWARDS, *others], stewards=others))
    third = Hostile(second.next({"roster": second.content("roster")}, others, stewards=others[:2]))
    return {**third.files, "metadata": {name: text for name, text in third.files["metadata"].items() if name != "2.root.json"}}


def misnumbered(repo: Hostile) -> Files:
    """A root that everybody signed, under the number before its own: the one between stays hidden."""

    def later(made: dict[str, Any]) -> None:
        made["3.root.json"].signed.version = 4

    return repo.next({}, STEWARDS, again=["root"], edit=later)


def substituted(repo: Hostile) -> Files:
    """Another key on somebody's card, everything else as it was signed."""
    sign = repo.content("roster")["reviewers"][0]["sign"]
    name = target_name(state_of(repo.files).roles["roster"], "roster")
    return {**repo.files, "targets": {**repo.files["targets"], name: repo.files["targets"][name].replace(sign, "44" * 32)}}


def substituted_and_signed(repo: Hostile) -> Files:
    """The same, signed by one steward and a stranger."""
    roster = repo.content("roster")
    roster["reviewers"][0]["sign"] = "44" * 32
    return repo.next({"roster": roster}, STEWARDS[:1], only={"roster": [STEWARDS[0], STRANGER]}, edit=same_root)


def two_cards(repo: Hostile) -> Files:
    """One person under one name with two sets of keys: even two stewards cannot sign that."""
    roster = repo.content("roster")
    roster["reviewers"].append(card(f"  {NAMES[0].upper()} "))
    return repo.next({"roster": roster}, STEWARDS[:2])


def hidden(repo: Hostile) -> Files:
    """A reviewer left out by one steward alone, so that reports go to the others."""
    roster = repo.content("roster")
    del roster["reviewers"][1]
    return repo.next({"roster": roster}, STEWARDS[:1], edit=same_root)


def strange_suspension(repo: Hostile) -> Files:
    """Somebody who is no steward suspends a reviewer; a steward signs what lies above."""
    entry = {"sign": repo.content("roster")["reviewers"][0]["sign"], "reason": "OTHER"}
    days = {"from": f"{NOW:%Y-%m-%d}", "until": f"{NOW + datetime.timedelta(days=13):%Y-%m-%d}"}
    return repo.next({"suspensions": {"v": 1, "suspended": [entry | days]}}, STEWARDS[:1], only={"suspensions": [STRANGER]})


def another_programme(repo: Hostile) -> Files:
    """A whole tree of three other stewards, good in itself: only the fingerprint tells."""
    others = [NEW, bytes([5]) * 32, bytes([6]) * 32]
    programme = repo.content("programme")
    programme["stewards"] = [tree.steward_of(seed, f"Other {number}") for number, seed in enumerate(others)]
    metadata, texts = first_versions(programme, repo.content("roster"), [public(seed) for seed in others], 2, NOW)
    for each in metadata.values():
        for seed in others[:2]:
            each.sign(signer(seed), append=True)
    return {"metadata": {name: each.to_bytes().decode() for name, each in metadata.items()}, "targets": texts}


# What is served, the error's name, and of what its sentence speaks.
ATTACKS: Mapping[str, tuple[Callable[[Hostile], Files], str, str]] = {
    "freeze beyond seven days": (freeze, "Expired", "timestamp has expired"),
    "timestamp far in the future": (frozen_ahead, "Mismatch", "hold the tree still"),
    "mix of roles": (mixed, "Mismatch", "2.roster.json has another version"),
    "threshold lowered by one": (lowered, "Threshold", "targets has 1 good signatures of 2"),
    "one signature twice": (doubled, "Malformed", "a key id twice"),
    "signed again by a revoked steward": (revoked, "Threshold", "roster has 1 good signatures of 2"),
    "signed again by a key the delegation no longer names": (undelegated, "Threshold", "roster has 1 good signatures of 2"),
    "a root skipped": (skipped, "Threshold", "timestamp has 0 good signatures of 1"),
    "a root under another's number": (misnumbered, "Rollback", "3.root.json has another version inside"),
    "a reviewer's key substituted": (substituted, "Mismatch", "a file is not the one promised"),
    "a substituted key signed by one": (substituted_and_signed, "Threshold", "roster has 1 good signatures of 2"),
    "two cards for one person": (two_cards, "Malformed", "name"),
    "a hidden reviewer": (hidden, "Threshold", "roster has 1 good signatures of 2"),
    "a suspension by a stranger": (strange_suspension, "Threshold", "suspensions has 0 good signatures of 1"),
    "another programme": (another_programme, "Mismatch", "not the one of this fingerprint"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_python_and_verify_refuse(site: Site, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    attack, error, says = ATTACKS[name]
    site.files = attack(Hostile(site.honest))
    with pytest.raises(getattr(errors, error), match=says):
        verify_bundle(site.bundle, bytes.fromhex(site.fingerprint), NOW)
    assert main(["verify", f"http://127.0.0.1:{site.port}", "--fingerprint", site.fingerprint]) == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("tellsafe: ") and says in complaint and complaint.endswith(f" ({error})\n"), complaint


@pytest.mark.parametrize("name", ATTACKS)
def test_the_page_says_so_and_sends_nothing(site: Site, name: str, firefox_safer: Firefox) -> None:
    attack, error, _ = ATTACKS[name]
    browser = firefox_safer
    site.files = attack(Hostile(site.honest))
    fill_report(browser, f"http://{ONION}:{site.port}", "Nobody must get this.")
    browser.wait_js("return !document.querySelector('#error').hidden")
    browser.click("#check")
    browser.wait_js("return !document.querySelector('#error').hidden && !document.querySelector('#check').disabled")
    told = browser.text("#error")
    assert SAID[error] in told and "Nothing has been sent." in told
    assert [other for other, sentence in SAID.items() if sentence in told] == [error]
    assert "could not be fetched and checked" in browser.text("#count")
    assert not browser.has(".cards li")
    assert not browser.js("return document.querySelector('#send').checkVisibility()")
    # The button is pressed for it all the same.
    browser.js("document.querySelector('#send').click()")
    browser.wait_js("return !document.querySelector('#send').disabled")
    assert site.posts == []
    assert browser.js("return document.querySelector('#text').value") == "Nobody must get this."


def test_the_same_presses_send_when_the_tree_is_honest(site: Site, firefox_safer: Firefox, capsys: pytest.CaptureFixture[str]) -> None:
    """And an honest change of the same kind as each attack is taken: what is refused above is refused for its fault alone."""
    roster = Hostile(site.honest).content("roster")
    roster["reviewers"].append(card("Zoë Zaman"))
    site.files = Hostile(site.honest).next({"roster": roster}, STEWARDS[:2])
    assert len(verify_bundle(site.bundle, bytes.fromhex(site.fingerprint), NOW).roster.reviewers) == 5
    send_report(firefox_safer, f"http://{ONION}:{site.port}", "Now they may.")
    assert site.posts == ["/post"]
    assert main(["verify", f"http://127.0.0.1:{site.port}", "--fingerprint", site.fingerprint]) == 0
    assert "Admitted: Zoë Zaman" in capsys.readouterr().out


def test_rollback_is_refused_by_whoever_has_a_memory(site: Site, tmp_path: Path) -> None:
    """A workstation remembers. A first-time visitor cannot: for them it ends with the old timestamp's seven days, as a freeze does."""
    desk = Desk(tmp_path, bytes.fromhex(site.fingerprint), lambda: connect(f"http://127.0.0.1:{site.port}", ""))
    sync.one_round(desk)
    assert desk.tree is not None and desk.tree.versions["roster"] == 2 and not desk.status.alarm
    seen, newest = dict(desk.tree.versions), desk.tree
    site.files = first_again(site.honest)
    with pytest.raises(errors.Rollback):
        verify_bundle(site.bundle, bytes.fromhex(site.fingerprint), NOW, seen)
    for _ in range(sync.DOUBTS_MAX):
        desk.tree_at = 0.0
        sync.one_round(desk)
    assert "Rollback" in desk.status.alarm and desk.tree is newest
    late = NOW + datetime.timedelta(days=7)
    with pytest.raises(errors.Expired):
        verify_bundle(site.bundle, bytes.fromhex(site.fingerprint), late)


def first_again(honest: Files) -> Files:
    """The tree of yesterday, as it truly was: the first snapshot under a timestamp of that day."""
    repo = Hostile(honest)

    def back(made: dict[str, Any]) -> None:
        made["timestamp.json"].signed.snapshot_meta.version = 1
        made["timestamp.json"].signed.version = 1

    return repo.next({}, STEWARDS[:1], now=NOW - datetime.timedelta(days=1), edit=back)


def test_a_workstation_takes_none_of_it(site: Site, tmp_path: Path) -> None:
    """It goes on with the list it has checked, or with none: it never seals by one of these."""
    for name, (attack, *_) in ATTACKS.items():
        desk = Desk(tmp_path, bytes.fromhex(site.fingerprint), lambda: connect(f"http://127.0.0.1:{site.port}", ""))
        site.files = attack(Hostile(site.honest))
        for _ in range(sync.DOUBTS_MAX):
            sync.one_round(desk)
        assert desk.tree is None and (desk.status.alarm or desk.status.trouble), name
    site.files = site.honest
    desk = Desk(tmp_path, bytes.fromhex(site.fingerprint), lambda: connect(f"http://127.0.0.1:{site.port}", ""))
    sync.one_round(desk)
    assert desk.tree is not None and site.posts == []
