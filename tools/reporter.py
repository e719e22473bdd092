"""A reporter without a browser: reports, comes back, writes again, on the Python half of the protocol.

It does what the page does, in the same order, and keeps nothing: the receipt is printed and forgotten. The plain functions at
the top take and give bytes; the ones below `Server` use the network (urllib3, over SOCKS if asked).
"""

import argparse
import dataclasses
import datetime
import json
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import urllib3
from urllib3.contrib.socks import SOCKSProxyManager

from crypto import case, constants, event, receipt, routing, sealing, segment, tree
from crypto.encoding import b64, canonical, parse_strict
from crypto.errors import Mismatch, ProtocolError, TooLong
from crypto.private import opening, signing
from crypto.private import receipt as private_receipt
from tools import clock

ANSWERS: Mapping[str, Any] = {
    "about": ["X1-OTHER"],
    "stage": "L9-UNSURE",
    "organisation": "",
    "danger": "UNSURE",
    "basis": "SAW",
    "known": "K0",
    "raised": "",
    "may": "ASK",
    "promise": "",
}


class Refused(Exception):
    """The server said no, in its own sentence."""


class Unreachable(Exception):
    """The server gave no answer, however often it was asked."""


# ------------------------------------------------------------------ composing: bytes in, bytes out


@dataclasses.dataclass(frozen=True)
class Programme:
    """What a reporter knows after fetching the public files."""

    id: bytes
    tree: tree.Tree
    segments: tuple[segment.Segment, ...]  # kept ones, oldest first
    head: Mapping[str, Any]
    day: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Composed:
    """A receipt and the postings it stands for, in the order to send them (the first makes the case)."""

    words: str
    case: str
    bodies: tuple[bytes, ...]


@dataclasses.dataclass(frozen=True)
class Returned:
    """What a receipt opens."""

    keys: private_receipt.ReceiptKeys
    events: tuple[event.Event, ...]
    case: case.Case | None
    skipped: int  # letters that matched and did not open or parse


def seen_by(segments: Sequence[segment.Segment]) -> list[int | str]:
    """Return the `seen` of an event: number and hash of the newest segment (PROTOCOL section 6)."""
    if not segments:
        return [0, "0" * 64]
    return [segments[-1].number, segment.segment_hash(segments[-1]).hex()]


def split_text(text: str, rooms: Sequence[int]) -> list[str]:
    """Cut a text into pieces of at most that many bytes each once escaped as JSON; TooLong if it does not fit into all of them."""
    pieces: list[str] = []
    piece, used = "", 0
    for char in text:
        cost = len(json.dumps(char, ensure_ascii=False).encode("utf-8", "surrogatepass")) - 2
        if used + cost > rooms[len(pieces)]:
            pieces.append(piece)
            piece, used = "", 0
            if len(pieces) == len(rooms):
                raise TooLong(f"a report has room for about {sum(rooms):,} bytes")
        piece, used = piece + char, used + cost
    return [*pieces, piece]


def compose_report(known: Programme, text: str, answers: Mapping[str, Any], exclude: frozenset[str] = frozenset()) -> Composed:
    """Make a receipt, draw the readers and seal the report with the parts of a long text.

    `answers` replaces entries of ANSWERS. ValueError when fewer than two reviewers may read about the named organisation.
    """
    entropy = secrets.token_bytes(16)
    keys = private_receipt.keys_of(entropy, known.id)
    filled = {**ANSWERS, **answers}
    fit = routing.eligible(known.tree.roster, filled["organisation"], set(exclude), known.day)
    if len(fit) < 2:
        raise ValueError("Fewer than two reviewers without ties to that organisation can read now: the report cannot be sent.")
    readers, reserves = routing.draw(fit, secrets.token_bytes)
    report = _head(known, "report") | {
        "find": keys.find_public.hex(),
        "open": b64(keys.open_public),
        "readers": [reader.sign for reader in readers],
        "reserves": [reserve.sign for reserve in reserves],
        "answers": filled,
        "text": "",
        "parts": 0,
        "selfcopy": "full",
    }
    blank = _head(known, "part") | {"case": "0" * 64, "prev": ["0" * 64], "parents": ["0" * 64], "n": 1, "text": ""}
    texts = split_text(text, [_room(report), *[_room(blank)] * constants.PARTS_MAX])
    report |= {"text": texts[0], "parts": len(texts) - 1}
    first = signing.sign_event(report, keys.sign_seed, known.id)
    events = [first]
    for number, piece in enumerate(texts[1:], 1):
        chain = {"case": first.id, "prev": [events[-1].id], "parents": [events[-1].id], "n": number, "text": piece}
        events.append(signing.sign_event(_head(known, "part") | chain, keys.sign_seed, known.id))
    bodies = tuple(seal(known, keys, first.payload["readers"], made) for made in events)
    return Composed(receipt.words_of(entropy), first.id, bodies)


