"""Key files cost half a second of Argon2id each, and a programme many signatures: they are made once."""

import functools
import shutil
from pathlib import Path
from typing import Any

import pytest

from crypto.private import keyfile
from oversight import examples
from oversight.__main__ import main
from tests.oversight.world import NAMES, PASSPHRASE, Desk, Overheard, copied

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
    return with_examples(key_files, tmp_path / "desk", capsys)


@pytest.fixture(scope="session")
def founded_once(tmp_path_factory: pytest.TempPathFactory, key_files: Path) -> Path:
    """The folder of a desk with a programme that three stewards made and two signed: each test works on a copy."""
    desk = with_examples(key_files, tmp_path_factory.mktemp("founded") / "desk", Overheard())
    publics = [desk.path(f"{name}.key.public.json") for name in NAMES]
    code, _, complaint = desk.run(
        "create", "--stewards", *publics, "--programme", desk.path("programme.toml"), "--out", desk.path("p.json")
    )
    assert code == 0, complaint
    for name in ("ada", "cem"):
        key = ("--key", desk.path(f"{name}.key"), "--passphrase-file", desk.path("passphrase"))
        assert desk.run("sign", desk.path("p.json"), *key)[0] == 0
    assert desk.publish("p.json")[0] == 0
    return desk.folder


@pytest.fixture
def founded(founded_once: Path, tmp_path: Path, capsys: Any) -> Desk:
    return copied(founded_once, tmp_path, capsys)


def with_examples(key_files: Path, folder: Path, capsys: Any) -> Desk:
    made = Desk(folder, capsys)
    shutil.copytree(key_files, made.folder)
    for name, example in (("programme", examples.PROGRAMME), ("record", examples.RECORD)):
        (made.folder / f"{name}.toml").write_text(example, "utf-8")
    return made
