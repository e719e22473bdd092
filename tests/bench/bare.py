"""The floor that the intake is measured against: Flask and SQLite, storing the same bytes as durably, checking nothing."""

import os
import sqlite3
import threading

from flask import Flask, Response, request

app = Flask(__name__)
_local = threading.local()


def connection() -> sqlite3.Connection:
    if not hasattr(_local, "db"):
        _local.db = sqlite3.connect(os.environ["TELLSAFE_BARE_DB"], timeout=30, isolation_level=None)
        _local.db.execute("pragma journal_mode=wal")
        _local.db.execute("pragma synchronous=full")
        _local.db.execute("create table if not exists body (b blob)")
    db: sqlite3.Connection = _local.db
    return db


@app.post("/post")
def post() -> Response:
    connection().execute("insert into body values (?)", (request.get_data(),))
    return Response("stored", mimetype="text/plain")
