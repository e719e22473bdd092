"""The steward's guide, followed to the letter: every command line in it, in order, in an empty folder."""

import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from oversight.metadata import state_of
from oversight.publish import load
from tests.oversight.world import request

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
def test_the_guide(tmp_path: Path) -> None:
    script = tmp_path / "tellsafe"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tools "$@"\n', "utf-8")
    script.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "steward-guide.md").read_text("utf-8"), re.M | re.S)
    commands = [line for block in blocks for line in block.splitlines()]
    assert len(commands) > 40
    for command in commands:
        if "ana.request.json" in command and not (tmp_path / "ana.request.json").exists():
            today = datetime.datetime.now(datetime.UTC)
            quarter = f"{today.year}-Q{(today.month + 2) // 3}"
            request(tmp_path, "Ana", 1, state_of(load(tmp_path / "tree")).programme, (quarter,)).rename(tmp_path / "ana.request.json")
        # Without a terminal the passphrase is read from standard input, twice for a new key.
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
            input="a long passphrase\n" * 2, start_new_session=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if "annex open" in command:
            assert "References called" in done.stdout
    roster = state_of(load(tmp_path / "data" / "tree")).contents["roster"]
    assert [(each["name"], each["ended"]) for each in roster["reviewers"]] == [("Ana", "CONDUCT")]
    promises = state_of(load(tmp_path / "data" / "tree")).contents["programme"]["commitments"]
    assert [(each["id"], each["source"][-1]) for each in promises] == [("EX-1", "2"), ("EX-2", "5")]
    assert [each["name"] for each in roster["evaluators"]] == ["Lab Watch"]


def test_every_command_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "steward-guide.md").read_text("utf-8")
    text = subprocess.run([sys.executable, "-m", "oversight", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60).stdout
    kinds = subprocess.run(
        [sys.executable, "-m", "oversight", "propose", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    ).stdout
    commands, changes = (re.findall(r"^    ([a-z-]+)(?:  |$)", part, re.M) for part in (text, kinds))
    assert len(commands) >= 11 and len(changes) == 11
    assert [name for name in commands if name != "propose" and f"steward {name}" not in guide and f"tellsafe {name}" not in guide] == []
    assert [name for name in changes if f"propose {name}" not in guide] == []
