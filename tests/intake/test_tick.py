"""The ticker between its ticks: what the disk tells of a posting by its times, and that nothing it cannot read ends it."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from intake import disk, segments, tick, tray
from tests.intake.conftest import new_posting, write_tree
from tests.intake.test_segments import head
from tests.intake.test_server import Server


class Steps:
    """In place of the ticker's stop: at each wait the next step is done instead, and after the last it is set."""

    def __init__(self, steps: Sequence[Callable[[], object]]) -> None:
        self.steps, self.over = iter(steps), False

    def wait(self, _: float) -> None:
        step = next(self.steps, None)
        self.over = step is None
        if step:
            step()

    def is_set(self) -> bool:
        return self.over


def nothing() -> None:
    pass


def present(folder: Path) -> int:
    """A time of the disk's own clock, later than any it has given so far."""
    probe = folder / "probe"
    probe.touch()
    first = probe.stat().st_ctime_ns
    while (now := probe.stat().st_ctime_ns) == first:
        os.utime(probe)
    return now


def dated(data: Path, since: int, until: int) -> set[str]:
    """What was read, written or changed then, as far as the disk tells."""
    found = [(path, path.stat()) for path in (data, *data.rglob("*"))]
    return {
        str(path.relative_to(data))
        for path, stat in found
        if any(since <= moment < until for moment in (stat.st_atime_ns, stat.st_mtime_ns, stat.st_ctime_ns))
    }


def test_half_a_minute_after_a_posting_no_file_tells_its_time(config, db, tmp_path, monkeypatch):
    monkeypatch.setattr(tick.clock, "seconds_to_tick", lambda _: 3600.0)
    monkeypatch.setattr(tray, "TRAY_MAX", 4)  # one posting raises the effort asked: head.json is written then
    times: list[int] = []
    found: list[set[str]] = []

    def post() -> None:
        times.append(present(tmp_path))
        tray.accept(db, new_posting())

    def look() -> None:
        times.append(present(tmp_path))
        found.append(dated(config.data, *times[:2]))

    tick.run(config, Steps([post, *[nothing] * (tick.TOUCH - 2), look, look]))
    before, after = found
    assert before >= {"intake.sqlite3-wal", "write.lock", "files", "files/head.json"}, "the search finds what is there"
    assert after == set()
    assert tick.TOUCH * tick.LOOK == 30
    monday = segments.clock.monday_ns(segments.clock.week())
    assert {path.stat().st_mtime_ns for path in (config.files, config.files / "head.json")} == {monday}


def test_a_server_that_was_stopped_tells_when_and_no_posting(tmp_path, static):
    data = tmp_path / "data"
    write_tree(data / "tree")
    server = Server(data, static)
    since = present(tmp_path)
    try:
        assert server.ask("POST", "/post", new_posting())[2] == b"stored"
    finally:
        until = present(tmp_path)
        assert "write.lock" in dated(data, since, until)
        server.process.terminate()
        server.process.wait(120)
    assert dated(data, since, until) == set()


def test_a_ticker_that_cannot_read_its_tree_waits_for_a_better_one(client, config, db, monkeypatch, capfd):
    monkeypatch.setattr(tick.clock, "seconds_to_tick", lambda _: 1.0)
    tray.accept(db, new_posting())
    there, away = config.tree / "metadata" / "timestamp.json", config.data / "away"
    there.rename(away)
    tick.run(config, Steps([lambda: away.rename(there), nothing]))
    assert head(client)["number"] == 1
    assert capfd.readouterr().err == "tellsafe: FileNotFoundError at publicfiles.py:140\n"


def test_a_file_that_may_not_be_touched_does_not_stop_publication(client, config, db, monkeypatch, capfd):
    """Seen to fail: a file of another user in the data folder, and nothing was published any more."""
    monkeypatch.setattr(tick.clock, "seconds_to_tick", lambda _: 1.0)
    real = os.utime

    def utime(path: Path, *args: object, **named: object) -> None:
        if Path(path) in (config.data, config.data / "a-note"):
            raise PermissionError
        real(path, *args, **named)

    (config.data / "a-note").touch()
    monkeypatch.setattr(disk.os, "utime", utime)
    tray.accept(db, new_posting())
    tick.run(config, Steps([nothing]))
    assert head(client)["number"] == 1 and capfd.readouterr().err == ""
