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
    for name in _current_targets(config):
        if name.endswith(".programme.json"):
            return int(json.loads((config.tree / "targets" / name).read_bytes())["tick"])
    raise KeyError("programme.json")


def bundle(config: Config) -> bytes:
    """`/tree/bundle.json`: all roots and the newest of everything else, {"metadata": {NAME: text}, "targets": {NAME: text}}."""
    names = {"metadata": [*_roots(config), *_current_metadata(config)], "targets": list(_current_targets(config))}
    texts = {part: {name: (config.tree / part / name).read_text("utf-8") for name in names[part]} for part in names}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _signed(config: Config, name: str) -> dict[str, Any]:
    signed: dict[str, Any] = json.loads((config.tree / "metadata" / name).read_bytes())["signed"]
    return signed


def _roots(config: Config) -> Iterator[str]:
    version = 1
    while (config.tree / "metadata" / f"{version}.root.json").is_file():
        yield f"{version}.root.json"
        version += 1


def _current_metadata(config: Config) -> Iterator[str]:
    """From the timestamp down, so that a tree in the middle of a change is seen as it was before."""
    yield "timestamp.json"
    snapshot = f"{_signed(config, 'timestamp.json')['meta']['snapshot.json']['version']}.snapshot.json"
    yield snapshot
    for name, promise in sorted(_signed(config, snapshot)["meta"].items()):
        yield f"{promise['version']}.{name}"


def _current_targets(config: Config) -> Iterator[str]:
    for metadata in _current_metadata(config):
        for path, promise in _signed(config, metadata).get("targets", {}).items():
            yield f"{promise['hashes']['sha256']}.{path}"
