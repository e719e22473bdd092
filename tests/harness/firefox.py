"""Headless firefox-esr as Tor Browser would be at each security level.

    with firefox("safer") as browser:
        browser.goto(f"http://{ONION}:{port}/")
        browser.fill("#account", "...")
        browser.click("button")

Everything here works at Safest too, except `ajs`. There `js` and `wait_js` see the document but
nothing that page scripts would have made, for they never ran.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .levels import ONION, Level, Preferences, preferences
from .marionette import Marionette, MarionetteError

__all__ = ["ONION", "Firefox", "HarnessError", "firefox"]

# What is awaited comes at once on a quiet machine; these are for one that is many times slower.
START_TIMEOUT = 240
WAIT_TIMEOUT = 90
POLL = 0.05
RELOAD = 0.5

# A sandbox of this name has the page's rights but its own globals: it runs where page scripts
# may not, and a page cannot put its own functions in its way.
APART = "default"
# The browser's own rights.
PRIVILEGED = "system"
# No sandbox: the script sees what the page's scripts made.
IN_PAGE = None

FILL = """
const [field, text] = arguments;
field.focus();
field.value = text;
for (const kind of ["input", "change"])
  field.dispatchEvent(new window.Event(kind, {bubbles: true}));
"""

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
AXE = """
const [tags, settled] = arguments;
axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]})
  .then(found => settled({violations: found.violations}), error => settled({error: String(error)}));
"""

ASYNC = """
const given = [...arguments], settled = given.pop();
(async function (...args) { %s })(...given)
  .then(value => settled({value}), error => settled({error: `${error} ${error?.stack ?? ""}`}));
