"""Release files: made, signed, checked against the ledger, and laid out as targets of the signed tree. Pure."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from crypto.encoding import b64, hex32, unb64
from crypto.errors import ProtocolError
from crypto.event import verify
from crypto.numbers import (
    EXACT,
    FREQUENCIES,
    LEDGER_FILE,
    SCHEMA,
    SCHEMA_FILE,
    TABLES,
    Release,
    csv_of,
    exact_csv_of,
    fixed_fields,
    frequency_of,
    parse_release,
    spelled,
)
from oversight.errors import Refused
from oversight.statistics.ledger import Entry, check_frequency, check_next, entry_of, head, parse_ledger, spent, totals_of

LABEL_RELEASE = b"tellsafe/1 release"
TOOL = "tellsafe 0.1.0"
ROLE = "statistics"
NOT_COLLECTED = (
    "company",
    "country",
    "language",
    "damage",
    "sums recovered",
    "how long a case took",
    "who read a report",
    "size of a report",
)
KNOWN_LIMITS = (
    "Two reports of one person lose twice as much as one.",
    "What many reports have in common, such as the secret of a team, is not hidden.",
    "The statistician sees the true counts and is trusted to draw the noise once.",
    "A report whose label came after its table was drawn is counted nowhere, in this table or any other.",
    "A case opened again is not counted again.",
    "Several reports of one matter are several reports.",
    "Reports may be untrue: these are reports that reviewers took up, not findings.",
)


def make(
    programme: bytes,
    table: str,
    period: str,
    counts: Sequence[int],
    before: Sequence[Release],
    entries: Sequence[Entry],
    opendp: str,
    signer: tuple[str, Callable[[bytes], bytes]],
    exact: Mapping[str, int] | None = None,
) -> bytes:
    """The release file of noisy counts (one for each key, in order). `before`: all earlier releases, whose ledger is `entries`.

    exact: the figures of EXACT for a table of concerns, zeros if None; a table of outcomes has none.
    signer: the statistician's sign key (hex32) and what signs with it. Refused: the ledger's rules do not allow this release.
    """
    check_next(entries, table, period)
    value = {
        **fixed_fields(table, period),
        "programme": programme.hex(),
        "population": TABLES[table].population,
        "spent_for_this_cohort": f"{float(spent(entries, period)) + float(TABLES[table].epsilon):.1f}",
        "noisy_counts": list(counts),
        "exact": {name: (exact or {}).get(name, 0) for name in EXACT} if table == "T1" else {},
        "frequency": frequency_of(period),
        "frequency_rule": check_frequency(table, period, totals_of(before)),
        "not_collected": list(NOT_COLLECTED),
        "known_limits": list(KNOWN_LIMITS),
        "software": {"tool": TOOL, "opendp": opendp},
        "ledger": {"number": len(entries) + 1, "previous": head(entries)},
        "previous_release_sha256": entries[-1].sha256 if entries else "",
    }
    public, sign = signer
    return spelled({**value, "signatures": [{"key": public, "sig": b64(sign(release_message(value, programme)))}]})


def release_message(value: Mapping[str, Any], programme: bytes) -> bytes:
    """What the statistician signs: the release without its signatures."""
    return LABEL_RELEASE + programme + spelled({name: value[name] for name in value if name != "signatures"})


def check_release(data: bytes, programme: bytes, signers: Collection[str] = ()) -> Release:
    """A release file whose signature is good. Refused: another programme's, or signed by none of `signers` (any key if there are none).

    Malformed, BadKey or BadSignature from the protocol.
    """
    release = parse_release(data)
    if release.value["programme"] != programme.hex():
        raise Refused(f"{release.id} is of another programme")
    signature = release.value["signatures"][0]
    if signers and signature["key"] not in signers:
        raise Refused(f"{release.id} is not signed by the programme's statistician")
    verify(hex32(signature["key"]), unb64(signature["sig"], 64), release_message(release.value, programme))
    return release


def check_all(ledger: bytes, files: Mapping[str, bytes], programme: bytes, signers: Collection[str] = ()) -> list[Release]:
    """Every release in the order of the ledger, everything checked that can be: the chain, the budget, each file, its signature, and that
    how often tables are drawn follows from the releases before. `files`: release files by release id. Refused says what is wrong.
    """
    entries, found = parse_ledger(ledger), list[Release]()
    for number, entry in enumerate(entries):
        data = files.get(entry.release)
        if data is None:
            raise Refused(f"{entry.release} is in the ledger, and its file is missing")
        try:
            release = check_release(data, programme, signers)
        except ProtocolError as error:
            raise Refused(f"{entry.release} is not a good release: {error} ({error.name})") from error
        if entry_of(data) != entry:
            raise Refused(f"{entry.release} is not the file that the ledger names")
        _check_rest(release, found, entries[:number])
        found.append(release)
    strangers = sorted(set(files) - {entry.release for entry in entries})
    if strangers:
        raise Refused(f"{strangers[0]} is not in the ledger")
    return found


def _check_rest(release: Release, before: Sequence[Release], entries: Sequence[Entry]) -> None:
    value = release.value
    rule = check_frequency(release.table, release.period, totals_of(before))
    charged = f"{float(spent(entries, release.period)) + float(TABLES[release.table].epsilon):.1f}"
    previous = entries[-1].sha256 if entries else ""
    wanted = (frequency_of(release.period), rule, charged, previous)
    if wanted != tuple(value[name] for name in ("frequency", "frequency_rule", "spent_for_this_cohort", "previous_release_sha256")):
        raise Refused(f"{release.id} says something about frequency, budget or the release before it that the ledger does not bear out")


# ------------------------------------------------------------------ as targets of the signed tree


def target_files(ledger: bytes, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Everything that is published, by the path of its TUF target: ledger, each release with its CSV twins, JSON schema."""
    made = {f"{ROLE}/{LEDGER_FILE}": ledger, f"{ROLE}/{SCHEMA_FILE}": schema()}
    for name, data in files.items():
        made[f"{ROLE}/{name}.json"] = data
        release = parse_release(data)
        made[f"{ROLE}/{name}.csv"] = csv_of(release)
        if release.value["exact"]:
            made[f"{ROLE}/{release.period}-exact.csv"] = exact_csv_of(release)
    return made


