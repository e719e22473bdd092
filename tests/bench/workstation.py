"""The workstation with 5,000 cases and 50,000 events: a program of its own opens the vault, so that time and memory are a reviewer's.

The casebook is made beforehand, event by event as reporters and reviewers would sign them, and put in as the mirror puts it in.
"""

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crypto.case import common
from crypto.constants import ABOUT_CODES, STAGE_CODES
from crypto.encoding import b64
from crypto.event import Event
from crypto.private.signing import sign_event
from review import casebook, vault
from review.desk import Desk, lock_desk, open_desk
from review.guard import Guard
from review.views import create_app
from tests.review.world import NOW, PASSPHRASE, P, make_tree, reporter_keys, reviewer_of

CASES = 5_000
EVENTS_EACH = 10
ROUNDS = 15
WEEKS = tuple(f"2026-W{week:02d}" for week in range(10, 47))
STARTS = ("usable after the passphrase", "CPU until usable")
PEAK = "memory at the peak"
WORDS = (
    *("модель", "evaluation", "沙箱", "weights", "night", "dashboard", "trained", "refused"),
    *("logging", "señal", "تقرير", "test", "alarm", "approval", "cluster", "agent"),
)
HOST = "127.0.0.1:7000"
HEADERS = {"Host": HOST, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}


