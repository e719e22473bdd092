"""The same journey over a private Tor network on this machine: a real onion service, Firefox and workstations by SOCKS."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.harness.firefox import Firefox, firefox
from tests.harness.tornet import TorNet
from tests.journeys.test_sealed_post import open_desk, send_report, until_case_says, until_desk_shows
from tools import demo as demonstration

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def over_tor(tor_net: TorNet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """An intake behind an onion, its workstations and the reporter each with a Tor client."""
    folder = tmp_path_factory.mktemp("tor")
    children: list[subprocess.Popen[str]] = []
    fingerprint, passphrases = demonstration.make(folder)
    try:
        served = demonstration.start_intake(folder, 0, children)
        onion = tor_net.add_onion("intake", f"127.0.0.1:{urlsplit(served['url']).port}")
        reviewers_way, reporters_way = (tor_net.start_client(name) for name in ("reviewers", "reporter"))
        for way in (reviewers_way, reporters_way):
            tor_net.wait_onion(onion, way)
        url = f"http://{onion.hostname}"
        desks = demonstration.start_desks(folder, url, fingerprint, passphrases, children, "{}:{}".format(*reviewers_way))
        yield {"url": url, "reviewers": desks, "socks": reporters_way, "folder": Path(folder), "fingerprint": fingerprint}
    finally:
        demonstration.stop(children)


def test_report_answer_and_return_over_tor(over_tor: dict[str, Any], firefox_standard: Firefox) -> None:
    """The reviewers' browser is one without Tor, as on their own machines: workstations listen on loopback."""
    desk = firefox_standard
    for reviewer in over_tor["reviewers"]:
        open_desk(desk, reviewer)
    with firefox("safer", socks=over_tor["socks"]) as reporter:
        words = send_report(reporter, over_tor["url"], "Sent over an onion.")
        assert reporter.js("return isSecureContext")
        for reviewer in over_tor["reviewers"]:
            until_desk_shows(desk, reviewer, "Sent over an onion.", timeout=300)
        desk.fill("#answer-text", "Read over an onion.")
        desk.follow("#send-answer")
        until_case_says(reporter, over_tor["url"], words, "Read over an onion.", timeout=300)


def test_the_stewards_commands_over_tor(over_tor: dict[str, Any]) -> None:
    """The lines of docs/steward-guide.md with --socks: a steward fetches, renews the timestamp and publishes; anybody verifies."""
    folder, server = over_tor["folder"], [over_tor["url"], "--socks", "{}:{}".format(*over_tor["socks"])]
    keys = demonstration.keyholders(folder)
    two = [["--key", each["key"], "--passphrase-file", keys["passphrase_file"]] for each in keys["stewards"][:2]]
    tree, known = ["--tree", str(folder / "copy")], ["--fingerprint", over_tor["fingerprint"]]
    for command in (
        ["steward", "fetch", *tree, *known, "--server", *server],
        ["steward", "propose", "refresh", "--all", *tree, "--out", "again.json"],
        *(["steward", "sign", "again.json", *tree, *key] for key in two),
        ["steward", "publish", "again.json", *tree, "--server", *server],
        ["verify", *server, *known],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "tools", *command], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert "Everything checked" in done.stdout
