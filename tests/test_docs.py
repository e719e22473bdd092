"""Documents that state facts about the code are held to them."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import sqlalchemy as sa

from intake import segments, tray
from intake.config import Config
from intake.db import open_database
from intake.migrate import migrate
from tests.intake.conftest import new_posting, write_tree
from tools.__main__ import HELP

ROOT = Path(__file__).resolve().parent.parent


def test_every_setting_of_the_server_is_in_the_operations_guide() -> None:
    settings = {name for path in (ROOT / "intake").rglob("*.py") for name in re.findall(r"TELLSAFE_[A-Z]+", path.read_text("utf-8"))}
    guide = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert settings
    assert {name for name in settings if name not in guide} == set()


def test_every_table_and_file_of_the_server_is_on_the_data_map(tmp_path: Path) -> None:
    """Of a server that has published one posting and holds another."""
    config = Config.for_data(tmp_path)
    write_tree(config.tree)
    migrate(config)
    db = open_database(config.database)
    tray.accept(db, new_posting())
    segments.tick_once(config, db)
    tray.accept(db, new_posting())
    data_map = (ROOT / "docs" / "data-map.md").read_text("utf-8")
    assert {name for name in sa.inspect(db.engine).get_table_names() if f"`{name}`" not in data_map} == set()
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file() and config.tree not in path.parents}
    known = r"intake\.sqlite3(-wal|-shm)?|(tick|write)\.lock|files/(head\.json|clues/\d{4}-W\d\d|letters/1/0)"
    assert len(found) >= 6 and [name for name in found if not re.fullmatch(known, name)] == []


def test_every_command_and_option_in_the_documents_exists() -> None:
    pages = "\n".join(path.read_text("utf-8") for folder in (ROOT, ROOT / "docs") for path in folder.glob("*.md"))
    used = re.findall(r"(?:\./|tellsafe/)tellsafe ([a-z][a-z-]*)([^`\n]*)", pages)
    mains = [
        path for name in ("tools/*.py", "[a-z]*/__main__.py", "oversight/*/__main__.py", "review/files.py") for path in ROOT.glob(name)
    ]
    options = set(re.findall(r'"(--[a-z-]+)"', "".join(path.read_text("utf-8") for path in mains)))
    assert len(used) > 100
    assert {command for command, _ in used if not re.search(rf"^    {command} ", HELP, re.M)} == set()
    assert {option for _, rest in used for option in re.findall(r"(?<!\S)--[a-z-]+", rest)} - options == set()


def test_tor_takes_the_settings_of_the_operations_guide(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "operations.md").read_text("utf-8")
    block = re.search(r"```\n(SocksPort.*?)```", guide, re.S)
    assert block
    (tmp_path / "torrc").write_text(
        f"DataDirectory {tmp_path}\n" + block[1].replace("/var/lib/tor-instances/intake", str(tmp_path)), "utf-8"
    )
    done = subprocess.run(
        [shutil.which("tor", path="/usr/bin:/usr/sbin") or "tor", "--verify-config", "-f", str(tmp_path / "torrc")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0 and "deprecated" not in done.stdout, done.stdout


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
