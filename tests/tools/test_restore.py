"""A lost database, made anew from a copy of the public files."""

import json
import shutil

import pytest

from crypto.errors import Mismatch
from intake import segments, tray
from intake.config import Config
from intake.db import open_database
from intake.errors import Refused
from intake.migrate import migrate
from tests.intake.conftest import new_posting, write_tree
from tools.errors import Unfit
from tools.restore import restore


@pytest.fixture
def copied(tmp_path) -> tuple[Config, bytes]:
    """A server's folder with a copy of another's `files` and no database, and a posting that was published there."""
    there, here = (Config.for_data(tmp_path / name) for name in ("there", "here"))
    for config in (there, here):
        write_tree(config.tree)
    body = new_posting()
    migrate(there)
    db = open_database(there.database)
    for each in (new_posting(), body):
        tray.accept(db, each)
        segments.tick_once(there, db)
    shutil.copytree(there.files, here.files)
    return here, body


def test_the_chain_goes_on_and_copies_are_refused(copied):
    config, body = copied
    before = {path: path.read_bytes() for path in config.files.rglob("*") if path.is_file()}
    assert restore(config) == 2
    db = open_database(config.database)
    assert segments.tick_once(config, db) is None
    assert {path: path.read_bytes() for path in config.files.rglob("*") if path.is_file()} == before
    with pytest.raises(Refused, match="Known"):
        tray.accept(db, new_posting(body[8 : 8 + 16_384]))
    tray.accept(db, new_posting())
    assert segments.tick_once(config, db) == 3
    assert json.loads((config.files / "head.json").read_bytes())["number"] == 3
    with pytest.raises(Unfit, match="not empty"):
        restore(config)


def test_a_server_without_the_database_deletes_nothing(copied):
    config, _ = copied
    migrate(config)
    with pytest.raises(SystemExit, match="restore --data"):
        segments.tick_once(config, open_database(config.database))
    assert (config.files / "letters" / "1" / "0").is_file()


def test_half_a_copy_is_refused(copied):
    config, _ = copied
    block = config.files / "letters" / "2" / "0"
    block.write_bytes(block.read_bytes()[:-1] + b"x")
    with pytest.raises(Mismatch):
        restore(config)
    assert not (config.data / "intake.sqlite3").exists()