def measured(cases: int = CASES) -> dict[str, float]:
    """Seconds of each kind of page, seconds from the passphrase to the first list, MiB at the peak.

    The first start finds nothing kept, as after an update of the program; the figures without that word are of the next one.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, cases)
        command = [sys.executable, "-m", "tests.bench.workstation", str(folder)]
        first, found = (json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout) for _ in range(2))
    return {f"{what}, first start": first[what] for what in (*STARTS, PEAK)} | found


def fill(folder: Path, cases: int = CASES) -> None:
    """A vault and its casebook, full."""
    chance = random.Random(4)
    public = [vault.create(folder / name, PASSPHRASE, name, NOW, P) for name in ("Ada", "Bo", "Cy")]
    (folder / "public.json").write_text(json.dumps(public))
    opened = [vault.unlock(folder / each["name"], PASSPHRASE) for each in public]
    seeds = {each.sign: each.sign_event for each in opened}
    book = casebook.open_book(folder / "Ada" / "casebook.tellsafe", opened[0].casebook_key(), P)
    for start in range(0, cases, 500):
        events = [event for number in range(start, min(start + 500, cases)) for event in case(number, seeds, chance)]
        read = casebook.read_record(event.id for event in events if chance.random() < 0.97)
        casebook.append(book, [*(casebook.event_record(event, 1 + start) for event in events), read])
    casebook.close_book(book)


def case(number: int, signers: Mapping[str, Callable[[dict[str, Any], bytes], Event]], chance: random.Random) -> list[Event]:
    """Ten events of one case as they follow each other: some cases in each of the first states, a few closed."""
    keys, people = reporter_keys(number % 250), list(signers)
    turned = [*people[number % 3 :], *people[: number % 3]]
    week = chance.choice(WEEKS)
    about = [ABOUT_CODES[number % len(ABOUT_CODES)]]
    answers = {"about": about, "stage": STAGE_CODES[number % len(STAGE_CODES)], "organisation": f"Lab {number % 7}"}
    answers |= {"danger": "NOW" if number % 40 == 0 else "OVER", "basis": "SAW", "known": f"K{number % 5}", "raised": ""}
    answers |= {"may": "REFER", "promise": ""}
    report = common("report", week, [0, "0" * 64], 1, "all") | {"find": keys.find_public.hex(), "open": b64(keys.open_public)}
    report |= {"readers": turned, "reserves": [], "answers": answers, "text": words(chance, 200), "parts": 0, "selfcopy": "full"}
    said = [sign_event(report, keys.sign_seed, P)]
    before: dict[tuple[str, str], str] = {}

    def say(author: str, kind: str, audience: str = "all", **fields: Any) -> None:
        parents = [next(event.id for event in reversed(said) if audience == "reviewers" or event.payload["audience"] == "all")]
        payload = common(kind, week, [number, said[0].id], 1, audience, said[0].id, before.get((author, audience)), parents) | fields
        said.append(signers[author](payload, P) if author else sign_event(payload, keys.sign_seed, P))
        before[author, audience] = said[-1].id

    ada, bo = turned[:2]
    say(ada, "received")
    say(bo, "received")
    say(ada, "state", to="ACKNOWLEDGED", **STATE)
    say(ada, "answer", text=words(chance, 60))
    say("", "reply", text=words(chance, 80))
    say(bo, "note", "reviewers", text=words(chance, 40))
    graded: dict[str, Any] = {"code": about[0], "stage": answers["stage"], "severity": "S3", "harm": "H0", "urgency": f"U{number % 4}"}
    say(ada, "triage", **graded, also=[], known="K3", risk="LOW")
    say(ada, "state", to="TRIAGE", **STATE)
    if number % 3:
        say(bo, "endorse", of=said[-1].id)
    while len(said) < EVENTS_EACH:
        say(ada, "note", "reviewers", text=words(chance, 40))
    return said


STATE = {"reason": "NONE", "text": "", "until": "", "whom": "", "urgent": "NO"}


def words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(WORDS, k=count)) + f" {chance.randrange(10**6)}"


def look(folder: Path) -> dict[str, float]:
    """Open the vault and read pages as a browser would. One program, one vault, nothing measured before."""
    public = json.loads((folder / "public.json").read_text())
    desk = Desk(folder / "Ada", P, lambda: None, now=lambda: NOW)  # type: ignore[arg-type, return-value]
    desk.tree, desk.tree_at = make_tree(tuple(reviewer_of(each) for each in public)), float("inf")
    guard = Guard(7000)
    link = guard.link
    client = create_app(desk, guard).test_client()
    client.get(f"/enter/{link}", base_url=f"http://{HOST}", headers={"Host": HOST})

    def get(path: str) -> str:
        answer = client.get(path, base_url=f"http://{HOST}", headers={"Host": HOST})
        assert answer.status_code == 200, answer.status
        return answer.text

    def post(path: str, **form: str) -> None:
        answer = client.post(path, base_url=f"http://{HOST}", data={"token": guard.form_token, **form}, headers=HEADERS)
        assert answer.status_code == 303, answer.status

    def ask(**form: str) -> Callable[[], str]:
        def found() -> str:
            post("/list", **form)
            return get("/")

        return found

    start, worked = time.perf_counter(), time.process_time()
    open_desk(desk, PASSPHRASE)
    listed = get("/")
    figures = dict(zip(STARTS, (time.perf_counter() - start, time.process_time() - worked), strict=True))
    assert desk.book is not None and len(desk.book.events) == EVENTS_EACH * len(desk.book.cases)
    case_id = listed.split('class="case unread"')[1].split('href="/case/')[1].split('"')[0]
    assert 'id="timeline"' in get(f"/case/{case_id}"), "a page with everything on it"
    for name, act in {
        "list": lambda: get("/"),
        "next page of the list": lambda: get("/?page=7"),
        "filter": ask(state="ACKNOWLEDGED", organisation="Lab 3", unread="1"),
        "filter that nearly all pass": ask(mine=""),
        "search, one rare word": ask(q="123456"),
        "search, three words in two scripts": ask(q="МОДЕЛЬ Señal 沙箱"),
        "case page": lambda: get(f"/case/{case_id}"),
    }.items():
        figures[name] = statistics.median(timed(act) for _ in range(ROUNDS))
    # Of this program alone: getrusage would also count what started it.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines())
    figures[PEAK] = int(status["VmHWM"].split()[0]) / 1024
    lock_desk(desk)
    return figures


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(look(Path(sys.argv[1]))))
