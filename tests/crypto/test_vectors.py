"""Every vector, run against the Python half. The browser half runs the same files."""

import datetime
import functools
import hashlib
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from crypto import encoding, points, posting, receipt, sealing, segment, tree
from crypto.case import fold, heads
from crypto.errors import ProtocolError
from crypto.event import Event, parse_event, payload_bytes
from crypto.private import opening, signing
from crypto.private.receipt import keys_of
from crypto.request import check_request
from crypto.roster import parse_programme, parse_roster, parse_suspensions
from crypto.routing import Want, draw, eligible, explain, groups_of
from crypto.summary import absent
from review.clocks import legal_panel, reporter_sentences
from tests.crypto.make_legal import row
from tests.crypto.make_tree import PROGRAMME

FOLDER = Path(__file__).parents[2] / "crypto" / "vectors"
FILES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
ALL = [pytest.param(name, v, id=f"{name}-{v['name']}") for name, file in FILES.items() for v in file.get("vectors", [])]
raw = bytes.fromhex


def run_points(v: Any) -> None:
    (points.check_point if v["kind"] == "point" else points.check_signing_key)(raw(v["hex"]))


def run_json(v: Any) -> None:
    if "repeat" in v:
        before, a, b, after = (raw(part) for part in v["repeat"][:4])
        encoding.parse_strict(before + a * v["repeat"][4] + b * v["repeat"][4] + after)
    data = raw(v["hex"])
    assert encoding.canonical(encoding.parse_strict(data)) == data


def run_receipt(v: Any) -> None:
    assert receipt.entropy_of(v["words"]).hex() == v["entropy"]
    if "keys" in v:
        keys = keys_of(raw(v["entropy"]), raw(v["programme"]))
        assert {name: getattr(keys, name).hex() for name in v["keys"]} == v["keys"]


def run_letter(v: Any) -> None:
    programme = raw(v["programme"])
    if v["op"] == "seal":
        sealing.seal_letter(programme, raw(v["find"]), encoding.unb64(v["open"]), bytes(v["length"]))
        return
    if v["op"] == "clue":
        find, point = raw(v["find"]), raw(v["point"])
        assert sealing.tag_of(sealing.shared_secret(raw(v["r"]), find), programme, point, find).hex() == v["tag"]
        assert sealing.letter_info(programme, point, find).hex() == v["info"]
        return
    entry = FILES["letter"]["receipts"][v["receipt"]]
    keys = keys_of(raw(entry["entropy"]), raw(entry["programme"]))
    if v["op"] == "find":
        assert opening.find_matches(keys.find_secret, [raw(clue) for clue in v["clues"]], programme) == v["matches"]
        return
    letter = bytearray(encoding.unb64(FILES["letter"]["letters"][v["letter"]]))
    for at, data in v["patch"]:
        letter[at : at + len(raw(data))] = raw(data)
    message = opening.open_letter(bytes(letter), keys.find_secret, keys.open_seed, programme)
    assert hashlib.sha256(message).hexdigest() == v["message_sha256"]


def run_event(v: Any) -> None:
    if v.get("op") == "sign":
        payload_bytes(json.loads(v["payload"]))
        return
    event = parse_event(raw(v["raw"]), raw(v["programme"]))
    assert (event.id, event.author) == (v["id"], v["author"])
    assert signing.sign_event(event.payload, raw(v["seed"]), raw(v["programme"])).raw == event.raw


def whole(spec: Any) -> bytes:
    return raw(spec["clue"]) + bytes([spec["fill"]]) * 16_344


def run_segment(v: Any) -> None:
    if v["op"] == "cover":
        blocks, matched = ([(n, b) for n, b in v[name]] for name in ("blocks", "matched"))
        assert [list(block) for block in segment.cover_blocks(raw(v["cover"]), blocks, matched)] == v["ask"]
        return
    if v["op"] == "dated":
        segment.check_dated(v["week"], v["published"])
        return
    programme = raw(v["programme"])
    if v["op"] == "build":
        one, blocks = segment.build_segment(programme, v["number"], v["week"], raw(v["previous"]), [whole(spec) for spec in v["letters"]])
        assert segment.encode(one) == raw(v["data"])
        assert [segment.block_hash(block).hex() for block in blocks] == v["blocks"]
        return
    segments = segment.parse_segments(raw(v["data"]), programme)
    assert b"".join(segment.encode(each) for each in segments) == raw(v["data"])
    if v["op"] == "chain":
        segment.check_chain(segments, v["head"] and (v["head"][0], raw(v["head"][1])))


def run_posting(v: Any) -> None:
    body = raw(v["nonce"]) + b"".join(whole(spec) for spec in v["letters"]) + raw(v["tail"])
    parsed = posting.parse_posting(body)
    if v["op"] == "effort":
        assert posting.effort_of(parsed, raw(v["segment"])) == v["bits"]


