import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import constants
from crypto.roster import Commitment
from crypto.wording import WORDING
from review import packets, promises, sentences
from review.packets import Trace
from tests.review.story import SIGN, Story

SAID = "Last spring an agent copied 41,337 files to a share called KestrelVault and nobody on the night shift noticed for three weeks."


def test_every_packet_that_leaves_has_a_form_with_fields_the_protocol_takes() -> None:
    assert set(packets.FORMS) | {"REPORTER"} == set(constants.PACKET_TARGETS)
    for to in packets.FORMS:
        names = [field.name for field in packets.form(to)]
        assert len(names) == len(set(names)) <= constants.FIELDS_MAX
        assert all(re.fullmatch(r"[a-z_]{1,40}", name) for name in names)
    assert [field.name for field in packets.form("CAL-OES")] == ["date", "why", "statement", "internal"]
    assert [field.name for field in packets.form("NY-DFS")] == [field.name for field in packets.form("CAL-OES")]


@pytest.mark.parametrize("to", sorted(packets.FORMS))
def test_a_form_is_filled_from_codes_and_never_from_the_reporters_sentences(to: str) -> None:
    story = Story(SAID, promise="See the ticket archive of the night team", raised="I told my manager in the kitchen")
    said = packets.filled(story.case(), to, "2026-W20")
    assert packets.traces("\n".join(said.values()), packets.own_words(story.case())) == []
    assert said.keys() == {field.name for field in packets.form(to)}


def test_reviewers_codes_replace_those_of_the_reporter() -> None:
    story = Story()
    assert packets.filled(story.case(), "CAL-OES")["internal"] == "Yes"
    story.triage(code="B1-WEIGHTS", stage="L6-DEPLOYED")
    said = packets.filled(story.case(), "CAL-OES")
    assert said["internal"] == "No" and said["why"].startswith("Model weights")
    assert packets.filled(story.case(), "REGULATOR")["organisation"] == "Lab"


def test_a_draft_is_a_private_note_and_is_read_back_whole() -> None:
    story = Story()
    fields = {
        "date": "Spring 2026",
        "why": "Loss of control\n\n== statement ==\nnot a field",
        "statement": "It copied data.",
        "internal": "Yes",
    }
    event = story.say("Ada", "note", text=packets.draft_note("CAL-OES", fields))
    story.say("Bo", "note", text="Draft of a packet for nobody.\nNo.")
    [draft] = packets.drafts(story.case())
    assert (draft.id, draft.author, draft.to) == (event.id, SIGN["Ada"], "CAL-OES")
    assert draft.fields == {**fields, "why": "Loss of control\n\n == statement ==\nnot a field"}


def test_a_summary_for_publication_has_the_companys_word_or_says_that_there_was_none() -> None:
    [must] = [(to, field.name) for to in packets.FORMS for field in packets.form(to) if field.must]
    assert must == ("PUBLIC", "reply")
    said = {field.name: "" for field in packets.form("PUBLIC")}
    for reply in ("", " ", "No reply.", "no reply by 2026-W13", "no reply by June"):
        assert "Its reply, word for word" in packets.no_reply("PUBLIC", {**said, "reply": reply}, "2026-W12"), reply
    for reply in ("No reply by 2026-W12.", "We stopped it in May.", "It was not asked, as it would have known who told us."):
        assert packets.no_reply("PUBLIC", {**said, "reply": reply}, "2026-W12") == ""
    late = packets.no_reply("PUBLIC", {**said, "reply": "No reply by 2026-W11"}, "2026-W13", "2026-W12")
    assert late.endswith("They were given until 2026-W12, the week of 16 March 2026.")
    assert packets.no_reply("COMPANY", {field.name: "" for field in packets.form("COMPANY")}, "2026-W12") == ""


