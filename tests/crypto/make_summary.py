"""Vectors of crypto/vectors/summary.json: cases that lack words, and which of these a summary has let go."""

from typing import Any

from crypto.case import fold
from crypto.event import Event
from crypto.summary import absent
from tests.review.story import P, Story

SAID = {"state": "RECEIVED", "due": "2026-W20"}


def summary_vectors() -> dict[str, Any]:
    told, vectors = Story(), list[dict[str, Any]]()
    events: dict[str, Event] = {"report": told.report}

    def say(name: str, who: str, kind: str = "answer", **fields: Any) -> str:
        events[name] = told.say(who, kind, **fields or {"text": name})
        return events[name].id

    def case(name: str, comment: str, lost: str, let_go: str, *held: str) -> None:
        found = fold([events[each] for each in held], told.id)
        expected = [sorted(events[each].id for each in names.split()) for names in (lost, let_go)]
        assert found and [sorted(ids) for ids in absent(found)] == expected, name
        result = {"lost": expected[0], "let_go": expected[1]}
        vectors.append({"name": name, "comment": comment, "case": told.id, "events": held, **result, "expect": "ok"})

    first, reply = say("first", "Ada"), say("reply", "reporter", "reply")
    two, three, _, five = (say(name, "Ada") for name in ("two", "three", "four", "five"))
    say("summary", "Ada", "summary", **SAID, again=[five, two], older=sorted([first, reply, three]))
    say("partial", "Ada", "summary", **SAID, again=[], older=[reply])
    events["recuse"] = told.say("Bo", "recuse")
    say("gone", "Bo", "summary", **SAID, again=[five], older=sorted([first, reply]))
    words = ("report", "two", "three", "four", "five")
    case("long", "what a summary lets go is missing and no alarm", "", "first reply", *words, "summary")
    case("recent", "what one of anybody’s last three names is not let go", "three", "first reply", *words[:2], *words[3:], "summary")
    case("again", "what a summary says is sealed again is missed, though no event names it", "two", "", "report", *words[2:], "summary")
    case("unnamed", "what the summary does not name is an alarm", "first summary", "reply", *words, "partial")
    case("none", "without a summary all of it is", "first reply", "", *words)
    case("void", "a summary that does not count lets nothing go", "first reply partial", "", *words, "recuse", "gone")
    return {"programme": P.hex(), "events": {name: event.raw.hex() for name, event in events.items()}, "vectors": vectors}
