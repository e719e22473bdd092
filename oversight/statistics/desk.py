"""The statistician's commands, all without a network. Each gives the lines to be shown; refusals are Refused and one sentence."""

import argparse
import datetime
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from crypto.constants import BLOCK_LETTERS
from crypto.encoding import canonical, hex32
from crypto.numbers import TABLES, Release, due, exact_words, keys_of, parse_release, release_id, rows, total_row
from crypto.roster import Roster, parse_roster
from crypto.segment import check_block, check_chain, parse_segments
from crypto.tree import Tree, verify_bundle
from oversight.disk import write
from oversight.errors import Refused
from oversight.metadata import state_of, to_bundle
from oversight.publish import load
from oversight.statistics import draw as noise
from oversight.statistics import folder as disk
from oversight.statistics import keys, labels, release, shoppers
from oversight.statistics.ledger import check_frequency, check_next, parse_ledger, totals_of
from oversight.terminal import now_of, passphrase_of

Options = argparse.Namespace
Noise = Callable[[Sequence[str], Sequence[str], str], list[int]]


def key(options: Options) -> list[str]:
    """Make a key file and its public part, the entry `statistician` of programme.json."""
    out = Path(options.out)
    if out.exists():
        raise Refused(f"{out} exists already: a key file is never overwritten")
    made = keys.new_key(options.name)
    write(out, keys.seal_key(made, passphrase_of(options, twice=True)), 0o600)
    public = canonical(keys.public_part(made))
    write(out.with_name(out.name + ".public.json"), public)
    return [public.decode(), "The stewards put this line into programme.json as `statistician`."]


def collect(options: Options) -> list[str]:
    """Open, check and keep the labels in a mirror of the server's files."""
    unlocked = _unlocked(options)
    tree, earlier, programme = _tree(options)
    arrived = from_mirror(Path(options.mirror), unlocked.key, programme)
    return collect_into(Path(options.folder), unlocked, programme, arrived, labels.active_in(tree, earlier)).lines()


def collect_into(
    folder: Path,
    unlocked: keys.Unlocked,
    programme: bytes,
    arrived: Iterable[tuple[bytes, str]],
    active: Callable[[str], frozenset[str]],
) -> labels.Tally:
    """Add (opened label, week of arrival) to the folder's store. Refused: the folder is another programme's."""
    with disk.only_one(folder):
        store = _store(folder, unlocked, programme)
        store, tally = labels.collect(store, arrived, active)
        _keep(folder, unlocked, store)
    return tally