def test_what_the_company_was_given_is_known_from_the_step_that_took_effect() -> None:
    story = Story()
    assert packets.promised_until(story.case()) == ""
    story.say("Ada", "state", to="ACKNOWLEDGED", reason="NONE", text="", until="", whom="", urgent="NO")
    story.triage()
    for to in ("TRIAGE", "REVIEW", "PLAN"):
        story.move(to)
    story.move("COORDINATING", until="2026-W16", whom="Lab, safety")
    story.say("Ada", "state", to="COORDINATING", reason="NONE", text="", until="2026-W30", whom="Lab", urgent="NO")
    assert packets.promised_until(story.case()) == "2026-W16"


def test_promises_of_the_list_fill_a_packet_and_are_nobodys_wording() -> None:
    known = promises.lines([Commitment(f"EX-{n}", "Lab", f"Tests before use {n}", "2025-01-01", "Its framework") for n in (1, 2, 3)])
    line, other, third = known
    story = Story(promise=f"{line}\nThey skipped it on a Sunday night.")
    story.say("Bo", "note", text=promises.ATTACH + other)
    story.say("Bo", "note", text=promises.ATTACH + third)
    story.say("Ada", "note", text=promises.DETACH + third)
    case = story.case()
    assert promises.picked(case, known) == [line] and promises.attached(case) == {other: SIGN["Bo"]}
    found = promises.of_case(case, known)
    assert packets.filled(case, "PUBLIC", "", found)["promise"] == f"{line}\n{other}"
    assert line in packets.filled(case, "EU-AIO", "", found)["duty"] and line not in packets.filled(case, "CAL-OES", "", found)["why"]
    assert packets.traces(line, packets.own_words(case)) != [] == packets.traces(line, packets.own_words(case, known))
    assert packets.traces("They skipped it on a Sunday night", packets.own_words(case, known))


def test_what_had_not_arrived_is_said_in_the_timeline() -> None:
    story = Story()
    story.say("Ada", "answer", text="One.")
    before = len(story.events)
    reply = story.say("reporter", "reply", text="Two.")
    story.events.remove(reply)  # it has not arrived when Bo proposes
    step = story.say("Bo", "answer", text="Three.")
    story.events.insert(before, reply)
    last = story.say("Ada", "answer", text="Four.")
    said = sentences.apart(story.case(), lambda sign: {SIGN["Bo"]: "You"}.get(sign, "Ada"))
    first, second = sorted((reply, step), key=story.case().order.index)
    whose = "your last line" if first is step else "the last line of the reporter"
    assert said == {second.id: f"written before {whose} above had arrived"} and last.id not in said
    story.events.remove(reply)
    assert sentences.apart(story.case(), str) == {}, "with a gap nobody can tell"


def test_who_wrote_a_draft_does_not_write_the_packet() -> None:
    story = Story()
    story.say("Ada", "note", text=packets.draft_note("CAL-OES", {"statement": "x"}))
    [draft] = packets.drafts(story.case())
    assert "Another reader" in packets.why_not(draft, story.case(), SIGN["Ada"])
    assert packets.why_not(draft, story.case(), SIGN["Bo"]) == ""
    assert "not a reader" in packets.why_not(draft, story.case(), "00" * 32)


def test_what_identifies_is_never_taken_over_from_the_draft() -> None:
    story = Story()
    story.say("Ada", "note", text=packets.draft_note("REGULATOR", {"organisation": "Lab", "statement": "secret words", "date": "May"}))
    [draft] = packets.drafts(story.case())
    fields = packets.retyped(draft, {"date": " spring "})
    assert fields["organisation"] == "Lab" and fields["statement"] == "" and fields["date"] == "spring"
    assert packets.lacking(draft, fields) == ["What happened"]


def test_the_packet_event_has_the_shape_of_the_protocol() -> None:
    story = Story(may="REFER")
    story.say("Ada", "note", text=packets.draft_note("CAL-OES", {"statement": "x"}))
    [draft] = packets.drafts(story.case())
    fields = packets.retyped(draft, {"statement": "An agent copied data.", "date": "Spring"})
    event = story.say("Bo", "packet", to="CAL-OES", state="", fields=fields)
    assert event.id not in story.case().void and event.payload["audience"] == "all"


