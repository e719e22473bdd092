"""The table of clocks and the forms of packets that both halves share (wording.json): read once, checked by its tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WORDING: Mapping[str, Any] = json.loads((Path(__file__).parent / "wording.json").read_text("utf-8"))
