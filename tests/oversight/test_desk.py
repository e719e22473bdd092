"""The desk's commands: what three stewards can do with each other, and the one sentence with which everything else is refused."""

import datetime
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from crypto.errors import ProtocolError
from crypto.tree import verify_bundle
from oversight import proposal as proposals
from oversight import tree
from oversight.metadata import next_versions, state_of, to_bundle
from oversight.publish import load, store
from tests.oversight.serving import serving
from tests.oversight.test_tree import PROGRAMME
from tests.oversight.world import NOW, Desk, edit, request

DAY = datetime.timedelta(days=1)


@pytest.fixture
def with_ana(founded: Desk) -> Desk:
    founded.change("admit", str(request(founded.folder, "Ana", 1, founded.programme)), founded.path("record.toml"))
    return founded


def admitted(desk: Desk, name: str, number: int) -> None:
    desk.change("admit", str(request(desk.folder, name, number, desk.programme)), desk.path("record.toml"))


def test_three_stewards_make_a_programme_from_nothing(founded: Desk) -> None:
    tree = verify_bundle(to_bundle(load(founded.tree)), founded.programme, NOW)
    assert [each.name for each in tree.programme.stewards] == ["Ada", "Ben", "Cem"]
    assert (tree.programme.notice_hours, tree.roster.reviewers, tree.suspensions) == (72, (), ())


def test_a_key_file_is_never_overwritten_and_holds_no_secret_in_the_open(desk: Desk) -> None:
    out = ("--out", desk.path("ada.key"), "--name", "X", "--passphrase-file", desk.path("passphrase"))
    assert "never overwritten" in desk.run("key", *out)[2]
    assert Path(desk.path("ada.key")).stat().st_mode & 0o077 == 0
    assert set(json.loads(Path(desk.path("ada.key.public.json")).read_text())) == {"v", "kind", "name", "sign", "box"}


def test_a_short_passphrase(desk: Desk) -> None:
    Path(desk.path("short")).write_text("short\n")
    code, _, complaint = desk.run("key", "--out", desk.path("x.key"), "--name", "X", "--passphrase-file", desk.path("short"))
    assert (code, "fewer than 12" in complaint, Path(desk.path("x.key")).exists()) == (1, True, False)


def test_a_wrong_passphrase(founded: Desk) -> None:
    founded.propose("p.json", "refresh")
    Path(founded.path("wrong")).write_text("another passphrase\n")
    before = Path(founded.path("p.json")).read_bytes()
    sign = ("sign", founded.path("p.json"), "--key", founded.path("ada.key"), "--passphrase-file", founded.path("wrong"))
    assert founded.run(*sign) == (1, "", "tellsafe: the passphrase is wrong, or the key file was changed\n")
    assert Path(founded.path("p.json")).read_bytes() == before


@pytest.mark.parametrize(("threshold", "names"), [("1", "ada ben cem"), ("4", "ada ben cem"), ("2", "ada ada ben")])
def test_a_programme_that_one_could_run(desk: Desk, threshold: str, names: str) -> None:
    publics = [desk.path(f"{name}.key.public.json") for name in names.split()]
    more = ("--threshold", threshold, "--programme", desk.path("programme.toml"), "--out", desk.path("p.json"))
    code, _, complaint = desk.run("create", "--stewards", *publics, *more)
    assert code == 1
    assert "threshold must be" in complaint or "named twice" in complaint
    assert not Path(desk.path("p.json")).exists()


def test_an_admission_from_request_to_roster(founded: Desk) -> None:
    asked = request(founded.folder, "Ana", 1, founded.programme)
    code, said, _ = founded.run("request-check", str(asked), "--tree", str(founded.tree))
    assert code == 0
    assert "Request of Ana" in said and "2026-Q4, 2027-Q1" in said
    assert founded.propose("ana.json", "admit", str(asked), founded.path("record.toml"))[0] == 0
    shown = founded.run("show", founded.path("ana.json"), "--tree", str(founded.tree))[1]
    assert "Admitted: Ana (Example University), from 2026-11-25 to 2027-11-25" in shown
    assert "barred for Third Lab until 2027-06-30 because of employment there, which ended 2025-06-30" in shown
    assert "2 more stewards must sign." in shown
    assert "From now on may renew the timestamp: Ana" in shown
    founded.sign("ana.json", "ben")
    assert "signed by Ben; 1 more must sign" in founded.run("show", founded.path("ana.json"), "--tree", str(founded.tree))[1]
    founded.sign("ana.json", "cem")
    assert "Enough signatures" in founded.run("show", founded.path("ana.json"), "--tree", str(founded.tree))[1]
    assert founded.publish("ana.json")[0] == 0
    entry = founded.content("roster")["reviewers"][0]
    assert (entry["noticed"], entry["from"], entry["to"]) == ("2026-11-21", "2026-11-25", "2027-11-25")


