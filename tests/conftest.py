"""Fixtures that more than one folder of tests uses: browsers and a Tor network from the harness, one demo for all journeys."""

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask
from hypothesis import settings
from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache

from intake import pages

# Where a landing hangs on it the examples are the same each time; every other run explores new ones.
settings.register_profile("same", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("same")


class CompiledOnce(BytecodeCache):
    """Hundreds of tests make an app of their own; their templates are the same. jinja2 looks whether the source is still the one."""

    held: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if data := self.held.get(bucket.key):
            bucket.bytecode_from_string(data)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.held[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {"bytecode_cache": CompiledOnce()}
pages.Environment = functools.partial(Environment, bytecode_cache=CompiledOnce())  # type: ignore[misc, assignment]

pytest_plugins = ["tests.harness.fixtures"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The demo as a new user starts it: an intake with a tick of one second and three workstations. Gives its one JSON line."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "tools", "demo", "--json", "--data", str(folder / "data")]
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.strip():
        process.wait(10)
        pytest.fail(f"the demo did not start: {(folder / 'demo.log').read_text('utf-8', 'replace')[-2000:]}")
    yield json.loads(line)
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(120)
