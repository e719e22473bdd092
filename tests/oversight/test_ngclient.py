"""python-tuf's own client reads the tree as it is served, and refuses what it must: nothing in the tree is of our own kind."""

import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.ngclient import FetcherInterface, Updater

from oversight import tree
from oversight.publish import load
from tests.oversight.serving import serving
from tests.oversight.test_tree import PROGRAMME, ROSTER, STEWARDS, STRANGERS

NOW = datetime.datetime.now(datetime.UTC)
VECTORS = Path(__file__).resolve().parents[2] / "crypto" / "vectors" / "tree.json"
# Where PROTOCOL 8 refuses what TUF lets pass: beside these, what is inside a target file, and what is older than a reader remembers.
STRICTER = {"other-fingerprint", "two-keyids", "too-far", "fast-forward", "fast-forward-second"}


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


class Bundle(FetcherInterface):
    """The files of a bundle, as a server would give them one by one."""

    def __init__(self, files: dict[str, dict[str, str]]) -> None:
        self.files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        folder, name = ("targets", url.rpartition("/")[2]) if "/targets/" in url else ("metadata", url.rpartition("/")[2])
        if name not in self.files[folder]:
            raise DownloadHTTPError("not here", 404)
        return iter([self.files[folder][name].encode()])


def accepts(bundle: str, now: str, folder: Path) -> bool:
    """Whether python-tuf's client, from root 1 on, takes the newest of all three files at that time."""
    try:
        files = json.loads(bundle)
        root = files["metadata"]["1.root.json"].encode()
        updater = Updater(str(folder), "https://x/", str(folder), "https://x/targets/", fetcher=Bundle(files), bootstrap=root)
        updater._trusted_set.reference_time = datetime.datetime.fromisoformat(now)  # it has no other way to be told the time
        updater.refresh()
        for role in ("roster", "programme", "suspensions"):
            info = updater.get_targetinfo(f"{role}.json")
            if info is None:
                return False
            updater.download_target(info, str(folder / role))
    except (RepositoryError, DownloadError, ValueError, LookupError, TypeError, AttributeError):
        return False
    return True


def test_it_agrees_on_every_shared_vector(tmp_path: Path) -> None:
    """Both our halves run these vectors too, so the page's verifier and python-tuf are compared through them."""
    vectors, refused = json.loads(VECTORS.read_text("utf-8"))["vectors"], 0
    for number, vector in enumerate(vectors):
        (folder := tmp_path / str(number)).mkdir()
        taken = accepts(vector["bundle"], vector["now"], folder)
        if vector["expect"] == "ok":
            assert taken, vector["name"]
        elif not vector["seen"] and vector["expect"] not in ("Malformed", "WrongVersion"):
            assert taken == (vector["name"] in STRICTER), vector["name"]
            refused += not taken
    assert refused > 40
