"""python-tuf's own client reads the tree as it is served, and refuses what it must: nothing in the tree is of our own kind."""

import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tuf.api.exceptions import BadVersionNumberError, DownloadError, ExpiredMetadataError, LengthOrHashMismatchError, UnsignedMetadataError
from tuf.ngclient import Updater

from oversight import tree
from oversight.publish import load
from tests.oversight.serving import serving
from tests.oversight.test_tree import PROGRAMME, ROSTER, STEWARDS, STRANGERS

NOW = datetime.datetime.now(datetime.UTC)


class Served:
    """A tree folder behind /tree/NAME and /tree/targets/HASH.NAME, with single files replaced at will (None: missing)."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.changed, self.url = folder, dict[str, bytes | None](), ""

    def answer(self, path: str) -> bytes | None:
        if path in self.changed:
            return self.changed[path]
        name = path.removeprefix("/tree/")
        place = self.folder / (name if name.startswith("targets/") else f"metadata/{name}")
        return place.read_bytes() if place.is_file() else None


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    tree.create_programme(tmp_path / "tree", STEWARDS, PROGRAMME, ROSTER, NOW)
    site = Served(tmp_path / "tree")
    with serving(site.answer) as site.url:
        yield site


def client(served: Served, tmp_path: Path, name: str = "client") -> Updater:
    """A client that knows root 1 only; the same name again remembers what it has seen."""
    folder = tmp_path / name
    (folder / "files").mkdir(parents=True, exist_ok=True)
    return Updater(
        str(folder), f"{served.url}/tree/", str(folder / "files"), f"{served.url}/tree/targets/",
        bootstrap=(served.folder / "metadata" / "1.root.json").read_bytes(),
    )  # fmt: skip


def fetch(updater: Updater, name: str) -> bytes:
    updater.refresh()
    info = updater.get_targetinfo(name)
    assert info is not None
    return Path(updater.download_target(info)).read_bytes()


def test_it_downloads_all_three_files(served: Served, tmp_path: Path) -> None:
    texts = load(served.folder)["targets"]
    for role in ("roster", "programme", "suspensions"):
        data = fetch(client(served, tmp_path), f"{role}.json")
        assert data.decode() in texts.values()
        assert json.loads(data)["v"] == 1


def test_it_follows_new_stewards_and_every_new_version(served: Served, tmp_path: Path) -> None:
    tree.publish_roster(served.folder, STEWARDS[:2], ROSTER[:2], NOW)
    tree.publish_suspensions(served.folder, STEWARDS[2:], [], NOW)
    tree.replace_stewards(served.folder, STEWARDS[:2], STRANGERS, NOW)
    tree.publish_roster(served.folder, STRANGERS[1:], ROSTER[:1], NOW)
    assert len(json.loads(fetch(client(served, tmp_path), "roster.json"))["reviewers"]) == 1


def test_it_refuses_a_rolled_back_tree(served: Served, tmp_path: Path) -> None:
    old = (served.folder / "metadata" / "timestamp.json").read_bytes()
    tree.publish_roster(served.folder, STEWARDS[:2], ROSTER[:2], NOW)
    fetch(client(served, tmp_path), "roster.json")
    served.changed["/tree/timestamp.json"] = old
    with pytest.raises(BadVersionNumberError):
        client(served, tmp_path).refresh()


def test_it_refuses_what_strangers_signed(served: Served, tmp_path: Path) -> None:
    other = tmp_path / "other"
    tree.create_programme(other, STRANGERS, PROGRAMME, ROSTER, NOW)
    served.changed["/tree/timestamp.json"] = (other / "metadata" / "timestamp.json").read_bytes()
    with pytest.raises(UnsignedMetadataError):
        client(served, tmp_path).refresh()


def test_it_refuses_a_changed_roster(served: Served, tmp_path: Path) -> None:
    name = next(path.name for path in (served.folder / "targets").glob("*.roster.json"))
    data = (served.folder / "targets" / name).read_bytes()
    served.changed[f"/tree/targets/{name}"] = data.replace(b"Reviewer 1", b"Reviewer X")
    with pytest.raises(LengthOrHashMismatchError):
        fetch(client(served, tmp_path), "roster.json")


def test_it_refuses_a_frozen_tree(tmp_path: Path) -> None:
    tree.create_programme(tmp_path / "tree", STEWARDS, PROGRAMME, [], NOW - datetime.timedelta(days=8))
    site = Served(tmp_path / "tree")
    with serving(site.answer) as site.url, pytest.raises(ExpiredMetadataError):
        client(site, tmp_path).refresh()


def test_it_refuses_a_missing_file(served: Served, tmp_path: Path) -> None:
    served.changed["/tree/1.roster.json"] = None
    with pytest.raises(DownloadError):
        fetch(client(served, tmp_path), "roster.json")
