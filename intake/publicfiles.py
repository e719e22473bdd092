"""Files everyone gets alike: the segments' and the programme's signed tree.

The server believes its own copy of the tree without checking signatures: whoever reads it checks them, and nobody trusts the server.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from securesystemslib.formats import encode_canonical

from intake.config import Config

CONTENTS = ("roster", "programme", "suspensions")
STATISTICS = "statistics"


def read(path: Path) -> bytes | None:
    """The file's bytes, or None if it is no file."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def programme(config: Config) -> bytes:
    """P of PROTOCOL section 1, 32 bytes. Raises OSError or KeyError without a tree."""
    # crypto.tree has this too, together with the keys and signatures that stay out of the server's processes.
    signed = json.loads((config.tree / "metadata" / "1.root.json").read_bytes())["signed"]
    return hashlib.sha256((encode_canonical(signed) or "").encode()).digest()


def tick_seconds(config: Config) -> int:
    """Seconds between ticks, as the signed programme says."""
    for name, text in newest(config)["targets"].items():
        if name.endswith(".programme.json"):
            return int(json.loads(text)["tick"])
    raise KeyError("programme.json")


def identity(config: Config) -> bytes:
    """What is another one whenever the tree is: the bytes of the timestamp. Empty if there is none."""
    return read(config.tree / "metadata" / "timestamp.json") or b""


def newest(config: Config) -> dict[str, dict[str, str]]:
    """The newest of everything in the bundle but the roots: {"metadata": {NAME: text}, "targets": {NAME: text}}.

    The public numbers are left out: no reporter needs them, and they grow. From the timestamp down, read once, so that a tree in the
    middle of a change is seen as it was before or as it is after.
    """
    folder = config.tree / "metadata"
    metadata = {"timestamp.json": _text(folder / "timestamp.json")}
    snapshot = f"{_inside(metadata['timestamp.json'])['meta']['snapshot.json']['version']}.snapshot.json"
    metadata[snapshot] = _text(folder / snapshot)
    promises, targets = _inside(metadata[snapshot])["meta"], {}
    # No other role of the snapshot and no other file of a role: one key may name them, and then nobody has looked whether they are here.
    for role in ("targets", *CONTENTS):
        name = f"{promises[f'{role}.json']['version']}.{role}.json"
        metadata[name] = _text(folder / name)
        if role in CONTENTS:
            target = stored_name(f"{role}.json", _inside(metadata[name])["targets"][f"{role}.json"])
            targets[target] = _text(config.tree / "targets" / target)
    return {"metadata": metadata, "targets": targets}


def bundle(config: Config) -> bytes:
    """`/tree/bundle.json`: all roots and the newest of everything else, {"metadata": {NAME: text}, "targets": {NAME: text}}."""
    texts = newest(config)
    texts["metadata"] |= {name: _text(config.tree / "metadata" / name) for name in _roots(config)}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def versions(config: Config) -> dict[str, int]:
    """Role to the version that is served."""
    texts = newest(config)["metadata"]
    served = {_role(name): int(_inside(text)["version"]) for name, text in texts.items()}
    numbers = {STATISTICS: version} if (version := _numbers_version(texts)) else {}
    return served | {"root": sum(1 for _ in _roots(config))} | numbers


def history(config: Config, role: str) -> Iterator[tuple[int, str]]:
    """(number, metadata) of every version of a role that is here and not newer than what is served, oldest first.

    By the files there are: one key may sign a version so great that nobody could count up to it.
    """
    served = versions(config).get(role, 0)
    found = ((int(path.name.partition(".")[0]), path) for path in (config.tree / "metadata").glob(f"[1-9]*.{role}.json"))
    for number, path in sorted(found):
        if number <= served:
            yield number, _text(path)


def numbers(config: Config) -> tuple[dict[str, bytes], dict[str, str]]:
    """The public numbers: (bytes by path, name under targets/ by path); nothing if none are published. OSError or LookupError: damaged."""
    version = _numbers_version(newest(config)["metadata"])
    if not version:
        return {}, {}
    text = _text(config.tree / "metadata" / f"{version}.{STATISTICS}.json")
    names = {path: stored_name(path, promise) for path, promise in _inside(text)["targets"].items()}
    return {path: (config.tree / "targets" / name).read_bytes() for path, name in names.items()}, names


def stored_name(path: str, promise: Any) -> str:
    """Where a target's bytes lie under targets/: HASH.NAME in the folder of its path."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{promise['hashes']['sha256']}.{name}"


def _numbers_version(metadata: dict[str, str]) -> int:
    """The version of the role `statistics` that the newest snapshot names, 0 if none."""
    snapshot = next(text for name, text in metadata.items() if _role(name) == "snapshot")
    return int(_inside(snapshot)["meta"].get(f"{STATISTICS}.json", {"version": 0})["version"])


def threshold(config: Config) -> int:
    """How many stewards the newest root asks for."""
    text = _text(config.tree / "metadata" / f"{sum(1 for _ in _roots(config))}.root.json")
    return int(_inside(text)["roles"]["root"]["threshold"])


def missing(config: Config) -> str:
    """One sentence that says what to do if there is no tree; empty if there is one."""
    if (config.tree / "metadata" / "1.root.json").is_file() and identity(config):
        return ""
    command = f"./tellsafe steward publish PROPOSAL --tree FOLDER --data {config.data}"
    return f"there is no signed tree in {config.tree} yet: put one there with `{command}`"


def _role(name: str) -> str:
    return name.removesuffix(".json").rpartition(".")[2]


def _text(path: Path) -> str:
    # Not read_text, which makes other bytes of other ends of lines: what is served is what was signed.
    return path.read_bytes().decode()


def _inside(text: str) -> dict[str, Any]:
    signed: dict[str, Any] = json.loads(text)["signed"]
    return signed


def _roots(config: Config) -> Iterator[str]:
    version = 1
    while (config.tree / "metadata" / f"{version}.root.json").is_file():
        yield f"{version}.root.json"
        version += 1
