"""An accredited evaluator's part in a report: the key file, the finding, and the event's own names (PROTOCOL section 6, `evaluator`).

The key file is one of the stewards' desk, so that stewards need only one kind of public file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crypto.private import signing
from crypto.roster import status_of
from crypto.tree import Tree, suspended_on
from oversight import keys
from tools import clock
from tools.errors import Unfit

# Names of a finding and how many bytes each may have (PROTOCOL section 6).
FIELDS: Mapping[str, int] = {"method": 4000, "access": 2000, "steps": 4000, "wishes": 1000}


@dataclass(frozen=True)
class Finding:
    """What an evaluator adds to a report, and the 32-byte seed that signs for it."""

    name: str
    texts: Mapping[str, str]
    seed: bytes = field(repr=False)

    @property
    def sign(self) -> str:
        """The evaluator's public key, hex32."""
        return signing.SignKey(self.seed).public

    def names_for(self, case: str, programme: bytes) -> dict[str, Any]:
        """The further names of the `evaluator` event of this case (hex32)."""
        return {"evaluator": self.sign, "signature": signing.sign_evaluator(case, self.seed, programme), **self.texts}


def read(keyfile: str, passphrase: str, finding: str) -> Finding:
    """Open the key file and read the finding. Unfit for another kind of finding; oversight.errors.Refused for a key that does not open."""
    texts = read_texts(Path(finding).read_text("utf-8"))
    mine = keys.open_key(passphrase, Path(keyfile).read_bytes())
    return Finding(mine.name, texts, mine.sign_seed)


def read_texts(data: str) -> dict[str, str]:
    """A finding: a JSON object with the texts `method`, `access`, `steps` and `wishes`, each of which may be left out."""
    said = json.loads(data)
    if not isinstance(said, dict) or said.keys() - FIELDS.keys() or not all(isinstance(text, str) for text in said.values()):
        raise Unfit(f"A finding is a JSON object of texts called {', '.join(FIELDS)}. Nothing was sent.")
    for name, most in FIELDS.items():
        if (size := len(said.get(name, "").encode("utf-8", "surrogatepass"))) > most:
            raise Unfit(f"The finding's {name} has {size:,} bytes; at most {most:,} fit. Nothing was sent.")
    return {name: said.get(name, "") for name in FIELDS}


def check_accredited(tree: Tree, finding: Finding) -> None:
    """Unfit unless the key is that of an evaluator who is active on the roster today: reviewers would not believe it."""
    day = clock.now()
    found = next((each for each in tree.roster.evaluators if each.sign == finding.sign), None)
    if found is None:
        raise Unfit(f"The key of {finding.name} is not an evaluator's on the stewards' list. Nothing was sent.")
    if (status := status_of(found, suspended_on(tree, day), day)) != "active":
        raise Unfit(f"{found.name} may not speak as an evaluator today ({status}; from {found.from_} to {found.to}). Nothing was sent.")
