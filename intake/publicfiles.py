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
    metadata = {"timestamp.json": (folder / "timestamp.json").read_text("utf-8")}
    snapshot = f"{_inside(metadata['timestamp.json'])['meta']['snapshot.json']['version']}.snapshot.json"
    metadata[snapshot] = (folder / snapshot).read_text("utf-8")
    for role, promise in sorted(_inside(metadata[snapshot])["meta"].items()):
        if role == f"{STATISTICS}.json":
            continue
        name = f"{promise['version']}.{role}"
        metadata[name] = (folder / name).read_text("utf-8")
    named = [(path, promise) for text in metadata.values() for path, promise in _inside(text).get("targets", {}).items()]
    names = [f"{promise['hashes']['sha256']}.{path}" for path, promise in named]
    return {"metadata": metadata, "targets": {name: (config.tree / "targets" / name).read_text("utf-8") for name in names}}


def bundle(config: Config) -> bytes:
    """`/tree/bundle.json`: all roots and the newest of everything else, {"metadata": {NAME: text}, "targets": {NAME: text}}."""
    texts = newest(config)
    texts["metadata"] |= {name: (config.tree / "metadata" / name).read_text("utf-8") for name in _roots(config)}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def versions(config: Config) -> dict[str, int]:
    """Role to the version that is served."""
    texts = newest(config)["metadata"]
    served = {_role(name): int(_inside(text)["version"]) for name, text in texts.items()}
    numbers = {STATISTICS: version} if (version := _numbers_version(texts)) else {}
    return served | {"root": sum(1 for _ in _roots(config))} | numbers


def numbers(config: Config) -> tuple[dict[str, bytes], dict[str, str]]:
    """The public numbers: (bytes by path, name under targets/ by path); nothing if none are published. OSError or LookupError: damaged."""
    version = _numbers_version(newest(config)["metadata"])
    if not version:
        return {}, {}
    text = (config.tree / "metadata" / f"{version}.{STATISTICS}.json").read_text("utf-8")
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
    text = (config.tree / "metadata" / f"{sum(1 for _ in _roots(config))}.root.json").read_text("utf-8")
    return int(_inside(text)["roles"]["root"]["threshold"])


def missing(config: Config) -> str:
    """One sentence that says what to do if there is no tree; empty if there is one."""
    if (config.tree / "metadata" / "1.root.json").is_file() and identity(config):
        return ""
    command = f"./tellsafe steward publish PROPOSAL --tree FOLDER --data {config.data}"
    return f"there is no signed tree in {config.tree} yet: put one there with `{command}`"


def _role(name: str) -> str:
    return name.removesuffix(".json").rpartition(".")[2]


def _inside(text: str) -> dict[str, Any]:
    signed: dict[str, Any] = json.loads(text)["signed"]
    return signed


def _roots(config: Config) -> Iterator[str]:
    version = 1
    while (config.tree / "metadata" / f"{version}.root.json").is_file():
        yield f"{version}.root.json"
        version += 1
