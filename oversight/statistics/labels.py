"""Which labels count: checked, one for each report and table, for ever. Pure.

The first label of a report for a table stands. Whatever comes later for the same report and table (a case reopened, a changed mind, a
forgery) counts nowhere, in this period or any other: that is what keeps the loss of one report at 1.5.
"""

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crypto.encoding import canonical, parse_strict
from crypto.errors import Malformed, ProtocolError
from crypto.label import NO_SHOPPER, Label, check_label, thursday
from crypto.numbers import cell_of, quarter_of, quarters_of
from crypto.roster import Roster, day_text, status_of
from crypto.tree import Tree, suspended_on
from oversight.errors import Refused

KIND = "tellsafe collected labels"
GRACE_DAYS = 13  # from a week's last day back to the first day of the week before
# (report, table): what a report may do once.
Place = tuple[str, str]


@dataclass(frozen=True)
class Trial:
    """What reviewers did with a mystery shopper's test report. report: its name in labels, hex32; week: of the report.

    acknowledged: same_week, next_week, later or never; triage: as_meant, other or none; answered: 0 or 1; leaks: a count.
    """

    report: str
    week: str
    acknowledged: str
    triage: str
    answered: int
    leaks: int


@dataclass(frozen=True)
class Store:
    """What the statistician keeps between sessions, sealed.

    waiting: labels not drawn yet. spent: reports that are done with a table, without their codes: they were drawn, came too late for
    their period, or were mystery shoppers. drawn: (table, period) of every release, so that a ledger that lost its end is noticed.
    trials: by name of the report; probes: (asked, answered) by quarter, as 2027-Q3.
    """

    programme: bytes
    waiting: Mapping[Place, Label] = field(default_factory=dict, repr=False)
    spent: frozenset[Place] = field(default_factory=frozenset, repr=False)
    drawn: frozenset[tuple[str, str]] = frozenset()
    trials: Mapping[str, Trial] = field(default_factory=dict)
    probes: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Tally:
    """What became of the labels that arrived. refused: numbers by error name."""

    new: int = 0
    again: int = 0
    differing: int = 0
    late: int = 0
    shoppers: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """In words, for the statistician's screen only."""
        said = [
            f"{self.new} new labels",
            f"{self.again} were here before, of which {self.differing} now say something else: the first stands",
        ]
        said.append(f"{self.shoppers} of mystery shoppers: left out of every table")
        said.append(f"{self.late} for periods already drawn: counted nowhere, in no table of any period")
        return said + [f"{number} refused: {WHY.get(name, name)} ({name})" for name, number in sorted(self.refused.items())]


WHY: Mapping[str, str] = {
    "Threshold": "not signed by two different reviewers who were active when it arrived",
    "BadSignature": "a signature does not verify",
    "BadKey": "a key that must not be used",
    "Malformed": "not a label, or with a code that is on no list",
    "WrongVersion": "of another version",
}


def collect(store: Store, arrived: Iterable[tuple[bytes, str]], active: Callable[[str], Collection[str]]) -> tuple[Store, Tally]:
    """Add opened letters, (message, week of arrival) in order of arrival. `active`: week to the sign keys that may sign then."""
    waiting, spent = dict(store.waiting), set(store.spent)
    tally: dict[str, int] = dict.fromkeys(("new", "again", "differing", "late", "shoppers"), 0)
    refused: dict[str, int] = {}
    for message, week in arrived:
        try:
            label = check_label(message, store.programme, active(week))
        except ProtocolError as error:
            refused[error.name] = refused.get(error.name, 0) + 1
            continue
        place = (label.report, label.table)
        if place in spent or place in waiting:
            tally["again"] += 1
            tally["differing"] += place in waiting and waiting[place] != label
        elif label.shopper != NO_SHOPPER:
            tally["shoppers"] += 1
            spent.add(place)
        elif _is_drawn(label, store.drawn):
            tally["late"] += 1
            spent.add(place)
        else:
            tally["new"] += 1
            waiting[place] = label
    return replace(store, waiting=waiting, spent=frozenset(spent)), Tally(**tally, refused=refused)