def from_mirror(mirror: Path, key: keys.StatisticianKey, programme: bytes) -> list[tuple[bytes, str]]:
    """The statistician's letters, opened, with the week of their segment, from a copy of the server's `/files`: clues/WEEK, letters/N/I.

    Malformed or Mismatch: the files are not the ones their segments promise. Refused: a block with one of our letters is missing.
    """
    segments = [segment for path in sorted((mirror / "clues").iterdir()) for segment in parse_segments(path.read_bytes(), programme)]
    check_chain(segments)
    found = []
    for segment in segments:
        for place in keys.ours(key, segment.clues, programme):
            path = mirror / "letters" / str(segment.number) / str(place // BLOCK_LETTERS)
            if not path.is_file():
                raise Refused(f"the mirror lacks block {place // BLOCK_LETTERS} of segment {segment.number}, which holds a label")
            letters = check_block(segment, place // BLOCK_LETTERS, path.read_bytes())
            found += [(message, segment.week) for message in keys.opened(key, [letters[place % BLOCK_LETTERS]], programme)]
    return found


def exact(options: Options) -> list[str]:
    """Take what the keeper of mystery shoppers hands over, before the tables of its period are drawn."""
    unlocked = _unlocked(options)
    tree, earlier, programme = _tree(options)
    reviewers = {each.sign for roster in (*earlier, tree.roster) for each in roster.reviewers}
    return exact_into(Path(options.folder), unlocked, programme, Path(options.file).read_bytes(), reviewers)


def exact_into(folder: Path, unlocked: keys.Unlocked, programme: bytes, data: bytes, reviewers: Collection[str]) -> list[str]:
    """Add a file of exact figures to the folder's store. Refused: it does not hold, or comes after a draw."""
    with disk.only_one(folder):
        store, labels_out = shoppers.take(_store(folder, unlocked, programme), data, reviewers)
        _keep(folder, unlocked, store)
    asked, answered = (sum(each[at] for each in store.probes.values()) for at in (0, 1))
    return [
        f"{len(store.trials)} test reports so far; their labels count in no table ({labels_out} were taken out now)",
        f"{asked} times the server was asked, {answered} times it answered",
    ]


def draw(options: Options) -> list[str]:
    """Draw one table of one period, once; the second time show what was drawn the first time."""
    unlocked = _unlocked(options)
    published = Path(options.published).read_bytes() if options.published else b""
    drawn = draw_once(Path(options.folder), unlocked, options.period, options.table, now_of(options).date(), published)
    return shown_lines(drawn)


def draw_once(
    folder: Path,
    unlocked: keys.Unlocked,
    period: str,
    table: str,
    today: datetime.date,
    published: bytes = b"",
    noisy: Noise = noise.noisy,
) -> Release:
    """The release of (table, period): drawn now, or the one there is. Durable before it is returned.

    published: the ledger the public has, which ours may only continue. Refused: too early, drawn in another form, over budget, out of
    order, or a folder that was changed.
    """
    with disk.only_one(folder):
        store = _store(folder, unlocked)
        ledger, before = disk.read_checked(folder, store.programme)
        if not release.follows(published, ledger):
            raise Refused("the published ledger has lines that this folder lacks: something was drawn elsewhere, or the folder is old")
        done = {each.id: each for each in before}
        if release_id(table, period) in done:
            return done[release_id(table, period)]
        entries = parse_ledger(ledger)
        check_next(entries, table, period)
        check_frequency(table, period, totals_of(before))
        if today < due(table, period):
            raise Refused(f"{release_id(table, period)} is drawn from {due(table, period)} on, not before: late labels would be lost")
        counts = noisy(labels.cells(store, table, period), keys_of(table, period), TABLES[table].epsilon)
        signer = (unlocked.key.sign_public, lambda message: keys.sign(unlocked.key, message))
        made = release.make(store.programme, table, period, counts, before, entries, noise.version(), signer, shoppers.exact(store, period))
        disk.commit(folder, release_id(table, period), made)
        _keep(folder, unlocked, labels.settle(store, {(each.table, each.period) for each in before} | {(table, period)}))
        return release.check_release(made, store.programme)


def show(options: Options) -> list[str]:
    """Releases as the public page has them."""
    folder = Path(options.folder)
    files = disk.read_releases(folder)
    releases = release.check_all(disk.read_ledger(folder), files, _programme_of(files))
    return [line for each in releases for line in [*shown_lines(each), ""]]


def check(options: Options) -> list[str]:
    """Check everything in a folder with published files: releases, ledger, CSV, schema."""
    targets = {f"{release.ROLE}/{path.name}": path.read_bytes() for path in sorted(Path(options.files).iterdir()) if path.is_file()}
    programme = hex32(options.fingerprint)
    releases = release.check_targets(targets, programme, options.signer)
    whose = "by the statistician's key" if options.signer else "by the key each names (not compared: no --signer given)"
    said = [f"{each.id}: {len(each.counts)} cells, epsilon {each.value['epsilon']}, signed {whose}" for each in releases]
    return [*said, f"{len(releases)} releases, each once, in the order of the ledger; no report is charged more than 1.5."]


def files(options: Options) -> list[str]:
    """Write what is published, for the stewards to sign as targets of the role `statistics`."""
    folder, out = Path(options.folder), Path(options.out)
    held = disk.read_releases(folder)
    release.check_all(disk.read_ledger(folder), held, _programme_of(held))
    made = release.target_files(disk.read_ledger(folder), held)
    out.mkdir(parents=True, exist_ok=True)
    for path, data in made.items():
        write(out / path.removeprefix(f"{release.ROLE}/"), data)
    return [f"{len(made)} files in {out}: each is a target {release.ROLE}/NAME of the role {release.ROLE}."]


def shown_lines(drawn: Release) -> list[str]:
    """One release in words."""
    within = drawn.value["interval_99"]
    lines = [f"{drawn.id}: {TABLES[drawn.table].title}, {drawn.value['period']['from']} to {drawn.value['period']['to']}"]
    lines += [f"  {row.label}: {row.text}" for row in rows(drawn)]
    total = total_row(drawn)
    lines.append(f"  {total.label}: {total.text}")
    lines.append(f"  In brackets: what covers 99 in 100 of our draws (within {within}); for the total, 95 in 100.")
    return lines + [f"  {said}" for said in exact_words(drawn)]


def _store(folder: Path, unlocked: keys.Unlocked, programme: bytes = b"") -> labels.Store:
    """The folder's store after a draw that was cut short has been finished. Without a store, `programme` begins one."""
    disk.recover(folder)
    path = folder / disk.LABELS
    if path.exists():
        store = labels.from_bytes(keys.open_store(unlocked.lock, path.read_bytes()))
    elif programme and not disk.read_ledger(folder):
        store = labels.Store(programme)
    else:
        raise Refused("this folder has no collected labels: collect first, also when there are none")
    if programme and store.programme != programme:
        raise Refused("this folder belongs to another programme")
    drawn = {(each.table, each.period) for each in parse_ledger(disk.read_ledger(folder))}
    lost = sorted(store.drawn - drawn)
    if lost:
        raise Refused(f"{release_id(*lost[0])} was drawn and is not in the ledger any more: fetch the published ledger and releases")
    return labels.settle(store, drawn)


def _keep(folder: Path, unlocked: keys.Unlocked, store: labels.Store) -> None:
    write(folder / disk.LABELS, keys.seal_store(unlocked.lock, labels.to_bytes(store)), 0o600)


def _programme_of(files: dict[str, bytes]) -> bytes:
    """The programme that the statistician's own releases name."""
    found = {parse_release(data).value["programme"] for data in files.values()}
    if len(found) > 1:
        raise Refused("releases of two programmes in one folder")
    return bytes.fromhex(found.pop()) if found else b""


def _tree(options: Options) -> tuple[Tree, list[Roster], bytes]:
    """The verified tree, every roster there has been in the folder, and the programme."""
    held = load(Path(options.tree))
    programme = state_of(held).programme
    if options.fingerprint and hex32(options.fingerprint) != programme:
        raise Refused("the tree is another programme's")
    tree = verify_bundle(to_bundle(held), programme, now_of(options))
    # Old versions stay in a tree for ever. Their signatures are for `./tellsafe verify`: here they only say when a term began.
    texts = {name: text for name, text in held["targets"].items() if name.endswith(".roster.json")}
    return tree, [parse_roster(text.encode(), 0) for text in texts.values()], programme


def _unlocked(options: Options) -> keys.Unlocked:
    return keys.unlock(passphrase_of(options), Path(options.key).read_bytes())
