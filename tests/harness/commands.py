"""`./tellsafe COMMAND …` without a process of its own: what it does and says is the same, and Python need not start anew."""

import contextlib
import io
from pathlib import Path

from oversight.__main__ import main as steward
from tools.__main__ import main as tellsafe


def run(*arguments: str, folder: Path | None = None) -> tuple[int, str, str]:
    """The exit code, what was said, and complaints. `folder` is where it is typed."""
    said, complaints = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaints), contextlib.chdir(folder or "."):
        try:
            name, *rest = arguments
            code = steward(rest) if name == "steward" else steward(arguments) if name == "verify" else tellsafe(arguments)
        except SystemExit as end:  # argparse, of what makes no sense
            code = int(end.code or 0)
    return code, said.getvalue(), complaints.getvalue()