"""


class HarnessError(Exception):
    """A test cannot even begin; the sentence says what to do about it."""


class Firefox:
    """One running browser, looking at one tab at a time."""

    def __init__(self, marionette: Marionette, level: Level, downloads: Path) -> None:
        self.level, self.downloads = level, downloads
        self._marionette = marionette
        self._page = APART if level == "safest" else IN_PAGE
        self.command("WebDriver:NewSession", capabilities={"alwaysMatch": {}})
        self.command("WebDriver:SetTimeouts", script=180_000, pageLoad=300_000, implicit=0)

    def command(self, name: str, **parameters: Any) -> Any:
        return self._marionette.command(name, **parameters)

    # Pages and tabs

    def goto(self, url: str) -> None:
        self.command("WebDriver:Navigate", url=url)

    @property
    def url(self) -> str:
        return str(self.command("WebDriver:GetCurrentURL"))

    @property
    def source(self) -> str:
        return str(self.command("WebDriver:GetPageSource"))

    @property
    def handles(self) -> list[str]:
        return list(self.command("WebDriver:GetWindowHandles"))

    def new_tab(self) -> str:
        """Open a tab and look at it; the handle leads back to it."""
        handle = str(self.command("WebDriver:NewWindow", type="tab")["handle"])
        self.switch(handle)
        return handle

    def switch(self, handle: str) -> None:
        self.command("WebDriver:SwitchToWindow", handle=handle, focus=True)

    def close_tab(self) -> None:
        """Close this tab and look at the first of those left."""
        self.switch(self.command("WebDriver:CloseWindow")[0])

    def reset(self) -> None:
        """Forget tabs, cookies and stored data, for a browser shared between tests."""
        old = self.handles
        fresh = self.new_tab()
        for handle in old:
            self.switch(handle)
            self.command("WebDriver:CloseWindow")
        self.switch(fresh)
        with self._chrome():
            # What Firefox tells itself when its last private window closes: all is private here.
            self._run("Services.obs.notifyObservers(null, 'last-pb-context-exited')", sandbox=PRIVILEGED)

    # Scripts

    def js(self, source: str, *args: Any) -> Any:
        """Run a function body in the page and return what it returns."""
        return self._run(source, *args, sandbox=self._page)

    def ajs(self, source: str, *args: Any) -> Any:
        """Run the body of an async function in the page; its arguments are in `args`."""
        if self.level == "safest":
            raise HarnessError("At Safest no promise is ever settled: use js or wait_js.")
        outcome = self._run(ASYNC % source, *args, sandbox=IN_PAGE, asynchronous=True)
        if "error" in outcome:
            raise MarionetteError("javascript error", outcome["error"])
        return outcome.get("value")

    def wait_js(self, source: str, timeout: float = WAIT_TIMEOUT, *args: Any) -> Any:
        """Poll a function body until it returns something true."""
        deadline = time.monotonic() + timeout
        refusal = ""
        while True:
            try:
                if value := self.js(source, *args):
                    return value
            except MarionetteError as error:  # a page that is being replaced answers so
                refusal = f"\nLast error: {error}"
            if time.monotonic() > deadline:
                break
            time.sleep(POLL)
        raise self._never(source, timeout, refusal)

    def load_until(self, source: str, *args: Any, timeout: float = WAIT_TIMEOUT) -> Any:
        """Load this page again and again until a function body, run on the whole of it, returns something true."""
        deadline = time.monotonic() + timeout
        while not (value := self.js(source, *args)):
            if time.monotonic() > deadline:
                raise self._never(source, timeout)
            time.sleep(RELOAD)
            self.command("WebDriver:Refresh")
        return value

    # Elements, by CSS selector

    def has(self, css: str) -> bool:
        return bool(self.find_all(css))

    def find_all(self, css: str) -> list[str]:
        """Element references, for `command`."""
        found = self.command("WebDriver:FindElements", using="css selector", value=css)
        return [next(iter(element.values())) for element in found]

    def text(self, css: str) -> str:
        """The text as displayed: nothing of what is hidden."""
        return str(self.command("WebDriver:GetElementText", id=self._id(css)))

    def click(self, css: str) -> None:
        # Where it is seen at all: at the very edge of the window something fixed may lie over it.
        self._run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'});", self._find(css), sandbox=APART)
        self.command("WebDriver:ElementClick", id=self._id(css))

    def follow(self, css: str) -> None:
        """Click what leads to another page, and wait until that is there whole: `click` alone waits for no slow answer."""
        self.js("window.left = true")
        self.click(css)
        self.wait_js("return !window.left && document.readyState === 'complete'")

    def type(self, css: str, text: str) -> None:
        """Press the keys one by one; for a file field, the path of the file."""
        self.command("WebDriver:ElementSendKeys", id=self._id(css), text=text)

    def fill(self, css: str, text: str) -> None:
        """Set a field's value at once, as pasting does: long text, any script."""
        self._run(FILL, self._find(css), text, sandbox=APART)

    def downloaded(self, name: str) -> bytes:
        """What a link saved under this name, taken out of the folder for downloads."""
        file, deadline = self.downloads / name, time.monotonic() + WAIT_TIMEOUT
        # Firefox makes an empty file of the name first, and fills another beside it.
        while not file.exists() or not file.stat().st_size or file.with_name(f"{name}.part").exists():
            if time.monotonic() > deadline:
                raise AssertionError(f"Nothing was saved as {file}")
            time.sleep(POLL)
        data = file.read_bytes()
        file.unlink()
        return data

    # What the page looks like, and what it asked for

    def set_window(self, width: int, height: int) -> None:
        """Give the page exactly this viewport, by letterboxing as Tor Browser does."""
        with self._chrome():
            self._run(
                "Services.prefs.setCharPref('privacy.resistFingerprinting.letterboxing.dimensions', arguments[0]);",
                f"{width}x{height}",
                sandbox=PRIVILEGED,
            )
        # Firefox looks at that preference when its window changes size, and not before.
        self.command("WebDriver:SetWindowRect", width=max(width, 500) + 100, height=height + 300)
        # Letterboxing settles a frame or two later.
        self._wait_apart(f"return innerWidth === {width} && innerHeight === {height}")

    def screenshot(self, path: Path | str, full: bool = True) -> None:
        encoded = self.command("WebDriver:TakeScreenshot", full=full, hash=False)
        Path(path).write_bytes(base64.b64decode(encoded))

    def medium(self, name: str) -> None:
        """Show the page as on another medium, such as print; "" for the screen."""
        with self._chrome():
            self._run("gBrowser.selectedBrowser.browsingContext.mediumOverride = arguments[0];", name, sandbox=PRIVILEGED)

    def scheme(self, name: str) -> None:
        """Ask pages for "dark" or "light" colours. Where fingerprinting is resisted it stays light."""
        with self._chrome():
            self._run("gBrowser.selectedBrowser.browsingContext.prefersColorSchemeOverride = arguments[0];", name, sandbox=PRIVILEGED)

    def requests(self) -> list[str]:
        """Every address this page asked for, itself first."""
        names = self._run(
            "return ['navigation', 'resource'].flatMap(kind => [...performance.getEntriesByType(kind)].map(entry => entry.name));",
            sandbox=APART,
        )
        return list(dict.fromkeys(names))

    def axe(self, axe_source: str) -> list[dict[str, Any]]:
        """What axe-core, given as source text, holds against this page under WCAG 2.2 AA."""
        # Without page scripts promises are never settled, except for the browser itself.
        sandbox = PRIVILEGED if self.level == "safest" else APART
        # A document that was looked at before still has it, in that sandbox.
        source = "" if self._run("return typeof axe === 'object'", sandbox=sandbox) else axe_source
        outcome = self._run(source + AXE, WCAG, sandbox=sandbox, asynchronous=True)
        if "error" in outcome:
            raise MarionetteError("javascript error", outcome["error"])
        return list(outcome["violations"])

    # The rest is nobody else's business

    def _find(self, css: str) -> dict[str, str]:
        """An element as scripts take it."""
        found = self.command("WebDriver:FindElement", using="css selector", value=css)
        return dict(found)

    def _id(self, css: str) -> str:
        """An element as commands take it."""
        return next(iter(self._find(css).values()))

    def _run(self, source: str, *args: Any, sandbox: str | None, asynchronous: bool = False) -> Any:
        name = "WebDriver:ExecuteAsyncScript" if asynchronous else "WebDriver:ExecuteScript"
        return self.command(name, script=source, args=args, sandbox=sandbox)

    def _never(self, source: str, timeout: float, more: str = "") -> AssertionError:
        return AssertionError(f"Not true within {timeout} s at {self.url}: {source}{more}\nThe page says:\n{self.text('body')}")

    def _wait_apart(self, source: str) -> None:
        deadline = time.monotonic() + WAIT_TIMEOUT
        while not self._run(source, sandbox=APART):
            if time.monotonic() > deadline:
                size = self._run("return [innerWidth, innerHeight]", sandbox=APART)
                raise AssertionError(f"Not true within {WAIT_TIMEOUT} s: {source}; viewport is {size}")
            time.sleep(POLL)

    @contextmanager
    def _chrome(self) -> Iterator[None]:
        self.command("Marionette:SetContext", value="chrome")
        try:
            yield
        finally:
            self.command("Marionette:SetContext", value="content")


