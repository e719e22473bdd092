"""With this folder on PYTHONPATH every program's clock is off by as many seconds as the file $CLOCK_IS_OFF says, anew at each look.

Python loads a module of this name by itself when it starts. Each program reads the machine's clock in one module of its own; those are
put in place here before anybody imports them. The programs themselves know nothing of this.
"""

import datetime
import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def now() -> datetime.datetime:
    seconds = float(Path(os.environ["CLOCK_IS_OFF"]).read_text())
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)


for program in ("intake", "oversight", "review", "tools"):
    spec = importlib.util.spec_from_file_location(f"{program}.clock", ROOT / program / "clock.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.now = now  # type: ignore[attr-defined]
    sys.modules[f"{program}.clock"] = module
