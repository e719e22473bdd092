"""Cases made of signed events without workstations: who says what in which week, each knowing all that was said before."""

from typing import Any

from crypto.case import Case, common, fold, heads
from crypto.encoding import b64
from crypto.event import Event, audience_of
from crypto.private.receipt import keys_of
from crypto.private.signing import SignKey, sign_event
from crypto.states import READ

P = bytes(range(32))
SEEDS = {name: bytes([number]) * 32 for number, name in enumerate(("Ada", "Bo", "Cy"), 11)}
SIGN = {name: SignKey(seed).public for name, seed in SEEDS.items()}
ANSWERS = {
    "about": ["C1-MISBEHAVE"],
    "stage": "L3-INTERNAL",
    "organisation": "Lab",
    "danger": "ONGOING",
    "basis": "SAW",
    "known": "K4",
    "raised": "",
    "may": "PUBLISH",
    "promise": "",
}


class Story:
    def __init__(
        self, text: str = "What happened.", week: str = "2026-W10", number: int = 1, selfcopy: str = "full", **answers: Any
    ) -> None:
        keys = keys_of(bytes([number]) * 16, P)
        self.seeds = {**SEEDS, "reporter": keys.sign_seed}
        payload = common("report", week, [0, "0" * 64], 1, "all") | {
            "find": keys.find_public.hex(),
            "open": b64(keys.open_public),
            "readers": list(SIGN.values()),
            "reserves": [],
            "answers": {**ANSWERS, **answers},
            "text": text,
            "parts": 0,
            "selfcopy": selfcopy,
        }
        self.report = sign_event(payload, keys.sign_seed, P)
        self.id, self.events, self.week = self.report.id, [self.report], week
        self.last: dict[tuple[str, str], str] = {}

    def say(self, who: str, kind: str, week: str = "", **fields: Any) -> Event:
        self.week = week or self.week
        if kind in READ and not self.has_opened(who):
            self.say(who, "received")
        audience = audience_of(kind)
        parents = heads(self.events, self.id, audience)
        prev = self.last.get((who, audience)) if who != "reporter" else self.last.get((who, ""))
        payload = common(kind, self.week, [0, "0" * 64], 1, audience, self.id, prev, parents) | fields
        event = sign_event(payload, self.seeds[who], P)
        self.last[who, audience if who != "reporter" else ""] = event.id
        self.events.append(event)
        return event

    def has_opened(self, who: str) -> bool:
        return any(event.kind == "received" and event.author == SIGN[who] for event in self.events)

    def move(self, to: str, week: str = "", who: str = "Ada", second: str = "Bo", **fields: Any) -> Event:
        """A `state` event and, if it has not taken effect, its endorsement."""
        known = {"to": to, "reason": "NONE", "text": "", "until": "", "whom": "", "urgent": "NO"}
        event = self.say(who, "state", week, **{**known, **fields})
        if self.case().state != to:
            self.say(second, "endorse", week, of=event.id)
        assert self.case().state == to, self.case().void
        return event

    def triage(self, week: str = "", **fields: Any) -> Event:
        known = {"code": "C1-MISBEHAVE", "also": [], "stage": "L3-INTERNAL", "severity": "S3", "harm": "H0", "urgency": "U3"}
        return self.say("Ada", "triage", week, **{**known, "known": "K4", "risk": "LOW", **fields})

    def corrected(self, status: str = "VERIFIED") -> Event:
        return self.say("Ada", "correction", code="DC-SECURE", status=status, text="")

    def case(self) -> Case:
        found = fold(self.events, self.id)
        assert found is not None
        return found
