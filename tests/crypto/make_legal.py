"""Vectors of what laws ask of the company, for legal.json: reports, triage and when the company first knew, to the rows of the panel."""

from typing import Any

from crypto.case import fold
from crypto.private.receipt import keys_of
from crypto.private.signing import sign_event
from review.clocks import Duty, legal_panel
from tests.review.story import P, Story


def row(duty: Duty) -> list[str]:
    return [duty.code, duty.first, duty.last, "YES" if duty.fits else "NO", duty.reporter]


def legal_vectors() -> dict[str, Any]:
    """The whole file. A vector: the case of some events in any order, and the rows for whoever looks."""
    stories = {"calm": Story(), "danger": Story(danger="NOW", raised="My manager, in spring", about=["C2-ESCAPE", "D4-REPRISAL"], number=2)}
    weeks = {
        "knew": "2026-W10",
        "knew-53": "2026-W53",  # in which the law of New York begins
        "knew-before-53": "2026-W52",
        "knew-long-ago": "2021-W01",
        "knew-2199": "2199-W52",
    }
    events = {}
    for name, story in stories.items():
        events[name] = story.report
        events[f"{name}-received"] = story.say("Ada", "received", "2026-W11")
        triage = story.triage("2026-W11", code="B1-WEIGHTS", also=["D3-INCIDENT"], harm="H2", urgency="U0" if name == "calm" else "U2")
        events[f"{name}-triage"] = triage
        story.events.remove(triage)
        for told, since in weeks.items():
            events[f"{name}-{told}"] = story.say("Bo", "knew", "2026-W12", since=since, text="")
            story.events.pop()
        events[f"{name}-knew-first"] = story.say("Ada", "knew", "2026-W12", since="2026-W02", text="A mail.")
        events[f"{name}-knew-then"] = story.say("Ada", "knew", "2026-W13", since="2026-W04", text="An earlier mail.")
    report = stories["calm"].report.payload
    bare = {name: said for name, said in report.items() if name not in ("answers", "text", "parts")}
    stub = bare | {"kind": "stub", "case": stories["calm"].id, "selfcopy": "dates"}
    events["calm-stub"] = sign_event(stub, keys_of(bytes([1]) * 16, P).sign_seed, P)
    plans = {
        "nobody-said": ("nobody said when it knew", "calm received triage"),
        **{f"calm-{told}": ("codes from the report; the weeks of a law and of the calendar", f"calm {told}") for told in weeks},
        "danger": ("danger, and that it was raised, from the report", "danger knew"),
        "triage-more": ("codes, danger and harm as triaged", "calm received triage knew"),
        "triage-less": ("no danger as triaged, in spite of the report", "danger received triage knew"),
        "corrected": ("the last one counts", "calm knew-first knew-then"),
        "stub": ("a stub says nothing of concerns", "calm-stub knew"),
        "stub-triage": ("what is triaged is known there too", "calm-stub received triage knew"),
    }
    vectors = []
    for name, (comment, plan) in plans.items():
        root, *rest = plan.split()
        whole = [root, *(f"{root.removesuffix('-stub')}-{each}" for each in rest)]
        case = fold([events[each] for each in whole], stories[root.removesuffix("-stub")].id)
        assert case is not None and not case.void
        rows = [row(duty) for duty in legal_panel(case, "2026-W20")]
        vectors.append({"name": name, "comment": comment, "expect": "ok", "case": case.id, "events": whole, "rows": rows})
    used = {each for vector in vectors for each in vector["events"]}
    return {"programme": P.hex(), "events": {name: event.raw.hex() for name, event in events.items() if name in used}, "vectors": vectors}
