"""A lost database, made anew from a copy of the public files."""

import json
import shutil

import pytest

from crypto.errors import Mismatch
from crypto.segment import parse_segments
from intake import clock, publicfiles, segments, tray
from intake.config import Config
from intake.db import open_database
from intake.errors import Refused
from intake.migrate import migrate
from tests.intake.conftest import new_posting, write_tree
from tools.errors import Unfit
from tools.restore import main, restore


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
    with segments.only_one(config), pytest.raises(Unfit, match="not empty"):  # as beside a server that runs
        restore(config)


def test_a_server_without_the_database_deletes_nothing(copied):
    config, _ = copied
    migrate(config)
    with pytest.raises(SystemExit, match="restore --data"):
        segments.tick_once(config, open_database(config.database))
    assert (config.files / "letters" / "1" / "0").is_file()


def test_what_was_sent_again_before_the_restore_holds_up_no_tick(copied):
    """As a server with an empty database takes it in the second before it ends; what was sent for the first time stays."""
    config, body = copied
    migrate(config)
    db = open_database(config.database)
    for each in (body, new_posting()):
        tray.accept(db, each)
    restore(config)
    assert (segments.tick_once(config, db), segments.tick_once(config, db)) == (3, None)


@pytest.mark.parametrize("damaged", ["", "{", "[]", "{}", '{"number": "x"}'])
def test_a_damaged_head_stops_no_server_that_is_well_and_saves_none_that_is_not(copied, damaged, capsys):
    config, _ = copied
    restore(config)
    db = open_database(config.database)
    (config.files / "head.json").write_text(damaged)
    segments.tick_once(config, db)
    assert json.loads((config.files / "head.json").read_bytes())["number"] == 2
    (config.files / "head.json").write_text(damaged)
    for path in config.data.glob("intake.sqlite3*"):
        path.unlink()
    assert main(["--data", str(config.data)]) == 1 and "is not whole" in capsys.readouterr().err
    migrate(config)
    with pytest.raises(SystemExit, match="restore --data"):
        segments.tick_once(config, open_database(config.database))
    assert (config.files / "letters" / "1" / "0").is_file()


def test_after_half_a_year_of_silence_the_chain_goes_on_too(copied, monkeypatch):
    config, _ = copied
    restore(config)
    later = clock.weeks_before(clock.week(), -30)
    monkeypatch.setattr(clock, "week", lambda: later)
    segments.tick_once(config, open_database(config.database))
    before = json.loads((config.files / "head.json").read_bytes())
    assert (before["number"], before["weeks"]) == (2, [])
    for path in config.data.glob("intake.sqlite3*"):
        path.unlink()
    restore(config)
    db = open_database(config.database)
    tray.accept(db, new_posting())
    assert segments.tick_once(config, db) == 3
    (made,) = parse_segments((config.files / "clues" / later).read_bytes(), publicfiles.programme(config))
    assert made.previous.hex() == before["hash"]


def test_what_a_crash_left_beside_the_files_is_no_part_of_them(copied, capsys):
    config, _ = copied
    clues = next((config.files / "clues").iterdir())
    clues.with_name(clues.name + ".new").write_bytes(clues.read_bytes()[:100])
    shutil.copytree(config.files / "letters" / "2", config.files / "letters" / "3")
    config.database.write_bytes(b"no database" * 1000)
    assert main(["--data", str(config.data)]) == 1 and "Move intake.sqlite3* away" in capsys.readouterr().err
    config.database.unlink()
    assert restore(config) == 2
    segments.tick_once(config, open_database(config.database))
    assert not (config.files / "letters" / "3").exists()


def test_a_server_that_published_nothing_has_nothing_to_restore(tmp_path):
    config = Config.for_data(tmp_path)
    write_tree(config.tree)
    migrate(config)
    segments.tick_once(config, open_database(config.database))
    config.database.unlink()
    with pytest.raises(Unfit, match="start the server"):
        restore(config)


def test_half_a_copy_is_refused(copied):
    config, _ = copied
    block = config.files / "letters" / "2" / "0"
    block.write_bytes(block.read_bytes()[:-1] + b"x")
    with pytest.raises(Mismatch):
        restore(config)
    assert not (config.data / "intake.sqlite3").exists()
