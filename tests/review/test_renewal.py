"""Workstations renew the timestamp of a real signed tree, and nothing but that."""

import dataclasses
import datetime
import json
import time
from pathlib import Path

import pytest

from crypto.errors import Threshold
from crypto.roster import Suspension
from crypto.tree import verify_bundle
from oversight import tree as stewards
from oversight.metadata import to_bundle
from oversight.publish import load
from review import renewal, sync, vault
from review.desk import Desk, lock_desk, open_desk
from tests.review.world import NOW, PASSPHRASE, FakeIntake, P
from tools.demo import PROGRAMME, card

SEEDS = [bytes([number]) * 32 for number in (1, 2, 3)]
LATE = NOW + datetime.timedelta(days=3, hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tree"


@pytest.fixture
def desk(tmp_path: Path, folder: Path, intake: FakeIntake) -> Desk:
    """An active reviewer's workstation before a served tree, three days and an hour after it was signed."""
    public = [vault.create(tmp_path / name, PASSPHRASE, name, NOW, P) for name in ("Ada", "Bo")]
    fingerprint = stewards.create_programme(folder, SEEDS, PROGRAMME, [card(entry, NOW) for entry in public], NOW)
    intake.files["/tree/bundle.json"] = to_bundle(load(folder))
    made = Desk(tmp_path / "Ada", bytes.fromhex(fingerprint), intake.server, now=lambda: LATE)
    open_desk(made, PASSPHRASE)
    return made


def test_renews_at_its_moment_and_only_then(desk: Desk, intake: FakeIntake) -> None:
    before = intake.files["/tree/bundle.json"]
    sync.one_round(desk)
    assert not intake.trees and 0 < desk.renew_at - time.time() <= sync.RENEW_SPREAD
    desk.renew_at = 1.0
    sync.one_round(desk)
    assert len(intake.trees) == 1 and not desk.status.trouble and not desk.status.alarm
    old, new = json.loads(before), json.loads(intake.trees[0])
    changed = {name for name in new["metadata"] if new["metadata"][name] != old["metadata"].get(name)}
    assert changed == {"timestamp.json"} and new["targets"] == old["targets"]
    was, now = (json.loads(each["metadata"]["timestamp.json"])["signed"] for each in (old, new))
    assert now["version"] == was["version"] + 1 and now["meta"] == was["meta"]
    assert now["expires"] == "2026-11-28T00:00:00Z", "seven days on, to the day: the hour is nobody's business"
    assert not verify_bundle(intake.trees[0], desk.programme, LATE).stale
    sync.one_round(desk)
    sync.one_round(desk)
    assert len(intake.trees) == 1 and desk.renew_at == 0, "once is enough"
    assert desk.bundle == intake.trees[0]


def test_somebody_quicker_is_enough(desk: Desk, intake: FakeIntake, folder: Path) -> None:
    sync.one_round(desk)
    stewards.refresh_timestamp(folder, SEEDS[0], LATE)
    intake.files["/tree/bundle.json"] = to_bundle(load(folder))
    desk.renew_at = 1.0
    sync.one_round(desk)
    sync.one_round(desk)
    assert not intake.trees and desk.renew_at == 0


@pytest.mark.parametrize("why", ["early", "locked", "suspended", "not a key of the root"])
def test_who_may_not_does_not(desk: Desk, intake: FakeIntake, folder: Path, why: str, tmp_path: Path) -> None:
    if why == "early":
        desk.now = lambda: NOW + datetime.timedelta(days=2)
    sync.one_round(desk)
    assert desk.tree is not None and desk.vault is not None
    if why == "locked":
        lock_desk(desk)
    if why == "suspended":
        desk.tree = dataclasses.replace(desk.tree, suspensions=(_suspended(desk.vault.sign),))
    if why == "not a key of the root":
        assert renewal.key_id(desk.bundle, desk.vault.sign) and not renewal.key_id(desk.bundle, "0" * 64)
        vault.create(tmp_path / "Di", PASSPHRASE, "Di", NOW, P)
        desk.vault = vault.unlock(tmp_path / "Di", PASSPHRASE)
    desk.renew_at = 1.0
    sync.one_round(desk)
    assert not intake.trees


def test_another_snapshot_or_a_stranger_is_refused(desk: Desk, intake: FakeIntake, tmp_path: Path) -> None:
    """The control: what the workstation makes would be refused if its key were not the root's."""
    sync.one_round(desk)
    assert desk.vault is not None
    stranger = vault.create(tmp_path / "Di", PASSPHRASE, "Di", NOW, P)
    assert not renewal.key_id(desk.bundle, stranger["sign"])
    keyid = renewal.key_id(desk.bundle, desk.vault.sign)
    forged = renewal.renewed(desk.bundle, keyid, LATE, vault.unlock(tmp_path / "Di", PASSPHRASE).sign_timestamp)
    with pytest.raises(Threshold):
        verify_bundle(forged, desk.programme, LATE)


def test_a_stale_tree_is_renewed_sooner_and_a_server_that_refuses_is_noted(desk: Desk, intake: FakeIntake) -> None:
    desk.now = lambda: NOW + datetime.timedelta(days=5, hours=1)
    sync.one_round(desk)
    assert desk.tree is not None and desk.tree.stale and desk.renew_at - time.time() <= sync.RENEW_SPREAD_STALE
    intake.take_tree = lambda bundle: (409, "no")  # type: ignore[method-assign]
    desk.renew_at = 1.0
    sync.one_round(desk)
    assert "409" in desk.status.note and not desk.status.alarm


def _suspended(sign: str) -> Suspension:
    return Suspension(sign, "2026-11-18", "2026-11-25", "OTHER")
