"""A table is drawn once: whatever is run again, whatever is cut short, whatever is changed on the disk."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crypto.errors import ProtocolError
from crypto.numbers import csv_of, parse_release, spelled
from oversight import disk
from oversight.errors import Refused
from oversight.statistics import desk, folder, keys, labels, ledger, release
from tests.statistics.world import KEY, LATER, NAMES, P, collect, draw, intake, outcome, plus


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "statistician"
    made.mkdir()
    collect(made, [intake(1), intake(2, code="D4-REPRISAL"), outcome(1)])
    return made


def bytes_of(place: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file() and path.name not in ("lock", folder.LABELS)
    }


def test_the_second_run_gives_the_stored_file_and_never_a_fresh_draw(place: Path) -> None:
    first = draw(place, extra=3)
    assert first.counts == {"A": 3, "B": 4, "C": 3, "D": 4, "X": 3}
    before = bytes_of(place)
    collect(place, [intake(3)])

    def never(*_: Any) -> list[int]:
        pytest.fail("drawn again")

    assert desk.draw_once(place, KEY, "2027-Y", "T1", LATER, noisy=never) == first
    assert bytes_of(place) == before


def test_the_real_noise_is_not_the_same_twice(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        collect(tmp_path / name, [])
        for table in ("T1", "T2"):
            made.append((table, list(desk.draw_once(tmp_path / name, KEY, "2027-Y", table, LATER).counts.values())))
    assert made[:2] != made[2:]  # alike once in some hundred thousand runs


@pytest.mark.parametrize("table", ["T1", "T2"])
def test_without_a_single_report_everything_has_the_same_shape(tmp_path: Path, table: str) -> None:
    shapes = []
    for name, messages in (("none", []), ("some", [intake(n) for n in range(30)] + [outcome(n) for n in range(30)])):
        (tmp_path / name).mkdir()
        collect(tmp_path / name, messages)
        made = desk.draw_once(tmp_path / name, KEY, "2027-Y", table, LATER)
        shapes.append({key: value for key, value in made.value.items() if key not in ("noisy_counts", "signatures")})
        assert len(made.value["noisy_counts"]) == 5
    assert shapes[0] == shapes[1]


class PowerCut(Exception):
    """The machine stops."""


def cut_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Stop at the n-th thing done to the disk: before it, or with a file torn in the middle."""
    left = [steps]

    def counted(real: Callable[..., Any], tear: bool) -> Callable[..., Any]:
        def step(path: Path, *rest: Any) -> Any:
            left[0] -= 1
            if left[0] == 0 and tear:
                path.write_bytes(rest[0][: len(rest[0]) // 2])
            if left[0] <= 0:
                raise PowerCut
            return real(path, *rest)

        return step

    monkeypatch.setattr(disk, "written", counted(disk.written, True))
    monkeypatch.setattr(disk, "rename", counted(disk.rename, False))


@pytest.mark.parametrize("steps", range(1, 8))
def test_a_draw_cut_short_anywhere_is_finished_and_not_repeated(place: Path, steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        cut_after(patch, steps)
        if steps < 7:
            with pytest.raises(PowerCut):
                draw(place, extra=100)
        else:
            draw(place, extra=100)
    collect(place, [intake(9, code="A2-UNTESTED")])  # late if the draw has happened
    again = draw(place, extra=200)
    # The first step tears the file, and nobody has seen it. From the second on the file is whole.
    assert again.counts["A"] == (201 if steps == 1 else 100)
    assert draw(place, extra=300) == again
    assert len(folder.read_ledger(place).splitlines()) == 1
    assert not list((place / "releases").glob("*.part"))


def test_nothing_is_shown_before_the_draw_is_on_the_disk(place: Path) -> None:
    seen: list[bool] = []
    with pytest.MonkeyPatch.context() as patch:
        real = release.check_release
        patch.setattr(release, "check_release", lambda *rest: (seen.append(bool(folder.read_ledger(place))), real(*rest))[1])
        draw(place)
    assert seen[-1] is True


def test_no_true_count_and_no_code_is_left_anywhere(place: Path) -> None:
    collect(place, [intake(n, code="C2-ESCAPE") for n in range(10, 47)])
    before = labels.from_bytes(keys.open_store(KEY.lock, (place / folder.LABELS).read_bytes()))
    assert len(labels.cells(before, "T1", "2027-Y")) == 39
    draw(place, extra=1000)
    store = keys.open_store(KEY.lock, (place / folder.LABELS).read_bytes())
    assert b"C2-ESCAPE" not in store and b"L3-INTERNAL" not in store
    assert [each.table for each in labels.from_bytes(store).waiting.values()] == ["T2"]
    for data in bytes_of(place).values():
        assert b"C2-ESCAPE" not in data and NAMES[0].encode() not in data
        assert b'"noisy_counts":[1000,1001,1037,1001,1000]' in data or b"noisy" not in data


def test_too_early_is_refused(place: Path) -> None:
    for table, day in (("T1", date(2028, 2, 14)), ("T2", date(2029, 2, 14))):
        with pytest.raises(Refused, match="not before"):
            desk.draw_once(place, KEY, "2027-Y", table, date.fromordinal(day.toordinal() - 1), noisy=plus(0))
        assert desk.draw_once(place, KEY, "2027-Y", table, day, noisy=plus(0)).value["published"] == day.isoformat()


@pytest.mark.parametrize("period, table", [("2027-H1", "T1"), ("2027-Q1", "T1"), ("2027-H1", "T2"), ("2027", "T1"), ("2027-Y", "T3")])
def test_another_form_than_the_policys_is_refused(place: Path, period: str, table: str) -> None:
    with pytest.raises((Refused, ProtocolError)):
        draw(place, period, table)
    assert folder.read_releases(place) == {}


def test_a_folder_that_lost_its_end_does_not_draw_again(place: Path) -> None:
    draw(place)
    published = folder.read_ledger(place)
    (place / "ledger.jsonl").unlink()
    (place / "releases" / "2027-Y-T1.json").unlink()
    with pytest.raises(Refused, match="was drawn and is not in the ledger any more"):
        draw(place)
    (place / folder.LABELS).unlink()
    collect(place, [intake(1)])
    with pytest.raises(Refused, match="published ledger has lines that this folder lacks"):
        draw(place, published=published)


def test_two_commands_at_once_are_refused(place: Path) -> None:
    with folder.only_one(place), pytest.raises(Refused, match="another command"):
        draw(place)


CHANGES: dict[str, Callable[[Path], None]] = {
    "a count": lambda place: resign(place, noisy_counts=[9, 9, 9, 9, 9]),
    "the budget": lambda place: resign(place, spent_for_this_cohort="0.5"),
    "epsilon": lambda place: resign(place, epsilon="0.5"),
    "the frequency's reason": lambda place: resign(place, frequency_rule="yearly, as we like"),
    "the release before": lambda place: resign(place, previous_release_sha256="00" * 32),
    "a cell": lambda place: resign(place, keys=["A", "B", "C", "D", "Z"]),
    "a floating count": lambda place: edit(place, lambda data: data.replace(b'"noisy_counts":[5,', b'"noisy_counts":[5.0,')),
    "a byte of the signature": lambda place: edit(place, lambda data: data.replace(b'"sig":"', b'"sig":"A', 1)),
    "white space": lambda place: edit(place, lambda data: data + b"\n"),
    "no file": lambda place: (place / "releases" / "2027-Y-T1.json").unlink(),
    "a file more": lambda place: (place / "releases" / "2028-Y-T1.json").write_bytes(b"{}"),
    "a line less": lambda place: lines(place, lambda all_: all_[:1]),
    "first line less": lambda place: lines(place, lambda all_: all_[1:]),
    "lines changed about": lambda place: lines(place, lambda all_: all_[::-1]),
    "a line twice": lambda place: lines(place, lambda all_: [*all_, all_[-1]]),
    "a hash": lambda place: lines(place, lambda all_: [all_[0].replace(b'"sha256":"', b'"sha256":"0')[:-3] + b'"}\n', *all_[1:]]),
    "an epsilon in the ledger": lambda place: lines(place, lambda all_: [all_[0].replace(b"1.0", b"0.1"), *all_[1:]]),
    "no line end": lambda place: lines(place, lambda all_: [*all_[:-1], all_[-1].rstrip(b"\n")]),
}


def edit(place: Path, change: Callable[[bytes], bytes]) -> None:
    path = place / "releases" / "2027-Y-T1.json"
    path.write_bytes(change(path.read_bytes()))


def resign(place: Path, **other: Any) -> None:
    """What a statistician who cheats later could do: the signature is good."""
    path = place / "releases" / "2027-Y-T1.json"
    value = {**json.loads(path.read_bytes()), **other}
    del value["signatures"]
    signature = desk.release.b64(keys.sign(KEY.key, release.release_message(value, P)))
    path.write_bytes(spelled({**value, "signatures": [{"key": KEY.key.sign_public, "sig": signature}]}))


def lines(place: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = place / "ledger.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_to_ledger_or_release_is_found(place: Path, change: str) -> None:
    draw(place, extra=5)
    draw(place, table="T2")
    good = release.target_files(folder.read_ledger(place), folder.read_releases(place))
    assert len(release.check_targets(good, P, [KEY.key.sign_public])) == 2
    CHANGES[change](place)
    with pytest.raises((Refused, ProtocolError)):
        release.check_all(folder.read_ledger(place), folder.read_releases(place), P)
    if change != "a line less":  # which is what a draw that was cut short leaves: it is mended from the release
        with pytest.raises((Refused, ProtocolError)):
            draw(place, "2028-Y")


@pytest.mark.parametrize(
    "other",
    [
        {"spent_for_this_cohort": "0.5"},
        {"frequency_rule": "yearly, as we like"},
        {"frequency": "half-yearly"},
        {"previous_release_sha256": "11" * 32},
        {"epsilon": "0.5"},
        {"interval_99": 1},
        {"published": "2028-02-15"},
        {"keys": ["A", "B", "C", "D", "Z"]},
        {"noisy_counts": [1, 2, 3, 4]},
        {"programme": "11" * 32},
        {"more": 1},
    ],
)
def test_a_statistician_who_signs_something_else_and_rewrites_the_ledger_is_found(place: Path, other: dict[str, Any]) -> None:
    draw(place)
    resign(place, **other)
    value = json.loads((place / "releases" / "2027-Y-T1.json").read_bytes())
    lied = ledger.Entry(1, "T1", "2027-Y", "1.0", ledger.digest(spelled(value)), ledger.START)
    with pytest.raises((Refused, ProtocolError)):
        release.check_all(ledger.line_of(lied), folder.read_releases(place), P)


def test_other_noise_under_a_rewritten_ledger_is_found_only_beside_the_published_one(place: Path) -> None:
    """The limit of every check: who has never published may draw in secret as often as they like. The method page says so."""
    draw(place)
    published = folder.read_ledger(place)
    resign(place, noisy_counts=[9, 9, 9, 9, 9])
    entry = ledger.entry_of((place / "releases" / "2027-Y-T1.json").read_bytes())
    (place / "ledger.jsonl").write_bytes(ledger.line_of(entry))
    assert release.check_all(folder.read_ledger(place), folder.read_releases(place), P)
    with pytest.raises(Refused, match="published ledger"):
        draw(place, published=published)


def test_published_files_are_checked_whole(place: Path) -> None:
    draw(place)
    good = release.target_files(folder.read_ledger(place), folder.read_releases(place))
    names = ("ledger.jsonl", "release-1.schema.json", "2027-Y-T1.json", "2027-Y-T1.csv", "2027-Y-exact.csv")
    assert set(good) == {f"statistics/{name}" for name in names}
    for path, data in good.items():
        with pytest.raises((Refused, ProtocolError)):
            release.check_targets({**good, path: data + b" "}, P)
        with pytest.raises((Refused, ProtocolError)):
            release.check_targets({name: each for name, each in good.items() if name != path}, P)
    with pytest.raises(Refused):
        release.check_targets({**good, "statistics/more.csv": b""}, P)
    with pytest.raises(Refused, match="not signed by the programme's statistician"):
        release.check_targets(good, P, [NAMES[0]])
    with pytest.raises(Refused, match="another programme"):
        release.check_targets(good, bytes(32))


def test_the_csv_says_the_same(place: Path) -> None:
    made = draw(place, extra=-2)
    assert csv_of(made).decode().splitlines()[:2] == ["release_id,key,noisy_count,low99,high99", "2027-Y-T1,A,-2,-6,2"]
    assert sum(int(line.split(",")[2]) for line in csv_of(made).decode().splitlines()[1:]) == made.total == -8


def test_the_schema_names_what_a_release_holds(place: Path) -> None:
    value, schema = draw(place).value, json.loads(release.schema())
    assert set(value) == set(schema["required"]) == set(schema["properties"])
    for name, part in schema["properties"].items():
        kinds = {"string": str, "integer": int, "array": list, "object": dict}
        assert isinstance(value[name], kinds[part["type"]]) if "type" in part else value[name] == part.get("const", value[name])


def test_a_release_is_read_back_as_it_was_made(place: Path) -> None:
    made = draw(place, extra=-7)
    assert parse_release(folder.read_releases(place)["2027-Y-T1"]) == made