def cells(store: Store, table: str, period: str) -> list[str]:
    """The cell of every report that a table of a period counts: what the noise is added to. Never written anywhere."""
    return [cell_of(period, each.code, each.stage, each.outcome) for each in store.waiting.values() if _counts(each, table, period)]


def settle(store: Store, drawn: Collection[tuple[str, str]]) -> Store:
    """After a draw: the codes of its reports are forgotten, that they are spent is not."""
    done = {place for place, label in store.waiting.items() if _is_drawn(label, drawn)}
    left = {place: label for place, label in store.waiting.items() if place not in done}
    return replace(store, waiting=left, spent=store.spent | done, drawn=store.drawn | frozenset(drawn))


def active_in(tree: Tree, earlier: Iterable[Roster] = ()) -> Callable[[str], frozenset[str]]:
    """Week to the reviewers' sign keys that may sign labels arriving then.

    A letter's week is all that is known of its time, so a reviewer revoked, suspended or paused in the middle of a week is out for all of
    it. A term that merely ran out counts to the end of the week after: what was signed on its last day arrives up to then, and is never
    sent again. A renewal moves the first day of a term: terms of `earlier` versions of the roster count too, while the newest alone says
    who was revoked or paused.
    """
    terms: dict[str, set[tuple[str, str]]] = {}
    for roster in (*earlier, tree.roster):
        for each in roster.reviewers:
            terms.setdefault(each.sign, set()).add((each.from_, each.to))

    def active(week: str) -> frozenset[str]:
        day = thursday(week) + datetime.timedelta(days=3)
        since = day_text(day - datetime.timedelta(days=GRACE_DAYS))
        suspended = suspended_on(tree, day)
        return frozenset(
            each.sign
            for each in tree.roster.reviewers
            if any(first <= day_text(day) and since <= last for first, last in terms[each.sign])
            # Whoever is in any term of theirs, and not out by what the newest entry says.
            and status_of(each, suspended, day) not in ("suspended", "revoked")
            and not day_text(day) <= each.paused
        )

    return active


def to_bytes(store: Store) -> bytes:
    """The store before it is sealed."""
    waiting = [[each.table, each.report, each.week, each.code, each.stage, each.outcome] for each in store.waiting.values()]
    value: dict[str, Any] = {"v": 1, "kind": KIND, "programme": store.programme.hex(), "waiting": waiting}
    value |= {"spent": sorted(map(list, store.spent)), "drawn": sorted(map(list, store.drawn)), "probes": store.probes}
    return canonical({**value, "trials": [asdict(each) for each in store.trials.values()]})


def from_bytes(data: bytes) -> Store:
    """Refused: it is none."""
    try:
        value: Mapping[str, Any] = parse_strict(data)
        if value["kind"] != KIND:
            raise Refused("these are not collected labels")
        made = [
            Label(table, report, week, NO_SHOPPER, code, stage, outcome) for table, report, week, code, stage, outcome in value["waiting"]
        ]
        spent, drawn = (frozenset((first, second) for first, second in value[name]) for name in ("spent", "drawn"))
        waiting = {(each.report, each.table): each for each in made}
        trials = {each["report"]: Trial(**each) for each in value["trials"]}
        probes = {quarter: (asked, answered) for quarter, (asked, answered) in value["probes"].items()}
        return Store(bytes.fromhex(value["programme"]), waiting, spent, drawn, trials, probes)
    except (Malformed, KeyError, ValueError, TypeError) as error:
        raise Refused("these are not collected labels") from error


def _counts(label: Label, table: str, period: str) -> bool:
    return label.table == table and quarter_of(thursday(label.week)) in quarters_of(period)


def _is_drawn(label: Label, drawn: Iterable[tuple[str, str]]) -> bool:
    return any(_counts(label, table, period) for table, period in drawn)
