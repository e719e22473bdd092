"""A reporter without a browser: reports, comes back, writes again, on the Python half of the protocol.

It does what the page does, in the same order, and keeps nothing: the receipt is printed and forgotten. The plain functions at
the top take and give bytes; the ones below `Server` use the network (urllib3, over SOCKS if asked).
"""

import argparse
import dataclasses
import datetime
import getpass
import json
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
from urllib3.contrib.socks import SOCKSProxyManager

from crypto import case, constants, event, graph, receipt, roster, routing, sealing, segment, summary, tree
from crypto.encoding import b64, canonical, parse_strict
from crypto.errors import Mismatch, ProtocolError, TooLong
from crypto.private import opening, signing
from crypto.private import receipt as private_receipt
from oversight.errors import Refused as KeyRefused
from oversight.terminal import passphrase_of, plain, say
from tools import clock, evaluator, receivers
from tools.errors import Unfit

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
# A reply is as long as its writer wants, but not a large file by mistake.
REPLY_LETTERS = 10
# Bytes of an answer, unpacked.
LIMIT = 256 * 1024 * 1024
# Seconds before each further try of a request.
WAITS = (0.5, 1, 2, 4, 8, 16, 32)
ANSWERED = {
    "": "Answer with --confirm and --agree or --refuse.",
    "YES": "You agreed; it happens once a second reviewer has signed.",
    "AGAIN": "You agreed, but something has changed since: look again and answer anew.",
    "NO": "You did not agree: it does not go ahead.",
}
NOBODY = "No letters for these words. Check the words; a new report appears after the next tick."
FINDING_LATER = (
    "The report is stored; that the evaluator's finding is, the server has not said. The words open the case all the same. After the next "
    "tick send it with `./tellsafe return --as-evaluator KEYFILE --finding FILE`, which says so if it is there already."
)
FORMER = "a former reviewer"
WARNING = (
    "Few people could know it. Whoever is told can count them too, and the company may look for the source: who opened which file, who "
    "was in the room. You could be asked, watched or punished before any law helps, and a step outside cannot be undone. You can say no, "
    "or ask the reviewers to wait or to say less."
)
UNCERTAIN = "The server gave no answer: it may or may not have stored this. Try `return` in a while before sending it again."


class Refused(Exception):
    """The server said no, in its own sentence."""


class MoreEffort(Refused):
    """The server took nothing because it asks for more effort by now."""


class Unreachable(Exception):
    """The server gave no answer, however often it was asked."""


class Uncertain(Unreachable):
    """A posting went out and was never answered: nobody here can know whether it is stored."""


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
    """A receipt and the postings it stands for, in the order to send them: the first makes the case, an evaluator's finding is the last."""

    words: str
    case: str
    bodies: tuple[bytes, ...]


@dataclasses.dataclass(frozen=True)
class Returned:
    """What a receipt opens."""

    keys: private_receipt.ReceiptKeys
    events: tuple[event.Event, ...]
    case: case.Case | None
    skipped: int  # letters that matched and did not open or parse, or were dated ahead


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
                raise TooLong(f"there is room for about {sum(rooms):,} bytes")
        piece, used = piece + char, used + cost
    return [*pieces, piece]


def answers_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """All answers, those of ANSWERS where others are not given. Unfit for an answer to no question, or one that routing cannot read."""
    if unknown := given.keys() - ANSWERS.keys():
        raise Unfit(f"There is no question called {', '.join(sorted(unknown))}. Answers are {', '.join(ANSWERS)}.")
    filled = {**ANSWERS, **given}
    about = filled["about"]
    if not isinstance(about, list) or not 1 <= len(about) <= 3 or not set(about) <= set(constants.ABOUT_CODES):
        raise Unfit(f"`about` is a list of one to three of {', '.join(constants.ABOUT_CODES)}.")
    if not isinstance(filled["organisation"], str):
        raise Unfit("`organisation` is a text.")
    return filled


