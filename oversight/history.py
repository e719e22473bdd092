"""What changed between two states of a tree, and who signed it, in plain words. Pure; the people's part is crypto/history.py."""

from collections.abc import Mapping

from tuf.api.metadata import Root

from crypto.history import people, programme_changes, roster_changes, suspension_changes
from oversight.metadata import signer_keys
from oversight.rules import Facts


def changes(old: Facts | None, new: Facts, day: str) -> list[str]:
    """Every difference between the public files, one line each. `day` decides which bars still stand."""
    return [
        *roster_changes(old.roster if old else None, new.roster, day),
        *suspension_changes(old.suspensions if old else (), new.suspensions, names_of(new)),
        *programme_changes(old.programme if old else None, new.programme),
    ]


def root_changes(old: Root | None, new: Root, names: Mapping[str, str]) -> list[str]:
    """What a new root changes: who signs, how many must, and whose workstation may renew the timestamp."""
    lines = []
    for role, what in (("root", "may sign for the stewards"), ("timestamp", "may renew the timestamp")):
        now, was = signer_keys(new, role), signer_keys(old, role) if old else []
        stewards = {*signer_keys(new, "root"), *(signer_keys(old, "root") if old else [])}
        for mark, keys, others in (("From now on", now, was), ("No longer", was, now)):
            mine = [key for key in keys if key not in others and (role == "root" or key not in stewards)]
            lines += [f"{mark} {what}: {name_of(key, names)}" for key in mine]
    count, was_count = _threshold(new), _threshold(old) if old else ""
    if count != was_count:
        lines.append(f"Signatures needed: {count}" + (f" (was {was_count})" if old else ""))
    return lines


def names_of(*facts: Facts | None) -> dict[str, str]:
    """Sign key to name, for everyone these states name."""
    return {each.sign: each.name for state in facts if state for each in (*state.programme.stewards, *people(state.roster))}


def name_of(key: str, names: Mapping[str, str]) -> str:
    return names.get(key, f"an unknown key {key[:16]}")


def _threshold(root: Root) -> str:
    return f"{root.roles['root'].threshold} of {len(signer_keys(root, 'root'))} stewards"
