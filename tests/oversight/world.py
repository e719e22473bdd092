"""Three stewards with real key files, a reviewer's request, and the desk's commands run as a steward types them."""

import datetime
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from crypto.encoding import canonical
from crypto.private.keyfile import ReviewerKeys
from crypto.private.signing import sign_request
from oversight.__main__ import main

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
NAMES = ("ada", "ben", "cem")
PASSPHRASE = "six random words are good enough"
Run = Callable[..., tuple[int, str, str]]


def stamp(moment: datetime.datetime = NOW) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def request(folder: Path, name: str, number: int, programme: bytes, quarters: tuple[str, ...] = ("2026-Q4", "2027-Q1")) -> Path:
    """A reviewer's request file; `number` makes the keys, one open key for each quarter."""
    seeds = {quarter: bytes([0, number, int(quarter[3]), int(quarter[-1])]) + bytes(28) for quarter in quarters}
    keys = ReviewerKeys(bytes([0, number, 100]) + bytes(29), bytes([0, number, 200]) + bytes(29), seeds)
    path = folder / f"{name}-{len(quarters)}.request.json"
    path.write_bytes(canonical(sign_request(name, keys.public(), keys.sign_seed, programme)))
    return path


class Desk:
    """One folder with key files; `run` gives (exit code, what was said, complaints)."""

    def __init__(self, folder: Path, capsys: Any) -> None:
        self.folder, self.capsys, self.now = folder, capsys, NOW
        self.tree = folder / "tree"

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        code = main([*arguments, "--now", stamp(self.now)])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def propose(self, out: str, *arguments: str) -> tuple[int, str, str]:
        return self.run("propose", *arguments, "--tree", str(self.tree), "--out", self.path(out))

    def sign(self, proposal: str, *names: str) -> None:
        for name in names:
            key = ("--key", self.path(f"{name}.key"), "--passphrase-file", self.path("passphrase"))
            code, _, complaint = self.run("sign", self.path(proposal), "--tree", str(self.tree), *key)
            assert code == 0, complaint

    def publish(self, proposal: str, *more: str) -> tuple[int, str, str]:
        return self.run("publish", self.path(proposal), "--tree", str(self.tree), *more)

    def change(self, *arguments: str, by: tuple[str, ...] = ("ada", "ben")) -> str:
        """Propose, sign and publish; gives what was said."""
        code, said, complaint = self.propose("change.json", *arguments)
        assert code == 0, complaint
        self.sign("change.json", *by)
        code, _, complaint = self.publish("change.json")
        assert code == 0, complaint
        return said

    @property
    def programme(self) -> bytes:
        from oversight.metadata import state_of
        from oversight.publish import load

        return state_of(load(self.tree)).programme

    def content(self, role: str) -> dict[str, Any]:
        from oversight.metadata import state_of
        from oversight.publish import load

        return dict(state_of(load(self.tree)).contents[role])


class Overheard:
    """In place of capsys, for what is made once for many tests: pytest keeps what was said."""

    def readouterr(self) -> SimpleNamespace:
        return SimpleNamespace(out="", err="see what was captured")


def copied(made: Path, to: Path, capsys: Any) -> Desk:
    """A desk on a copy of another's folder."""
    return Desk(Path(shutil.copytree(made, to / "desk")), capsys)


def edit(path: str | Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file in place."""
    value = json.loads(Path(path).read_text("utf-8"))
    change(value)
    Path(path).write_text(json.dumps(value, ensure_ascii=False), "utf-8")
