"""Key files cost half a second of Argon2id each: they are made once."""

import functools
import shutil
from pathlib import Path
from typing import Any

import pytest

from crypto.private import keyfile
from oversight.__main__ import main
from tests.oversight.world import NAMES, PASSPHRASE, Desk

_open_keyfile = functools.cache(keyfile.open_keyfile)


@pytest.fixture(scope="session")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stewards")
    (folder / "passphrase").write_text(PASSPHRASE + "\n", "utf-8")
    for name in (*NAMES, "dee"):
        made = ["key", "--out", str(folder / f"{name}.key"), "--name", name.title(), "--passphrase-file", str(folder / "passphrase")]
        assert main(made) == 0
    return folder


@pytest.fixture(autouse=True)
def stretched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same passphrase for the same file gives the same key: the commands of a test need not wait for Argon2id each time."""
    monkeypatch.setattr(keyfile, "open_keyfile", _open_keyfile)


@pytest.fixture
def desk(tmp_path: Path, key_files: Path, capsys: Any) -> Desk:
    """Key files and example files, no tree yet."""
    made = Desk(tmp_path / "desk", capsys)
    shutil.copytree(key_files, made.folder)
    (made.folder / "programme.toml").write_text(made.run("programme-example")[1], "utf-8")
    (made.folder / "record.toml").write_text(made.run("record-example")[1], "utf-8")
    return made


@pytest.fixture
def founded(desk: Desk) -> Desk:
    """The same with a programme that three stewards made and two signed."""
    publics = [desk.path(f"{name}.key.public.json") for name in NAMES]
    code, _, complaint = desk.run(
        "create", "--stewards", *publics, "--programme", desk.path("programme.toml"), "--out", desk.path("p.json")
    )
    assert code == 0, complaint
    for name in ("ada", "cem"):
        key = ("--key", desk.path(f"{name}.key"), "--passphrase-file", desk.path("passphrase"))
        assert desk.run("sign", desk.path("p.json"), *key)[0] == 0
    assert desk.publish("p.json")[0] == 0
    return desk