def test_below_the_threshold_nothing_is_written(founded: Desk) -> None:
    asked = request(founded.folder, "Ana", 1, founded.programme)
    before = load(founded.tree)
    founded.propose("ana.json", "admit", str(asked), founded.path("record.toml"))
    assert "too few signatures" in founded.publish("ana.json")[2]
    founded.sign("ana.json", "ben")
    founded.sign("ana.json", "ben")  # one steward twice is one steward
    code, _, complaint = founded.publish("ana.json")
    assert code == 1
    assert "needs 2 stewards, signed by Ben; 1 more must sign" in complaint
    assert load(founded.tree) == before


def test_copies_signed_apart_are_combined(founded: Desk) -> None:
    founded.propose("p.json", "admit", str(request(founded.folder, "Ana", 1, founded.programme)), founded.path("record.toml"))
    text = Path(founded.path("p.json")).read_bytes()
    Path(founded.path("q.json")).write_bytes(text)
    founded.sign("p.json", "ada")
    founded.sign("q.json", "cem")
    assert founded.run("combine", founded.path("p.json"), founded.path("q.json"), "--out", founded.path("both.json"))[0] == 0
    assert founded.publish("both.json")[0] == 0


def test_one_steward_twice_does_not_combine_into_two(founded: Desk) -> None:
    founded.propose("p.json", "admit", str(request(founded.folder, "Ana", 1, founded.programme)), founded.path("record.toml"))
    Path(founded.path("q.json")).write_bytes(Path(founded.path("p.json")).read_bytes())
    founded.sign("p.json", "ada")
    founded.sign("q.json", "ada")
    founded.run("combine", founded.path("p.json"), founded.path("q.json"), "--out", founded.path("both.json"))
    assert "too few signatures" in founded.publish("both.json")[2]


def test_different_proposals_do_not_combine(with_ana: Desk) -> None:
    with_ana.propose("p.json", "pause", "Ana", "--until", "2027-01-01")
    with_ana.propose("q.json", "pause", "Ana", "--until", "2027-02-01")
    complaint = with_ana.run("combine", with_ana.path("p.json"), with_ana.path("q.json"), "--out", with_ana.path("both.json"))[2]
    assert "different proposals" in complaint


def test_a_text_changed_on_the_way(with_ana: Desk) -> None:
    with_ana.propose("p.json", "pause", "Ana", "--until", "2027-01-01")

    def tamper(value: Any) -> None:
        name = next(iter(value["targets"]))
        value["targets"][name] = value["targets"][name].replace("2027-01-01", "2028-01-01")

    edit(with_ana.path("p.json"), tamper)
    for command in (("show",), ("publish",), ("sign", "--key", with_ana.path("ada.key"), "--passphrase-file", with_ana.path("passphrase"))):
        code, _, complaint = with_ana.run(command[0], with_ana.path("p.json"), "--tree", str(with_ana.tree), *command[1:])
        assert (code, "not the ones that would be signed" in complaint) == (1, True)


def test_signed_parts_changed_on_the_way(with_ana: Desk) -> None:
    """The signatures were for something else, so they count for nothing."""
    with_ana.propose("p.json", "pause", "Ana", "--until", "2027-01-01")
    with_ana.sign("p.json", "ada", "ben")

    def tamper(value: Any) -> None:
        value["metadata"]["3.roster.json"]["signed"]["expires"] = "2027-02-01T00:00:00Z"

    edit(with_ana.path("p.json"), tamper)
    assert "roster needs 2 stewards, signed by nobody" in with_ana.publish("p.json")[2]


