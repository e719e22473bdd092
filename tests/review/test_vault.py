import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from argon2.low_level import hash_secret_raw

from crypto.encoding import canonical
from crypto.errors import Malformed, NotForUs
from crypto.event import payload_bytes
from crypto.private import keyfile
from crypto.private.keyfile import open_keyfile
from crypto.request import check_request
from crypto.roster import quarter_of
from crypto.sealing import seal_letter
from review import disk, vault
from review.clock import quarter_end
from tests.review.world import NOW, PASSPHRASE, P


def test_round_trip(tmp_path: Path) -> None:
    public = vault.create(tmp_path / "v", PASSPHRASE, "Ada", NOW)
    assert [entry["quarter"] for entry in public["open"]] == ["2026-Q4", "2027-Q1"]
    opened = vault.unlock(tmp_path / "v", PASSPHRASE)
    assert opened.sign == public["sign"] == vault.public_keys(tmp_path / "v")["sign"]
    letter = seal_letter(P, bytes.fromhex(public["find"]), opened.own_open(NOW), b"hello")
    assert opened.find_matches([letter[:40]], P) == [0]
    assert opened.open_letter(letter, P) == b"hello"


def test_refuses_a_wrong_passphrase_and_a_second_vault(tmp_path: Path) -> None:
    vault.create(tmp_path, PASSPHRASE, "Ada", NOW)
    with pytest.raises(NotForUs):
        vault.unlock(tmp_path, PASSPHRASE + "x")
    with pytest.raises(vault.VaultExists):
        vault.create(tmp_path, PASSPHRASE, "Ada", NOW)


def test_locked_keys_do_nothing(tmp_path: Path) -> None:
    vault.create(tmp_path, PASSPHRASE, "Ada", NOW)
    opened = vault.unlock(tmp_path, PASSPHRASE)
    opened.lock()
    with pytest.raises(vault.VaultLocked):
        opened.find_matches([], P)


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    vault.create(tmp_path / "v", PASSPHRASE, "Ada", NOW)
    assert (tmp_path / "v").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "v" / vault.KEYFILE).stat().st_mode & 0o777 == 0o600


def test_the_request_holds_for_this_programme_and_is_in_the_folder(tmp_path: Path) -> None:
    public = vault.create(tmp_path, PASSPHRASE, "Ada", NOW, P)
    asked = check_request((tmp_path / vault.REQUEST).read_bytes(), P)
    assert {name: asked[name] for name in public} == public
    opened = vault.unlock(tmp_path, PASSPHRASE)
    assert opened.request(P, NOW) == (tmp_path / vault.REQUEST).read_bytes()
    later = datetime.datetime(2027, 1, 5, tzinfo=datetime.UTC)
    assert [entry["quarter"] for entry in check_request(opened.request(P, later), P)["open"]] == ["2027-Q1"]


def test_keys_for_the_coming_quarter_and_a_renewal(tmp_path: Path) -> None:
    vault.create(tmp_path, PASSPHRASE, "Ada", NOW, P)
    opened, later = vault.unlock(tmp_path, PASSPHRASE), datetime.datetime(2027, 1, 5, tzinfo=datetime.UTC)
    assert opened.make_keys(NOW) == []
    assert opened.make_keys(later) == ["2027-Q2"]
    again = vault.unlock(tmp_path, PASSPHRASE)
    assert again.quarters() == opened.quarters() == ["2026-Q4", "2027-Q1", "2027-Q2"]
    assert vault.public_keys(tmp_path)["open"] == check_request(again.request(P, NOW), P)["open"]
    for day in (NOW, later, datetime.datetime(2027, 5, 1, tzinfo=datetime.UTC)):
        letter = seal_letter(P, again.find_public, opened.own_open(day), b"hello")
        assert again.open_letter(letter, P) == b"hello"