@functools.cache
def all_of_cases() -> tuple[dict[str, Event], dict[str, str]]:
    """The events of case.json by name; and the names of ids and keys, by which results call them."""
    file = FILES["case"]
    events = {name: parse_event(encoding.unb64(data), raw(file["programme"])) for name, data in file["events"].items()}
    return events, {key: name for name, key in file["people"].items()} | {event.id: name for name, event in events.items()}


def run_case(v: Any) -> None:
    held, names = all_of_cases()
    events = [held[name] for name in v["events"]]

    def named(value: Any) -> Any:
        return json.loads(re.sub("[0-9a-f]{64}", lambda found: names.get(found[0], found[0]), json.dumps(value)))

    for seed in range(3):
        random.Random(seed).shuffle(events)
        folded = fold(events, v["case"])
        if folded is None:
            assert v["result"] is None
            continue
        result = {
            "state": folded.state,
            "may": folded.may,
            "opened": sorted(folded.opened),
            "order": [event.id for event in folded.order],
            "void": dict(folded.void),
            "missing": sorted(folded.missing),
            "equivocations": [list(ids) for ids in folded.equivocations],
            "readers": list(folded.readers),
            "gone": dict(folded.gone),
            "evaluator": folded.evaluator,
            "since": folded.since,
            "until": folded.until,
            "whom": folded.whom,
            "history": [list(each) for each in folded.history],
            "proposals": [[each.id, each.why] for each in folded.proposals],
            "unsigned": list(folded.unsigned),
            "extended": list(folded.extended),
            "legal_hold": folded.legal_hold,
            "agreed": sorted(folded.agreed),
            "triage": folded.triage.id if folded.triage else "",
            "knew": folded.knew.id if folded.knew else "",
            "corrections": dict(folded.corrections),
            "lead": folded.lead,
            "second": folded.second,
        }
        assert named(result) == FILES["case"]["usual"] | v["result"]
        assert [f"{code} {week}" for code, week, _ in reporter_sentences(folded)] == v["dues"]
        for who, expected in v.get("heads", {}).items():
            assert named(heads(events, v["case"], who, next((id_ for id_, name in names.items() if name == v.get("of")), ""))) == expected


def run_legal(v: Any) -> None:
    file = FILES["legal"]
    case = fold([parse_event(raw(file["events"][name]), raw(file["programme"])) for name in v["events"]], v["case"])
    assert case is not None and [row(duty) for duty in legal_panel(case, "2026-W20")] == v["rows"]


def run_routing(v: Any) -> None:
    if v["op"] == "draw":
        stream = iter(raw(v["random"]))
        assert draw(range(v["count"]), lambda n: bytes(next(stream) for _ in range(n))) == (v["readers"], v["reserves"])
        return
    if v["op"] == "groups":
        assert list(groups_of(v["about"])) == v["groups"]
        return
    file, want, day = FILES["routing"], v["want"], datetime.date.fromisoformat(v["day"])
    roster = parse_roster(encoding.canonical(file["roster"]), 1)
    suspensions = parse_suspensions(encoding.canonical(file["suspensions"]))
    whole = tree.Tree(roster, suspensions, parse_programme(encoding.canonical(PROGRAMME)), {}, stale=False)
    asked = Want(want["lab"], tuple(want["groups"]), want["language"], frozenset(want["exclude"]))
    assert [[each.name, code] for each, code in explain(whole, asked, day)] == v["codes"]
    assert [each.name for each in eligible(whole, asked, day)] == [name for name, code in v["codes"] if not code]


def run_tree(v: Any) -> None:
    now = datetime.datetime.fromisoformat(v["now"])
    found = tree.verify_bundle(v["bundle"].encode(), raw(v["programme"]), now, v["seen"])
    assert (found.versions, found.stale) == (v["versions"], v["stale"])
    bundle = json.loads(v["bundle"])
    # Junk and roles we do not know are not among what was read.
    assert found.used == {
        name for part in bundle.values() for name in part if name.split(".")[-2] not in ("site", "statistics") and name != "9.roster.json"
    }


def run_summary(v: Any) -> None:
    file = FILES["summary"]
    case = fold([parse_event(raw(file["events"][name]), raw(file["programme"])) for name in v["events"]], v["case"])
    assert case and [sorted(ids) for ids in absent(case)] == [v["lost"], v["let_go"]]


def run_request(v: Any) -> None:
    check_request(raw(v["data"]), raw(v["programme"]))


@pytest.mark.parametrize(("name", "v"), ALL)
def test_vector(name: str, v: Any) -> None:
    got = "ok"
    try:
        globals()[f"run_{name}"](v)
    except ProtocolError as error:
        got = error.name
    assert got == v["expect"]