def test_a_root_that_hands_out_more_than_it_says(founded: Desk) -> None:
    """A proposal whose root would let one steward alone change the roster: shown as such, never signed with the tree at hand."""
    founded.propose("p.json", "admit", str(request(founded.folder, "Ana", 1, founded.programme)), founded.path("record.toml"))

    def tamper(value: Any) -> None:
        value["metadata"]["2.root.json"]["signed"]["roles"]["root"]["threshold"] = 1

    edit(founded.path("p.json"), tamper)
    assert "DO NOT SIGN: the threshold must be at least two" in founded.run("show", founded.path("p.json"), "--tree", str(founded.tree))[1]
    key = ("--key", founded.path("ada.key"), "--passphrase-file", founded.path("passphrase"))
    assert founded.run("sign", founded.path("p.json"), "--tree", str(founded.tree), *key)[0] == 1


def test_the_tree_has_moved_on(with_ana: Desk) -> None:
    with_ana.propose("p.json", "pause", "Ana", "--until", "2027-01-01")
    with_ana.sign("p.json", "ada", "ben")
    admitted(with_ana, "Bob", 2)
    before = load(with_ana.tree)
    assert with_ana.publish("p.json")[2] == "tellsafe: the tree has moved on since this proposal was made: propose again\n"
    assert load(with_ana.tree) == before


def test_a_timestamp_renewed_meanwhile_does_no_harm(with_ana: Desk) -> None:
    with_ana.propose("p.json", "pause", "Ana", "--until", "2027-01-01")
    with_ana.sign("p.json", "ada", "ben")
    with_ana.change("refresh", "--timestamp-only", by=("cem",))
    assert with_ana.publish("p.json")[0] == 0


def test_a_proposal_lapses(with_ana: Desk) -> None:
    with_ana.propose("p.json", "suspend", "Ana", "--reason", "CONDUCT")
    with_ana.sign("p.json", "ada")
    with_ana.now = NOW + 8 * DAY
    assert "has lapsed by now: propose again" in with_ana.publish("p.json")[2]


def test_one_steward_suspends_once(with_ana: Desk) -> None:
    said = with_ana.change("suspend", "Ana", "--reason", "CONDUCT", "--days", "14", by=("cem",))
    assert "Suspended: Ana from 2026-11-21 until 2026-12-04 (conduct)" in said
    assert "1 more steward must sign." in said
    with_ana.now = NOW + 14 * DAY
    assert "now two stewards must pause or revoke" in with_ana.propose("p.json", "suspend", "Ana", "--reason", "OTHER")[2]
    # An honest desk would not even write it: the same by hand.
    assert "15" not in with_ana.propose("p.json", "suspend", "Ana", "--reason", "OTHER", "--days", "15")[1]


def test_one_steward_is_enough_when_somebodys_term_ran_out(with_ana: Desk) -> None:
    admitted(with_ana, "Bob", 2)
    with_ana.change("refresh", "--all")
    with_ana.now = NOW + 100 * DAY
    with_ana.change("revoke", "Bob", "--reason", "RESIGNED")
    with_ana.now = NOW + 110 * DAY
    with_ana.change("suspend", "Ana", "--reason", "CONFLICT", by=("cem",))
    with_ana.change("refresh", "--timestamp-only", by=("cem",))
    for later in (200, 300, 350):
        with_ana.now = NOW + later * DAY
        with_ana.change("refresh")
    with_ana.now = NOW + 380 * DAY  # Ana's term is over, her key stands in the root
    with_ana.change("refresh", "--timestamp-only", by=("cem",))
    with_ana.change("suspend", "Ana", "--reason", "OTHER", by=("cem",))
    assert "No longer may renew the timestamp: Ana" in with_ana.change("refresh", "--all")


@pytest.mark.parametrize(
    "change",
    [
        ("pause", "Ana", "--until", "2027-01-01"),
        ("revoke", "Ana", "--reason", "CONDUCT"),
        ("programme", "facts.toml"),
        ("stewards", "ada.key.public.json", "ben.key.public.json", "dee.key.public.json"),
        ("evaluator", "dee.key.public.json", "--scope", "Tests"),
        ("refresh", "--all"),
    ],
)
def test_what_takes_two(with_ana: Desk, change: tuple[str, ...]) -> None:
    Path(with_ana.path("facts.toml")).write_text("cover_per_day = 9\n")
    there = [with_ana.path(word) if word.endswith((".toml", ".json")) else word for word in change]
    assert with_ana.propose("p.json", *there)[0] == 0
    with_ana.sign("p.json", "ben")
    before = load(with_ana.tree)
    assert "too few signatures" in with_ana.publish("p.json")[2]
    assert load(with_ana.tree) == before
    with_ana.sign("p.json", "ada")
    assert with_ana.publish("p.json")[0] == 0


