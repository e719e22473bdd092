"""Where the server keeps things. Everything else is a constant of the protocol or stands in the signed tree."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = "the database is always the SQLite file intake.sqlite3 in TELLSAFE_DATA: move yours there, then unset TELLSAFE_DATABASE."


@dataclass(frozen=True)
class Config:
    """Folders of one server.

    `data` holds the tray, the segments and everything derived from them; `tree` the programme's TUF files (`metadata/`, `targets/`);
    `templates` and `static` what the pages are made of.
    """

    data: Path
    tree: Path
    templates: Path = ROOT / "templates"
    static: Path = ROOT / "intake" / "static"

    @classmethod
    def for_data(cls, data: Path) -> Config:
        """All defaults for one data folder."""
        data = data.resolve()
        return cls(data=data, tree=data / "tree")

    @classmethod
    def from_env(cls) -> Config:
        """Read TELLSAFE_DATA, TELLSAFE_TREE, TELLSAFE_TEMPLATES and TELLSAFE_STATIC; ends the program on TELLSAFE_DATABASE."""
        # Not ignored: with an empty tray and chain in its place, the ticker would remove every published file.
        if os.environ.get("TELLSAFE_DATABASE"):
            sys.exit(f"tellsafe: {ELSEWHERE}")
        default = cls.for_data(Path(os.environ.get("TELLSAFE_DATA", "data")))
        return cls(
            data=default.data,
            tree=Path(os.environ.get("TELLSAFE_TREE", default.tree)),
            templates=Path(os.environ.get("TELLSAFE_TEMPLATES", default.templates)),
            static=Path(os.environ.get("TELLSAFE_STATIC", default.static)),
        )

    @property
    def database(self) -> Path:
        """The tray and the index, in SQLite (decision 15)."""
        return self.data / "intake.sqlite3"

    @property
    def files(self) -> Path:
        """What /files serves: head.json, clues/WEEK, letters/N/B."""
        return self.data / "files"

    @property
    def staging(self) -> Path:
        """Blocks of a segment that is not yet in the database; the same file system as `files`, served by nobody."""
        return self.data / "staging"
