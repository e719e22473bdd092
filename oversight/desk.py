"""The stewards' commands. Each reads files, calls the pure modules, writes one file, and says in plain words what it did.

Everything works without a network, `fetch` and `publish --server` apart. Refusals end with 1 and one sentence.
"""

import argparse
import datetime
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tuf.api.metadata import Metadata, Targets
from tuf.api.serialization import DeserializationError

from crypto.encoding import canonical, hex32
from crypto.errors import Expired
from crypto.history import bars
from crypto.request import check_request
from crypto.tree import STATISTICS, programme_id, verify_bundle
from oversight import annex, edits, keys, net, verify
from oversight.disk import write
from oversight.errors import Refused
from oversight.examples import PROGRAMME, RECORD
from oversight.metadata import LIFE, Files, State, first_versions, next_versions, promised, state_of, stored_names, to_bundle
from oversight.numbers import read_folder
from oversight.proposal import Proposal, add_signatures, combine, contents_of, from_bytes, part, present, to_bytes
from oversight.publish import check, load, only_one, review, signature_lines, store, versions_of
from oversight.rules import facts_of, record_gaps
from oversight.statistics.ledger import digest
from oversight.terminal import now_of, passphrase_of, say

Options = argparse.Namespace
# What lapses within this many days is signed again by `propose refresh`.
REFRESH_DAYS = 45


# ------------------------------------------------------------------ keys and examples


def key(options: Options) -> None:
    out = Path(options.out)
    if out.exists():
        raise Refused(f"{out} exists already: a key file is never overwritten")
    made = keys.new_key(options.name)
    sealed = keys.seal_key(made, passphrase_of(options, twice=True))
    write(out, sealed, 0o600)
    public = canonical(keys.public_part(made))
    write(out.with_name(out.name + ".public.json"), public)
    say(public.decode())


def record_example(_: Options) -> None:
    print(RECORD, end="")


def programme_example(_: Options) -> None:
    print(PROGRAMME, end="")


# ------------------------------------------------------------------ proposals


def create(options: Options) -> None:
    stewards = edits.stewards_of([keys.parse_public(Path(name).read_bytes()) for name in options.stewards], options.threshold)
    programme = {"notice_hours": 72, "statistician": {}, "commitments": [], **_values(options.programme), "v": 1, "stewards": stewards}
    roster: dict[str, Any] = {"v": 1, "reviewers": [], "evaluators": []}
    facts_of({"programme": programme, "roster": roster, "suspensions": {"v": 1, "suspended": []}}, 1)
    made, texts = first_versions(programme, roster, [each["sign"] for each in stewards], options.threshold, now_of(options))
    proposal = Proposal(made, texts)
    _write_proposal(proposal, options)
    say(f"Fingerprint of the programme: {programme_id(made['1.root.json'].to_bytes()).hex()}")
    say("Print it where nobody can change it: every check begins with it.")