def compose_more(known: Programme, held: Returned, kind: str, further: Mapping[str, Any]) -> bytes:
    """Seal a reply, choice or withdraw of a case that was read before."""
    if held.case is None:
        raise ValueError("no case")
    own = [item for item in held.events if item.author == held.keys.sign_public.hex() and item.kind != "stub"]
    named = {before for item in own for before in item.payload.get("prev", [])}
    last = [item.id for item in held.case.order if item in own and item.id not in named]
    payload = _head(known, kind) | {
        "case": held.case.id,
        "prev": last[-1:],
        "parents": sorted(case.heads(held.events, held.case.id, "all"))[:32],
        **further,
    }
    made = signing.sign_event(payload, held.keys.sign_seed, known.id)
    return seal(known, held.keys, held.case.root.payload["readers"], made)


def seal(known: Programme, keys: private_receipt.ReceiptKeys, readers: Sequence[str], made: event.Event) -> bytes:
    """Seal one event to its readers and its writer. A reader who left the roster or has no key for today gets none."""
    there = {reviewer.sign: reviewer for reviewer in known.tree.roster.reviewers}
    slots = [(keys.find_public, keys.open_public, made.raw)]
    for reader in (there[sign] for sign in readers if sign in there):
        open_public = tree.open_key(reader, known.day)
        if open_public is not None:
            slots.append((reader.find, open_public, made.raw))
    return sealing.make_posting(known.id, slots)


def open_matched(letters: Sequence[bytes], keys: private_receipt.ReceiptKeys, programme: bytes) -> tuple[list[event.Event], int]:
    """Open letters whose clue matched. Returns the events and how many letters would not open or parse: never an error."""
    events, skipped = [], 0
    for letter in letters:
        try:
            raw = opening.open_letter(letter, keys.find_secret, keys.open_seed, programme)
            if raw:
                events.append(event.parse_event(raw, programme))
        except ProtocolError:
            skipped += 1
    return events, skipped


def case_of(events: Sequence[event.Event], keys: private_receipt.ReceiptKeys) -> case.Case | None:
    """Fold the one case of a receipt, from its report or the stub that stands for it."""
    for item in events:
        if item.author == keys.sign_public.hex() and item.kind in ("report", "stub"):
            return case.fold(events, item.id if item.kind == "report" else item.payload["case"])
    return None


def conversation(held: case.Case, keys: private_receipt.ReceiptKeys, roster: tree.Roster) -> list[dict[str, str]]:
    """Return everything said, in order, as {"from", "week", "text"}; one's own messages come from "you"."""
    names = {reviewer.sign: reviewer.name for reviewer in roster.reviewers} | {keys.sign_public.hex(): "you"}
    spoken = ("report", "part", "reply", "answer", "state")
    said = [item for item in held.order if item.kind in spoken and item.payload["text"]]
    return [
        {"from": names.get(item.author, "a former reviewer"), "week": item.payload["week"], "text": item.payload["text"]} for item in said
    ]


def _head(known: Programme, kind: str) -> dict[str, Any]:
    return case.common(kind, clock.week_of(known.day), seen_by(known.segments), known.tree.roster.version, "all")


def _room(payload: Mapping[str, Any]) -> int:
    return min(constants.PAYLOAD_MAX - len(canonical(payload)), constants.TEXT_MAX)


# ------------------------------------------------------------------ the network


