"""The words both halves share (wording.json: clocks, forms of packets, what a reporter reads of a state): read once, checked by tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WORDING: Mapping[str, Any] = json.loads((Path(__file__).parent / "wording.json").read_text("utf-8"))