def compose_report(
    known: Programme,
    text: str,
    answers: Mapping[str, Any],
    exclude: frozenset[str] = frozenset(),
    selfcopy: str = "full",
    language: str = "",
    finding: evaluator.Finding | None = None,
    entropy: bytes = b"",
) -> Composed:
    """Make a receipt, draw the readers and seal the report with the parts of a long text, and an evaluator's finding.

    `answers` replaces entries of ANSWERS; `exclude` holds sign keys; `language` "" is any. With `selfcopy` "dates" the words open when
    and to whom, but never the text (PROTOCOL section 6). `entropy`: the receipt of a test report; everybody else's is drawn here.
    Unfit when fewer than two reviewers may read the report.
    """
    entropy = entropy or secrets.token_bytes(16)
    keys = private_receipt.keys_of(entropy, known.id)
    filled = answers_of(answers)
    want = routing.Want(filled["organisation"], routing.groups_of(filled["about"]), language, frozenset(exclude))
    readers, reserves = routing.draw(routing.eligible(known.tree, want, known.day), secrets.token_bytes)
    if len(readers) < constants.READERS_MIN:
        raise Unfit(receivers.too_few(known.tree, want, known.day))
    report = _head(known, "report") | {
        "find": keys.find_public.hex(),
        "open": b64(keys.open_public),
        "readers": [reader.sign for reader in readers],
        "reserves": [reserve.sign for reserve in reserves],
        "answers": filled,
        "text": "",
        "parts": 0,
        "selfcopy": selfcopy,
    }
    blank = _head(known, "part") | {"case": "0" * 64, "prev": ["0" * 64], "parents": ["0" * 64], "n": 1, "text": ""}
    texts = split_text(text, [_room(report), *[_room(blank)] * constants.PARTS_MAX])
    report |= {"text": texts[0], "parts": len(texts) - 1}
    first = signing.sign_event(report, keys.sign_seed, known.id)
    events = [first]
    for number, piece in enumerate(texts[1:], 1):
        chain = {"case": first.id, "prev": [events[-1].id], "parents": [events[-1].id], "n": number, "text": piece}
        events.append(signing.sign_event(_head(known, "part") | chain, keys.sign_seed, known.id))
    if finding:
        chain = {"case": first.id, "prev": [events[-1].id], "parents": [events[-1].id], **finding.names_for(first.id, known.id)}
        events.append(signing.sign_event(_head(known, "evaluator") | chain, keys.sign_seed, known.id))
    # What the reporter's own letters hold: everything, or a stub in place of the report and nothing of what follows it.
    copies = [[made] for made in events]
    if selfcopy == "dates":
        copies = [[signing.sign_event(_stub(first), keys.sign_seed, known.id)], *[[]] * (len(events) - 1)]
    bodies = tuple(seal(known, keys, first.payload["readers"], made, own) for made, own in zip(events, copies, strict=True))
    return Composed(receipt.words_of(entropy), first.id, bodies)


def compose_more(known: Programme, held: Returned, kind: str, further: Mapping[str, Any]) -> bytes:
    """Seal a reply, choice, withdraw or evaluator's finding of a case that was read before. It must fit into one letter: TooLong.

    Unfit when none of those who read the case now can be written to.
    """
    return _compose_next(known, held, kind, further)[1]


def compose_replies(known: Programme, held: Returned, text: str) -> list[bytes]:
    """Seal a reply: one posting for each letter it fills, each naming the one before. TooLong if it fills more than REPLY_LETTERS."""
    room = _room(_next_payload(known, held, "reply", {"text": ""}))
    bodies = []
    for piece in split_text(text, [room] * REPLY_LETTERS):
        made, body = _compose_next(known, held, "reply", {"text": piece})
        bodies.append(body)
        events = (*held.events, made)
        held = dataclasses.replace(held, events=events, case=case_of(events, held.keys))
    return bodies


def compose_finding(known: Programme, held: Returned, finding: evaluator.Finding) -> bytes:
    """Seal an evaluator's finding of a case that was read before. Unfit if it has one: only the first counts."""
    evaluator.check_accredited(known.tree, finding)
    if held.case is not None and held.case.evaluator:
        raise Unfit("This case has an evaluator's finding already, and only the first counts. Add to it with --reply.")
    case_id = held.case.id if held.case else ""
    return compose_more(known, held, "evaluator", finding.names_for(case_id, known.id))


def compose_answer(known: Programme, held: Returned, proposal: str, agree: bool) -> bytes:
    """Seal yes or no to an open proposal. Unfit if there is none of this id to answer.

    Whoever knows the id has it from where the warning stands, so where few could know the answer says that it was read.
    """
    step = next((each for each in proposals_of(held.case) if each["id"] == proposal), None) if held.case else None
    if step is None:
        raise Unfit("There is no open proposal of this id that waits for an answer. Nothing was sent.")
    if agree and step["why"] == "packet":
        raise Unfit("The reviewers have not shown you the text yet, so there is nothing to agree to. Nothing was sent.")
    answer = {"of": proposal, "agree": constants.YES_NO[agree], "warned": constants.YES_NO[bool(step["warning"])]}
    return compose_more(known, held, "confirm", answer)