@pytest.mark.parametrize("fails_at", ["write", "rename", "public"])
def test_a_crash_while_making_keys_leaves_the_old_vault_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    vault.create(tmp_path, PASSPHRASE, "Ada", NOW, P)
    opened, later = vault.unlock(tmp_path, PASSPHRASE), datetime.datetime(2027, 1, 5, tzinfo=datetime.UTC)
    real_write, real_replace = disk._write, disk.replace

    def torn(path: Path, flag: int, data: bytes) -> None:
        real_write(path, flag, data if fails_at == "rename" else data[: len(data) // 2])
        raise OSError("power failure")

    def second(path: Path, data: bytes) -> None:
        if path.name == vault.PUBLIC:
            raise OSError("power failure")
        real_replace(path, data)

    if fails_at == "public":
        monkeypatch.setattr(disk, "replace", second)
    else:
        monkeypatch.setattr(disk, "_write", torn)
    with pytest.raises(OSError, match="power"):
        opened.make_keys(later)
    monkeypatch.undo()
    again = vault.unlock(tmp_path, PASSPHRASE)
    assert again.quarters() == ["2026-Q4", "2027-Q1", *(["2027-Q2"] if fails_at == "public" else [])]
    assert [entry["quarter"] for entry in vault.public_keys(tmp_path)["open"]] == again.quarters()
    assert not disk.beside(tmp_path / vault.KEYFILE).exists()
    again.make_keys(later)
    assert vault.unlock(tmp_path, PASSPHRASE).quarters() == ["2026-Q4", "2027-Q1", "2027-Q2"]


def test_a_destroyed_key_opens_nothing_and_is_not_in_the_file(tmp_path: Path) -> None:
    vault.create(tmp_path, PASSPHRASE, "Ada", NOW, P)
    opened = vault.unlock(tmp_path, PASSPHRASE)
    old, new = (seal_letter(P, opened.find_public, opened.own_open(day), b"x") for day in (NOW, NOW + datetime.timedelta(days=90)))
    seed = json.loads(open_keyfile(PASSPHRASE, (tmp_path / vault.KEYFILE).read_bytes()))["open"]["2026-Q4"]
    assert opened.open_letter(old, P) == b"x", "the control"
    opened.destroy_keys(["2026-Q4"])
    for each in (opened, vault.unlock(tmp_path, PASSPHRASE)):
        with pytest.raises(NotForUs):
            each.open_letter(old, P)
        assert each.open_letter(new, P) == b"x"
    assert seed not in open_keyfile(PASSPHRASE, (tmp_path / vault.KEYFILE).read_bytes()).decode()
    opened.destroy_keys(["2027-Q1"])
    assert opened.quarters() == ["2027-Q1"], "never the last one"


def test_quarters_end() -> None:
    ends = [quarter_end(f"2028-Q{number}").isoformat() for number in (1, 2, 3, 4)]
    assert ends == ["2028-03-31", "2028-06-30", "2028-09-30", "2028-12-31"]
    days = [datetime.date(2028, 1, 1) + datetime.timedelta(days=n) for n in range(366)]
    assert all(day <= quarter_end(quarter_of(day)) for day in days)
    assert [vault.next_quarter(datetime.date(2027, month, 1)) for month in (1, 6, 12)] == ["2027-Q2", "2027-Q3", "2028-Q1"]


def test_only_a_timestamp_is_signed_through_that_door(tmp_path: Path) -> None:
    vault.create(tmp_path, PASSPHRASE, "Ada", NOW, P)
    opened = vault.unlock(tmp_path, PASSPHRASE)
    good: dict[str, Any] = {
        "_type": "timestamp", "expires": "2026-11-25T00:00:00Z", "meta": {"snapshot.json": {"version": 3}}, "spec_version": "1.0.31",
        "version": 4,
    }  # fmt: skip
    assert len(opened.sign_timestamp(canonical(good))) == 64
    event = payload_bytes({
        "v": 1, "kind": "withdraw", "week": "2026-W47", "seen": [0, "0" * 64], "roster": 1, "audience": "all", "case": "0" * 64,
        "prev": [], "parents": ["0" * 64],
    })  # fmt: skip
    bad = [
        event, b"tellsafe/1 event" + P + event, b"", b"{}", b"[]", b"null", b"\xff", canonical({**good, "_type": "snapshot"}),
        canonical({**good, "_type": "root"}), canonical({**good, "kind": "answer"}), canonical(good) + b" ", b" " + canonical(good),
        canonical({**good, "meta": {"roster.json": {"version": 1}}}), canonical({**good, "expires": "never"}),
    ]  # fmt: skip
    for data in bad:
        with pytest.raises(Malformed):
            opened.sign_timestamp(data)


def test_the_passphrase_is_stretched_as_much_as_promised(tmp_path: Path, real_passphrases: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    real = hash_secret_raw

    def watched(*arguments: Any, **named: Any) -> bytes:
        asked.append(named)
        return real(*arguments, **named)

    monkeypatch.setattr(keyfile, "hash_secret_raw", watched)
    vault.create(tmp_path / "v", PASSPHRASE, "Ada", NOW, P)
    assert vault.unlock(tmp_path / "v", PASSPHRASE).name == "Ada"
    assert [(each["time_cost"], each["memory_cost"], each["parallelism"]) for each in asked] == [(3, 65_536, 4)] * 2


def test_a_full_disk_leaves_no_half_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half vault would be in the way of the whole one; a half backup would look like one."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("review.disk.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            disk.write_new(tmp_path / "one", b"x")
    assert not list(tmp_path.iterdir())
    disk.write_new(tmp_path / "one", b"x")
    with pytest.raises(FileExistsError):
        disk.write_new(tmp_path / "one", b"y")
    assert (tmp_path / "one").read_bytes() == b"x"
