"""Documents that state facts about the code are held to them."""

import json
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


# What the reviewer's guide says with weight, and no page says; sentences and headings of a passage end with a stop.
STRESSED = {"on paper or by voice", "Another"}


def test_every_name_in_the_reviewers_guide_is_on_a_page() -> None:
    """Buttons, links and headings stand in italics and begin a text of a page; what it shows, in bold, is in one somewhere."""
    guide = " ".join((ROOT / "docs" / "reviewer-guide.md").read_text("utf-8").split())
    pages = "\n".join(path.read_text("utf-8") for path in (ROOT / "templates" / "review").glob("*.html"))
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "review").glob("*.py"))
    spoken = re.findall(r'"([^"\n]+)"', re.sub(r'""".*?"""', "", code, flags=re.S) + pages)
    wording = json.loads((ROOT / "crypto" / "wording.json").read_text("utf-8"))
    spoken += [field["label"] for form in wording["forms"].values() for field in form["fields"]]
    spoken += json.loads((ROOT / "crypto" / "legal.json").read_text("utf-8"))["checked"].values()
    texts = [text.strip() for text in [*re.split(r"<[^<>]*>|\{%.*?%\}|\{\{.*?\}\}", pages), *spoken]]
    names = set(re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", guide))
    bold = {name for name in re.findall(r"\*\*([^*]+)\*\*", guide) if not name.endswith(".")} - STRESSED
    assert len(names) > 25 and len(bold) > 10
    assert {name for name in names if not any(re.match(rf"{re.escape(name)}\b", text) for text in texts)} == set()
    assert {name for name in bold if not any(name in text for text in texts)} == set()


def test_every_state_in_the_reviewers_table_of_dates_is_called_as_on_the_page() -> None:
    from review.labels import STATE

    guide = (ROOT / "docs" / "reviewer-guide.md").read_text("utf-8")
    rows = re.findall(r"^\| ([A-Z][^|]*) \|", guide, re.M)
    states = [name for row in rows for name in re.split("(?<=^Triage) to ", row)]
    assert len(states) >= 10 and set(states) <= set(STATE.values())