def _compose_next(known: Programme, held: Returned, kind: str, further: Mapping[str, Any]) -> tuple[event.Event, bytes]:
    made = signing.sign_event(_next_payload(known, held, kind, further), held.keys.sign_seed, known.id)
    assert held.case is not None
    # Those who read the case now: whoever took over is among them, whoever stepped back or was cut off is not.
    if not reachable(known, held.case.readers):
        raise Unfit("None of your readers can be written to at the moment. Nothing was sent.")
    # A stub is kept alive by its writer alone: without it the words would open nothing once its week is gone.
    root = held.case.root
    return made, seal(known, held.keys, held.case.readers, made, [made, root] if root.kind == "stub" else [made])


def _next_payload(known: Programme, held: Returned, kind: str, further: Mapping[str, Any]) -> dict[str, Any]:
    if held.case is None:
        raise ValueError("no case")
    own = [item for item in held.case.order if item.author == held.keys.sign_public.hex()]
    named = {before for item in own for before in item.payload.get("prev", [])}
    # A stub stands under the id of the report, which is the case's.
    ids = [held.case.id if item is held.case.root else item.id for item in own]
    parents = case.heads(held.events, held.case.id, "all", further.get("of", ""))
    weeks = [item.payload["week"] for item in held.case.order if item.id in parents]
    payload = _head(known, kind)
    # An event may not be older than what it answers, even if this machine's clock is behind.
    chain = {"week": max([payload["week"], held.case.root.payload["week"], *weeks]), "case": held.case.id, "parents": parents}
    return payload | chain | {"prev": [id_ for id_ in ids if id_ not in named][-1:], **further}


def _stub(report: event.Event) -> dict[str, Any]:
    """The payload that a reporter keeps in place of a report when the copy is to hold no text."""
    names = ("v", "week", "seen", "roster", "audience", "find", "open", "readers", "reserves", "selfcopy")
    return {name: report.payload[name] for name in names} | {"kind": "stub", "case": report.id}


def seal(
    known: Programme, keys: private_receipt.ReceiptKeys, readers: Sequence[str], made: event.Event, copies: Sequence[event.Event]
) -> bytes:
    """Seal one event to those of its readers (sign keys) who can be written to, and copies to its writer."""
    slots = [(keys.find_public, keys.open_public, copy.raw) for copy in copies]
    slots += [(find, open_public, made.raw) for find, open_public in reachable(known, readers)]
    return sealing.make_posting(known.id, slots)


