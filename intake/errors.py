"""Every refusal of the server: one table from its name to a status and one sentence, and the handler that logs no content."""

from __future__ import annotations

import sqlite3
import sys
import traceback
from pathlib import Path

from flask import Flask, Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from crypto.constants import BUNDLE_MAX, POSTING_BYTES
from crypto.errors import ProtocolError

ROOT = Path(__file__).resolve().parent.parent

SENTENCES: dict[str, tuple[int, str]] = {
    "Length": (400, f"A posting is exactly {POSTING_BYTES} bytes."),
    "Type": (400, "A posting is sent as application/octet-stream."),
    "Malformed": (400, "This is not a posting."),
    "BadPoint": (400, "A letter of this posting has an unusable clue."),
    "Known": (409, "A letter of this posting was posted before."),
    "BadEffort": (429, "The server is busy: this posting needs more effort, see /files/head.json."),
    "TreeType": (400, "Nothing was stored: a tree is sent as application/json."),
    "TreeLength": (400, f"Nothing was stored: a tree says its length and has at most {BUNDLE_MAX} bytes."),
    "TreeOther": (409, "Nothing was stored: a file of this tree is here already under the same name with other bytes."),
    "TreeBusy": (503, "Nothing was stored: another tree is being checked, send the same one again later."),
    "Full": (503, "The tray is full until the next tick: nothing was stored, send the same posting again later."),
    "Busy": (503, "Nothing was stored, send the same posting again later."),
    "NotFound": (404, "There is nothing here."),
    "Method": (405, "This address does not take that."),
    "Broken": (500, "Something failed here: send the same posting again later."),
}

STATUS_NAMES = {404: "NotFound", 405: "Method", 413: "Length"}


class Refused(Exception):
    """A posting or a tree that is not taken; `name` is a row of SENTENCES. Nothing was stored."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def name_of(error: BaseException) -> str:
    """The row of SENTENCES for any exception."""
    if isinstance(error, Refused):
        return error.name
    if isinstance(error, ProtocolError):
        return error.name if error.name in SENTENCES else "Malformed"
    if isinstance(error, HTTPException):
        code = error.code or 500
        return STATUS_NAMES.get(code, "Malformed" if code < 500 else "Broken")
    if isinstance(error, OperationalError | sqlite3.OperationalError | PoolTimeout):
        return "Busy"
    return "Broken"


def tree_refused(error: ProtocolError) -> Response:
    """What is said to whoever sent a tree that the check refuses; it is public, so the reason is told."""
    return Response(f"Nothing was stored: {error} ({error.name}).", status=400, mimetype="text/plain")


def location(error: BaseException) -> str:
    """Class and the innermost line of our own code: never the message, which may quote what somebody sent."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(str(ROOT / "intake"))] or list(frames)
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "unknown"
    return f"{type(error).__name__} at {where}"


def log(error: BaseException) -> None:
    """One line on standard error, without a time and without content."""
    sys.stderr.write(f"tellsafe: {location(error)}\n")
    sys.stderr.flush()


def answer(error: Exception) -> Response:
    """The one sentence for an error, as text/plain."""
    name = name_of(error)
    if name in ("Broken", "Busy"):
        log(error)
    status, sentence = SENTENCES[name]
    return Response(sentence, status=status, mimetype="text/plain")


def register(app: Flask) -> None:
    """Handle everything here: Flask's own handler would print the exception's text with a time."""
    app.register_error_handler(Exception, answer)
