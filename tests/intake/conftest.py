"""A server on a folder of its own. Postings here are of random bytes with good points: the server cannot tell, which is the point."""

import hashlib
import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crypto.constants import LETTER_BYTES, NONCE_BYTES, SLOTS
from intake import create_app
from intake.config import Config
from intake.db import Database, open_database
from intake.migrate import migrate

TICK = 3600


def letter() -> bytes:
    """16,384 random bytes whose first 32 are a canonical point of no small order (but for 2^-250)."""
    data = bytearray(secrets.token_bytes(LETTER_BYTES))
    data[31] &= 0x3F
    return bytes(data)


def new_posting(*letters: bytes) -> bytes:
    """A posting of the given letters and random ones."""
    return secrets.token_bytes(NONCE_BYTES) + b"".join(sorted([*letters, *(letter() for _ in range(SLOTS - len(letters)))]))


def write_tree(folder: Path, tick: int = TICK) -> bytes:
    """A tree without signatures, which the server never looks at; returns P."""
    (folder / "metadata").mkdir(parents=True)
    (folder / "targets").mkdir()

    def put(name: str, signed: dict) -> None:
        (folder / "metadata" / name).write_text(json.dumps({"signatures": [], "signed": signed}))

    meta = {"targets.json": {"version": 1}}
    contents = {"programme": {"v": 1, "tick": tick}, "roster": {"v": 1, "reviewers": []}, "suspensions": {"v": 1, "suspended": []}}
    for role, content in contents.items():
        data = json.dumps(content).encode()
        digest = hashlib.sha256(data).hexdigest()
        (folder / "targets" / f"{digest}.{role}.json").write_bytes(data)
        put(f"1.{role}.json", {"_type": "targets", "targets": {f"{role}.json": {"hashes": {"sha256": digest}, "length": len(data)}}})
        meta[f"{role}.json"] = {"version": 1}
    put("1.targets.json", {"_type": "targets", "targets": {}})
    put("1.snapshot.json", {"_type": "snapshot", "meta": meta})
    put("timestamp.json", {"_type": "timestamp", "meta": {"snapshot.json": {"version": 1}}})
    put("1.root.json", {"_type": "root", "version": 1})
    return hashlib.sha256(b'{"_type":"root","version":1}').digest()


@pytest.fixture(scope="session")
def static(tmp_path_factory) -> Path:
    """Stand-ins for the built scripts, so that these tests need no browser build."""
    folder = tmp_path_factory.mktemp("static")
    for name in ("report.js", "return.js"):
        (folder / name).write_text("// stand-in\n")
    return folder


@pytest.fixture
def config(tmp_path, static) -> Config:
    data = tmp_path / "data"
    write_tree(data / "tree")
    default = Config.for_data(data)
    config = Config(data=default.data, tree=default.tree, static=static)
    migrate(config)
    return config


@pytest.fixture
def db(config) -> Database:
    return open_database(config.database)


@pytest.fixture
def app(config) -> Flask:
    return create_app(config)


@pytest.fixture
def client(app) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def post(client) -> Callable:
    def send(body: bytes, **kwargs):
        answer = client.post("/post", data=body, **({"content_type": "application/octet-stream"} | kwargs))
        return answer.status_code, answer.get_data(as_text=True)

    return send