def reachable(known: Programme, readers: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """Find and open keys of those of the readers who are active by the newest roster and have a key for today."""
    suspended = tree.suspended_on(known.tree, known.day)
    active = [each for each in known.tree.roster.reviewers if roster.status_of(each, suspended, known.day) == "active"]
    keys = [(each.find, roster.open_key(each, known.day)) for each in active if each.sign in readers]
    return [(find, open_public) for find, open_public in keys if open_public is not None]


def open_matched(
    letters: Sequence[tuple[bytes, str]], keys: private_receipt.ReceiptKeys, programme: bytes
) -> tuple[list[event.Event], int]:
    """Open letters whose clue matched, each with the week of its segment. Returns the events and how many letters were left: no error."""
    events, skipped = [], 0
    for letter, week in letters:
        try:
            raw = opening.open_letter(letter, keys.find_secret, keys.open_seed, programme)
            if raw:
                made = event.parse_event(raw, programme)
                segment.check_dated(made.payload["week"], week)
                events.append(made)
        except ProtocolError:
            skipped += 1
    return events, skipped


def case_of(events: Sequence[event.Event], keys: private_receipt.ReceiptKeys) -> case.Case | None:
    """Fold the one case of a receipt, from its report or the stub that stands for it. Others' stubs prove nothing (PROTOCOL section 9)."""
    own = keys.sign_public.hex()
    for item in events:
        if item.author == own and item.kind in ("report", "stub"):
            counted = [each for each in events if each.kind != "stub" or each.author == own]
            return case.fold(counted, item.id if item.kind == "report" else item.payload["case"])
    return None


def conversation(held: case.Case, keys: private_receipt.ReceiptKeys, people: roster.Roster) -> list[dict[str, str]]:
    """Return everything said, in order, as {"from", "week", "text"}; one's own messages come from "you"."""
    names = _names(people) | {keys.sign_public.hex(): "you"}
    spoken = ("report", "part", "reply", "answer", "state", "done", "correction")
    said = [item for item in held.order if item.kind in spoken and item.payload["text"]]
    return [{"from": names.get(item.author, FORMER), "week": item.payload["week"], "text": item.payload["text"]} for item in said]


def proposals_of(held: case.Case) -> list[dict[str, Any]]:
    """Return the open steps that need or may get the reporter's answer now.

    Each is {"id", "to", "whom", "until", "text", "why", "answer", "warning", "packets"}: `why` "" if a second signature would do, "consent"
    if the answer is missing, "packet" if the text to be published was not shown yet, "recused" if who proposed it stepped back; `answer`
    YES, NO or ""; `warning` is to be read before agreeing, or ""; packets are {"to", "fields"}, as they would leave.
    """
    told = {item.id: item for item in held.order}
    few = narrow(held)
    found = []
    for each in held.proposals:
        step = told[each.id].payload
        if step.get("to") in constants.OUTWARD and each.why != "state":
            packets = [item.payload for item in held.order if item.kind == "packet" and item.payload["state"] == each.id]
            found.append(
                {name: step[name] for name in ("to", "whom", "until", "text")}
                | {"id": each.id, "why": each.why, "answer": _answer(held, each.id), "warning": WARNING if few else ""}
                | {"packets": [{"to": packet["to"], "fields": packet["fields"]} for packet in packets]}
            )
    return found


def answered(step: Mapping[str, Any]) -> str:
    """Return in words how one of `proposals_of` was answered, and whether a yes still counts."""
    return ANSWERED["AGAIN" if step["answer"] == "YES" and step["why"] == "consent" else step["answer"]]


def warnings(held: case.Case, skipped: int) -> list[str]:
    """Return in words what may have been held back, and how many letters were left out (PROTOCOL section 7)."""
    lost, _ = summary.absent(held)
    parts = " If the first message was long, they may be its further parts, of which you keep no copy." if held.root.kind == "stub" else ""
    missing = f"Messages of this case that have not reached you: {len(lost)}. They may be older than what was looked through, or held back."
    said = [f"{missing}{parts} Ask the reviewers for them."] if lost else []
    return said + ([f"{skipped} letters could not be opened and were left out."] if skipped else [])


def narrow(held: case.Case) -> bool:
    """Return whether so few could know it that an outward step may point at the reporter; so too if only a stub is there to tell."""
    known = [held.root.payload["answers"]["known"] if held.root.kind == "report" else constants.NARROW[0]]
    known += [item.payload["known"] for item in held.order if item.kind == "triage"]
    return not set(known).isdisjoint(constants.NARROW)


def packets_of(held: case.Case) -> list[dict[str, Any]]:
    """Return the texts that reviewers prepared, as they left or would leave, as {"to", "week", "fields"}."""
    return [{name: item.payload[name] for name in ("to", "week", "fields")} for item in held.order if item.kind == "packet"]


def _answer(held: case.Case, proposal: str) -> str:
    """The last answer to a proposal; of several that do not know of each other, a NO."""
    told = {item.id: item for item in held.order}
    answers = [item.id for item in held.order if item.kind == "confirm" and item.payload["of"] == proposal]
    return min((str(told[id_].payload["agree"]) for id_ in graph.last_of(graph.graph_of(told), answers)), default="")


def readers_of(held: case.Case, people: roster.Roster) -> list[dict[str, Any]]:
    """Return everybody who reads or has read the case, first those the report was sealed to, as {"name", "reads"}."""
    names = _names(people)
    ever = dict.fromkeys([*held.root.payload["readers"], *held.readers, *held.gone])
    return [{"name": names.get(sign, FORMER), "reads": sign in held.readers} for sign in ever]


def changes_of_readers(held: case.Case, people: roster.Roster) -> list[str]:
    """Return in words, in order, who stepped back, who took over and whom the others cut off."""
    names = _names(people)
    lines = []
    for item in held.order:
        name = names.get(item.author, FORMER)
        if item.kind == "recuse":
            lines.append(f"{name} has stepped back from your case. That says nothing about your report.")
        elif item.kind == "handover":
            lines.append(
                f"{name} has handed your case on: {names.get(item.payload['to'], FORMER)}, one of your reserves, reads it from now on."
            )
        elif item.kind == "cutoff":
            of = names.get(item.payload["of"], FORMER)
            done = "" if held.gone.get(item.payload["of"]) == "cutoff" else " One alone cannot do that, so it has no effect yet."
            lines.append(f"{name} has cut {of} off: what the others had not seen by then does not count.{done}")
    return lines


def _names(people: roster.Roster) -> dict[str, str]:
    return {reviewer.sign: reviewer.name for reviewer in people.reviewers}


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
        """Send a posting until the server says that it is stored; Refused or Uncertain. The same bytes each time: a retry is safe."""
        try:
            self._ask("POST", "/post", body)
        except Unreachable as error:
            raise Uncertain(UNCERTAIN) from error

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"User-Agent": urllib3.util.SKIP_HEADER, "Accept-Encoding": "gzip"}
        if body is not None:
            headers["Content-Type"] = "application/octet-stream"
        full = True
        for wait in (*WAITS, 0):
            try:
                answer = self.pool.request(
                    method, self.url + path, body=body, headers=headers, retries=False, redirect=False, preload_content=False
                )
                try:
                    data = answer.read(LIMIT + 1)
                finally:
                    answer.release_conn()
            except urllib3.exceptions.HTTPError:
                answer = None
            if answer is not None and len(data) > LIMIT:
                raise Unreachable("The server sends more than any file of this protocol has.")
            if answer is not None and answer.status == 200:
                return data
            # A full tray empties at the next tick; other refusals stay refusals.
            if answer is not None and answer.status < 500:
                raise _refusal(answer.status, data)
            full = full and answer is not None and answer.status == HTTPStatus.SERVICE_UNAVAILABLE
            time.sleep(wait)
        if full and answer is not None:
            raise _refusal(answer.status, data)  # it said each time that it took nothing: that is an answer
        raise Unreachable(self.url + path)