def test_a_revocation_waits_for_its_notice(with_ana: Desk) -> None:
    with_ana.now = NOW + 30 * DAY
    said = with_ana.change("revoke", "Ana", "--reason", "CONFLICT")
    assert "Revoked: Ana, last day 2026-12-25 (a conflict of interest)" in said
    assert "No longer may renew the timestamp: Ana" in said
    assert "revoked already" in with_ana.propose("p.json", "revoke", "Ana", "--reason", "OTHER")[2]
    assert "not renewed" in with_ana.propose("p.json", "renew", str(with_ana.folder / "Ana-2.request.json"))[2]


def test_the_notice_begins_when_it_is_published(founded: Desk) -> None:
    asked = str(request(founded.folder, "Ana", 1, founded.programme))
    founded.propose("p.json", "admit", asked, founded.path("record.toml"))
    founded.sign("p.json", "ada", "ben")
    founded.now = NOW + 2 * DAY
    assert "notice of Ana would begin later" in founded.publish("p.json")[2]
    founded.now = NOW
    founded.propose("p.json", "admit", asked, founded.path("record.toml"), "--publish-on", "2026-11-23")
    founded.sign("p.json", "ada", "ben")
    founded.now = NOW + 2 * DAY
    assert founded.publish("p.json")[0] == 0
    assert founded.content("roster")["reviewers"][0]["from"] == "2026-11-27"
    assert "next six days" in founded.propose("p.json", "pause", "Ana", "--until", "none", "--publish-on", "2026-12-23")[2]


def test_a_term_before_the_notice_is_over_or_longer_than_a_year(founded: Desk) -> None:
    asked = str(request(founded.folder, "Ana", 1, founded.programme))
    record = Path(founded.path("record.toml")).read_text()
    Path(founded.path("early.toml")).write_text(record.replace('# from = "2026-12-01"', 'from = "2026-11-23"'))
    assert "before the public notice of 4 days is over" in founded.propose("p.json", "admit", asked, founded.path("early.toml"))[2]
    Path(founded.path("long.toml")).write_text(record.replace('# to = "2027-11-30"', 'to = "2028-11-30"'))
    assert "at most 12 months" in founded.propose("p.json", "admit", asked, founded.path("long.toml"))[2]


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ('identity = "Passport', 'identities = "Passport', "lacks access.identity"),
        ('referees = "D. Referee (university), E. Referee (law clinic)"', "", "lacks expertise.referees"),
        ("[record.searching]", "[record.searches]", "exactly the headings"),
        ('groups = ["A", "B"', 'groups = ["E", "B"', "E is not a concern group"),
        ('category = "EMPLOYMENT"', 'category = "FRIENDSHIP"', "categories are"),
        ('until = "2025-06-30"', 'until = "soon"', "a day is written"),
        ('affiliation = "Example University"', "", "lacks affiliation"),
        ('affiliation = "Example University"', 'affiliaton = "x"', "unknown name: affiliaton"),
        ("[[ties]]", "[[ties]", "neither right TOML"),
    ],
)
def test_a_vetting_record_that_is_not_whole(founded: Desk, was: str, becomes: str, sentence: str) -> None:
    record = Path(founded.path("record.toml")).read_text()
    assert was in record
    Path(founded.path("record.toml")).write_text(record.replace(was, becomes))
    asked = str(request(founded.folder, "Ana", 1, founded.programme))
    code, _, complaint = founded.propose("p.json", "admit", asked, founded.path("record.toml"))
    assert (code, complaint.count("\n")) == (1, 1)
    assert sentence in complaint


def test_one_card_and_one_key_for_each_person(with_ana: Desk) -> None:
    same_name = request(with_ana.folder, "ANA", 9, with_ana.programme)
    assert "one card for each person" in with_ana.propose("p.json", "admit", str(same_name), with_ana.path("record.toml"))[2]
    same_keys = request(with_ana.folder, "Another", 1, with_ana.programme)
    assert "every key is used once" in with_ana.propose("p.json", "admit", str(same_keys), with_ana.path("record.toml"))[2]


