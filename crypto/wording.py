"""The words both halves share: read once, checked by tests.

wording.json: clocks, forms of packets, what a reporter reads of a state. legal.json: what laws ask of the company.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
WORDING: Mapping[str, Any] = json.loads((_HERE / "wording.json").read_text("utf-8"))
LEGAL: Mapping[str, Any] = json.loads((_HERE / "legal.json").read_text("utf-8"))
