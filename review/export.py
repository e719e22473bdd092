"""One case as one sealed file that says itself what it is, and reading it again without a workstation.

The file is a key file (crypto/private/keyfile.py: Argon2id and SecretBox under a passphrase of its own) around HEADER and one JSON object:

    v         1
    about     what this is and how to check it without this program
    programme the programme's fingerprint, hex
    case      id of the case, hex
    week      when it was made
    notes     whether private notes between reviewers are in it
    names     sign key, hex: name on the roster as whoever exported it had it, for those who speak
    events    base64 of each event as it was signed, oldest first (PROTOCOL 6)

Everything else (state, who read it, what counts) follows from the events, each checked anew. The week, `notes` and the names are the word
of whoever made the file, so that a name is always shown beside its key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

from crypto.case import Case, fold
from crypto.encoding import hex32, is_week
from crypto.errors import Malformed, ProtocolError
from crypto.event import Event, parse_event
from review import labels
from review.labels import label

HEADER = b"tellsafe/1 case\n"
ABOUT = (
    "One case of Tellsafe. Each entry of `events` is base64 of: signature (64 bytes), Ed25519 key of who signed (32), JSON of what "
    "they said. "
    "The signature is over 'tellsafe/1 event', the 32 bytes of `programme` and the JSON. The id of an event is SHA-256 of "
    "'tellsafe/1 event id', programme, key and JSON; the case has the id of its report. PROTOCOL.md sections 6 and 9 say what follows."
)
AGREED_WEEKS = 4
ASK = "I ask to export this case."
AGREE = "I agree to the export."

_COMMON = ("v", "kind", "week", "seen", "roster", "audience", "case", "prev", "parents", "find", "open", "readers", "reserves", "selfcopy")
_NESTED = ("answers", "fields")


@dataclass(frozen=True)
class Exported:
    """An exported case, opened and checked. case: the fold over what is in the file; refused: entries that do not check out."""

    case: Case
    programme: str
    week: str
    notes: bool
    names: Mapping[str, str]
    refused: int


def pack(case: Case, programme: bytes, week: str, names: Mapping[str, str], notes: bool) -> bytes:
    """The bytes to be sealed. Void events are left out; so are private notes and assessments unless asked for."""
    events = [event for event in case.order if notes or event.payload["audience"] == "all"]
    value = {
        "v": 1,
        "about": ABOUT,
        "programme": programme.hex(),
        "case": case.id,
        "week": week,
        "notes": notes,
        "names": {event.author: names[event.author] for event in events if event.author in names},
        "events": [base64.b64encode(event.raw).decode() for event in events],
    }
    return HEADER + json.dumps(value, indent=1).encode()


def unpack(data: bytes) -> Exported:
    """The case in such bytes, every signature checked again. Malformed: not an export, or without the report it is about."""
    try:
        if not data.startswith(HEADER):
            raise ValueError
        value = json.loads(data[len(HEADER) :])
        if value["v"] != 1 or not is_week(value["week"]):
            raise ValueError
        programme = hex32(value["programme"])
        raws = [base64.b64decode(raw, validate=True) for raw in value["events"]]
        case_id, week, notes, names = str(value["case"]), str(value["week"]), bool(value["notes"]), dict(value["names"])
    except (ValueError, KeyError, TypeError, RecursionError, ProtocolError) as error:
        raise Malformed("this is not an exported case") from error
    events = [event for event in (_checked(raw, programme) for raw in raws) if event is not None]
    case = fold(events, case_id)
    if case is None:
        raise Malformed("the report of this case is not in the file")
    return Exported(case, value["programme"], week, notes, names, len(raws) - len(events))


def as_text(found: Exported) -> str:
    """The whole case for reading: one heading, then every event in order with all its words."""
    case = found.case
    lines = [
        f"Case {case.id}",
        f"Programme {found.programme}",
        f"Exported {found.week}, {'with' if found.notes else 'without'} private notes.",
        f"State: {label(labels.STATE, case.state)}, {case.since}.",
    ]
    for count, what in ((found.refused, "entries do not check out and are left out"), (len(case.void), "events do not count")):
        lines += [f"Caution: {count} {what}."] if count else []
    lines += [f"Caution: {len(case.missing)} events that others refer to are not in this file."] if case.missing else []
    for event in case.order:
        who = "Reporter" if event.author == case.root.author else f"Reviewer {found.names.get(event.author, '')} ({event.author[:8]})"
        head = " ".join(_clean(who).split())
        lines += ["", f"-- {event.payload['week']} · {head} · {label(labels.KIND, event.kind)} · {event.id}", *_said(event)]
    return "\n".join(lines) + "\n"


def asked(case: Case, sign: str, week_ago: str) -> Event | None:
    """This reviewer's last request to export the case, unless it is older than the week `week_ago`."""
    own = [event for event in case.order if event.kind == "note" and event.author == sign and event.payload["text"].startswith(ASK)]
    return own[-1] if own and own[-1].payload["week"] >= week_ago else None


def agreed(case: Case, sign: str, week_ago: str) -> Event | None:
    """Another reader's consent to that request, said after it; None while there is none. No file leaves on one signature."""
    request = asked(case, sign, week_ago)
    if request is None:
        return None
    later = case.order[case.order.index(request) + 1 :]
    said = (event for event in later if event.kind == "note" and event.payload["text"].startswith(f"{AGREE} {request.id}"))
    return next((event for event in said if event.author != sign and event.author in case.readers), None)


def to_agree(case: Case, sign: str, week_ago: str) -> list[Event]:
    """Requests of others that wait for a second signature."""
    found = [asked(case, other, week_ago) for other in case.readers if other != sign]
    return [event for event in found if event is not None and agreed(case, event.author, week_ago) is None]


def _checked(raw: bytes, programme: bytes) -> Event | None:
    try:
        return parse_event(raw, programme)
    except ProtocolError:
        return None


def _said(event: Event) -> list[str]:
    """What an event says beyond who, when and where: every further name with its value."""
    payload = event.payload
    flat = {name: value for name, value in payload.items() if name not in (*_COMMON, *_NESTED)}
    for name in _NESTED:
        flat |= payload.get(name, {})
    said = ((name, _clean(value if isinstance(value, str) else json.dumps(value))) for name, value in flat.items())
    # Indented, so that no text can look like the head of another event.
    return [f"{name}: " + text.replace("\n", "\n  ") for name, text in said]


def _clean(text: str) -> str:
    """Words without the control characters a terminal would obey."""
    return "".join(
        letter if letter == "\n" or letter.isprintable() or letter == "\u3000" else "\ufffd" for letter in text.replace("\t", " ")
    )
