from pathlib import Path

import pytest

from review.desk import Desk
from tests.review.world import FakeIntake, make_desks


@pytest.fixture
def intake() -> FakeIntake:
    return FakeIntake()


@pytest.fixture
def desks(tmp_path: Path, intake: FakeIntake) -> list[Desk]:
    return make_desks(tmp_path, intake)