def test_a_request_that_was_changed_or_is_for_others(founded: Desk) -> None:
    asked = request(founded.folder, "Ana", 1, founded.programme)
    asked.write_bytes(asked.read_bytes().replace(b'"Ana"', b'"Eva"'))
    assert "BadSignature" in founded.run("request-check", str(asked), "--tree", str(founded.tree))[2]
    other = request(founded.folder, "Ana", 1, bytes(32))
    assert "Mismatch" in founded.propose("p.json", "admit", str(other), founded.path("record.toml"))[2]
    assert founded.run("request-check", founded.path("record.toml"))[2] == "tellsafe: this is not a request\n"


def test_a_renewal_adds_keys_and_never_exchanges_one(with_ana: Desk) -> None:
    with_ana.now = NOW + 45 * DAY
    more = ("2026-Q4", "2027-Q1", "2027-Q2", "2027-Q3")
    before = with_ana.content("roster")["reviewers"][0]
    said = with_ana.change("renew", str(request(with_ana.folder, "Ana", 1, with_ana.programme, more)))
    assert "Renewed" not in said
    assert "New open key: Ana, 2027-Q3" in said and "Open key dropped: Ana, 2026-Q4" in said
    entry = with_ana.content("roster")["reviewers"][0]
    assert [each["quarter"] for each in entry["open"]] == ["2027-Q1", "2027-Q2", "2027-Q3"]
    assert {**entry, "open": []} == {**before, "open": []}, "the term, and all else, as it was"
    stranger = request(with_ana.folder, "Ana", 7, with_ana.programme, ("2027-Q4",))
    assert "keys are never exchanged" in with_ana.propose("p.json", "renew", str(stranger))[2]


def test_a_new_term_is_asked_for_by_name_with_a_vetting_record_of_its_own(with_ana: Desk) -> None:
    with_ana.now = NOW + 45 * DAY
    asked = str(request(with_ana.folder, "Ana", 1, with_ana.programme, ("2027-Q1", "2027-Q2")))
    term, record = Path(with_ana.path("term.toml")), Path(with_ana.path("record.toml"))
    term.write_text('to = "2028-01-05"\n')
    assert "a new term is asked for with --new-term" in with_ana.propose("p.json", "renew", asked, str(term))[2]
    term.write_text('affiliation = "Elsewhere"\n')
    assert "Ana, affiliation: Elsewhere" in with_ana.propose("p.json", "renew", asked, str(term))[1]
    assert "lacks groups, languages, record, ties" in with_ana.propose("p.json", "renew", asked, str(term), "--new-term")[2]
    assert "lacks affiliation, groups" in with_ana.propose("p.json", "renew", asked, "--new-term")[2]
    assert "vetting record that Ana has already" in with_ana.propose("p.json", "renew", asked, str(record), "--new-term")[2]
    record.write_text(record.read_text().replace("2026-11-02", "2026-12-30"))
    assert "Renewed: Ana, term 2027-01-05 to 2028-01-05" in with_ana.change("renew", asked, str(record), "--new-term")
    with_ana.now += 366 * DAY
    with_ana.change("refresh", "--all")
    late = str(request(with_ana.folder, "Ana", 1, with_ana.programme, ("2028-Q1",)))
    assert "ended 2028-01-05: vet again" in with_ana.propose("p.json", "renew", late)[2]
    # Nor can two stewards sign what their own commands would not write.
    roster = with_ana.content("roster")
    roster["reviewers"][0]["to"] = "2028-01-06"
    state = state_of(load(with_ana.tree))
    made, texts = next_versions(state, {"roster": roster}, with_ana.now)
    Path(with_ana.path("p.json")).write_bytes(proposals.to_bytes(proposals.Proposal(made, texts)))
    assert "DO NOT SIGN: the term of Ana may not grow" in with_ana.run("show", with_ana.path("p.json"), "--tree", str(with_ana.tree))[1]


