from pathlib import Path

import pytest

from crypto.errors import NotForUs
from crypto.sealing import seal_letter
from review import vault
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