class Server:
    """The public files and the one door of a server. Nothing is kept between requests: no cookie, no name, no agent string."""

    def __init__(self, url: str, socks: str | None = None) -> None:
        self.url = url.rstrip("/")
        options: dict[str, Any] = {"timeout": urllib3.Timeout(connect=60, read=120), "headers": {"User-Agent": urllib3.util.SKIP_HEADER}}
        # socks5h: names, onions above all, are looked up at the other end and never here.
        self.pool = SOCKSProxyManager(f"socks5h://{socks}", **options) if socks else urllib3.PoolManager(**options)

    def get(self, path: str) -> bytes:
        """Fetch a file. Refused for anything but 200, Unreachable without an answer."""
        return self._ask("GET", path, None)

    def post(self, body: bytes) -> None:
        """Send a posting until the server says that it is stored. The same bytes each time: a retry is safe (PROTOCOL section 5)."""
        self._ask("POST", "/post", body)

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"User-Agent": urllib3.util.SKIP_HEADER, "Accept-Encoding": "gzip"}
        if body is not None:
            headers["Content-Type"] = "application/octet-stream"
        for wait in (0.5, 1, 2, 4, 8, 16, 32, 0):
            try:
                answer = self.pool.request(method, self.url + path, body=body, headers=headers, retries=False, redirect=False)
            except urllib3.exceptions.HTTPError:
                answer = None
            if answer is not None and answer.status == 200:
                return answer.data
            # A full tray empties at the next tick; other refusals stay refusals.
            if answer is not None and answer.status < 500:
                raise Refused(answer.data.decode("utf-8", "replace").strip()[:300])
            time.sleep(wait)
        raise Unreachable(self.url + path)


def fetch_programme(server: Server, fingerprint: str | None, weeks: int | None = None) -> Programme:
    """Fetch and check the signed tree and the segments of the newest `weeks` weeks (all if None).

    Without a fingerprint the first root is believed, as a first-time visitor of the page must.
    """
    bundle = server.get("/tree/bundle.json")
    programme = bytes.fromhex(fingerprint) if fingerprint else tree.programme_id(json.loads(bundle)["metadata"]["1.root.json"].encode())
    day = clock.now()
    verified = tree.verify_bundle(bundle, programme, day)
    head = parse_strict(server.get("/files/head.json"))
    kept = head["weeks"] if weeks is None else head["weeks"][-weeks:]
    segments = [item for week in kept for item in segment.parse_segments(server.get(f"/files/clues/{week}"), programme)]
    segment.check_chain(segments)
    return Programme(programme, verified, tuple(_up_to(segments, head)), head, day)


def _up_to(segments: Sequence[segment.Segment], head: Mapping[str, Any]) -> list[segment.Segment]:
    """Keep the segments the head knows: a tick may fall between two requests. Mismatch if the newest is not the head's."""
    known = [item for item in segments if item.number <= head["number"]]
    if head["number"] and (not known or segment.segment_hash(known[-1]).hex() != head["hash"]):
        raise Mismatch("the newest segment is not the one the server names")
    return known


def send(server: Server, body: bytes) -> None:
    """Post with the effort asked for; when the server asks for more meanwhile, work again. The letters stay the same."""
    for _ in range(4):
        head = parse_strict(server.get("/files/head.json"))
        newest = bytes.fromhex(head["hash"])
        worked = sealing.with_effort(body, newest, head["effort"]) if head["effort"] else body
        try:
            server.post(worked)
            return
        except Refused as refusal:
            if parse_strict(server.get("/files/head.json"))["effort"] <= head["effort"]:
                raise refusal from None
    raise Refused("The server keeps asking for more effort.")


