"""The timestamp of the signed tree, renewed by a workstation: the same snapshot, one version on, six to seven days more.

Bytes in, bytes out. Whether and when is decided in `sync`; the signature comes from the vault.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

from securesystemslib.formats import encode_canonical

NAME = "timestamp.json"
BELOW = datetime.timedelta(days=4)  # renew when less is left
LIFE = datetime.timedelta(days=7)


def expires(bundle: bytes) -> datetime.datetime:
    """When the timestamp of a verified bundle lapses."""
    said: str = _signed(json.loads(bundle)["metadata"][NAME])["expires"]
    return datetime.datetime.strptime(said, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)


def key_id(bundle: bytes, sign: str) -> str:
    """The key id under which a sign key (hex32) may sign the timestamp of a verified bundle, or ""."""
    metadata = json.loads(bundle)["metadata"]
    newest = max((name for name in metadata if name.endswith(".root.json")), key=lambda name: int(name.split(".")[0]))
    root = _signed(metadata[newest])
    allowed = root["roles"]["timestamp"]["keyids"]
    return next((name for name in allowed if root["keys"].get(name, {}).get("keyval", {}).get("public") == sign), "")


def renewed(bundle: bytes, keyid: str, now: datetime.datetime, sign: Callable[[bytes], bytes]) -> bytes:
    """The bundle with a timestamp one version on; `sign` takes the canonical bytes of its signed part.

    It lapses at midnight, not at this moment plus seven days: the hour would tell everyone when this reviewer was at work.
    """
    value = json.loads(bundle)
    last = (now.astimezone(datetime.UTC) + LIFE).replace(hour=0, minute=0, second=0, microsecond=0)
    signed = _signed(value["metadata"][NAME])
    signed |= {"version": signed["version"] + 1, "expires": f"{last:%Y-%m-%dT%H:%M:%SZ}"}
    data = str(encode_canonical(signed)).encode()
    entry = {"signatures": [{"keyid": keyid, "sig": sign(data).hex()}], "signed": signed}
    metadata = {**value["metadata"], NAME: json.dumps(entry, sort_keys=True)}
    return json.dumps({**value, "metadata": metadata}, ensure_ascii=False, separators=(",", ":")).encode()


def _signed(text: str) -> Any:
    return json.loads(text)["signed"]