def test_an_evaluator_gets_a_new_term_with_the_same_key(founded: Desk) -> None:
    ask = ("evaluator", founded.path("dee.key.public.json"), "--scope")
    founded.change(*ask, "Tests")
    founded.now = NOW + 300 * DAY
    founded.change("refresh", "--all")
    assert "Renewed: Dee, term 2027-09-17 to 2028-09-16 (was 2026-11-25 to 2027-11-25)" in founded.change(*ask, "Tests and more")
    entry = founded.content("roster")["evaluators"][0]
    assert (entry["noticed"], entry["scope"]) == ("2026-11-21", "Tests and more")
    founded.change("revoke", "Dee", "--reason", "OTHER")
    assert "every key is used once" in founded.propose("p.json", *ask, "Tests")[2], "nor does a revoked one come back"


def test_a_pause_and_its_end(with_ana: Desk) -> None:
    with_ana.change("pause", "Ana", "--until", "2027-01-01")
    assert with_ana.content("roster")["reviewers"][0]["paused"] == "2027-01-01"
    assert "Pause ended: Ana" in with_ana.change("pause", "Ana", "--until", "none")
    assert "nobody on the roster is called Eva" in with_ana.propose("p.json", "pause", "Eva", "--until", "none")[2]


def test_promises_are_added_changed_and_retired(founded: Desk) -> None:
    words = ("--lab", "Another Lab", "--title", "No one is gagged", "--since", "2026-02-01", "--source", "A letter to staff")
    said = founded.change("commitment", "--add", "EX-2", *words)
    assert "New promise: EX-2: No one is gagged (Another Lab, 2026-02-01)\n      published in: A letter to staff\n" in said
    said = founded.change("commitment", "--change", "EX-1", "--title", "No use before tests")
    assert "Changed promise: EX-1: No use before tests (Example Lab, 2025-03-01)" in said and "was: EX-1: No wide internal" in said
    assert "Retired promise: EX-1" in founded.change("commitment", "--retire", "EX-1")
    assert [each["id"] for each in founded.content("programme")["commitments"]] == ["EX-2"]
    refused = {
        "there is a promise ex-2 already": ("--add", "ex-2", *words),
        "a promise needs title, since, source": ("--add", "EX-3", "--lab", "Example Lab"),
        "Nowhere is not a lab of this programme": ("--change", "EX-2", "--lab", "Nowhere"),
        "a day is written": ("--change", "EX-2", "--since", "spring"),
        "say what changes of EX-2": ("--change", "EX-2", "--lab", "Another Lab"),
        "there is no promise EX-1; there are: EX-2": ("--retire", "EX-1"),
        "give the id alone": ("--retire", "EX-2", "--title", "x"),
    }
    for sentence, arguments in refused.items():
        assert sentence in founded.propose("p.json", "commitment", *arguments)[2]
    twice = founded.content("programme")["commitments"] * 2
    Path(founded.path("facts.json")).write_text(json.dumps({"commitments": twice}))
    assert "two promises are called EX-2" in founded.propose("p.json", "programme", founded.path("facts.json"))[2]


def test_a_lost_key_is_replaced(with_ana: Desk) -> None:
    """Cem's key is lost. Ada and Ben are enough of the old and of the new; afterwards Dee counts and Cem does not."""
    publics = [with_ana.path(f"{name}.key.public.json") for name in ("ada", "ben", "dee")]
    fingerprint = with_ana.programme
    said = with_ana.change("stewards", *publics)
    assert "No longer may sign for the stewards: Cem" in said and "From now on may sign for the stewards: Dee" in said
    assert with_ana.programme == fingerprint
    with_ana.change("pause", "Ana", "--until", "2027-01-01", by=("ada", "dee"))
    with_ana.propose("p.json", "pause", "Ana", "--until", "none")
    key = ("--key", with_ana.path("cem.key"), "--passphrase-file", with_ana.path("passphrase"))
    complaint = with_ana.run("sign", with_ana.path("p.json"), "--tree", str(with_ana.tree), *key)[2]
    assert complaint == "tellsafe: this key may sign nothing in this proposal\n"
    with_ana.run("sign", with_ana.path("p.json"), *key)  # without the tree he can, and it counts for nothing
    with_ana.sign("p.json", "ada")
    assert "signed by Ada; 1 more must sign" in with_ana.publish("p.json")[2]