@contextmanager
def firefox(
    level: Level,
    *,
    socks: tuple[str, int] | None = None,
    prefs: Preferences | None = None,
) -> Iterator[Firefox]:
    """A fresh browser with a fresh profile; `socks` is where to find Tor."""
    binary = shutil.which("firefox-esr")
    if not binary:
        raise HarnessError("Firefox is missing: apt-get install firefox-esr")
    # Firefox may still be writing for a moment after it has gone.
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as name:
        profile = Path(name)
        # Port 0 lets Firefox choose; it writes the number into the profile, so nothing races.
        downloads = profile / "downloads"
        own: Preferences = {"marionette.port": 0, "browser.download.folderList": 2, "browser.download.dir": str(downloads)}
        chosen = preferences(level, socks) | (prefs or {}) | own
        (profile / "user.js").write_text("".join(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in chosen.items()))
        process = _launch(binary, profile)
        try:
            marionette = _connect(process, profile / "MarionetteActivePort")
            try:
                yield Firefox(marionette, level, downloads)
            finally:
                marionette.close()
        finally:
            _stop(process)


def _launch(binary: str, profile: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # System access is for `set_window` and `reset`; pages do not gain by it.
        [binary, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", str(profile)],
        env=os.environ | {"HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _connect(process: subprocess.Popen[bytes], port_file: Path) -> Marionette:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise HarnessError(f"Firefox ended at once, with status {process.returncode}.")
        # The file may be absent, still empty, or ahead of the listening socket.
        with suppress(OSError, ValueError):
            return Marionette(int(port_file.read_text()))
        time.sleep(POLL)
    raise HarnessError(f"Firefox did not answer within {START_TIMEOUT} s.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