def _refusal(status: int, said: bytes) -> Refused:
    kind = MoreEffort if status == HTTPStatus.TOO_MANY_REQUESTS else Refused
    return kind(said[:1200].decode("utf-8", "replace").strip()[:300])


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
    # head.json follows what the server asks within a second: looking at once would find the old effort.
    for wait in (2, 4, 8, 0):
        head = parse_strict(server.get("/files/head.json"))
        worked = sealing.with_effort(body, bytes.fromhex(head["hash"]), head["effort"]) if head["effort"] else body
        try:
            server.post(worked)
            return
        except MoreEffort:
            time.sleep(wait)
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
    letters: list[tuple[bytes, str]] = []
    for number, index in segment.cover_blocks(keys.cover, blocks, set(mine)):
        block = segment.check_block(numbered[number], index, server.get(f"/files/letters/{number}/{index}"))
        letters += [(block[row], numbered[number].week) for row in mine.get((number, index), [])]
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
    """`report`: seal and send a text. The last line of output is {"receipt", "case", "week", "postings", "stored", "stale"}.

    `stored` is "all", "some" (of a long text) or "unknown": the first posting was never answered. Then there is a "warning" too, and
    the words may open nothing. With an evaluator's finding there is "finding": "stored", "unknown" or "unsent".
    With `--who` nothing is sent and the last line is {"receivers", "left_out", "stale"}.
    """
    if not options.text and not options.who:
        raise Unfit("Name the file with what happened: --text FILE (or ask with --who who could receive it).")
    text = Path(options.text).read_text("utf-8") if options.text else ""
    answers = answers_of(json.loads(Path(options.answers).read_text("utf-8")) if options.answers else {})
    finding = _finding(options)
    known = fetch_programme(server := Server(options.server, options.socks), options.fingerprint, 1)
    want = receivers.want_of(known.tree, answers["organisation"], answers["about"], options.language, options.exclude, known.day)
    _tell_if_stale(known)
    for line in receivers.told(known.tree, want, known.day):
        say(line)
    if len(routing.eligible(known.tree, want, known.day)) < constants.READERS_MIN:
        raise Unfit(receivers.too_few(known.tree, want, known.day))
    if options.who:
        _say_json(_who(known, want))
        return 0
    if finding:
        evaluator.check_accredited(known.tree, finding)
    made = compose_report(known, text, answers, want.exclude, options.selfcopy, want.language, finding)
    say(
        f"Sealed for {min(constants.READERS, len(routing.eligible(known.tree, want, known.day)))} reviewers of {known.tree.programme.name}."
    )
    stored, doubt = 0, False
    try:
        for body in made.bodies:
            if stored:
                _pause(known)
            # From here until the server has answered nobody can know, Ctrl-C included.
            doubt = True
            send(server, body)
            stored, doubt = stored + 1, False
            print(f"Posting {stored} of {len(made.bodies)} is stored.", flush=True)
    except (Refused, Unreachable) as error:
        doubt = isinstance(error, Uncertain)
        raise
    finally:
        # Words that may open a case are never lost to a failure.
        if stored or doubt:
            _give_words(known, made, stored, doubt, finding is not None)
    return 0