def test_new_stewards_need_the_old_ones(with_ana: Desk) -> None:
    publics = [with_ana.path(f"{name}.key.public.json") for name in ("cem", "dee")]
    with_ana.propose("p.json", "stewards", *publics)
    with_ana.sign("p.json", "cem", "dee")
    assert "root needs 2 stewards, signed by Cem; 1 more must sign" in with_ana.publish("p.json")[2]
    with_ana.sign("p.json", "ada")
    assert with_ana.publish("p.json")[0] == 0


def test_rules_hold_for_proposals_made_elsewhere(with_ana: Desk) -> None:
    """Another program may write proposals; what the desk would never propose it never signs nor publishes either."""
    state = state_of(load(with_ana.tree))
    roster = with_ana.content("roster")
    ana = roster["reviewers"][0]
    other = json.loads((request(with_ana.folder, "Eva", 5, with_ana.programme)).read_bytes())
    cases = {
        "may never be replaced": {**ana, "open": [{**ana["open"][0], "key": other["open"][0]["key"]}]},
        "may not change its name": {**ana, "name": "Eva"},
        "before the notice of 4 days": {**ana, "ended": "OTHER", "from": "2026-11-25", "to": "2026-11-25", "noticed": "2026-11-21"},
    }
    with_ana.now = NOW + 4 * DAY
    for sentence, entry in cases.items():
        made, texts = next_versions(state, {"roster": {**roster, "reviewers": [entry]}}, with_ana.now)
        Path(with_ana.path("p.json")).write_bytes(proposals.to_bytes(proposals.Proposal(made, texts)))
        shown = with_ana.run("show", with_ana.path("p.json"), "--tree", str(with_ana.tree))
        assert "DO NOT SIGN" in shown[1] and sentence in shown[1], (sentence, shown)
        key = ("--key", with_ana.path("ada.key"), "--passphrase-file", with_ana.path("passphrase"))
        for name in ("ada", "ben"):
            with_ana.run("sign", with_ana.path("p.json"), "--key", with_ana.path(f"{name}.key"), *key[2:])
        assert sentence in with_ana.publish("p.json")[2]
        assert sentence in with_ana.run("sign", with_ana.path("p.json"), "--tree", str(with_ana.tree), *key)[2]
    made, texts = next_versions(state, {"roster": {**roster, "reviewers": []}}, with_ana.now)
    Path(with_ana.path("p.json")).write_bytes(proposals.to_bytes(proposals.Proposal(made, texts)))
    assert "may not leave the roster yet" in with_ana.run("show", with_ana.path("p.json"), "--tree", str(with_ana.tree))[1]


def test_an_annex(with_ana: Desk) -> None:
    Path(with_ana.path("private.txt")).write_text("Told in confidence.\n")
    seal = ("annex", "seal", with_ana.path("private.txt"), "--for", "ana", "--tree", str(with_ana.tree), "--out", with_ana.path("a.annex"))
    assert with_ana.run(*seal)[0] == 0
    assert b"confidence" not in Path(with_ana.path("a.annex")).read_bytes()
    for name in ("ada", "ben", "cem"):
        key = ("--key", with_ana.path(f"{name}.key"), "--passphrase-file", with_ana.path("passphrase"))
        assert "Told in confidence." in with_ana.run("annex", "open", with_ana.path("a.annex"), *key)[1]
    key = ("--key", with_ana.path("dee.key"), "--passphrase-file", with_ana.path("passphrase"))
    assert "not sealed to Dee" in with_ana.run("annex", "open", with_ana.path("a.annex"), *key)[2]
    Path(with_ana.path("private.txt")).write_text("\x1b[2JTold by\tanybody.\nA second line.\u202e\n")
    with_ana.run(*seal)
    key = ("--key", with_ana.path("ada.key"), *key[2:])
    assert with_ana.run("annex", "open", with_ana.path("a.annex"), *key)[1].endswith("\n?[2JTold by     anybody.\nA second line.?\n")


def test_control_characters_do_not_reach_the_screen(with_ana: Desk) -> None:
    Path(with_ana.path("facts.json")).write_text(json.dumps({"emergency": "x\n  DO SIGN\x1b[2J"}))
    said = with_ana.change("programme", with_ana.path("facts.json"))
    assert "x?  DO SIGN?[2J" in said
    refused = with_ana.run("show", with_ana.path("x\x1b[2J"))[2]
    assert "x?[2J" in refused and refused[:-1].isprintable()


