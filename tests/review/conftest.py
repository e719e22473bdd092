from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2.low_level import hash_secret_raw

from crypto.private import keyfile
from review.desk import Desk
from tests.review.world import FakeIntake, make_desks

ARGON2 = hash_secret_raw


@pytest.fixture(scope="package", autouse=True)
def cheap_passphrases() -> Iterator[None]:
    """Hundreds of vaults are made and opened in this folder alone; `real_passphrases` gives one test the cost that reviewers pay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyfile, "hash_secret_raw", _cheap)
        yield


@pytest.fixture
def real_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyfile, "hash_secret_raw", ARGON2)


def _cheap(*arguments: Any, **named: Any) -> bytes:
    return ARGON2(*arguments, **{**named, "time_cost": 1, "memory_cost": 64, "parallelism": 1})


@pytest.fixture
def intake() -> FakeIntake:
    return FakeIntake()


@pytest.fixture
def desks(tmp_path: Path, intake: FakeIntake) -> list[Desk]:
    return make_desks(tmp_path, intake)
