"""Documents that state facts about the code are held to them."""

import re
from pathlib import Path

from intake.models import metadata

ROOT = Path(__file__).resolve().parent.parent


def test_every_setting_of_the_server_is_in_the_operations_guide() -> None:
    settings = {name for path in (ROOT / "intake").rglob("*.py") for name in re.findall(r"TELLSAFE_[A-Z]+", path.read_text("utf-8"))}
    guide = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert settings
    assert {name for name in settings if name not in guide} == set()


def test_every_table_of_the_server_is_on_the_data_map() -> None:
    data_map = (ROOT / "docs" / "data-map.md").read_text("utf-8")
    assert {name for name in metadata.tables if f"database, `{name}`" not in data_map} == set()


def test_every_picture_of_the_readme_is_there() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert len(pictures) >= 3
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_the_protocols_table_of_constants_is_the_codes() -> None:
    from crypto import constants

    text = (ROOT / "crypto" / "PROTOCOL.md").read_text("utf-8")
    rows = re.findall(r"^\| ([A-Z_]+) \| ([\d,]+)", text, re.M)
    assert len(rows) >= 14
    for name, value in rows:
        assert getattr(constants, name) == int(value.rstrip(",").replace(",", "")), name