def test_runs_of_the_reporters_words_are_found_whatever_their_spelling() -> None:
    found = packets.traces("We heard: NOBODY on the night-shift, noticed for three days.", [SAID])
    assert found == [Trace("NOBODY on the night shift noticed for three", True)]
    assert packets.traces("An agent moved data without permission, and monitoring missed it.", [SAID]) == []


def test_numbers_and_odd_names_are_found_alone() -> None:
    found = packets.traces("Data went to kestrelvault, KestrelVault, 41 files in 2026.", [SAID + " 2026"])
    assert found == [Trace("KestrelVault", False), Trace("41", False)]


def test_the_longest_run_wins_and_short_common_words_do_not_count() -> None:
    assert packets.traces("it is in a box", ["it is in a box"]) == []
    found = packets.traces(
        "one monitor was switched off at night", ["monitor was switched off", "monitor was switched off at night by them"]
    )
    assert found == [Trace("monitor was switched off at night", True)]


def test_scripts_without_spaces_are_compared_letter_by_letter() -> None:
    source = "模型在夜间复制了自己的权重并删除了所有的监控日志"
    assert packets.traces("据报告，模型在夜间复制了自己的权重并删除了", [source])[0].whole
    assert packets.traces("模型被复制", [source]) == []


@given(
    st.lists(st.sampled_from(["alpha", "bravo", "charlie", "delta"]), max_size=40),
    st.lists(st.sampled_from(["alpha", "bravo", "charlie", "delta"]), max_size=40),
)
def test_every_run_found_is_in_both_and_none_of_its_length_is_missed(text: list[str], source: list[str]) -> None:
    said, known = f" {' '.join(text)} ", f" {' '.join(source)} "
    found = packets.traces(said, [known])
    assert all(f" {trace.words} " in said and f" {trace.words} " in known for trace in found)
    shared = any(f" {' '.join(text[at : at + 4])} " in known for at in range(len(text) - 3))
    assert bool(found) == shared


def test_the_comparison_is_quick_for_the_longest_texts() -> None:
    chance = random.Random(4)
    words = ["model", "agent", "night", "logs", "weights", "copied", "review", "the", "of", "and"]
    source, text = (" ".join(chance.choices(words, k=7000)) for _ in range(2))
    began = time.perf_counter()
    packets.traces(text, [source, source])
    assert time.perf_counter() - began < 3


def test_a_summary_for_publication_has_nothing_of_the_reporters_wording() -> None:
    run, number = Trace("nobody on the night shift", True), Trace("41", False)
    assert "published" in packets.refusal("PUBLIC", [run], looked=True)
    assert packets.refusal("PUBLIC", [number], looked=True) == ""
    assert packets.refusal("CAL-OES", [run], looked=False) and not packets.refusal("CAL-OES", [run], looked=True)
    assert packets.refusal("PUBLIC", [], looked=False) == ""


def test_all_the_reporter_ever_wrote_is_compared_and_nothing_that_reviewers_wrote() -> None:
    story = Story("Report.", raised="Raised.", promise="Promise.")
    story.say("reporter", "part", n=1, text="Part.")
    story.say("reporter", "reply", text="Reply.")
    story.say("Ada", "answer", text="Answer.")
    story.say("Ada", "note", text="Note.")
    assert packets.own_words(story.case()) == ["Report.", "Raised.", "Promise.", "Part.", "Reply."]


@pytest.mark.parametrize("to", WORDING["own"]["targets"])
def test_the_packet_a_reporter_files_alone(to: str) -> None:
    story = Story(SAID)
    text = packets.own_packet(to, story.report.payload["answers"], SAID)
    assert SAID in text and WORDING["own"]["intro"] in text and "write them anew" in text
    assert all(field.label in text for field in packets.form(to))
    assert "only through us" not in text