def read_return(server: Server, known: Programme, words: str) -> Returned:
    """Find, fetch and open everything for a receipt among the segments of `known`. BadWords for wrong words."""
    keys = private_receipt.keys_of(receipt.entropy_of(words), known.id)
    matched = matches(known.segments, keys, known.id)
    blocks = [(item.number, number) for item in known.segments for number in range(len(item.block_hashes))]
    numbered = {item.number: item for item in known.segments}
    mine: dict[segment.Block, list[int]] = {}
    for number, row in matched:
        mine.setdefault((number, row // constants.BLOCK_LETTERS), []).append(row % constants.BLOCK_LETTERS)
    letters: list[bytes] = []
    for number, index in segment.cover_blocks(keys.cover, blocks, set(mine)):
        block = segment.check_block(numbered[number], index, server.get(f"/files/letters/{number}/{index}"))
        letters += [block[row] for row in mine.get((number, index), [])]
    events, skipped = open_matched(letters, keys, known.id)
    return Returned(keys, tuple(events), case_of(events, keys), skipped)


def matches(segments: Sequence[segment.Segment], keys: private_receipt.ReceiptKeys, programme: bytes) -> list[tuple[int, int]]:
    """Return (segment number, place) of every clue that is ours."""
    places = [(item.number, row) for item in segments for row in range(len(item.clues))]
    clues = [clue for item in segments for clue in item.clues]
    return [places[index] for index in opening.find_matches(keys.find_secret, clues, programme)]


def come_back(server: Server, fingerprint: str | None, words: str) -> tuple[Programme, Returned]:
    """Read the last weeks; only if they do not hold the case, everything that is kept."""
    receipt.entropy_of(words)  # wrong words are said before anything is fetched
    known = fetch_programme(server, fingerprint, constants.SCAN_WEEKS)
    held = read_return(server, known, words)
    if held.case is None and len(known.head["weeks"]) > constants.SCAN_WEEKS:
        known = fetch_programme(server, fingerprint)
        held = read_return(server, known, words)
    return known, held


# ------------------------------------------------------------------ the commands


def report(options: argparse.Namespace) -> int:
    """`report`: seal and send a text. The last line of output is {"receipt", "case", "week", "postings"}."""
    text = Path(options.text).read_text("utf-8")
    answers = json.loads(Path(options.answers).read_text("utf-8")) if options.answers else {}
    server = Server(options.server, options.socks)
    known = fetch_programme(server, options.fingerprint, 1)
    made = compose_report(known, text, answers)
    print(f"Sealed for {min(constants.READERS, len(known.tree.roster.reviewers))} reviewers of {known.tree.programme.name}.")
    stored = 0
    try:
        for body in made.bodies:
            if stored:
                # The parts of a long text must not arrive as a row.
                least, most = known.tree.programme.part_seconds
                time.sleep(least + secrets.randbelow(max(1, most - least + 1)))
            send(server, body)
            stored += 1
            print(f"Posting {stored} of {len(made.bodies)} is stored.")
    finally:
        # Once the first posting is stored the words open a case: no later failure may lose them.
        if stored:
            print("Keep these twelve words; nobody can give them to you again:", flush=True)
            print(json.dumps({"receipt": made.words, "case": made.case, "week": clock.week_of(known.day), "postings": stored}), flush=True)
    return 0


def come_back_and_read(options: argparse.Namespace) -> int:
    """`return`: the last line of output is {"status", "messages", …}; status NOTHING when no letters are there for the words."""
    words = Path(options.receipt_file).read_text("utf-8").strip()
    known, held = come_back(Server(options.server, options.socks), options.fingerprint, words)
    if held.case is None:
        print("No letters for these words. Check the words; a new report appears after the next tick.")
        print(json.dumps({"status": "NOTHING", "messages": []}))
        return 0
    said = conversation(held.case, held.keys, known.tree.roster)
    print(f"{held.case.state}, opened by {len(held.case.opened)}, {len(said)} messages.")
    result = {"status": held.case.state, "messages": said, "opened": len(held.case.opened), "may": held.case.may, "case": held.case.id}
    print(json.dumps(result, ensure_ascii=False))
    return 0


def reply(options: argparse.Namespace) -> int:
    """`reply`: write again with a receipt. The last line of output is {"stored": 1}."""
    words = Path(options.receipt_file).read_text("utf-8").strip()
    server = Server(options.server, options.socks)
    known, held = come_back(server, options.fingerprint, words)
    if held.case is None:
        print("No letters for these words. Check the words; a new report appears after the next tick.", file=sys.stderr)
        return 1
    send(server, compose_more(known, held, "reply", {"text": Path(options.text).read_text("utf-8")}))
    print(json.dumps({"stored": 1}))
    return 0


def explained(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; say in one sentence what went wrong."""
    try:
        return command(options)
    except ProtocolError as error:
        print(f"tellsafe: {error.name}: {error}", file=sys.stderr)
    except (Refused, Unreachable, ValueError, OSError) as error:
        print(f"tellsafe: {type(error).__name__}: {error}", file=sys.stderr)
    return 1