def test_publishing_to_a_servers_folder(founded: Desk) -> None:
    data = founded.folder / "data"
    founded.propose("p.json", "refresh")
    founded.sign("p.json", "ben")
    # The folder's own tree is the base, not the steward's copy.
    assert "there is no tree yet" in founded.publish("p.json", "--data", str(data))[2]
    assert load(data / "tree") == {"metadata": {}, "targets": {}}
    copytree(founded.tree, data / "tree")
    assert founded.publish("p.json", "--data", str(data))[0] == 0
    assert load(data / "tree") == load(founded.tree)
    assert not list(data.rglob("*.new"))


def test_a_version_is_never_written_over(founded: Desk) -> None:
    founded.propose("p.json", "refresh", "--all")
    founded.sign("p.json", "ada", "ben")
    (founded.tree / "metadata" / "2.roster.json").write_text("{}")
    assert "every version is kept for ever" in founded.publish("p.json")[2]
    assert not (founded.tree / "metadata" / "2.snapshot.json").exists()


class Server:
    """What POST /tree does: verify with what it has seen, write what is new."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url, self.now = folder, "", NOW

    def answer(self, path: str) -> bytes | None:
        held = load(self.folder)
        return to_bundle(held) if path == "/tree/bundle.json" and held["metadata"] else None

    def take(self, path: str, body: bytes) -> tuple[int, str]:
        assert path == "/tree"
        files = json.loads(body)
        state = state_of(files)
        try:
            verify_bundle(body, state.programme, self.now)
        except ProtocolError as error:
            return 400, str(error)
        store(self.folder, files)
        return 200, "stored"


@pytest.fixture
def server(founded: Desk) -> Iterator[Server]:
    made = Server(founded.folder / "served")
    copytree(founded.tree, made.folder)
    with serving(made.answer, made.take) as made.url:
        yield made


def test_publishing_to_a_server_and_fetching_from_it(founded: Desk, server: Server) -> None:
    founded.propose("p.json", "admit", str(request(founded.folder, "Ana", 1, founded.programme)), founded.path("record.toml"))
    founded.sign("p.json", "ada", "ben")
    code, said, _ = founded.publish("p.json", "--server", server.url)
    assert (code, "answered: stored" in said) == (0, True)
    assert load(server.folder) == load(founded.tree)
    fetch = ("fetch", "--server", server.url, "--tree", founded.path("copy"))
    assert founded.run(*fetch, "--fingerprint", "00" * 32)[0] == 1
    assert not Path(founded.path("copy")).exists()
    assert founded.run(*fetch, "--fingerprint", founded.programme.hex())[0] == 0
    assert to_bundle(load(Path(founded.path("copy")))) == to_bundle(load(founded.tree))


def test_a_server_that_says_no(founded: Desk, server: Server) -> None:
    founded.propose("p.json", "refresh")
    founded.sign("p.json", "ada")
    before = load(founded.tree)
    with serving(server.answer, lambda _path, _body: (400, "the tree has one key twice")) as url:
        assert founded.publish("p.json", "--server", url)[2] == "tellsafe: the server answered 400: the tree has one key twice\n"
    assert load(founded.tree) == before


def test_a_server_that_shows_an_older_or_another_tree(founded: Desk, server: Server) -> None:
    founded.change("refresh", "--all")  # the server did not get this
    founded.propose("p.json", "refresh")
    founded.sign("p.json", "ada")
    assert "an older tree than this one" in founded.publish("p.json", "--server", server.url)[2]
    fetch = ("fetch", "--server", server.url, "--tree", str(founded.tree), "--fingerprint", founded.programme.hex())
    assert "Rollback" in founded.run(*fetch)[2]
    shutil.rmtree(server.folder)
    tree.create_programme(server.folder, [bytes([number]) * 32 for number in (1, 2)], PROGRAMME, [], NOW)
    assert "another programme" in founded.publish("p.json", "--server", server.url)[2]


def test_a_lapsed_server_is_renewed(founded: Desk, server: Server) -> None:
    founded.now = server.now = NOW + 20 * DAY
    founded.propose("p.json", "refresh")
    founded.sign("p.json", "ada")
    assert founded.publish("p.json", "--server", server.url)[0] == 0
