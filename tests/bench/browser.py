"""Figures in a real Firefox: sealing a posting, a return's scan, and the form over a link as slow as Tor's."""

import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.harness.firefox import ONION, Firefox, firefox
from tests.harness.slowlink import SlowLink

BROWSER = Path(__file__).resolve().parents[2] / "crypto" / "browser"
CLUES = 15_000
SEAL = """
const P = new Uint8Array(32), keys = await core.keysOf((await core.newReceipt()).entropy, P);
const slot = {find: keys.find.public, open: keys.open.public, raw: new Uint8Array(9000)};
await core.makePosting(P, [slot, slot, slot, slot]);
const start = performance.now();
for (let i = 0; i < 5; i++) await core.makePosting(P, [slot, slot, slot, slot]);
return (performance.now() - start) / 5000;
"""
SCAN = """
const P = new Uint8Array(32), keys = await core.keysOf((await core.newReceipt()).entropy, P);
const clues = Array.from({length: args[0]}, () => { const c = crypto.getRandomValues(new Uint8Array(40)); c[31] &= 0x3f; return c; });
const start = performance.now();
await core.findMatches(keys, clues, P);
return (performance.now() - start) / 1000;
"""


def core() -> str:
    """The browser half as one script with a global name; the committed bundle shows no names."""
    from tools.test import _node

    command = [str(_node()), "node_modules/esbuild/bin/esbuild", "index.ts", "--bundle", "--format=iife", "--global-name=core"]
    return subprocess.run([*command, "--target=es2022"], cwd=BROWSER, check=True, capture_output=True, text=True).stdout


def measured(url: str) -> dict[str, float]:
    """Seconds for each figure, by its name."""
    script, figures = core(), {}
    for level in ("standard", "safer"):
        with firefox(level) as browser:
            browser.goto(f"{url}/about")
            browser.js(f"{script}; window.core = core;")
            figures[f"sealing a posting at {level}"] = float(browser.ajs(SEAL))
            if level == "safer":
                figures[f"scan of {CLUES} clues at safer"] = float(browser.ajs(SCAN, CLUES))
                figures["form usable over a slow link"] = slow_form(browser, url)
                figures["requests until the form is usable"] = float(len(browser.requests()))
    return figures


def slow_form(browser: Firefox, url: str) -> float:
    port = urlsplit(url).port
    assert port is not None
    with SlowLink(port, rtt=0.43, mbit=3) as slow:
        start = time.monotonic()
        browser.goto(f"http://{ONION}:{slow}/report")
        browser.wait_js("return !document.querySelector('#questions').disabled", timeout=60)
        return time.monotonic() - start