def request_check(options: Options) -> None:
    data = Path(options.request).read_bytes().strip()
    try:
        programme = state_of(load(Path(options.tree))).programme if options.tree else hex32(json.loads(data)["programme"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("this is not a request") from error
    found = check_request(data, programme)
    say(f"Request of {found['name']}: the signature is good, so whoever made it holds the signing key.")
    say(f"    signing key {found['sign']}")
    say(f"    find key    {found['find']}")
    say(f"    open keys for {', '.join(each['quarter'] for each in found['open'])}")
    say(f"    for the programme {found['programme']}" + ("" if options.tree else " (not compared: no --tree given)"))
    say("Compare the signing key with the person before you propose them.")


def propose(options: Options) -> None:
    """Make the next versions from the tree; what exactly, the kind says."""
    files = load(Path(options.tree))
    state = present(files)
    if state is None:
        raise Refused(f"there is no tree in {options.tree}")
    now = now_of(options)
    change = PROPOSALS[options.kind](options, state, _day(options, now))
    made, texts = next_versions(state, change.get("contents", {}), now, change.get("stewards", ()), change.get("threshold", 0),
                                change.get("again", ()), change.get("numbers"))  # fmt: skip
    proposal = Proposal(made, texts)
    found = review(files, proposal, now)
    if found.problems:
        raise Refused(found.problems[0])
    _write_proposal(proposal, options)
    for line in found.lines:
        say(f"  {line}")
    say(_to_do(found.needs))


Change = Mapping[str, Any]


def _admit(options: Options, state: State, day: str) -> Change:
    request = _request(options, state)
    return _roster(edits.admit(state.contents["roster"], request, _values(options.record), _hours(state), day))


def _renew(options: Options, state: State, day: str) -> Change:
    record = _values(options.record) if options.record else {}
    request = _request(options, state)
    return _roster(edits.renew(state.contents["roster"], request, record, _hours(state), day, new_term=options.new_term))


def _pause(options: Options, state: State, _: str) -> Change:
    return _roster(edits.pause(state.contents["roster"], options.name, "" if options.until == "none" else options.until))


def _revoke(options: Options, state: State, day: str) -> Change:
    return _roster(edits.revoke(state.contents["roster"], options.name, options.reason, _hours(state), day))


def _evaluator(options: Options, state: State, day: str) -> Change:
    public = keys.parse_public(Path(options.public).read_bytes())
    return _roster(edits.accredit(state.contents["roster"], public, options.scope, _hours(state), day))


def _suspend(options: Options, state: State, day: str) -> Change:
    roster, before = state.contents["roster"], state.contents["suspensions"]
    return {"contents": {"suspensions": edits.suspend(roster, before, options.name, options.reason, options.days, day)}}


def _programme(options: Options, state: State, _: str) -> Change:
    return {"contents": {"programme": edits.settings(state.contents["programme"], _values(options.file))}}


def _commitment(options: Options, state: State, _: str) -> Change:
    programme, facts = state.contents["programme"], {name: getattr(options, name) for name in ("lab", "title", "since", "source")}
    if options.retire and any(facts.values()):
        raise Refused("a promise that is retired keeps its words: give the id alone")
    if options.add:
        return {"contents": {"programme": edits.commit(programme, options.add, facts)}}
    return {"contents": {"programme": edits.recommit(programme, options.change or options.retire, None if options.retire else facts)}}


def _stewards(options: Options, state: State, _: str) -> Change:
    threshold = options.threshold or state.root.roles["root"].threshold
    stewards = edits.stewards_of([keys.parse_public(Path(name).read_bytes()) for name in options.stewards], threshold)
    programme = {**state.contents["programme"], "stewards": stewards}
    return {"contents": {"programme": programme}, "stewards": [each["sign"] for each in stewards], "threshold": threshold}


def _refresh(options: Options, state: State, _: str) -> Change:
    """The timestamp always; with it whatever lapses soon, unless only the timestamp is asked for."""
    soon = now_of(options) + datetime.timedelta(days=REFRESH_DAYS)
    signed = {"root": state.root, "targets": state.targets, "snapshot": state.snapshot, **state.roles}
    if state.numbers:
        signed[STATISTICS] = state.numbers
    # The snapshot of a year ago may be renewed by one; a roster that lapses needs the threshold.
    return {"again": [] if options.timestamp_only else [role for role, each in signed.items() if options.all or each.expires < soon]}


def _statistics(options: Options, state: State, _: str) -> Change:
    found = read_folder(Path(options.files))
    if found == state.number_files:
        raise Refused(f"everything in {options.files} is published already")
    return {"numbers": found}


PROPOSALS: Mapping[str, Callable[[Options, State, str], Change]] = {
    "admit": _admit,
    "renew": _renew,
    "pause": _pause,
    "revoke": _revoke,
    "suspend": _suspend,
    "evaluator": _evaluator,
    "programme": _programme,
    "commitment": _commitment,
    "stewards": _stewards,
    "refresh": _refresh,
    "statistics": _statistics,
}


def show(options: Options) -> None:
    proposal = from_bytes(Path(options.proposal).read_bytes())
    files = load(Path(options.tree)) if options.tree else {"metadata": {}, "targets": {}}
    now = now_of(options)
    found = review(files, proposal, now)
    state = present(files)
    programme = state.programme if state else programme_id(proposal.metadata["1.root.json"].to_bytes())
    say(f"Proposal for the programme {programme.hex()}")
    say("What would change:")
    for line in found.lines:
        say(f"  {line}")
    _show_bars(proposal, state, f"{now:%Y-%m-%d}")
    for line in found.problems:
        say(f"  DO NOT SIGN: {line}")
    say("Signatures:")
    # A root needs the stewards before it and those it names: mostly the same people, and the same line.
    for line in dict.fromkeys(signature_lines(found)):
        say(f"  {line}")
    say(_to_do(found.needs))


def _show_bars(proposal: Proposal, state: State | None, day: str) -> None:
    """All hard bars of the roster as it would be, and what vetting records lack."""
    signed = part(proposal, "roster")
    if signed is None:
        return
    roster = facts_of({**(state.contents if state else {}), **contents_of(proposal)}, signed.version).roster
    for each in roster.reviewers:
        for line in bars(each.ties, day):
            say(f"  {each.name}: {line}")
        if not each.ended:
            for line in record_gaps(each.record)[:1]:
                say(f"  WARNING: {each.name}: {line}")


def sign(options: Options) -> None:
    proposal = from_bytes(Path(options.proposal).read_bytes())
    state = present(load(Path(options.tree))) if options.tree else None
    if options.tree:
        found = review(load(Path(options.tree)), proposal, now_of(options))
        if found.problems:
            raise Refused(found.problems[0])
    mine = keys.open_key(passphrase_of(options), Path(options.key).read_bytes())
    before = {name: dict(each.signatures) for name, each in proposal.metadata.items()}
    signed, roles = add_signatures(proposal, keys.signer_of(mine), state)
    if all(before[name].keys() == each.signatures.keys() for name, each in signed.metadata.items()):
        say(f"{mine.name} had signed this already: a second signature of the same key counts for nothing.")
    write(Path(options.out or options.proposal), to_bytes(signed))
    say(f"{mine.name} signed: {', '.join(roles)}")


def combine_files(options: Options) -> None:
    proposal = combine([from_bytes(Path(name).read_bytes()) for name in options.proposals])
    write(Path(options.out), to_bytes(proposal))
    say(f"Combined {len(options.proposals)} files into {options.out}")


# ------------------------------------------------------------------ publishing


def publish(options: Options) -> None:
    proposal = from_bytes(Path(options.proposal).read_bytes())
    folder, now = Path(options.tree), now_of(options)
    if options.data:
        with only_one(Path(options.data)):
            served = Path(options.data) / "tree"
            whole = check(load(served), proposal, now)
            count = store(served, whole)
        say(f"Written to {served}: {count} files. The server shows them at once.")
    elif options.server:
        server = net.connect(options.server, options.socks or "")
        whole = check(_served(server, load(folder)), proposal, now)
        status, said = server.post_tree(to_bundle(whole, numbers=part(proposal, STATISTICS) is not None))
        if status != 200:
            raise Refused(f"the server answered {status}: {said}")
        say(f"The server checked everything and answered: {said}")
    else:
        whole = check(load(folder), proposal, now)
    store(folder, whole)
    say(f"Kept in {folder}. Fingerprint of the programme: {state_of(whole).programme.hex()}")


def _served(server: net.Server, held: Files) -> Files:
    """What the server has now, which is what a proposal must build on: a version skipped there would be missing for ever.

    It may have lapsed, since a new timestamp is how that ends; `check` verifies the result. Refused: another programme, or an older tree.
    """
    data = server.get("/tree/bundle.json")
    if data is None:
        return {"metadata": {}, "targets": {}}
    try:
        files = _with_numbers(server.get, json.loads(data))
        state = state_of(files)
    except (ValueError, TypeError, KeyError, DeserializationError) as error:
        raise Refused("the server's tree is not one") from error
    mine = present(held)
    if mine and mine.programme != state.programme:
        raise Refused("the server has the tree of another programme")
    # Not the timestamp: a server leaves out one that comes soon after another.
    theirs = versions_of(state)
    if mine and any(theirs.get(role, 0) < version for role, version in versions_of(mine).items() if role != "timestamp"):
        raise Refused("the server shows an older tree than this one: publish what it lacks first, or ask who runs it")
    return files


def _with_numbers(get: Callable[[str], bytes | None], files: Files) -> Files:
    """A server's bundle with the public numbers, which bundle.json leaves out. What is missing on the server stays out."""
    state = state_of(files)
    if not state.numbers_version:
        return files
    name = promised(state.snapshot, STATISTICS)
    text = (get(f"/tree/{name}") or b"").decode()
    whole = {"metadata": {**files["metadata"], name: text}, "targets": dict(files["targets"])}
    for stored in stored_names(Metadata[Targets].from_bytes(text.encode()).signed).values():
        data = get(f"/tree/targets/{stored}") or b""
        if digest(data) != stored.rpartition("/")[2].partition(".")[0]:
            raise Refused(f"{stored} on this server is missing or not the file that was signed")
        whole["targets"][stored] = data.decode()
    return whole


def fetch(options: Options) -> None:
    """A copy of the newest tree, checked from the fingerprint."""
    folder = Path(options.tree)
    get = net.connect(options.server, options.socks or "").get
    data = get("/tree/bundle.json")
    if data is None:
        raise Refused("the server has no tree")
    held = load(folder)
    programme, now, seen = hex32(options.fingerprint), now_of(options), _versions(held)
    tree = verify_bundle(data, programme, now, seen)
    try:
        files = _with_numbers(get, json.loads(data))
    except (ValueError, DeserializationError) as error:
        raise Refused("the public numbers on this server cannot be read") from error
    try:
        tree = verify_bundle(to_bundle(files, numbers=True), programme, now, seen, statistics=True)
    except Expired:  # nothing else can have: all else was checked above
        say("NOTE: the signatures under the public numbers have lapsed: propose refresh")
    store(folder, files)
    say(f"Fetched into {folder}: roster {tree.versions['roster']}, {len(tree.roster.reviewers)} reviewers; everything checked.")


def verify_server(options: Options) -> None:
    get = net.connect(options.url, options.socks or "").get
    tree = verify.verify(
        get, hex32(options.fingerprint), now_of(options), lambda line: say(f"ok  {line}" if line[:1] != " " else f"  {line}")
    )
    say(f"Everything checked: {tree.programme.name}")


def annex_seal(options: Options) -> None:
    contents = state_of(load(Path(options.tree))).contents
    stewards = facts_of(contents, 1).programme.stewards
    entry = edits.named(contents["roster"], options.name)
    write(Path(options.out), annex.seal(Path(options.file).read_bytes(), entry["sign"], stewards), 0o600)
    say(f"Annex to the card of {entry['name']}, signing key {entry['sign']}")
    say(f"Sealed to {', '.join(each.name for each in stewards)}: any one of them can open {options.out}. Destroy {options.file}.")


def annex_open(options: Options) -> None:
    mine = keys.open_key(passphrase_of(options), Path(options.key).read_bytes())
    entry, data = annex.unseal(Path(options.file).read_bytes(), mine)
    name = f"{edits.named(state_of(load(Path(options.tree))).contents['roster'], entry)['name']}, " if options.tree else ""
    say(f"Annex to the card of {name}signing key {entry}")
    if options.out:
        write(Path(options.out), data, 0o600)
        say(f"Opened into {options.out}")
    else:
        # Whoever has the stewards' public keys can seal one.
        for line in data.decode("utf-8", "replace").expandtabs().splitlines():
            say(line)


# ------------------------------------------------------------------ small things


def _day(options: Options, now: datetime.datetime) -> str:
    """The day of publishing, on which the notice begins."""
    today = f"{now:%Y-%m-%d}"
    day: str = options.publish_on or today
    try:
        ahead = (datetime.date.fromisoformat(day) - datetime.date.fromisoformat(today)).days
    except ValueError as error:
        raise Refused("--publish-on is a day, written 2026-11-21") from error
    if not 0 <= ahead < LIFE["timestamp"].days:
        raise Refused("--publish-on is today or one of the next six days: a proposal lapses after seven")
    return day


def _values(path: str) -> dict[str, Any]:
    """A file of settings: TOML, or JSON if it is called so."""
    data = Path(path).read_bytes()
    try:
        found = json.loads(data) if path.endswith(".json") else tomllib.loads(data.decode())
    except ValueError as error:
        raise Refused(f"{path} is neither right TOML nor right JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refused(f"{path} is not a list of named values")
    return {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in found.items()}


def _write_proposal(proposal: Proposal, options: Options) -> None:
    write(Path(options.out), to_bytes(proposal))
    say(f"Wrote {options.out}. Nothing is changed yet.")


def _to_do(needs: Sequence[Any]) -> str:
    most = max((need.missing for need in needs), default=0)
    return f"{most} more {'steward' if most == 1 else 'stewards'} must sign." if most else "Enough signatures: it can be published."


def _request(options: Options, state: State) -> dict[str, Any]:
    return check_request(Path(options.request).read_bytes().strip(), state.programme)


def _roster(roster: Mapping[str, Any]) -> Change:
    return {"contents": {"roster": roster}}


def _hours(state: State) -> int:
    hours: int = state.contents["programme"]["notice_hours"]
    return hours


def _versions(files: Mapping[str, Mapping[str, str]]) -> dict[str, int] | None:
    state = present(files)
    return versions_of(state) if state else None
