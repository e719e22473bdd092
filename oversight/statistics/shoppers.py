"""Mystery shoppers: what their keeper hands over, what the statistician checks of it, and the exact figures it makes. Pure.

The receipt of a test report is made of a secret number and of the code that triage should find. Who shows both shows that the report was a
test, with this code, before it was sent: nobody can find them for a receipt that exists. So no real report can be called a test.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crypto.case import Case, fold
from crypto.constants import ABOUT_CODES
from crypto.encoding import canonical, hex32, is_hex32, parse_strict, unb64
from crypto.errors import Malformed
from crypto.event import parse_event
from crypto.label import report_id, thursday
from crypto.numbers import EXACT, TABLES, quarter_of, quarters_of, release_id
from crypto.schema import Check, code, has, integer, items, shaped, text
from crypto.sealing import hkdf
from oversight.errors import Refused
from oversight.statistics.keys import receipt_signs
from oversight.statistics.labels import Store, Trial

KIND = "tellsafe exact figures"
LABEL_SHOPPER = b"tellsafe/1 shopper "
SPOKEN = ("answer", "state", "done", "correction")  # kinds in which reviewers say something to the reporter


def entropy_of(nonce: str, meant: str, programme: bytes) -> bytes:
    """The 16 bytes of a test report's receipt. nonce: hex32, secret until it is over; meant: the code that triage should find."""
    return hkdf(hex32(nonce), programme, LABEL_SHOPPER + meant.encode("ascii"), 16)


def trial_of(case: Case, meant: str, leaks: int, programme: bytes) -> Trial:
    """What reviewers did with a test, by the weeks that their own machines wrote. Nobody knows anything finer."""
    sent = str(case.root.payload["week"])
    week = next((week for state, week, _ in case.history if state == "ACKNOWLEDGED"), "")
    late = (thursday(week) - thursday(sent)).days // 7 if week else -1
    found = case.triage.payload["code"] if case.triage else ""
    return Trial(
        report=report_id(case.id, programme),
        week=sent,
        acknowledged={-1: "never", 0: "same_week", 1: "next_week"}.get(late, "later"),
        triage="none" if not found else "as_meant" if found == meant else "other",
        answered=int(any(event.kind in SPOKEN and event.payload["text"] for event in case.order)),
        leaks=leaks,
    )


def handed_over(programme: bytes, period: str, tests: Sequence[Mapping[str, Any]], probes: Mapping[str, tuple[int, int]]) -> bytes:
    """The file for the statistician. tests: nonce, code, leaks and events (b64); probes: (asked, answered) by quarter of the period."""
    counted = [{"quarter": quarter, "asked": asked, "answered": answered} for quarter, (asked, answered) in sorted(probes.items())]
    return canonical({"v": 1, "kind": KIND, "programme": programme.hex(), "period": period, "tests": list(tests), "probes": counted})


def take(store: Store, data: bytes, reviewers: Collection[str]) -> tuple[Store, int]:
    """Add what was handed over: (store without the labels of the tests, how many that were). reviewers: every sign key there has been.

    What was taken before is replaced. Refused: anything that does not hold, and a period of which any table has been drawn.
    """
    try:
        value = parse_strict(data)
        if not has(_FILE, value):
            raise Malformed("other names or types")
        within = set(quarters_of(value["period"]))
        for table, drawn in sorted(store.drawn):
            if within & set(quarters_of(drawn)):
                raise Refused(f"{release_id(table, drawn)} has been drawn: exact figures of {value['period']} come too late, for good")
        if value["programme"] != store.programme.hex():
            raise Refused("these exact figures are another programme's")
        trials = {each.report: each for each in (_checked(test, store.programme, reviewers) for test in value["tests"])}
        for each in trials.values():
            if quarter_of(thursday(each.week)) not in within:
                raise Refused(f"the test of {each.week} is not of {value['period']}")
    except Malformed as error:
        raise Refused(f"these are not exact figures as `./tellsafe shopper hand-over` writes them: {error}") from error
    probes = {each["quarter"]: (each["asked"], each["answered"]) for each in value["probes"]}
    for quarter, (asked, answered) in probes.items():
        if quarter not in within or answered > asked or asked < store.probes.get(quarter, (0, 0))[0]:
            raise Refused(f"the probes of {quarter} are not of {value['period']}, or fewer than before: has the log lost lines?")
    places = {(report, table) for report in trials for table in TABLES}
    left = {place: label for place, label in store.waiting.items() if place not in places}
    taken = replace(store, waiting=left, spent=store.spent | places, trials={**store.trials, **trials}, probes={**store.probes, **probes})
    return taken, len(store.waiting) - len(left)


def exact(store: Store, period: str) -> dict[str, int]:
    """The figures of EXACT for a period."""
    quarters, figures = quarters_of(period), dict.fromkeys(EXACT, 0)
    for each in store.trials.values():
        if quarter_of(thursday(each.week)) in quarters:
            for name in ("tests", f"acknowledged_{each.acknowledged}", f"triage_{each.triage}"):
                figures[name] += 1
            figures["answered"] += each.answered
            figures["leaks"] += each.leaks
    for quarter in quarters:
        asked, answered = store.probes.get(quarter, (0, 0))
        figures["probes"] += asked
        figures["probes_answered"] += answered
    return figures


def _checked(test: Mapping[str, Any], programme: bytes, reviewers: Collection[str]) -> Trial:
    """One test, from the events that its reporter and its reviewers signed. Refused, Malformed or what an event may be refused for."""
    events = [parse_event(unb64(raw), programme) for raw in test["events"]]
    author = receipt_signs(entropy_of(test["nonce"], test["code"], programme), programme)
    root = next((event for event in events if event.kind == "report" and event.author == author), None)
    case = fold([event for event in events if event.kind != "stub"], root.id) if root else None
    if root is None or case is None:
        raise Refused("one of these was no test before it was sent: its number and code do not make its receipt. A real report stays one")
    if not set(case.readers) | set(root.payload["readers"]) <= set(reviewers):
        raise Refused(f"the test of {root.payload['week']} was read by somebody who was never a reviewer")
    if case.missing:
        raise Refused(f"of the test of {root.payload['week']} some events are left out")
    return trial_of(case, test["code"], test["leaks"], programme)


_TEST: Mapping[str, Check] = {
    "nonce": is_hex32,
    "code": code(*ABOUT_CODES),
    "leaks": integer(0, 1000),
    "events": items(text(25_000), 1),
}
_PROBES: Mapping[str, Check] = {"quarter": text(10), "asked": integer(), "answered": integer()}
_FILE: Mapping[str, Check] = {
    "v": integer(1, 1),
    "kind": code(KIND),
    "programme": is_hex32,
    "period": text(10),
    "tests": items(shaped(_TEST)),
    "probes": items(shaped(_PROBES)),
}
