import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from crypto.case import fold
from crypto.errors import Malformed, NotForUs
from crypto.posting import parse_posting
from crypto.sealing import make_posting
from review import backup, casebook, files, outbox, sync, vault
from review.desk import Desk, lock_desk, open_desk
from tests.review.world import (
    NOW,
    PASSPHRASE,
    FakeIntake,
    P,
    arrive,
    everybody,
    make_desks,
    pass_screen,
    turn,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def case_id(intake: FakeIntake, desks: list[Desk]) -> str:
    report = arrive(intake, desks[0])
    for desk in desks:
        turn(desk)
    pass_screen(desks[0])
    return report.id


def reborn(old: Desk, folder: Path, intake: FakeIntake) -> Desk:
    """A workstation on another machine, over a restored folder."""
    desk = Desk(folder, P, intake.server, now=lambda: NOW)
    desk.tree, desk.tree_at = old.tree, float("inf")
    open_desk(desk, PASSPHRASE)
    return desk


def test_a_backup_made_while_the_workstation_runs_is_the_vault_on_another_machine(
    intake: FakeIntake, desks: list[Desk], case_id: str, tmp_path: Path
) -> None:
    outbox.say(desks[0], case_id, "answer", text="Thank you.")
    made = backup.back_up(desks[0].folder, tmp_path / "b", PASSPHRASE, P)
    assert desks[0].book is not None and made.events == len(desks[0].book.events) == 3 and made.cases == 1
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    found = backup.restore(tmp_path / "b", tmp_path / "new", PASSPHRASE, P)
    assert found == made
    for name in (vault.KEYFILE, backup.CASEBOOK, vault.PUBLIC, vault.REQUEST):
        assert (tmp_path / "new" / name).read_bytes() == (desks[0].folder / name).read_bytes()
    desk = reborn(desks[0], tmp_path / "new", intake)
    assert desk.book is not None and fold(desk.book.events.values(), case_id) == fold(desks[0].book.events.values(), case_id)


@pytest.mark.slow
def test_another_machine_needs_the_file_and_the_passphrase_alone(real_passphrases: None, intake: FakeIntake, tmp_path: Path) -> None:
    """The command itself with another home, another folder, nothing else in its environment, and the first machine gone."""
    old = make_desks(tmp_path / "first", intake)[0]
    report = arrive(intake, old)
    turn(old)
    home = tmp_path / "second"
    home.mkdir()

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tools", "review", *arguments, "--fingerprint", P.hex()],
            cwd=home, env={"HOME": str(home), "PYTHONPATH": str(ROOT)}, input=f"{PASSPHRASE}\n", capture_output=True, text=True,
            start_new_session=True, timeout=180,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    command("--backup", "stick", "--vault", str(old.folder))
    lock_desk(old)
    shutil.rmtree(tmp_path / "first")
    assert "vault of Ada, keys for 2026-Q4, 2027-Q1, 1 case with 1 events" in command("--restore", "stick", "--vault", "vault")
    assert sorted(path.name for path in home.iterdir()) == ["stick", "vault"]
    desk = reborn(old, home / "vault", intake)
    assert desk.book is not None and desk.book.events[report.id].payload["text"] == "What happened."


def test_nothing_in_clear_is_in_a_backup(desks: list[Desk], case_id: str, tmp_path: Path) -> None:
    backup.back_up(desks[0].folder, tmp_path / "b", PASSPHRASE, P)
    data = (tmp_path / "b").read_bytes()
    assert b"Ada" not in data and vault.public_keys(desks[0].folder)["sign"].encode() not in data


def test_nothing_is_ever_overwritten(desks: list[Desk], tmp_path: Path) -> None:
    backup.back_up(desks[0].folder, tmp_path / "b", PASSPHRASE, P)
    before = (tmp_path / "b").read_bytes()
    with pytest.raises(FileExistsError):
        backup.back_up(desks[0].folder, tmp_path / "b", PASSPHRASE, P)
    assert (tmp_path / "b").read_bytes() == before
    with pytest.raises(backup.FolderTaken):
        backup.restore(tmp_path / "b", desks[1].folder, PASSPHRASE, P)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(backup.FolderTaken):
        backup.restore(tmp_path / "b", tmp_path / "file", PASSPHRASE, P)


def test_a_wrong_passphrase_writes_nothing_and_a_changed_file_restores_nothing(desks: list[Desk], tmp_path: Path) -> None:
    with pytest.raises(NotForUs):
        backup.back_up(desks[0].folder, tmp_path / "b", "wrong", P)
    assert not (tmp_path / "b").exists()
    backup.back_up(desks[0].folder, tmp_path / "b", PASSPHRASE, P)
    data = bytearray((tmp_path / "b").read_bytes())
    data[-1] ^= 1
    (tmp_path / "b").write_bytes(data)
    with pytest.raises(NotForUs):
        backup.restore(tmp_path / "b", tmp_path / "new", PASSPHRASE, P)
    assert not (tmp_path / "new").exists()


def test_a_backup_that_does_not_open_is_not_kept(desks: list[Desk], case_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = backup._read(desks[0].folder)
    broken = bytearray(whole[backup.CASEBOOK])
    broken[60] ^= 1
    monkeypatch.setattr(backup, "_read", lambda folder: {**whole, backup.CASEBOOK: bytes(broken)})
    with pytest.raises(casebook.CasebookDamaged):
        backup.back_up(desks[0].folder, tmp_path / "b", PASSPHRASE, P)
    assert not (tmp_path / "b").exists()
    (tmp_path / "bad").write_bytes(vault.seal_file(PASSPHRASE, backup._packed(backup._read(desks[0].folder))))
    with pytest.raises(casebook.CasebookDamaged):
        backup.restore(tmp_path / "bad", tmp_path / "new", PASSPHRASE, P)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_vault_that_changes_meanwhile_is_read_again(desks: list[Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, read, changes = desks[0].folder, Path.read_bytes, iter([True, False])
    assert desks[0].vault is not None
    own = desks[0].vault

    def reading(path: Path) -> bytes:
        data = read(path)
        if path == folder / backup.CASEBOOK and next(changes, False):
            own._rewrite({**own._use().open_seeds, "2027-Q2": bytes(32)})
        return data

    monkeypatch.setattr(Path, "read_bytes", reading)
    made = backup.back_up(folder, tmp_path / "b", PASSPHRASE, P)
    assert "2027-Q2" in made.quarters


def test_a_record_half_written_while_it_is_read_is_left_out(desks: list[Desk], case_id: str, tmp_path: Path) -> None:
    with (desks[0].folder / backup.CASEBOOK).open("ab") as file:
        file.write(b"\x00\x00\x01\x00half a record")
    made = backup.back_up(desks[0].folder, tmp_path / "b", PASSPHRASE, P)
    assert made.events == 2


def test_backups_while_another_thread_writes_all_open(desks: list[Desk], case_id: str, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            outbox.say(desks[0], case_id, "note", text="One more.")
            assert desks[0].book is not None
            casebook.compact(desks[0].book)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [backup.back_up(desks[0].folder, tmp_path / f"b{n}", PASSPHRASE, P).events for n in range(3)]
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(counts) and counts[0] >= 2


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil.json", "evil.sh", backup.RESTORED])
def test_no_name_in_a_backup_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    data = backup._packed({vault.KEYFILE: b"x", name: b"y"})
    (tmp_path / "b").write_bytes(vault.seal_file(PASSPHRASE, data))
    with pytest.raises(Malformed):
        backup.restore(tmp_path / "b", tmp_path / "new", PASSPHRASE, P)
    for junk in (b"", backup.HEADER, data + b"more", data[:-1]):
        with pytest.raises(Malformed):
            backup._unpacked(junk)


def test_who_restored_says_nothing_until_all_they_said_before_is_back(
    intake: FakeIntake, desks: list[Desk], case_id: str, tmp_path: Path
) -> None:
    """Otherwise two events of one reviewer would follow the same one, and everybody would see it as a contradiction."""
    turn(desks[0])
    backup.back_up(desks[0].folder, tmp_path / "b", PASSPHRASE, P)
    lost = outbox.say(desks[0], case_id, "answer", text="Said after the backup.")
    turn(desks[0])  # posted, and not yet published
    lock_desk(desks[0])
    backup.restore(tmp_path / "b", tmp_path / "new", PASSPHRASE, P)
    desk = reborn(desks[0], tmp_path / "new", intake)
    sync.one_round(desk)
    with pytest.raises(outbox.NotReady):
        outbox.say(desk, case_id, "answer", text="Too early.")
    assert "Restored" in desk.status.note
    for number in range(backup.SEGMENTS):
        outbox.say(desks[1], case_id, "received" if number == 0 else "answer", **({"text": "Others go on."} if number else {}))
        everybody(intake, [desks[1], desk])
    turn(desk)
    assert desk.book is not None and lost.id in desk.book.events and not backup.waiting(desk.folder)
    assert desk.status.note == ""
    outbox.say(desk, case_id, "answer", text="After the restore.")
    case = fold(desk.book.events.values(), case_id)
    assert case is not None and case.equivocations == ()


def test_it_takes_two_segments_from_the_first_look(tmp_path: Path) -> None:
    assert backup.settle(tmp_path, 9, lambda: None), "nothing was restored here"
    (tmp_path / backup.RESTORED).write_text('{"v": 1, "segment": null}')
    assert [backup.settle(tmp_path, newest, lambda: None) for newest in (9, 9, 10, 11, 11)] == [False, False, False, True, True]
    assert list(tmp_path.iterdir()) == []


def test_the_commands(desks: list[Desk], case_id: str, tmp_path: Path) -> None:
    (tmp_path / "words").write_text(PASSPHRASE)
    common = ["--fingerprint", P.hex(), "--passphrase-file", str(tmp_path / "words")]
    code, words = files.main(["--backup", str(tmp_path / "b"), "--vault", str(desks[0].folder), *common])
    assert code == 0 and "restored once as a proof: vault of Ada, keys for 2026-Q4, 2027-Q1, 1 case with 2 events" in words
    assert files.main(["--restore", str(tmp_path / "b"), "--vault", str(tmp_path / "new"), *common])[0] == 0
    code, words = files.main(["--restore", str(tmp_path / "b"), "--vault", str(tmp_path / "new"), *common])
    assert code == 1 and "not empty" in words
    assert files.main(["--restore", str(tmp_path / "none"), "--vault", str(tmp_path / "newer"), *common])[0] == 1
    assert json.loads((tmp_path / "new" / backup.RESTORED).read_bytes())["segment"] is None
    assert not files.wanted(["--vault", "x", "--server", "y"])


def test_of_what_waited_in_the_backup_only_what_cannot_have_been_taken_back_is_sent(
    intake: FakeIntake, desks: list[Desk], case_id: str, tmp_path: Path
) -> None:
    """The first machine sent one, took the last one back, said another in its place, and is gone."""
    old, bo = desks[0], desks[1]
    turn(old)
    turn(bo)
    pass_screen(bo)  # waits, and cannot be taken back
    sent, undone = (outbox.say(old, case_id, "answer", text=text) for text in ("sent later", "taken back later"))
    outbox.say(bo, case_id, "answer", text="taken back or not")
    for desk in (old, bo):
        backup.back_up(desk.folder, tmp_path / f"{desk.folder.name} file", PASSPHRASE, P)
    outbox.take_back(old, undone.id)
    outbox.say(old, case_id, "answer", text="in its place")
    turn(old)
    lock_desk(old)
    lock_desk(bo)
    before, new = len(intake.postings), []
    for desk in (old, bo):
        name = desk.folder.name
        backup.restore(tmp_path / f"{name} file", tmp_path / f"{name} new", PASSPHRASE, P)
        new.append(reborn(desk, tmp_path / f"{name} new", intake))
    for _ in range(backup.SEGMENTS):
        for desk in new:
            turn(desk)
        assert len(intake.postings) == before, "a restored workstation says nothing"
        intake.tick()
        intake.tray = list(parse_posting(make_posting(P, [])).letters)
    for desk in new:
        turn(desk)
    assert len(intake.postings) == before + 1, "that Bo opened it, and nothing of Ada's"
    intake.tick()
    turn(desks[2])
    turn(new[0])
    for reader in (desks[2], new[0]):
        assert reader.book is not None
        case = fold(reader.book.events.values(), case_id)
        assert case is not None and case.equivocations == () and len(case.opened) == 2
        assert [event.payload["text"] for event in case.order if event.kind == "answer"] == ["sent later", "in its place"]
    for desk in new:
        desk.status.note = sync.NOT_RENEWED
        assert "Answer to the reporter in case" in desk.status.unsent and "Say it again" in desk.status.unsent
        assert desk.book is not None and "Not sent after the restore: Answer to the reporter." in desk.book.ticks[case_id][0]
        assert not desk.book.waiting and sync.unpublished(desk) == 0
    assert sent.id in {event.id for event in case.order}