def check_targets(targets: Mapping[str, bytes], programme: bytes, signers: Collection[str] = ()) -> list[Release]:
    """What `target_files` made, with everything `check_all` checks, and that nothing is missing, changed or added."""
    ledger = targets.get(f"{ROLE}/{LEDGER_FILE}", b"")
    named = {path.removeprefix(f"{ROLE}/"): data for path, data in targets.items()}
    files = {name.removesuffix(".json"): data for name, data in named.items() if name.endswith(".json") and name != SCHEMA_FILE}
    found = check_all(ledger, files, programme, signers)
    wanted = target_files(ledger, files)
    wrong = sorted(path for path in {*wanted, *targets} if wanted.get(path) != targets.get(path))
    if wrong:
        raise Refused(f"{wrong[0]} is not what the releases say")
    return found


def follows(published: bytes, ours: bytes) -> bool:
    """Whether a ledger only adds lines to the one that was published before."""
    return ours.startswith(published)


def schema() -> bytes:
    """The JSON Schema (2020-12) of a release file."""
    count = {"type": "integer"}
    natural = {"type": "integer", "minimum": 0}
    hash32 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    day = {"type": "string", "format": "date"}
    texts = {"type": "array", "items": {"type": "string"}}
    decimal = {"type": "string", "pattern": "^[0-9]+\\.[0-9]+$"}
    said = {"type": "string"}
    properties: dict[str, Any] = {
        "schema": {"const": SCHEMA},
        "release_id": {"type": "string", "pattern": "^20[0-9]{2}-(Y|H[12]|Q[1-4])-T[12]$"},
        "table": {"enum": list(TABLES)},
        "programme": hash32,
        "period": _object({"name": said, "from": day, "to": day}),
        "published": day,
        "population": said,
        "unit": said,
        "mechanism": {"const": "discrete Laplace, pure DP"},
        "sensitivity_l1": {"const": 1},
        "epsilon": decimal,
        "delta": {"const": "0"},
        "scale": decimal,
        "lifetime_epsilon_per_report": decimal,
        "spent_for_this_cohort": decimal,
        "keys": {**texts, "uniqueItems": True},
        "noisy_counts": {"type": "array", "items": count},
        "exact": {"oneOf": [_object(dict.fromkeys(EXACT, natural)), _object({})]},
        "interval_99": natural,
        "total_rule": said,
        "total_interval_95": natural,
        "display_floor": natural,
        "frequency": {"enum": list(FREQUENCIES)},
        "frequency_rule": said,
        "not_collected": texts,
        "known_limits": texts,
        "taxonomy_version": said,
        "software": _object({"tool": said, "opendp": said}),
        "ledger": _object({"number": {"type": "integer", "minimum": 1}, "previous": hash32}),
        "previous_release_sha256": {"type": "string", "pattern": "^([0-9a-f]{64})?$"},
        "signatures": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": _object({"key": hash32, "sig": {"type": "string", "pattern": "^[A-Za-z0-9_-]{86}$"}}),
        },
    }
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A release of public numbers", **_object(properties)}
    return json.dumps(whole, indent=1).encode("ascii") + b"\n"


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": sorted(properties), "additionalProperties": False}