def _give_words(known: Programme, made: Composed, stored: int, doubt: bool, finding: bool) -> None:
    result: dict[str, Any] = {"receipt": made.words, "case": made.case, "week": clock.week_of(known.day), "postings": stored}
    result["stored"] = "all" if stored == len(made.bodies) else "some" if stored else "unknown"
    result["stale"] = known.tree.stale
    if finding:
        reached = doubt and stored == len(made.bodies) - 1
        result["finding"] = "stored" if result["stored"] == "all" else "unknown" if reached else "unsent"
    if stored:
        print("Keep these twelve words; nobody can give them to you again:", flush=True)
    else:
        print(f"UNCERTAIN. {UNCERTAIN} Until then keep these twelve words; nobody can give them to you again:", flush=True)
        result["warning"] = UNCERTAIN
    if stored and result.get("finding", "stored") != "stored":
        result["warning"] = FINDING_LATER
        print(f"WARNING: {FINDING_LATER}", flush=True)
    print(json.dumps(result), flush=True)


def _finding(options: argparse.Namespace) -> evaluator.Finding | None:
    """The evaluator's key and finding that were named, read before anything is fetched. Asks for the passphrase."""
    if not options.as_evaluator and not options.finding:
        return None
    if not options.as_evaluator or not options.finding:
        raise Unfit("--as-evaluator KEYFILE and --finding FILE belong together. Nothing was sent.")
    return evaluator.read(options.as_evaluator, passphrase_of(options, "Passphrase of the evaluator's key: "), options.finding)


def _who(known: Programme, want: routing.Want) -> dict[str, Any]:
    everybody = routing.explain(known.tree, want, known.day)
    left_out = [{"name": each.name, "why": receivers.reason(known.tree, each, want, known.day)} for each, code in everybody if code]
    return {"receivers": [each.name for each, code in everybody if not code], "left_out": left_out, "stale": known.tree.stale}


def _tell_if_stale(known: Programme) -> None:
    if known.tree.stale:
        print(receivers.STALE, flush=True)


def _say_json(value: Any) -> None:
    """One line of JSON, which escapes what a terminal would obey."""
    text = json.dumps(value, ensure_ascii=False)
    print("".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text), flush=True)


