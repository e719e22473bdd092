"""Session fixtures for slow tests, a pytest plugin: one browser per level and one Tor network.

Where Firefox or Tor is missing a test fails and says what to install: a skipped journey looks
too much like a passed one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .firefox import Firefox, firefox
from .tornet import TorNet


@pytest.fixture(scope="session")
def firefox_standard() -> Iterator[Firefox]:
    with firefox("standard") as browser:
        yield browser


@pytest.fixture(scope="session")
def firefox_safer() -> Iterator[Firefox]:
    with firefox("safer") as browser:
        yield browser


@pytest.fixture(scope="session")
def firefox_safest() -> Iterator[Firefox]:
    with firefox("safest") as browser:
        yield browser


@pytest.fixture(scope="session")
def firefox_dark() -> Iterator[Firefox]:
    """At Standard, asking pages for dark colours. One that resists fingerprinting always asks for light."""
    with firefox("standard", prefs={"privacy.resistFingerprinting": False, "ui.systemUsesDarkTheme": 1}) as browser:
        yield browser


@pytest.fixture(scope="session")
def tor_net() -> Iterator[TorNet]:
    with TorNet() as net:
        yield net
