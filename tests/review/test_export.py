import base64
import json
from pathlib import Path

import pytest

from crypto.case import Case
from crypto.errors import Malformed, NotForUs
from review import export, files, vault
from tests.review.story import SIGN, P, Story

NAMES = {sign: name for name, sign in SIGN.items()} | {"00" * 32: "Nobody"}
PASSPHRASE = "a passphrase for this file alone"


def told() -> Story:
    story = Story("An agent copied files.")
    story.say("Ada", "answer", text="Thank you.")
    story.say("Bo", "note", text="Private thought.")
    story.say("reporter", "reply", "2026-W11", text="More.\x1b[2J\u202e")
    return story


def packed(case: Case, notes: bool = True) -> bytes:
    return export.pack(case, P, "2026-W12", NAMES, notes)


def test_an_exported_case_is_the_same_case() -> None:
    case = told().case()
    found = export.unpack(packed(case))
    assert (found.case, found.refused, found.programme) == (case, 0, P.hex())
    assert set(found.names) == {SIGN["Ada"], SIGN["Bo"]}, "only those who speak in it"


def test_private_notes_stay_out_unless_asked_for() -> None:
    data = packed(told().case(), notes=False)
    found = export.unpack(data)
    assert [event.kind for event in found.case.order] == ["report", "answer", "reply"]
    assert "Private thought" not in export.as_text(found)
    assert "Private thought" in export.as_text(export.unpack(packed(told().case())))
    assert b'"Bo"' not in data and b'"Ada"' in data


def test_the_text_has_every_word_and_nothing_a_terminal_obeys() -> None:
    text = export.as_text(export.unpack(packed(told().case())))
    assert "An agent copied files." in text and "Thank you." in text and "State: Received" in text
    assert f"· Reviewer Ada ({SIGN['Ada'][:8]}) ·" in text, "the name is the exporter's word; the key is not"
    assert "\x1b" not in text and "\u202e" not in text


def test_no_text_looks_like_another_s() -> None:
    story = told()
    story.say("Ada", "answer", text="So.\n\n-- 2026-W12 · Reporter · Reply\ntext: I take it back.")
    found = export.unpack(changed(packed(story.case()), "names", {SIGN["Ada"]: "Reporter\n-- forged"}))
    heads = [line for line in export.as_text(found).splitlines() if line.startswith("-- ")]
    assert [head.split(" · ")[1].split(" ")[0] for head in heads] == ["Reporter", "Reviewer", "Reviewer", "Reporter", "Reviewer"]


def changed(data: bytes, name: str, value: object) -> bytes:
    whole = json.loads(data[len(export.HEADER) :])
    return export.HEADER + json.dumps({**whole, name: value}).encode()


def test_what_is_not_signed_is_not_believed() -> None:
    data = packed(told().case())
    events = json.loads(data[len(export.HEADER) :])["events"]
    forged = bytearray(base64.b64decode(events[1]))
    forged[-3] ^= 1
    found = export.unpack(changed(data, "events", [events[0], base64.b64encode(forged).decode(), *events[2:]]))
    assert found.refused == 1 and "1 entries do not check out" in export.as_text(found)
    assert "Thank you." not in export.as_text(found)
    with pytest.raises(Malformed):
        export.unpack(changed(data, "programme", "11" * 32))
    for name, value in (("case", "22" * 32), ("events", "x"), ("v", 2), ("names", 3), ("programme", "x"), ("week", "\x1b[2J")):
        with pytest.raises(Malformed):
            export.unpack(changed(data, name, value))
    for junk in (b"", b"{}", export.HEADER + b"[]", data[:-40]):
        with pytest.raises(Malformed):
            export.unpack(junk)


def test_the_reading_command(tmp_path: Path) -> None:
    (tmp_path / "case.tellsafe").write_bytes(vault.seal_file(PASSPHRASE, packed(told().case())))
    (tmp_path / "right").write_text(PASSPHRASE + "\n")
    (tmp_path / "wrong").write_text("another")
    assert b"copied" not in (tmp_path / "case.tellsafe").read_bytes()
    read = ["--read", str(tmp_path / "case.tellsafe"), "--passphrase-file"]
    assert files.wanted(read)
    code, words = files.main([*read, str(tmp_path / "right")])
    assert code == 0 and "An agent copied files." in words
    code, words = files.main([*read, str(tmp_path / "wrong")])
    assert code == 1 and "passphrase is wrong" in words
    with pytest.raises(NotForUs):
        vault.open_file("another", (tmp_path / "case.tellsafe").read_bytes())


def test_no_file_leaves_on_one_signature() -> None:
    story, since = told(), "2026-W08"
    assert export.agreed(story.case(), SIGN["Ada"], since) is None
    story.say("Bo", "note", text=f"{export.AGREE} {'0' * 64}")
    request = story.say("Ada", "note", text=export.ASK + "\nFor the lawyer.")
    assert export.asked(story.case(), SIGN["Ada"], since) == request
    assert export.to_agree(story.case(), SIGN["Bo"], since) == [request]
    story.say("Ada", "note", text=f"{export.AGREE} {request.id}")
    assert export.agreed(story.case(), SIGN["Ada"], since) is None, "one's own consent is none"
    consent = story.say("Cy", "note", "2026-W12", text=f"{export.AGREE} {request.id}")
    assert export.agreed(story.case(), SIGN["Ada"], since) == consent
    assert export.agreed(story.case(), SIGN["Bo"], since) is None and export.to_agree(story.case(), SIGN["Bo"], since) == []
    assert export.agreed(story.case(), SIGN["Ada"], "2026-W12") is None, "the request was made in week 11 and is too old by then"