def come_back_and_read(options: argparse.Namespace) -> int:
    """`return`: the last line of output is {"status", "messages", …}; status NOTHING when no letters are there for the words.

    "state" is the same, "history" how it came there: [{"state", "week"}], and "proposals" what waits for an answer (see proposals_of).
    "corrections" maps codes to their latest status, "packets" are the texts that reviewers prepared: [{"to", "week", "fields"}].
    "warnings" says what may be held back or did not open.
    "readers" says who reads the case or has read it: [{"name", "reads"}]; "evaluator" whose finding there is, or "".
    With `--reply`, `--may`, `--withdraw`, `--confirm` or `--as-evaluator` it also sends that. Then there are "sent" and "stored"
    (postings); the rest is the case as it was read, for what was sent comes out at the next tick.
    """
    if options.may is not None and options.may not in constants.MAY_CODES:
        raise ValueError(f"--may is one of {', '.join(constants.MAY_CODES)}")
    text = Path(options.reply).read_text("utf-8") if options.reply else ""
    if bool(options.confirm) != (options.agree or options.refuse):
        raise Unfit("--confirm ID goes with --agree or --refuse. Nothing was sent.")
    words = _words(options)
    finding = _finding(options)
    server = Server(options.server, options.socks)
    known, held = come_back(server, options.fingerprint, words)
    _tell_if_stale(known)
    if held.case is None:
        print(NOBODY)
        print(json.dumps({"status": "NOTHING", "messages": [], "stale": known.tree.stale}))
        # Looking and finding nothing is an answer; not having sent what was to be sent is a failure.
        return 1 if options.reply or options.may or options.withdraw or options.confirm or finding else 0
    said = conversation(held.case, held.keys, known.tree.roster)
    print(f"{held.case.state}, opened by {len(held.case.opened)}, {len(said)} messages.")
    doubts = warnings(held.case, held.skipped)
    for line in (*changes_of_readers(held.case, known.tree.roster), *doubts):
        say(line)
    result: dict[str, Any] = {
        "status": held.case.state,
        "messages": said,
        "opened": len(held.case.opened),
        "may": held.case.may,
        "case": held.case.id,
        "warnings": doubts,
    }
    result |= {"state": held.case.state, "history": [{"state": state, "week": week} for state, week, _ in held.case.history]}
    result |= {"proposals": proposals_of(held.case), "corrections": dict(held.case.corrections), "packets": packets_of(held.case)}
    for step in result["proposals"]:
        for line in (f"Proposed: {step['to']} {step['whom']} ({step['id']}). {answered(step)}", step["text"], step["warning"]):
            say(line)
    result |= {"readers": readers_of(held.case, known.tree.roster), "evaluator": "", "stale": known.tree.stale}
    if held.case.evaluator:
        names = {each.sign: each.name for each in known.tree.roster.evaluators}
        result["evaluator"] = names.get(held.case.evaluator, "an evaluator who is not on the list")
        say(f"With a finding of {result['evaluator']}.")
    if options.reply:
        result |= {"sent": "reply", "stored": send_all(server, known, compose_replies(known, held, text))}
    elif options.may:
        result |= {"sent": "choice", "stored": send_all(server, known, [compose_more(known, held, "choice", {"may": options.may})])}
    elif options.withdraw:
        result |= {"sent": "withdraw", "stored": send_all(server, known, [compose_more(known, held, "withdraw", {})])}
    elif options.confirm:
        result |= {"sent": "confirm", "stored": send_all(server, known, [compose_answer(known, held, options.confirm, options.agree)])}
    elif finding:
        result |= {"sent": "evaluator", "stored": send_all(server, known, [compose_finding(known, held, finding)])}
    _say_json(result)
    return 0


def reply(options: argparse.Namespace) -> int:
    """`reply`: write again with a receipt. The last line of output is {"stored": postings, "stale"}."""
    text = Path(options.text).read_text("utf-8")
    words = _words(options)
    server = Server(options.server, options.socks)
    known, held = come_back(server, options.fingerprint, words)
    _tell_if_stale(known)
    if held.case is None:
        print(NOBODY, file=sys.stderr)
        return 1
    print(json.dumps({"stored": send_all(server, known, compose_replies(known, held, text)), "stale": known.tree.stale}))
    return 0


def _words(options: argparse.Namespace) -> str:
    """The twelve words: typed, unless there is a file of them."""
    if options.receipt_file:
        return Path(options.receipt_file).read_text("utf-8").strip()
    return getpass.getpass("The twelve words: ")


def send_all(server: Server, known: Programme, bodies: Sequence[bytes]) -> int:
    """Send everything in order and say how far it came; returns the number of postings."""
    for number, body in enumerate(bodies, 1):
        if number > 1:
            _pause(known)
        send(server, body)
        print(f"Posting {number} of {len(bodies)} is stored.", flush=True)
    return len(bodies)


def _pause(known: Programme) -> None:
    """Wait at random as the programme says: the postings of one long text must not arrive as a row."""
    least, most = known.tree.programme.part_seconds
    time.sleep(least + secrets.randbelow(max(1, most - least + 1)))


def explained(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; say in one sentence what went wrong."""
    try:
        return command(options)
    except ProtocolError as error:
        _no(f"{error.name}: {error}")
    except (Unfit, KeyRefused) as error:
        _no(str(error))
    except (Refused, Unreachable, ValueError, OSError) as error:
        _no(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        return 130
    return 1


def _no(sentence: str) -> None:
    print(f"tellsafe: {plain(sentence)}", file=sys.stderr)
