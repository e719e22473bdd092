"""Where the server keeps things. Everything else is a constant of the protocol or stands in the signed tree."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Config:
    """Folders and the database of one server.

    `data` holds the tray, the segments and everything derived from them; `tree` the programme's TUF files (`metadata/`, `targets/`);
    `templates` and `static` what the pages are made of.
    """

    data: Path
    tree: Path
    database: str
    templates: Path = ROOT / "templates"
    static: Path = ROOT / "intake" / "static"

    @classmethod
    def for_data(cls, data: Path) -> Config:
        """All defaults for one data folder."""
        data = data.resolve()
        return cls(data=data, tree=data / "tree", database=f"sqlite:///{data / 'intake.sqlite3'}")

    @classmethod
    def from_env(cls) -> Config:
        """Read TELLSAFE_DATA, TELLSAFE_TREE, TELLSAFE_DATABASE, TELLSAFE_TEMPLATES and TELLSAFE_STATIC."""
        default = cls.for_data(Path(os.environ.get("TELLSAFE_DATA", "data")))
        return cls(
            data=default.data,
            tree=Path(os.environ.get("TELLSAFE_TREE", default.tree)),
            database=os.environ.get("TELLSAFE_DATABASE", default.database),
            templates=Path(os.environ.get("TELLSAFE_TEMPLATES", default.templates)),
            static=Path(os.environ.get("TELLSAFE_STATIC", default.static)),
        )

    @property
    def files(self) -> Path:
        """What /files serves: head.json, clues/WEEK, letters/N/B."""
        return self.data / "files"

    @property
    def staging(self) -> Path:
        """Blocks of a segment that is not yet in the database; the same file system as `files`, served by nobody."""
        return self.data / "staging"
