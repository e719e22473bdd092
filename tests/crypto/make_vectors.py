"""Writes crypto/vectors/*.json: `python -m tests.crypto.make_vectors`.

Everything is fixed but the sealing of letters, which no library lets us make without fresh randomness: letters that are already
in letter.json and still open are kept, so that a second run changes nothing.
"""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from nacl.bindings import crypto_scalarmult_base
from nacl.signing import SigningKey

from crypto import constants as c
from crypto import points, segment
from crypto.case import common, fold, heads
from crypto.encoding import b64, canonical, unb64
from crypto.event import Event, audience_of, parse_event
from crypto.graph import graph_of
from crypto.label import intake_label, label_message, report_id
from crypto.posting import effort_of, parse_posting
from crypto.private import opening
from crypto.private.receipt import ReceiptKeys, keys_of
from crypto.private.signing import SignKey, sign_evaluator, sign_event, sign_request
from crypto.receipt import words_of
from crypto.roster import parse_programme, parse_roster, parse_suspensions
from crypto.routing import Want, draw, explain, groups_of
from crypto.sealing import SUITE, letter_info, open_public, open_public_of, seal_letter, shared_secret, tag_of
from crypto.tree import Tree
from review.clocks import reporter_sentences
from tests.crypto import make_states
from tests.crypto.make_legal import legal_vectors
from tests.crypto.make_summary import summary_vectors
from tests.crypto.make_tree import PROGRAMME, tree_vectors

FOLDER = Path(__file__).parents[2] / "crypto" / "vectors"
Vector = dict[str, Any]
P_FIELD = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493


def h(text: str, length: int = 32) -> bytes:
    """Fixed bytes that look random."""
    return hashlib.shake_256(b"tellsafe vectors " + text.encode()).digest(length)


P, P2 = h("programme"), h("another programme")
WEEK = "2026-W47"
NO_WEEKS = ("2027-W53", "2026-W00", "2026-W54", "1999-W52", "2200-W01")  # 2026 has 53 weeks, 2027 has 52
SEEN = [7, h("segment 7").hex()]


def le(number: int) -> bytes:
    return number.to_bytes(32, "little")


def vector(name: str, comment: str, expect: str = "ok", **fields: Any) -> Vector:
    return {"name": name, "comment": comment, **fields, "expect": expect}


def write(name: str, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=True) + "\n"
    (FOLDER / name).write_text(text, encoding="utf-8")


# ---------------------------------------------------------------- constants, points, JSON


def constants() -> Vector:
    plain = {name: value for name, value in vars(c).items() if name.isupper() and isinstance(value, int)}
    labels = {name: value.decode() for name, value in vars(c).items() if name.startswith("LABEL_")}
    codes = {name: list(value) for name, value in vars(c).items() if isinstance(value, tuple)}
    return {
        "constants": plain,
        "labels": labels,
        "codes": codes,
        "no_reason": c.NO_REASON,
        "small_order_x": sorted(x.hex() for x in points.SMALL_ORDER_X),
        "small_order_y": sorted(y.hex() for y in points.SMALL_ORDER_Y),
    }


def point_vectors() -> list[Vector]:
    good = crypto_scalarmult_base(h("scalar"))
    key = SigningKey(h("seed")).verify_key.encode()
    out = [
        vector("x-good", "an ordinary point", kind="point", hex=good.hex()),
        vector("x-base", "the base point, 9", kind="point", hex=le(9).hex()),
        vector(
            "x-top-bit",
            "the same point with the top bit set",
            "BadPoint",
            kind="point",
            hex=le(int.from_bytes(good, "little") | 1 << 255).hex(),
        ),
        vector("x-short", "31 bytes", "BadPoint", kind="point", hex=good[:31].hex()),
        vector("x-long", "33 bytes", "BadPoint", kind="point", hex=(good + b"\0").hex()),
        vector("x-empty", "no bytes", "BadPoint", kind="point", hex=""),
        vector("x-p-2", "2^255-21 is canonical and not of small order", kind="point", hex=le(P_FIELD - 2).hex()),
        vector("key-good", "an ordinary key", kind="key", hex=key.hex()),
        vector("key-good-sign", "with the sign bit turned", kind="key", hex=(key[:31] + bytes([key[31] ^ 0x80])).hex()),
        vector("key-short", "31 bytes", "BadKey", kind="key", hex=key[:31].hex()),
    ]
    out += [vector(f"x-p+{i}", "not canonical", "BadPoint", kind="point", hex=le(P_FIELD + i).hex()) for i in (0, 1, 2, 9, 18)]
    out.append(vector("x-ones", "2^256-1", "BadPoint", kind="point", hex="ff" * 32))
    for x in sorted(points.SMALL_ORDER_X):
        out.append(vector(f"x-small-{x.hex()[:8]}", "small order", "BadPoint", kind="point", hex=x.hex()))
    for y in sorted(points.SMALL_ORDER_Y):
        for bit in (0, 0x80):
            hexed = (y[:31] + bytes([y[31] | bit])).hex()
            out.append(vector(f"key-small-{y.hex()[:8]}-{bit}", "small order, sign bit clear and set", "BadKey", kind="key", hex=hexed))
    for i in (0, 1, 2, 18):
        for bit in (0, 1 << 255):
            out.append(vector(f"key-p+{i}-{bit >> 255}", "not canonical", "BadKey", kind="key", hex=le((P_FIELD + i) | bit).hex()))
    return out


def json_vectors() -> list[Vector]:
    deep = lambda n: '{"a":' + "[" * (n - 1) + "]" * (n - 1) + "}"  # noqa: E731
    good = {
        "empty": "{}",
        "text": '{"a":"b"}',
        "max": '{"a":9007199254740991}',
        "zero": '{"a":0}',
        "nested": '{"a":[{"b":[]},"c",1]}',
        "depth-8": deep(8),
        "escapes": '{"a":"\\b\\t\\n\\f\\r\\"\\\\\\u0001\\u001f/"}',
        "delete": '{"a":"\u007f\u0080"}',
        "line-separators": '{"a":"\u2028\u2029"}',
        "bom-inside": '{"a":"\ufeff"}',
        "astral": '{"a":"\U0001f600"}',
        "utf16-order": '{"\U00010000":1,"\uffff":2}',
        "proto": '{"__proto__":{"a":1}}',
        "combining": '{"e\u0301":1,"\u00e9":2}',
        "numbers-as-names": '{"1":1,"10":2,"2":3}',
        "empty-name": '{"":1}',
    }
    bad = {
        "nothing": "",
        "list": "[]",
        "string": '"a"',
        "number": "1",
        "space": '{"a": 1}',
        "newline": '{"a":1}\n',
        "bom": '\ufeff{"a":1}',
        "order": '{"b":1,"a":2}',
        "utf8-order": '{"\uffff":2,"\U00010000":1}',
        "numeric-order": '{"1":1,"2":3,"10":2}',
        "double-name": '{"a":1,"a":1}',
        "double-name-2": '{"a":1,"a":2}',
        "double-name-escaped": '{"a":1,"\\u0061":1}',
        "null": '{"a":null}',
        "true": '{"a":true}',
        "false": '{"a":false}',
        "negative": '{"a":-1}',
        "minus-zero": '{"a":-0}',
        "fraction": '{"a":1.5}',
        "fraction-zero": '{"a":1.0}',
        "exponent": '{"a":1e2}',
        "exponent-zero": '{"a":0e0}',
        "plus": '{"a":+1}',
        "leading-zero": '{"a":01}',
        "too-big": '{"a":9007199254740992}',
        "too-big-rounds": '{"a":9007199254740993}',
        "huge": '{"a":' + "9" * 5000 + "}",
        "nan": '{"a":NaN}',
        "infinity": '{"a":Infinity}',
        "hex": '{"a":0x1}',
        "comment": '{"a":1/**/}',
        "trailing-comma": '{"a":1,}',
        "single-quotes": "{'a':1}",
        "nul": '{"a":"\\u0000"}',
        "nul-name": '{"\\u0000":1}',
        "raw-nul": '{"a":"\0"}',
        "raw-tab": '{"a":"\t"}',
        "escaped-slash": '{"a":"\\/"}',
        "escaped-letter": '{"a":"\\u0062"}',
        "escaped-upper": '{"a":"\\u001F"}',
        "escaped-tab": '{"a":"\\u0009"}',
        "escaped-astral": '{"a":"\\ud83d\\ude00"}',
        "lone-high": '{"a":"\\ud800"}',
        "lone-low": '{"a":"\\udc00"}',
        "swapped-pair": '{"a":"\\ude00\\ud83d"}',
        "lone-in-name": '{"\\ud800":1}',
        "depth-9": deep(9),
        "depth-100000": deep(100_000),
        "cut": '{"a":',
        "two": "{}{}",
        "backslash-x": '{"a":"\\x41"}',
        "vertical-tab": '{"a":1\v}',
        "no-break-space": '{"a":1}\u00a0',
    }
    raw = {
        "overlong": b'{"a":"\xc0\xaf"}',
        "surrogate-bytes": b'{"a":"\xed\xa0\x80"}',
        "latin1": b'{"a":"\xe9"}',
        "cut-utf8": b'{"a":"\xe2\x82"}',
        "above-10ffff": b'{"a":"\xf4\x90\x80\x80"}',
        "utf16": '{"a":1}'.encode("utf-16"),
        "utf32": '{"a":1}'.encode("utf-32-le"),
    }
    out = [vector(name, "the one spelling", hex=text.encode().hex()) for name, text in good.items()]
    out += [
        vector(name, "another spelling or type", "Malformed", hex=text.encode().hex())
        for name, text in bad.items()
        if name != "depth-100000"
    ]
    out.append(
        vector("depth-100000", "deeper than a parser's stack", "Malformed", repeat=["7b2261223a", "5b", "5d", "7d", 100_000], hex="")
    )
    return out + [vector(name, "not UTF-8", "Malformed", hex=data.hex()) for name, data in raw.items()]


# ---------------------------------------------------------------- receipts


def receipt_vectors() -> list[Vector]:
    e = h("entropy", 16)
    words = words_of(e)
    listed = words.split()
    wrong = words_of(h("other entropy", 16)).split()
    out = []
    for name, entropy in (("zeros", bytes(16)), ("ones", b"\xff" * 16), ("usual", e)):
        for programme in (P, P2):
            keys = keys_of(entropy, programme)
            fields = {
                "find_secret": keys.find_secret,
                "find_public": keys.find_public,
                "open_seed": keys.open_seed,
                "open_public": keys.open_public,
                "sign_seed": keys.sign_seed,
                "sign_public": keys.sign_public,
                "cover": keys.cover,
            }
            fields = {key: value.hex() for key, value in fields.items()}
            which = "" if programme == P else "-other-programme"
            out.append(
                vector(
                    name + which,
                    "words, and keys in one programme",
                    words=words_of(entropy),
                    entropy=entropy.hex(),
                    programme=programme.hex(),
                    keys=fields,
                )
            )
    swapped = [listed[1], listed[0], *listed[2:]]
    typed = {
        "upper": words.upper(),
        "spaces": "  " + "\t\n ".join(listed) + "\r\n",
        "four-letters": " ".join(w[:4] for w in listed),
        "mixed-cut": " ".join(w[: 4 + i % 3] for i, w in enumerate(listed)),
    }
    out += [vector(name, "typed another way", words=text, entropy=e.hex()) for name, text in typed.items()]
    bad = {
        "empty": "",
        "eleven": " ".join(listed[:11]),
        "thirteen": words + " " + listed[0],
        "three-letters": " ".join(w[:3] for w in listed),
        "not-in-list": " ".join([*listed[:11], "tellsafe"]),
        "word-and-more": " ".join([listed[0] + "x", *listed[1:]]),
        "commas": ", ".join(listed),
        "hyphens": "-".join(listed),
        "last-word": " ".join([*listed[:11], "zoo" if listed[11] != "zoo" else "abandon"]),
        "digits": "1 " * 12,
        "mixed-receipts": " ".join(listed[:6] + wrong[6:]),
        "twenty-four": words + " " + " ".join(wrong),
        "fullwidth": words.replace("a", "\uff41"),
        "swapped": " ".join(swapped),
    }
    return out + [vector(name, "refused", "BadWords", words=text) for name, text in bad.items()]


# ---------------------------------------------------------------- letters

ALICE, BOB = keys_of(h("alice", 16), P), keys_of(h("bob", 16), P)


def odd_letter(keys: ReceiptKeys, plain: bytes, programme: bytes = P) -> bytes:
    """A letter sealed by the rules around any plaintext at all."""
    r = h("odd" + plain[:8].hex())
    point = crypto_scalarmult_base(r)
    tag = tag_of(shared_secret(r, keys.find_public), programme, point, keys.find_public)
    return point + tag + SUITE.encrypt(plain, open_public(keys.open_public), info=letter_info(programme, point, keys.find_public))


def letter_pool() -> dict[str, bytes]:
    pad = lambda length, text=b"": (length.to_bytes(4, "big") + text).ljust(c.PLAIN_BYTES, b"\0")  # noqa: E731
    makers = {
        "hello": lambda: seal_letter(P, ALICE.find_public, ALICE.open_public, b"hello"),
        "second": lambda: seal_letter(P, ALICE.find_public, ALICE.open_public, b"second"),
        "cover": lambda: seal_letter(P, ALICE.find_public, ALICE.open_public, b""),
        "full": lambda: seal_letter(P, ALICE.find_public, ALICE.open_public, b"\xff" * c.EVENT_MAX),
        "other-programme": lambda: seal_letter(P2, ALICE.find_public, ALICE.open_public, b"hello"),
        "mixed-keys": lambda: seal_letter(P, ALICE.find_public, BOB.open_public, b"hello"),
        "too-long": lambda: odd_letter(ALICE, pad(c.EVENT_MAX + 1, b"a")),
        "longest-length": lambda: odd_letter(ALICE, pad(2**32 - 1, b"b")),
        "dirty-last": lambda: odd_letter(ALICE, pad(5, b"hello")[:-1] + b"\1"),
        "dirty-first": lambda: odd_letter(ALICE, pad(4, b"hello")),
        "dirty-cover": lambda: odd_letter(ALICE, pad(0, b"x")),
        "small": lambda: odd_letter(ALICE, pad(5, b"small"))[:-1],
    }
    path = FOLDER / "letter.json"
    old = json.loads(path.read_text())["letters"] if path.exists() else {}
    return {name: unb64(old[name]) if name in old else make() for name, make in makers.items()}


def letter_vectors(pool: dict[str, bytes]) -> list[Vector]:
    hello, second = pool["hello"], pool["second"]

    def opens(
        name: str,
        comment: str,
        letter: str,
        expect: str = "ok",
        patch: Any = (),
        message: bytes | None = None,
        who: str = "alice",
        programme: bytes = P,
    ) -> Vector:
        more = {"message": message.hex()} if message is not None and len(message) < 100 else {}
        more |= {"message_sha256": hashlib.sha256(message).hexdigest()} if message is not None else {}
        return vector(
            name,
            comment,
            expect,
            op="open",
            letter=letter,
            patch=[[at, data.hex()] for at, data in patch],
            receipt=who,
            programme=programme.hex(),
            **more,
        )

    top = bytes([hello[31] | 0x80])
    ct = 40 + c.ENC_BYTES
    out = [
        opens("hello", "opens", "hello", message=b"hello"),
        opens("cover", "cover opens to no bytes", "cover", message=b""),
        opens("full", "the longest event", "full", message=b"\xff" * c.EVENT_MAX),
        opens(
            "tag-is-not-opening",
            "a wrong tag is the finder's business, not the opener's",
            "hello",
            patch=[(32, bytes(8))],
            message=b"hello",
        ),
        opens("not-bob", "another person's keys", "hello", "NotForUs", who="bob"),
        opens("wrong-programme-key", "sealed in another programme", "other-programme", "NotForUs"),
        opens("wrong-programme-reader", "read as of another programme", "hello", "NotForUs", programme=P2),
        opens("find-and-open-of-two-people", "find key of one, open key of another", "mixed-keys", "NotForUs"),
        opens("swapped-clue", "the clue of another letter to the same reader", "hello", "NotForUs", [(0, second[:40])]),
        opens("swapped-sealed", "the sealed bytes of another letter to the same reader", "hello", "NotForUs", [(40, second[40:])]),
        opens("swapped-enc", "enc of another letter", "hello", "NotForUs", [(40, second[40:ct])]),
        opens("swapped-ct", "ciphertext of another letter", "hello", "NotForUs", [(ct, second[ct:])]),
        opens("enc-mlkem", "one bit of the ML-KEM ciphertext", "hello", "NotForUs", [(40, bytes([hello[40] ^ 1]))]),
        opens("enc-x25519", "one bit of the X25519 part of enc", "hello", "NotForUs", [(ct - 32, bytes([hello[ct - 32] ^ 1]))]),
        opens("enc-x25519-top", "the top bit of the X25519 part of enc", "hello", "NotForUs", [(ct - 1, bytes([hello[ct - 1] ^ 0x80]))]),
        opens("enc-x25519-zero", "enc with a zero X25519 part", "hello", "NotForUs", [(ct - 32, bytes(32))]),
        opens("ct-bit", "one bit of the ciphertext", "hello", "NotForUs", [(ct + 100, bytes([hello[ct + 100] ^ 1]))]),
        opens("gcm-tag", "one bit of the AES-GCM tag", "hello", "NotForUs", [(c.LETTER_BYTES - 1, bytes([hello[-1] ^ 1]))]),
        opens("r-top-bit", "R with the top bit set", "hello", "BadPoint", [(31, top)]),
        opens("r-zero", "R zero", "hello", "BadPoint", [(0, bytes(32))]),
        opens("r-other", "another good R", "hello", "NotForUs", [(0, crypto_scalarmult_base(h("other r")))]),
        opens("length-too-long", "a length of EVENT_MAX + 1", "too-long", "BadPadding"),
        opens("length-longest", "a length of 2^32 - 1", "longest-length", "BadPadding"),
        opens("dirty-last", "the last padding byte is 1", "dirty-last", "BadPadding"),
        opens("dirty-first", "a byte after the event", "dirty-first", "BadPadding"),
        opens("dirty-cover", "cover with something in its padding", "dirty-cover", "BadPadding"),
        opens("a-byte-short", "16,383 bytes", "small", "Malformed"),
    ]
    bad_rs = [*sorted(points.SMALL_ORDER_X), le(P_FIELD), le(P_FIELD + 9), b"\xff" * 32, hello[:31] + top]
    clues = [bad + bytes(8) for bad in bad_rs] + [hello[:40], pool["other-programme"][:40], hello[:32] + bytes(8)]
    clues += [hello[:31] + top + hello[32:40], second[:32] + hello[32:40], second[:40], pool["mixed-keys"][:40]]
    for who, keys, programme in (("alice", ALICE, P), ("alice", ALICE, P2), ("bob", BOB, P)):
        found = opening.find_matches(keys.find_secret, clues, programme)
        out.append(
            vector(
                f"find-{who}-{programme.hex()[:4]}",
                "bad clues are skipped; only whole clues of ours match; keys stay those of P",
                op="find",
                clues=[clue.hex() for clue in clues],
                receipt=who,
                programme=programme.hex(),
                matches=found,
            )
        )
    r = h("fixed r")
    for who, keys in (("alice", ALICE), ("bob", BOB)):
        point = crypto_scalarmult_base(r)
        secret = shared_secret(r, keys.find_public)
        out.append(
            vector(
                f"clue-{who}",
                "R, shared secret, tag and HPKE info from a fixed r",
                op="clue",
                r=r.hex(),
                find=keys.find_public.hex(),
                programme=P.hex(),
                point=point.hex(),
                secret=secret.hex(),
                tag=tag_of(secret, P, point, keys.find_public).hex(),
                info=letter_info(P, point, keys.find_public).hex(),
            )
        )
    zero_x = ALICE.open_public[:1184] + bytes(32)
    seals = [
        ("too-long", "EVENT_MAX + 1 bytes", "TooLong", ALICE.find_public, ALICE.open_public, c.EVENT_MAX + 1),
        ("longest", "EVENT_MAX bytes", "ok", ALICE.find_public, ALICE.open_public, c.EVENT_MAX),
        ("find-zero", "a find key of small order", "BadPoint", bytes(32), ALICE.open_public, 1),
        ("find-top", "a find key with the top bit", "BadPoint", ALICE.find_public[:31] + b"\xff", ALICE.open_public, 1),
        ("open-short", "an open key of 1,215 bytes", "BadKey", ALICE.find_public, ALICE.open_public[:-1], 1),
        (
            "open-modulus",
            "an ML-KEM key with a coefficient above the modulus",
            "BadKey",
            ALICE.find_public,
            b"\xff" * 3 + ALICE.open_public[3:],
            1,
        ),
        ("open-zero", "an open key whose X25519 part is zero", "BadKey", ALICE.find_public, zero_x, 1),
    ]
    for name, comment, expect, find, key, length in seals:
        out.append(vector(f"seal-{name}", comment, expect, op="seal", find=find.hex(), open=b64(key), programme=P.hex(), length=length))
    return out


# ---------------------------------------------------------------- events

SEEDS = {name: h("seed " + name) for name in ("rita", "olaf", "uma", "vera", "wim", "evan", "stranger")}
NAMES = {name: SignKey(seed).public for name, seed in SEEDS.items()}
OPEN = b64(open_public_of(h("open")))
ANSWERS = {
    "about": ["A1-UNDISCLOSED"],
    "stage": "L3-INTERNAL",
    "organisation": "Example Lab",
    "danger": "ONGOING",
    "basis": "SAW",
    "known": "K2",
    "raised": "",
    "may": "ASK",
    "promise": "",
}


def report_payload(**changes: Any) -> dict[str, Any]:
    base = common("report", WEEK, SEEN, 3, "all") | {
        "find": ALICE.find_public.hex(),
        "open": OPEN,
        "readers": [NAMES["rita"], NAMES["olaf"]],
        "reserves": [NAMES["uma"]],
        "answers": ANSWERS,
        "text": "A model is used inside. \u00e9\U0001f600",
        "parts": 0,
        "selfcopy": "full",
    }
    return base | changes


def later(kind: str, **changes: Any) -> dict[str, Any]:
    unsaid = {"reason": "NONE", "text": "", "until": "", "whom": "", "urgent": "NO"} if kind == "state" else {}
    return common(kind, WEEK, SEEN, 3, audience_of(kind), h("case").hex(), None, [h("case").hex()]) | unsaid | changes


TRIAGE = {
    "code": "C1-MISBEHAVE",
    "also": ["D4-REPRISAL"],
    "stage": "L3-INTERNAL",
    "severity": "S4",
    "harm": "H1",
    "urgency": "U1",
    "known": "K3",
    "risk": "SOME",
}


def evaluator_payload(case: str = h("case").hex(), **changes: Any) -> dict[str, Any]:
    base = {
        "evaluator": NAMES["evan"],
        "signature": sign_evaluator(case, SEEDS["evan"], P),
        "method": "",
        "access": "",
        "steps": "",
        "wishes": "",
    }
    return later("evaluator", case=case, parents=[case]) | base | changes


def label_payload(**changes: Any) -> dict[str, Any]:
    """A label of table T1 and the signature under it."""
    data = intake_label(report_id(h("case").hex(), P), WEEK, "C2-ESCAPE", "L3-INTERNAL")
    signature = SigningKey(SEEDS["rita"]).sign(label_message(data, P)).signature
    return later("label", table="T1", label=b64(data), signature=b64(signature)) | changes


def signed(data: bytes, seed: bytes = ALICE.sign_seed, programme: bytes = P, label: bytes = c.LABEL_EVENT) -> bytes:
    key = SigningKey(seed)
    return key.sign(label + programme + data).signature + key.verify_key.encode() + data


def spelled(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def without(payload: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if key != name}


def good_payloads() -> dict[str, dict[str, Any]]:
    return {
        "report": report_payload(),
        "report-three-readers": report_payload(readers=[NAMES[n] for n in ("rita", "olaf", "uma")], reserves=[]),
        "report-empty-text": report_payload(text="", answers=ANSWERS | {"organisation": "", "about": ["X2-OUTSIDE", "A1-UNDISCLOSED"]}),
        "stub": without(without(without(report_payload(selfcopy="dates", kind="stub", case=h("case").hex()), "answers"), "text"), "parts"),
        "part": later("part", n=2, text="more"),
        "reply": later("reply", text="yes"),
        "choice": later("choice", may="HOLD"),
        "withdraw": later("withdraw"),
        **{f"week-{week.lower()}": later("withdraw", week=week) for week in ("2026-W53", "2000-W01", "2199-W52")},
        "received": later("received"),
        "answer": later("answer", text="a question"),
        "note": later("note", text="between us"),
        "state": later("state", to="ACKNOWLEDGED"),
        "state-closed": later("state", to="CLOSED", reason="NO-REPLY", text="bye"),
        "state-needs-info": later("state", to="NEEDS_INFO", text="t" * 4000),
        "state-urgent": later("state", to="REFERRED", until="2026-W53", whom="\u00e9" * 100, urgent="YES"),
        "endorse": later("endorse", of=h("x").hex()),
        "done": later("done", of=h("x").hex(), text="d" * 4000),
        "legal": later("legal", of=h("x").hex(), text="l" * 4000),
        "knew": later("knew", since="2026-W40", text="k" * 4000),
        "confirm": later("confirm", of=h("x").hex(), agree="YES", warned="NO"),
        "triage": later("triage", **TRIAGE),
        "triage-no-more": later("triage", **TRIAGE | {"also": [], "known": "K0", "urgency": "U0"}),
        "assess": later("assess", credibility="E5", text="a" * 4000),
        "assign": later("assign", lead=NAMES["rita"], second=NAMES["olaf"]),
        "label": label_payload(),
        "label-T2": label_payload(table="T2", label="l" * 2000),
        "correction": later("correction", code="DC-PAUSE-INT", status="CLAIMED", text="c" * 2000),
        "packet": later("packet", to="CAL-OES", state=h("x").hex(), fields={"name": "", "what_happened": "f" * 4000}),
        "packet-empty": later("packet", to="REPORTER", state="", fields={}),
        "packet-30-fields": later(
            "packet", to="PUBLIC", state="", fields={chr(97 + n % 26) * (1 + n // 26) + "_" * 38: "" for n in range(30)}
        ),
        "purge": later("purge"),
        "retract": later("retract", of=h("x").hex()),
        "hold": later("hold", on="YES", text="a court asks"),
        "summary": later("summary", state="ACKNOWLEDGED", due="2026-W51", again=[h("x").hex()], older=[h("case").hex()]),
        "recuse": later("recuse"),
        "handover": later("handover", to=NAMES["uma"]),
        "cutoff": later("cutoff", of=NAMES["olaf"]),
        "cutoff-reviewers": later("cutoff", of=NAMES["olaf"], audience="reviewers"),
        "evaluator": evaluator_payload(),
        "evaluator-longest": evaluator_payload(method="m" * 4000, access="a" * 2000, steps="s" * 4000, wishes="w" * 1000),
        "prev": later("reply", prev=[h("x").hex()], text=""),
        "parents-32": later("reply", parents=sorted(h(str(i)).hex() for i in range(32)), text=""),
        "first-segment": later("reply", seen=[0, "00" * 32], text=""),
        "text-15000": later("reply", text="\u00e9" * 6900),
    }


def bad_payloads() -> dict[str, dict[str, Any]]:
    many = sorted(h(str(i)).hex() for i in range(33))
    a, keys = ANSWERS, [h(f"k{i}").hex() for i in range(13)]
    return {
        "no-kind": without(later("reply", text=""), "kind"),
        "unknown-kind": later("erase"),
        "kind-list": later("reply", text="") | {"kind": ["reply"]},
        "kind-constructor": later("constructor"),
        "name-missing": later("reply"),
        "name-too-many": later("withdraw", text=""),
        "no-version": without(later("withdraw"), "v"),
        "version-text": later("withdraw", v="1"),
        **{f"week-{week.lower()}": later("withdraw", week=week) for week in NO_WEEKS},
        "week-day": later("withdraw", week="2026-W47-1"),
        "week-newline": later("withdraw", week="2026-W47\n"),
        "week-arabic-digits": later("withdraw", week="\u0662\u0660\u0662\u0666-W47"),
        "seen-short": later("withdraw", seen=[1]),
        "seen-swapped": later("withdraw", seen=[SEEN[1], 7]),
        "seen-upper": later("withdraw", seen=[7, SEEN[1].upper()]),
        "roster-text": later("withdraw", roster="3"),
        "audience-unknown": later("withdraw", audience="public"),
        "case-short": later("withdraw", case="ab"),
        "case-newline": later("withdraw", case=h("case").hex() + "\n"),
        "prev-two": later("withdraw", prev=many[:2]),
        "prev-text": later("withdraw", prev=""),
        "parents-none": later("withdraw", parents=[]),
        "parents-33": later("withdraw", parents=many),
        "parents-unsorted": later("withdraw", parents=many[1::-1]),
        "parents-double": later("withdraw", parents=[many[0], many[0]]),
        "text-number": later("reply", text=1),
        "text-15001": later("reply", text="a" * 15_001),
        "part-0": later("part", n=0, text=""),
        "part-3": later("part", n=3, text=""),
        "may-unknown": later("choice", may="YES"),
        "may-lower": later("choice", may="ask"),
        "state-other": later("state", to="RECEIVED"),
        "state-closed-none": later("state", to="CLOSED"),
        "state-open-reason": later("state", to="ACKNOWLEDGED", reason="SPAM", text=""),
        "state-reason": later("state", to="CLOSED", reason="BORED", text=""),
        "state-purged": later("state", to="PURGED"),
        "state-withdrawn": later("state", to="WITHDRAWN"),
        "state-until": later("state", to="HELD", until="soon"),
        "state-until-no-week": later("state", to="HELD", until="2027-W53"),
        "state-until-none": later("state", to="HELD", until=[]),
        "state-whom-201": later("state", to="REFERRED", whom="a" * 201),
        "state-urgent": later("state", to="REFERRED", urgent="1"),
        "state-old": {key: value for key, value in later("state", to="HELD").items() if key not in ("until", "whom", "urgent")},
        "endorse-text": later("endorse", of=h("x").hex(), text=""),
        "endorse-list": later("endorse", of=[h("x").hex()]),
        "done-no-text": later("done", of=h("x").hex()),
        "done-text-4001": later("done", of=h("x").hex(), text="d" * 4001),
        "confirm-agree": later("confirm", of=h("x").hex(), agree="MAYBE", warned="NO"),
        "confirm-not-warned": later("confirm", of=h("x").hex(), agree="YES"),
        "triage-two-codes": later("triage", **TRIAGE | {"code": ["C1-MISBEHAVE"]}),
        "triage-also-three": later("triage", **TRIAGE | {"also": list(c.ABOUT_CODES[:3])}),
        "triage-also-double": later("triage", **TRIAGE | {"also": ["X1-OTHER"] * 2}),
        "triage-s0": later("triage", **TRIAGE | {"severity": "S0"}),
        "triage-h3": later("triage", **TRIAGE | {"harm": "H3"}),
        "triage-u4": later("triage", **TRIAGE | {"urgency": "U4"}),
        "triage-k5": later("triage", **TRIAGE | {"known": "K5"}),
        "triage-risk": later("triage", **TRIAGE | {"risk": "NONE"}),
        "triage-credibility": later("triage", **TRIAGE, credibility="E1"),
        "assess-e6": later("assess", credibility="E6", text=""),
        "assess-text-4001": later("assess", credibility="E1", text="a" * 4001),
        "assign-same": later("assign", lead=NAMES["rita"], second=NAMES["rita"]),
        "assign-nobody": later("assign", lead=NAMES["rita"], second=""),
        "label-table": label_payload(table="T3"),
        "label-2001": label_payload(label="l" * 2001),
        "label-signature-63": label_payload(signature=b64(bytes(63))),
        "label-no-signature": without(label_payload(), "signature"),
        "label-code": label_payload(code="C2-ESCAPE"),
        "correction-code": later("correction", code="DC-OTHER", status="ASKED", text=""),
        "correction-status": later("correction", code="DC-STOP", status="DONE", text=""),
        "correction-text-2001": later("correction", code="DC-STOP", status="ASKED", text="c" * 2001),
        "packet-to": later("packet", to="FBI", state="", fields={}),
        "packet-state": later("packet", to="PUBLIC", state="ab", fields={}),
        "packet-list": later("packet", to="PUBLIC", state="", fields=[]),
        "packet-31-fields": later("packet", to="PUBLIC", state="", fields={"a" * (n + 1): "" for n in range(31)}),
        "packet-name": later("packet", to="PUBLIC", state="", fields={"Name": ""}),
        "packet-name-empty": later("packet", to="PUBLIC", state="", fields={"": ""}),
        "packet-name-digit": later("packet", to="PUBLIC", state="", fields={"field1": ""}),
        "packet-name-newline": later("packet", to="PUBLIC", state="", fields={"name\n": ""}),
        "packet-name-41": later("packet", to="PUBLIC", state="", fields={"a" * 41: ""}),
        "packet-number": later("packet", to="PUBLIC", state="", fields={"name": 1}),
        "packet-text-4001": later("packet", to="PUBLIC", state="", fields={"name": "a" * 4001}),
        "packet-deep": later("packet", to="PUBLIC", state="", fields={"name": {"a": ""}}),
        "purge-text": later("purge", text=""),
        "legal-of-nothing": later("legal", of="", text=""),
        "legal-text-4001": later("legal", of=h("x").hex(), text="l" * 4001),
        "knew-day": later("knew", since="2026-10-01", text=""),
        "knew-no-text": later("knew", since="2026-W40"),
        "retract-text": later("retract", of=h("x").hex(), text=""),
        "hold-on": later("hold", on="MAYBE", text=""),
        "state-text-4001": later("state", to="CLOSED", reason="SPAM", text="a" * 4001),
        "summary-state": later("summary", state="OPEN", due=WEEK, again=[], older=[]),
        "summary-older-101": later("summary", state="CLOSED", due=WEEK, again=[], older=[h(str(i)).hex() for i in range(101)]),
        "summary-again-81": later("summary", state="CLOSED", due=WEEK, again=[h(str(i)).hex() for i in range(81)], older=[]),
        "summary-due": later("summary", state="CLOSED", due="soon", again=[], older=[]),
        "readers-one": report_payload(readers=keys[:1]),
        "readers-double": report_payload(readers=[keys[0], keys[1], keys[0]]),
        "readers-four": report_payload(readers=keys[:4]),
        "reserves-13": report_payload(reserves=keys),
        "open-short": report_payload(open=OPEN[:-2]),
        "open-padded": report_payload(open=OPEN[:-1] + "="),
        "open-plus": report_payload(open="+" + OPEN[1:]),
        "open-stray-bits": report_payload(open=OPEN[:-1] + "B"),
        "find-upper": report_payload(find=ALICE.find_public.hex().upper()),
        "parts-3": report_payload(parts=3),
        "selfcopy": report_payload(selfcopy="none"),
        "report-with-case": report_payload(case=h("case").hex()),
        "about-none": report_payload(answers=a | {"about": []}),
        "about-four": report_payload(answers=a | {"about": list(c.ABOUT_CODES[:4])}),
        "about-double": report_payload(answers=a | {"about": ["X1-OTHER"] * 2}),
        "about-unknown": report_payload(answers=a | {"about": ["A9-OTHER"]}),
        "about-text": report_payload(answers=a | {"about": "X1-OTHER"}),
        "stage-l8": report_payload(answers=a | {"stage": "L8-NONE"}),
        "organisation-201": report_payload(answers=a | {"organisation": "\u00e9" * 100 + "a"}),
        "known-k5": report_payload(answers=a | {"known": "K5"}),
        "answers-more": report_payload(answers=a | {"name": "me"}),
        "answers-less": report_payload(answers=without(a, "basis")),
        "answers-list": report_payload(answers=[]),
        "recuse-text": later("recuse", text="because"),
        "handover-list": later("handover", to=[NAMES["uma"]]),
        "handover-nobody": later("handover"),
        "cutoff-upper": later("cutoff", of=NAMES["olaf"].upper()),
        "cutoff-audience": later("cutoff", of=NAMES["olaf"], audience="readers"),
        "evaluator-method-4001": evaluator_payload(method="m" * 4001),
        "evaluator-access-2001": evaluator_payload(access="a" * 2001),
        "evaluator-steps-4001": evaluator_payload(steps="s" * 4001),
        "evaluator-wishes-1001": evaluator_payload(wishes="w" * 1001),
        "evaluator-no-wishes": without(evaluator_payload(), "wishes"),
        "evaluator-signature-63": evaluator_payload(signature=b64(bytes(63))),
        "evaluator-signature-hex": evaluator_payload(signature="00" * 64),
        "stub-with-text": report_payload(kind="stub", case=h("case").hex()),
    }


def event_vectors() -> list[Vector]:
    out = []
    for name, payload in good_payloads().items():
        event = sign_event(payload, ALICE.sign_seed, P)
        out.append(
            vector(name, "accepted", raw=event.raw.hex(), programme=P.hex(), seed=ALICE.sign_seed.hex(), id=event.id, author=event.author)
        )
    for name, payload in bad_payloads().items():
        out.append(vector(name, "names or types", "Malformed", raw=signed(spelled(payload)).hex(), programme=P.hex()))
    base = spelled(later("reply", text="yes"))
    good = signed(base)
    r, s, author = good[:32], int.from_bytes(good[32:64], "little"), good[64:96]
    small, huge = sorted(points.SMALL_ORDER_Y), b"\xff" * 31 + b"\x7f"
    full = later("part", n=1, text="")
    room = c.PAYLOAD_MAX - len(spelled(full | {"parents": sorted(h(str(i)).hex() for i in range(4))}))
    cases: list[tuple[str, str, str, bytes]] = [
        ("version-2", "a later version, whatever else it holds", "WrongVersion", signed(spelled({"v": 2, "new": 1}))),
        ("version-0", "version 0", "WrongVersion", signed(spelled(later("withdraw", v=0)))),
        ("version-2-spelled-badly", "the spelling is checked before the version", "Malformed", signed(b'{"v": 2}')),
        ("spaces", "well signed, another spelling", "Malformed", signed(base.replace(b'","', b'", "', 1))),
        ("double-name", "a name twice", "Malformed", signed(base.replace(b'{"', b'{"audience":"reviewers","', 1))),
        ("lone-surrogate", "an escaped lone surrogate", "Malformed", signed(base.replace(b'"yes"', b'"\\ud800"'))),
        ("float-version", "v is 1.0", "Malformed", signed(base.replace(b'"v":1', b'"v":1.0'))),
        ("true-version", "v is true", "Malformed", signed(base.replace(b'"v":1', b'"v":true'))),
        ("null", "null for a list", "Malformed", signed(base.replace(b'"prev":[]', b'"prev":null'))),
        ("list", "the payload is a list", "Malformed", signed(b"[]")),
        ("empty", "no payload", "Malformed", signed(b"")),
        ("short", "no bytes at all", "Malformed", b""),
        ("too-long", "one byte above EVENT_MAX", "Malformed", signed(b"a" * (c.PAYLOAD_MAX + 1))),
        ("other-programme", "signed for another programme", "BadSignature", signed(base, programme=P2)),
        ("other-label", "signed under the label of ids", "BadSignature", signed(base, label=c.LABEL_EVENT_ID)),
        ("no-label", "signed without a label", "BadSignature", signed(base, label=b"")),
        ("other-author", "the author's key replaced", "BadSignature", good[:64] + signed(base, SEEDS["rita"])[64:]),
        ("changed-payload", "one byte of the payload", "BadSignature", good[:-4] + b"x" + good[-3:]),
        ("signature-of-another", "the signature of another payload", "BadSignature", signed(base + b" ")[:64] + good[64:]),
        ("signature-zero", "S zero", "BadSignature", r + bytes(32) + good[64:]),
        ("s-plus-l", "S + L: the same signature to a lax verifier", "BadSignature", r + le(s + L) + good[64:]),
        ("s-is-l", "S = L", "BadSignature", r + le(L) + good[64:]),
        ("s-ones", "S all ones", "BadSignature", r + b"\xff" * 32 + good[64:]),
        ("r-changed", "R of another signature", "BadSignature", signed(base + b" ")[:32] + good[32:]),
        ("author-not-canonical", "a key above the field", "BadKey", good[:64] + huge + base),
        ("r-not-canonical", "R above the field", "BadKey", huge + good[32:]),
        ("author-off-curve", "a key that is no point", "BadSignature", good[:64] + le(2) + base),
    ]
    inner = sign_evaluator(h("case").hex(), SEEDS["evan"], P)
    turned = b64(bytes([unb64(inner)[0] ^ 1]) + unb64(inner)[1:])
    plain = SigningKey(SEEDS["evan"]).sign(P + h("case")).signature
    as_event = SigningKey(SEEDS["evan"]).sign(c.LABEL_EVENT + P + h("case")).signature
    inners: list[tuple[str, str, str, dict[str, Any]]] = [
        ("changed", "one bit of the evaluator's signature", "BadSignature", {"signature": turned}),
        ("other-case", "consent to another case", "BadSignature", {"signature": sign_evaluator(h("case 2").hex(), SEEDS["evan"], P)}),
        (
            "other-programme",
            "consent in another programme",
            "BadSignature",
            {"signature": sign_evaluator(h("case").hex(), SEEDS["evan"], P2)},
        ),
        ("other-key", "the consent of somebody else", "BadSignature", {"signature": sign_evaluator(h("case").hex(), SEEDS["rita"], P)}),
        ("no-label", "signed without a label", "BadSignature", {"signature": b64(plain)}),
        ("event-label", "signed under the label of events", "BadSignature", {"signature": b64(as_event)}),
        ("s-plus-l", "S + L", "BadSignature", {"signature": b64(unb64(inner)[:32] + le(int.from_bytes(unb64(inner)[32:], "little") + L))}),
        ("small-key", "a key of small order", "BadKey", {"evaluator": small[0].hex()}),
    ]
    for name, comment, expect, change in inners:
        cases.append((f"evaluator-{name}", comment, expect, signed(spelled(evaluator_payload(**change)))))
    for y in small:
        cases.append(
            (f"author-small-{y.hex()[:8]}", "a key of small order signs anything for a lax verifier", "BadKey", y + bytes(32) + y + base)
        )
        cases.append((f"r-small-{y.hex()[:8]}", "R of small order", "BadKey", y + good[32:]))
    out += [vector(name, comment, expect, raw=raw.hex(), programme=P.hex()) for name, comment, expect, raw in cases]
    out.append(vector("replay", "a good event shown to another programme", "BadSignature", raw=good.hex(), programme=P2.hex()))
    assert parse_event(good, P).author == author.hex()
    for name, extra, expect in (("fits", 0, "ok"), ("one-more", 1, "TooLong")):
        four = sorted(h(str(i)).hex() for i in range(4))
        payload = full | {"parents": four, "text": "a" * min(room + extra, c.TEXT_MAX)}
        padded = json.dumps(payload)
        if room + extra <= c.TEXT_MAX:
            out.append(vector(f"sign-{name}", "writing a payload of PAYLOAD_MAX bytes and of one more", expect, op="sign", payload=padded))
    return out


# ---------------------------------------------------------------- segments and postings


def filled(index: int, fill: int | None = None) -> dict[str, Any]:
    point = crypto_scalarmult_base(h(f"letter {index}"))
    return {"clue": (point + h(f"tag {index}", 8)).hex(), "fill": index % 251 if fill is None else fill}


def whole(spec: dict[str, Any]) -> bytes:
    return bytes.fromhex(spec["clue"]) + bytes([spec["fill"]]) * c.SEALED_BYTES


def segment_vectors() -> list[Vector]:
    specs = [[filled(i) for i in range(6)], [filled(i) for i in range(10, 28)], [filled(i) for i in range(40, 56)]]
    weeks, previous, encoded, built = (WEEK, WEEK, "2026-W48"), c.ZERO32, [], []
    for n, (spec, week) in enumerate(zip(specs, weeks, strict=True), 1):
        one, blocks = segment.build_segment(P, n, week, previous, [whole(each) for each in spec])
        previous = segment.segment_hash(one)
        encoded.append(segment.encode(one))
        built.append(
            {"letters": spec, "week": week, "blocks": [segment.block_hash(block).hex() for block in blocks], "hash": previous.hex()}
        )
    one, two, three = encoded
    at = len(c.LABEL_SEGMENT)
    swap = bytearray(one)
    first = at + 84
    swap[first : first + 80] = one[first + 40 : first + 80] + one[first : first + 40]
    double = one[:first] + one[first : first + 40] * 2 + one[first + 80 :]
    file = [
        ("three", "three segments one after another", "ok", one + two + three),
        ("nothing", "an empty file", "ok", b""),
        ("middle", "a file that begins later", "ok", two + three),
        ("label", "another label", "Malformed", b"T" + one[1:]),
        ("cut", "a byte short", "Malformed", one[:-1]),
        ("cut-head", "cut in the head", "Malformed", one[:50]),
        ("more", "a byte more", "Malformed", one + b"\0"),
        ("count-less", "count one less", "Malformed", one[: first - 4] + (5).to_bytes(4, "big") + one[first:]),
        ("count-zero", "no letters", "Malformed", one[: first - 4] + bytes(4)),
        ("count-huge", "count 2^32-1", "Malformed", one[: first - 4] + b"\xff" * 4 + one[first:]),
        ("number-zero", "number 0", "Malformed", one[: at + 32] + bytes(8) + one[at + 40 :]),
        ("number-huge", "number 2^53", "Malformed", one[: at + 32] + (2**53).to_bytes(8, "big") + one[at + 40 :]),
        ("week", "no week", "Malformed", one[: at + 40] + b"2026-X47" + one[at + 48 :]),
        ("week-53", "a week that the calendar does not have", "Malformed", one[: at + 40] + b"2027-W53" + one[at + 48 :]),
        ("order", "clues swapped", "Malformed", bytes(swap)),
        ("double", "one clue twice", "Malformed", double),
        ("programme", "another programme", "Mismatch", one[:at] + P2 + one[at + 32 :]),
    ]
    out = [vector(name, comment, expect, op="parse", data=data.hex(), programme=P.hex()) for name, comment, expect, data in file]
    head = [3, segment.segment_hash(segment.parse_segments(three, P)[0]).hex()]
    fork = two[: at + 48] + h("fork") + two[at + 80 :]
    back = two[: at + 40] + b"2026-W46" + two[at + 48 :]
    begin = one[: at + 48] + h("before") + one[at + 80 :]
    chains: list[tuple[str, str, str, bytes, Any]] = [
        ("whole", "the whole chain and its head", "ok", one + two + three, head),
        ("later", "from the middle", "ok", two + three, head),
        ("gap", "one left out", "Mismatch", one + three, head),
        ("fork", "another previous hash", "Mismatch", one + fork, None),
        ("twice", "one segment twice", "Mismatch", one + one, None),
        ("order", "newest first", "Mismatch", two + one, None),
        ("back", "a week before the one before", "Mismatch", one + back, None),
        ("first", "number 1 names a segment before it", "Mismatch", begin, None),
        ("head-number", "the head says another number", "Mismatch", one + two + three, [4, head[1]]),
        ("head-hash", "the head says another hash", "Mismatch", one + two + three, [3, h("other").hex()]),
        ("head-behind", "the newest was held back", "Mismatch", one + two, head),
    ]
    out += [
        vector("chain-" + name, comment, expect, op="chain", data=data.hex(), programme=P.hex(), head=top)
        for name, comment, expect, data, top in chains
    ]
    out += [
        vector(
            f"build-{n}",
            "letters in any order give these bytes",
            op="build",
            number=n,
            programme=P.hex(),
            previous=(c.ZERO32.hex() if n == 1 else built[n - 2]["hash"]),
            data=encoded[n - 1].hex(),
            **spec,
        )
        for n, spec in enumerate(built, 1)
    ]
    everything = [[n, b] for n in range(1, 8) for b in range(3)]
    for name, blocks, matched in (
        ("none", everything, []),
        ("one", everything, [[3, 1]]),
        ("four", everything, everything[:4]),
        ("five", everything, everything[:5]),
        ("nine", everything, everything[:9]),
        ("seventeen", everything, everything[:17]),
        ("few", everything[:3], [[1, 0]]),
        ("empty", [], []),
    ):
        chosen = segment.cover_blocks(ALICE.cover, [(n, b) for n, b in blocks], [(n, b) for n, b in matched])
        out.append(
            vector(
                "cover-" + name,
                "matched blocks and cover",
                op="cover",
                cover=ALICE.cover.hex(),
                blocks=blocks,
                matched=matched,
                ask=[list(block) for block in chosen],
            )
        )
    # Over the ends of a year of 53 weeks, of one of 52, of a century that is no leap year, and within a year.
    for published, fits, ahead in (
        ("2026-W47", "2026-W48", "2026-W49"),
        ("2026-W52", "2026-W53", "2027-W01"),
        ("2026-W53", "2027-W01", "2027-W02"),
        ("2027-W52", "2028-W01", "2028-W02"),
        ("2099-W53", "2100-W01", "2100-W02"),
        ("2026-W47", "2000-W01", "2199-W52"),
    ):
        for week, expect in ((fits, "ok"), (ahead, "Malformed")):
            said = f"an event of {week} in a segment of {published}"
            out.append(vector(f"dated-{published}-{week}".lower(), said, expect, op="dated", week=week, published=published))
    return out


def posting_vectors() -> list[Vector]:
    specs = sorted((filled(i) for i in range(6)), key=lambda spec: str(spec["clue"]))
    clue = lambda at, text: [*specs[:at], {"clue": text, "fill": 1}, *specs[at + 1 :]]  # noqa: E731
    rest = str(specs[0]["clue"])[64:]
    top = bytearray.fromhex(str(specs[5]["clue"]))
    top[31] |= 0x80
    nonce = h("nonce", 8)
    lists = [
        ("good", "six letters", "ok", specs),
        ("swapped", "two letters swapped", "Malformed", [specs[1], specs[0], *specs[2:]]),
        ("double", "one letter twice", "Malformed", [specs[0], specs[0], *specs[2:]]),
        ("reversed", "descending", "Malformed", specs[::-1]),
        ("same-r", "one R with two tags", "Malformed", clue(1, str(specs[0]["clue"])[:64] + "ff" * 8)),
        ("five", "five letters", "Malformed", specs[:5]),
        ("seven", "seven letters", "Malformed", [*specs, filled(9)]),
        ("top-bit", "R with the top bit", "BadPoint", clue(5, bytes(top).hex())),
        ("not-canonical", "R = 2^255-10", "BadPoint", clue(5, le(P_FIELD + 9).hex() + rest)),
        ("ones", "R all ones", "BadPoint", clue(5, "ff" * 40)),
    ]
    lists += [(f"small-{x.hex()[:8]}", "R of small order", "BadPoint", clue(0, x.hex() + rest)) for x in sorted(points.SMALL_ORDER_X)]
    out = [vector(name, comment, expect, op="parse", nonce=nonce.hex(), letters=each, tail="") for name, comment, expect, each in lists]
    out.append(vector("tail", "a byte more", "Malformed", op="parse", nonce=nonce.hex(), letters=specs, tail="00"))
    out.append(vector("cut", "a byte short", "Malformed", op="parse", nonce=nonce.hex()[2:], letters=specs, tail=""))
    for name, hashed in (("none", c.ZERO32), ("segment", h("segment 7"))):
        best: dict[int, bytes] = {}
        for i in range(40):
            body = i.to_bytes(8, "big") + b"".join(whole(spec) for spec in specs)
            best.setdefault(effort_of(parse_posting(body), hashed), i.to_bytes(8, "big"))
        for bits, found in sorted(best.items()):
            out.append(
                vector(
                    f"effort-{name}-{bits}",
                    "leading zero bits",
                    op="effort",
                    nonce=found.hex(),
                    letters=specs,
                    tail="",
                    segment=hashed.hex(),
                    bits=bits,
                )
            )
    return out


# ---------------------------------------------------------------- cases


class Story:
    """Events of one case by name; the reporter is alice."""

    def __init__(self, **changes: Any) -> None:
        self.events: dict[str, Event] = {}
        self.paths: dict[str, str] = {}
        self.add("report", "alice", report_payload(**changes))
        self.case = self.events["report"].id

    def add(self, name: str, author: str, payload: dict[str, Any]) -> None:
        seed = ALICE.sign_seed if author == "alice" else SEEDS[author]
        self.events[name] = parse_event(sign_event(payload, seed, P).raw, P)

    def later(self, name: str, author: str, kind: str, parents: str, prev: str = "", **more: Any) -> None:
        if kind == "evaluator":
            more = evaluator_payload(self.case) | more
            more = {key: more[key] for key in ("evaluator", "signature", "method", "access", "steps", "wishes")}
        payload = later(kind, case=self.case, prev=[self.id(prev)] if prev else [], **more)
        payload["parents"] = sorted(self.id(each) for each in parents.split())
        self.add(name, author, payload)

    def id(self, name: str) -> str:
        """Of an event; the root's is the case's even where a stub stands for the report."""
        return self.case if name == "report" else self.events[name].id


def story() -> Story:
    s = Story()
    s.later("received", "rita", "received", "report")
    s.later("received2", "olaf", "received", "report")
    s.later("received-reserve", "uma", "received", "report")
    s.later("ack", "rita", "state", "received", "received", to="ACKNOWLEDGED")
    s.later("ack2", "olaf", "state", "received2", "received2", to="ACKNOWLEDGED")
    s.later("ack-again", "olaf", "state", "ack received2", "received2", to="ACKNOWLEDGED")
    s.later("closed", "rita", "state", "received", "received", to="CLOSED", reason="SPAM")
    s.later("closed-by-reserve", "uma", "state", "received-reserve", "received-reserve", to="CLOSED", reason="SPAM")
    s.later("received-far", "rita", "received", "received", "received", week="2026-W30")
    s.later("closed-far", "rita", "state", "received-far", "received-far", week="2026-W30", to="CLOSED", reason="SPAM")
    s.later("reopen-far", "rita", "state", "closed-far", "closed-far", week="2027-W46", to="REOPENED")
    s.later("ack-late", "olaf", "state", "closed received2", "received2", to="ACKNOWLEDGED")
    s.later("answer", "rita", "answer", "ack", "ack", text="which?")
    s.later("answer-fork", "rita", "answer", "ack", "ack", text="which one?")
    s.later("note", "rita", "note", "answer", "answer", text="hm")
    s.later("note-by-reporter-parent", "olaf", "note", "report note", "received2", text="yes")
    s.later("leak", "olaf", "answer", "note", "received2", text="leak")
    s.later("after-leak", "rita", "answer", "leak", "note", text="fine")
    s.later("reply", "alice", "reply", "answer", "report", text="that one")
    s.later("reply-tab2", "alice", "reply", "answer", "report", text="the other")
    s.later("choice-publish", "alice", "choice", "report", "report", may="PUBLISH")
    s.later("choice-hold", "alice", "choice", "report", "report", may="HOLD")
    s.later("choice-refer", "alice", "choice", "choice-publish choice-hold", "choice-hold", may="REFER")
    s.later("choice-through-answer", "rita", "answer", "choice-hold", "received", text="so be it")
    s.later("choice-after-answer", "alice", "choice", "choice-through-answer", "report", may="PUBLISH")
    s.later("withdraw", "alice", "withdraw", "closed", "report")
    s.later("forged-withdraw", "stranger", "withdraw", "report")
    s.later("forged-received", "stranger", "received", "report")
    s.later("forged-answer", "stranger", "answer", "report", text="let me in")
    s.later("reviewer-withdraws", "rita", "withdraw", "report")
    s.later("reporter-closes", "alice", "state", "report", "report", to="CLOSED", reason="SPAM", text="")
    s.later("open-note", "olaf", "note", "report", audience="all", text="oops")
    s.later("hidden-answer", "olaf", "answer", "report", audience="reviewers", text="oops")
    s.later("back-in-time", "rita", "answer", "report", week="2026-W46", text="early")
    s.later("next-week", "rita", "answer", "report", week="2026-W48", text="late")
    s.later("back-of-next", "olaf", "answer", "next-week", week="2026-W47", text="clock")
    s.later("forged-choice", "stranger", "choice", "report", may="PUBLISH")
    s.later("summary", "rita", "summary", "answer", "answer", state="ACKNOWLEDGED", due="2026-W51", again=[], older=[])
    stub = without(without(without(report_payload(selfcopy="dates", kind="stub", case=s.case), "answers"), "text"), "parts")
    s.add("stub", "alice", stub)
    s.add("stranger-stub", "stranger", stub)
    s.add("other-report", "stranger", report_payload(text="other"))
    other = s.events["other-report"].id
    s.add("other-case", "rita", later("answer", case=other, parents=[other], text="elsewhere"))
    s.add("replayed", "alice", later("reply", case=s.case, parents=[other], prev=[other], text="the parent is of another case"))
    return s


def leavings(readers: str, reserves: str) -> Story:
    """People who step back, hand over and cut each other off; for each pair of names one kind of event."""
    s = Story(readers=[NAMES[n] for n in readers.split()], reserves=[NAMES[n] for n in reserves.split()])
    people = (readers + " " + reserves).split()
    for a in people:
        s.later(f"{a}-received", a, "received", "report")
        s.later(f"{a}-note", a, "note", "report", text=a)
        s.later(f"{a}-recuse", a, "recuse", f"{a}-received", f"{a}-received")
        s.later(f"{a}-after-recuse", a, "answer", f"{a}-recuse", f"{a}-recuse", text="still here")
        s.later(f"{a}-note-after-recuse", a, "note", f"{a}-recuse", f"{a}-note", text="still here")
        s.later(f"{a}-beside-recuse", a, "answer", f"{a}-received", f"{a}-received", text="at the same time")
        s.later(f"{a}-recuse-again", a, "recuse", f"{a}-received", f"{a}-received", week="2026-W48")
    for a in people:
        for b in people:
            # What a saw of b is only that b received it.
            s.later(f"{a}-cuts-{b}", a, "cutoff", f"{b}-received", of=NAMES[b])
            s.later(f"{a}-cuts-notes-{b}", a, "cutoff", f"{b}-note", of=NAMES[b], audience="reviewers")
            s.later(f"{a}-to-{b}", a, "handover", "report", to=NAMES[b])
    return s


def two_story() -> Story:
    s = leavings("rita olaf", "uma vera")
    s.later("to-uma-late", "rita", "handover", "olaf-recuse", to=NAMES["uma"])
    s.later("uma-lives", "uma", "answer", "rita-to-uma", text="new here")
    s.later("uma-leaves", "uma", "recuse", "rita-to-uma")
    s.later("to-uma-again", "rita", "handover", "uma-leaves", "rita-to-uma", to=NAMES["uma"])
    for n in range(3, 60):  # until its id puts it behind the recuse that it does not know of
        s.later("rita-cuts-olaf-beside", "rita", "cutoff", "rita-received olaf-received", "rita-received", roster=n, of=NAMES["olaf"])
        names = ("report", "rita-received", "olaf-received", "rita-recuse", "rita-cuts-olaf-beside")
        held = {s.events[each].id: s.events[each] for each in names}
        if graph_of(held).order[-1] == s.events["rita-cuts-olaf-beside"].id:
            break
    s.later("uma-cuts-olaf-late", "uma", "cutoff", "rita-to-uma olaf-received", of=NAMES["olaf"])
    s.later("uma-to-vera", "uma", "handover", "rita-to-uma", week="2026-W48", to=NAMES["vera"])
    s.later("olaf-after-cut", "olaf", "answer", "rita-cuts-olaf", "olaf-received", text="I object")
    s.later("olaf-back-dated", "olaf", "answer", "report", text="I was always here")
    s.later("olaf-beside", "olaf", "answer", "olaf-received", "olaf-received", text="not seen")
    s.later("olaf-cuts-rita-back", "olaf", "cutoff", "rita-cuts-olaf", of=NAMES["rita"])
    s.later("evaluator", "alice", "evaluator", "report", "report")
    s.later(
        "evaluator-2",
        "alice",
        "evaluator",
        "evaluator",
        "evaluator",
        evaluator=NAMES["wim"],
        signature=sign_evaluator(s.case, SEEDS["wim"], P),
    )
    s.later("evaluator-forged", "stranger", "evaluator", "report")
    s.later("evaluator-by-reader", "rita", "evaluator", "report")
    s.later("stranger-recuse", "stranger", "recuse", "report")
    s.later("stranger-to", "rita", "handover", "report", week="2026-W48", to=NAMES["stranger"])
    s.later("stranger-cuts", "stranger", "cutoff", "report", of=NAMES["rita"])
    s.later("cut-stranger", "rita", "cutoff", "report", of=NAMES["stranger"])
    s.later("alice-cuts", "alice", "cutoff", "report", of=NAMES["rita"])
    s.later("hidden-recuse", "rita", "recuse", "report", audience="reviewers")
    s.later("cutoff-leaks", "rita", "cutoff", "olaf-note", of=NAMES["olaf"])
    s.later("early-recuse", "rita", "recuse", "report", week="2026-W46")
    return s


def three_story() -> Story:
    s = leavings("rita olaf wim", "uma vera")
    s.later("olaf-more", "olaf", "answer", "olaf-received", "olaf-received", text="more")
    s.later("rita-cuts-olaf-later", "rita", "cutoff", "olaf-more", "rita-cuts-olaf", of=NAMES["olaf"])
    s.later("wim-cuts-olaf-later", "wim", "cutoff", "olaf-more", of=NAMES["olaf"])
    s.later("rita-cuts-olaf-again", "rita", "cutoff", "rita-cuts-olaf", "rita-cuts-olaf", of=NAMES["olaf"])
    s.later("to-uma-after", "rita", "handover", "rita-cuts-olaf wim-cuts-olaf", "rita-cuts-olaf", to=NAMES["uma"])
    s.later("to-uma-between", "rita", "handover", "rita-cuts-olaf", "rita-cuts-olaf", week="2026-W48", to=NAMES["uma"])
    s.later("to-uma-by-olaf", "olaf", "handover", "wim-recuse", to=NAMES["uma"])
    s.later("uma-after", "uma", "answer", "to-uma-after", text="here")
    s.later("uma-by-olaf", "uma", "answer", "to-uma-by-olaf", text="here")
    s.later("to-vera-full", "rita", "handover", "to-uma-after", "to-uma-after", to=NAMES["vera"])
    s.later("olaf-cuts-rita-after", "olaf", "cutoff", "rita-cuts-olaf wim-cuts-olaf", of=NAMES["rita"])
    s.later("wim-cuts-rita-after", "wim", "cutoff", "olaf-cuts-rita-after", "wim-cuts-olaf", of=NAMES["rita"])
    # Which of two events at the same time comes first is up to their ids: tried until it is the one that tells rules apart.
    for name, parents, beside in (
        ("to-uma-too-early", "rita-cuts-olaf", "olaf-received rita-cuts-olaf wim-cuts-olaf"),
        ("to-uma-beside-recuse", "rita-received", "rita-received rita-recuse"),
    ):
        for n in range(3, 60):
            s.later(name, "rita", "handover", parents, "rita-received", roster=n, to=NAMES["uma"])
            ids = graph_of({s.events[each].id: s.events[each] for each in f"report {name} {beside}".split()}).order
            last = ids.index(s.events[beside.split()[-1]].id)
            if (ids.index(s.events[name].id) > last) == ("recuse" in beside):
                break
    s.later("olaf-recuse-after", "olaf", "recuse", "rita-cuts-olaf wim-cuts-olaf", "olaf-received")
    return s


TWO_PLANS = {
    "recuse": "rita-received rita-recuse",
    "recuse-both": "rita-received rita-recuse olaf-received olaf-recuse",
    "recuse-then-speaks": "rita-received rita-recuse rita-after-recuse",
    "recuse-then-note": "rita-received rita-recuse rita-note rita-note-after-recuse",
    "recuse-beside": "rita-received rita-recuse rita-beside-recuse",
    "recuse-hole": "rita-received rita-after-recuse",
    "recuse-twice": "rita-received rita-recuse rita-recuse-again",
    "recuse-by-reserve": "uma-received uma-recuse",
    "recuse-by-stranger": "stranger-recuse",
    "recuse-hidden": "hidden-recuse",
    "recuse-early": "early-recuse",
    "handover": "rita-to-uma uma-lives",
    "handover-missing": "uma-lives",
    "handover-late": "olaf-received olaf-recuse to-uma-late",
    "handover-by-gone": "rita-received rita-recuse rita-to-vera",
    "handover-full": "rita-to-uma uma-to-vera",
    "handover-race": "rita-to-uma olaf-to-uma",
    "handover-race-full": "rita-to-uma olaf-to-vera",
    "handover-to-reader": "rita-to-olaf",
    "handover-to-self": "rita-to-rita",
    "handover-to-stranger": "stranger-to",
    "handover-by-reserve": "uma-to-vera",
    "handover-by-itself": "uma-to-uma",
    "handover-note": "rita-to-uma uma-note",
    "handover-back": "rita-to-uma uma-leaves to-uma-again",
    "cutoff-of-two": "olaf-received rita-cuts-olaf olaf-beside",
    "cutoff-after": "olaf-received rita-cuts-olaf olaf-after-cut",
    "cutoff-back-dated": "olaf-received rita-cuts-olaf olaf-back-dated",
    "cutoff-notes-only": "olaf-received olaf-note rita-cuts-notes-olaf olaf-beside",
    "cutoff-not-notes": "olaf-received rita-cuts-olaf olaf-note",
    "cutoff-both-audiences": "olaf-received olaf-note rita-cuts-olaf rita-cuts-notes-olaf olaf-beside",
    "cutoff-each-other": "olaf-received rita-received rita-cuts-olaf olaf-cuts-rita",
    "cutoff-each-other-hole": "rita-cuts-olaf olaf-cuts-rita",
    "cutoff-in-return": "olaf-received rita-cuts-olaf olaf-cuts-rita-back",
    "cutoff-of-self": "rita-received rita-cuts-rita",
    "cutoff-of-reserve": "uma-received rita-cuts-uma rita-to-uma uma-lives",
    "cutoff-of-stranger": "cut-stranger",
    "cutoff-by-reserve": "rita-received uma-cuts-rita",
    "cutoff-by-stranger": "stranger-cuts",
    "cutoff-by-reporter": "alice-cuts",
    "cutoff-leaks": "olaf-note cutoff-leaks",
    "cutoff-three-needs-two": "olaf-received rita-to-uma uma-cuts-olaf-late olaf-beside",
    "cutoff-three-has-two": "olaf-received rita-to-uma uma-cuts-olaf-late rita-cuts-olaf olaf-beside",
    "cutoff-takes-back-handover": "olaf-received olaf-to-uma uma-note rita-cuts-olaf uma-cuts-olaf",
    "recuse-then-cutoff": "rita-received rita-recuse olaf-cuts-rita rita-beside-recuse",
    "cutoff-by-recused": "olaf-received rita-received rita-recuse rita-cuts-olaf",
    "cutoff-beside-recuse": "olaf-received rita-received rita-recuse rita-cuts-olaf-beside",
    "cutoff-then-recuse": "olaf-received rita-cuts-olaf olaf-recuse",
    "evaluator": "evaluator",
    "evaluator-first-wins": "evaluator evaluator-2",
    "evaluator-forged": "evaluator-forged",
    "evaluator-by-reader": "evaluator-by-reader",
}
THREE_PLANS = {
    "cutoff-one-of-three": "olaf-received rita-cuts-olaf olaf-more",
    "cutoff-two-of-three": "olaf-received rita-cuts-olaf wim-cuts-olaf olaf-more",
    "cutoff-one-saw-more": "olaf-received olaf-more rita-cuts-olaf wim-cuts-olaf-later",
    "cutoff-hole": "olaf-received rita-cuts-olaf wim-cuts-olaf-later",
    "cutoff-twice-by-one": "olaf-received olaf-more rita-cuts-olaf rita-cuts-olaf-again rita-cuts-olaf-later",
    "cutoff-third-saw-more": "olaf-received olaf-more rita-cuts-olaf wim-cuts-olaf rita-cuts-olaf-later",
    "cutoff-two-audiences": "olaf-received olaf-note rita-cuts-olaf wim-cuts-notes-olaf olaf-more",
    "cutoff-notes": "olaf-received olaf-note olaf-recuse olaf-note-after-recuse rita-cuts-notes-olaf wim-cuts-notes-olaf",
    "cutoff-and-self": "olaf-received rita-cuts-olaf olaf-cuts-olaf olaf-more",
    "cutoff-and-reserve": "olaf-received rita-cuts-olaf uma-cuts-olaf olaf-more",
    "circle-of-cutoffs": "rita-received olaf-received wim-received rita-cuts-olaf olaf-cuts-wim wim-cuts-rita",
    "everybody-cuts": "rita-received olaf-received wim-received rita-cuts-olaf olaf-cuts-wim wim-cuts-rita olaf-cuts-rita wim-cuts-olaf rita-cuts-wim",
    "two-against-two": "rita-received olaf-received rita-cuts-olaf wim-cuts-olaf olaf-cuts-rita wim-cuts-rita",
    "cutoff-by-cut-off": "rita-received olaf-received rita-cuts-olaf wim-cuts-olaf olaf-cuts-rita-after wim-cuts-rita-after",
    "handover-three": "rita-to-uma",
    "handover-after-cutoff": "olaf-received rita-cuts-olaf wim-cuts-olaf to-uma-after uma-after",
    "handover-between": "olaf-received rita-cuts-olaf wim-cuts-olaf to-uma-between",
    "handover-too-early": "olaf-received rita-cuts-olaf wim-cuts-olaf to-uma-too-early",
    "handover-beside-recuse": "rita-received rita-recuse to-uma-beside-recuse",
    "handover-full-again": "olaf-received rita-cuts-olaf wim-cuts-olaf to-uma-after to-vera-full",
    "handover-by-cut-off": "olaf-received wim-received wim-recuse to-uma-by-olaf uma-by-olaf rita-cuts-olaf wim-cuts-olaf",
    "handover-after-recuse": "wim-received wim-recuse to-uma-by-olaf uma-by-olaf",
    "recuse-after-cutoff": "olaf-received rita-cuts-olaf wim-cuts-olaf olaf-recuse-after",
}


def leaving_vectors() -> tuple[list[Vector], dict[str, Event]]:
    """Vectors of two more cases, and their events under names with the case in front."""
    out: list[Vector] = []
    events: dict[str, Event] = {}
    for name, s, plans in (("two", two_story(), TWO_PLANS), ("three", three_story(), THREE_PLANS)):
        for plan_name, plan in plans.items():
            one = case_vector(s, f"{name}-{plan_name}", ["report", *plan.split()])
            events |= {f"{name}/{each}": s.events[each] for each in one["events"]}
            out.append(one | {"events": [f"{name}/{each}" for each in one["events"]]})
    return out, events


def state_vectors() -> tuple[list[Vector], dict[str, Event]]:
    """Vectors of cases at work, and their events under names with the kind of case in front."""
    out: list[Vector] = []
    events: dict[str, Event] = {}
    for kind, plans in make_states.plans().items():
        root = make_states.REPORTS[kind]
        people = {"readers": [NAMES[n] for n in ("rita", "olaf", "wim")], "reserves": [NAMES[n] for n in ("uma", "vera")]}
        s = Story(**people, answers=ANSWERS | root, text="")
        if kind == "stub":
            s.add(
                "report",
                "alice",
                without(
                    without(without(s.events["report"].payload | {"kind": "stub", "selfcopy": "dates", "case": s.case}, "answers"), "text"),
                    "parts",
                ),
            )
        for name, (comment, ends) in plans.items():
            plan = make_states.write(s, NAMES, ends)
            one = case_vector(s, f"{kind}-{name}", plan, comment)
            events |= {f"{kind}/{each}": s.events[each] for each in plan}
            out.append(one | {"events": [f"{kind}/{each}" for each in plan]})
        if kind == "publish":  # more heads than an event can name; the one to be named is neither a head nor the first by id
            plan = make_states.write(s, NAMES, ["ack tri", "ack knew", "ack k2", "ack reply", *(f"ack answer%{n}" for n in range(4, 44))])
            for name, of in (("crowd", ""), *((f"crowd-{each.split('-', 1)[1]}", s.id(each)) for each in plan[4:7:2])):
                one = case_vector(s, f"{kind}-{name}", plan, "many say something at the same time", of)
                out.append(one | {"events": [f"{kind}/{each}" for each in plan]})
            events |= {f"{kind}/{each}": s.events[each] for each in plan}
    return out, events


def case_vectors(s: Story) -> list[Vector]:
    plans = {
        "nothing": "",
        "no-root": "received ack",
        "report": "report",
        "received": "report received",
        "acknowledged": "report received ack",
        "doubles": "report received report received ack ack",
        "backwards": "ack received report",
        "closed": "report received closed",
        "closed-by-reserve": "report received-reserve closed-by-reserve",
        "reopen-through-hole": "report received-far closed-far reopen-far",
        "two-acks": "report received received2 ack ack2",
        "ack-again": "report received received2 ack ack-again",
        "ack-after-close": "report received closed received2 ack-late",
        "withdrawn-after-close": "report received closed withdraw",
        "withdrawn-with-hole": "report received withdraw",
        "forged-withdraw": "report forged-withdraw",
        "reviewer-withdraws": "report reviewer-withdraws",
        "reporter-closes": "report reporter-closes",
        "forged-received": "report received forged-received",
        "forged-fork": "report forged-received forged-answer",
        "reserve": "report received-reserve",
        "choice": "report choice-publish",
        "choices-at-once": "report choice-publish choice-hold",
        "choice-settled": "report choice-publish choice-hold choice-refer",
        "choice-settled-hole": "report choice-publish choice-refer",
        "choice-through-others": "report received choice-hold choice-through-answer choice-after-answer",
        "forged-choice": "report forged-choice",
        "choice-through-hole": "report received choice-hold choice-after-answer",
        "note": "report received ack answer note",
        "leak": "report received ack answer note received2 leak",
        "leak-without-the-note": "report received ack answer received2 leak",
        "after-leak": "report received ack answer note received2 leak after-leak",
        "notes": "report received ack answer note received2 note-by-reporter-parent",
        "open-note": "report open-note",
        "hidden-answer": "report hidden-answer",
        "back-in-time": "report back-in-time",
        "next-week": "report next-week",
        "back-of-next": "report next-week back-of-next",
        "hole": "report received answer",
        "parent-unknown": "report reply",
        "tabs": "report received ack answer reply reply-tab2",
        "fork": "report received ack answer answer-fork",
        "summary": "report received ack answer summary",
        "stub-only": "stub",
        "stub-and-answers": "stub received ack answer",
        "stub-beside-report": "report stub received",
        "stub-choice": "stub choice-hold",
        "stranger-stub-beside-report": "report stranger-stub",
        "other-case": "report received other-report other-case",
        "other-case-replay": "report other-report replayed",
        "only-other": "other-report other-case",
        "all": " ".join(name for name in s.events if name not in {"stub", "stranger-stub"}),
    }
    return [case_vector(s, name, plan.split()) for name, plan in plans.items()]


def case_file(vectors: list[Vector], events: dict[str, Event]) -> str:
    """The file of cases: each event once, names in place of ids and keys, and of a result only what is not as usual."""
    people = NAMES | {"alice": ALICE.sign_public.hex()}
    names = {key: name for name, key in people.items()} | {event.id: name for name, event in events.items()}
    named = json.loads(re.sub("[0-9a-f]{64}", lambda found: names.get(found[0], found[0]), json.dumps(vectors)))
    results = [each["result"] for each in named if each["result"]]
    usual = {field: Counter(json.dumps(each[field]) for each in results).most_common(1)[0][0] for field in results[0]}
    for one, given in zip(named, vectors, strict=True):
        if one["result"]:
            one["result"] = {field: value for field, value in one["result"].items() if json.dumps(value) != usual[field]}
        one["case"] = given["case"]
    head = {"programme": P.hex(), "people": people}
    head["usual"] = {field: json.loads(value) for field, value in usual.items()}
    written = {name: b64(event.raw) for name, event in events.items()}
    body = json.dumps(head, indent=1)[:-2] + ',\n "events": ' + json.dumps(written, indent=1)
    return body + ',\n "vectors": [\n' + ",\n".join(json.dumps(one) for one in named) + "\n]}\n"


def case_vector(s: Story, name: str, plan: list[str], comment: str = "the fold of these events, in any order", of: str = "") -> Vector:
    events = [s.events[each] for each in plan]
    folded = fold(events, s.case)
    if folded is None:
        return vector(name, "no case without its report or stub", case=s.case, events=plan, result=None)
    result = {
        "state": folded.state,
        "may": folded.may,
        "opened": sorted(folded.opened),
        "order": [event.id for event in folded.order],
        "void": dict(sorted(folded.void.items())),
        "missing": sorted(folded.missing),
        "equivocations": [list(ids) for ids in folded.equivocations],
        "readers": list(folded.readers),
        "gone": dict(sorted(folded.gone.items())),
        "evaluator": folded.evaluator,
        "since": folded.since,
        "until": folded.until,
        "whom": folded.whom,
        "history": [list(each) for each in folded.history],
        "proposals": [[each.id, each.why] for each in folded.proposals],
        "unsigned": list(folded.unsigned),
        "extended": list(folded.extended),
        "legal_hold": folded.legal_hold,
        "agreed": sorted(folded.agreed),
        "triage": folded.triage.id if folded.triage else "",
        "knew": folded.knew.id if folded.knew else "",
        "corrections": dict(sorted(folded.corrections.items())),
        "lead": folded.lead,
        "second": folded.second,
    }
    dues = [f"{code} {week}" for code, week, _ in reporter_sentences(folded)]
    quiet = {} if folded.void else {"heads": {who: heads(events, s.case, who, of) for who in c.AUDIENCES}} | ({"of": of} if of else {})
    return vector(name, comment, case=s.case, events=plan, result=result, dues=dues, **quiet)


# ---------------------------------------------------------------- routing


def reviewer(name: str, **changes: Any) -> dict[str, Any]:
    base = {
        "name": name,
        "affiliation": "Example Institute",
        "sign": SignKey(h("sign " + name)).public,
        "find": crypto_scalarmult_base(h("find " + name)).hex(),
        "open": [{"quarter": "2026-Q4", "key": b64(open_public_of(h("open " + name)))}],
        "languages": ["English"],
        "groups": ["A", "B", "C", "D"],
        "ties": [],
        "noticed": "2025-12-01",
        "from": "2026-01-01",
        "to": "2026-12-31",
        "paused": "",
        "ended": "",
        "record": {heading: {"said": heading} for heading in c.HEADINGS},
    }
    return base | changes


def tie(until: str, lab: str = "Example Lab", category: str = "EMPLOYMENT") -> list[dict[str, str]]:
    return [{"lab": lab, "category": category, "until": until}]


ROSTER = [
    reviewer("Ada"),
    reviewer("Tied", ties=tie("")),
    reviewer("Ended tie", ties=tie("2024-11-21")),
    reviewer("Ended later", ties=tie("2024-11-22")),
    reviewer("Future", ties=tie("2027-01-01")),
    reviewer("Spaced", ties=tie("", " \t\nEXAMPLE lab\r ")),
    reviewer("Elsewhere", ties=tie("", "Other Lab")),
    reviewer("Late", **{"from": "2026-11-22"}),
    reviewer("Gone", to="2026-11-20"),
    reviewer("Last day", to="2026-11-21"),
    reviewer("First day", **{"from": "2026-11-21"}),
    reviewer("No key", open=[]),
    reviewer("Old key", open=[{"quarter": "2026-Q3", "key": b64(open_public_of(h("q3")))}]),
    reviewer("Leap", ties=tie("2024-02-29", "Leap Lab")),
    reviewer("Revoked", to="2026-11-20", ended="CONDUCT"),
    reviewer("Revoked soon", to="2026-11-21", ended="RESIGNED"),
    reviewer("Revoked before", **{"from": "2026-11-22", "to": "2026-11-20", "ended": "OTHER"}),
    reviewer("Paused", paused="2026-11-21"),
    reviewer("Paused until yesterday", paused="2026-11-20"),
    reviewer("Suspended"),
    reviewer("Suspended first day"),
    reviewer("Suspended last day"),
    reviewer("Suspended yesterday"),
    reviewer("Suspended tomorrow"),
    reviewer("Suspended and late", **{"from": "2026-11-22"}),
    reviewer("Revoked without key", to="2026-11-20", ended="KEY-LOST", open=[]),
    reviewer("Paused and tied", paused="2026-12-01", ties=tie("")),
    reviewer("Friend", ties=tie("", category="FRIEND")),
    reviewer("Feud and old job", ties=tie("", category="FEUD") + tie("2024-11-21", category="GRANT")),
    reviewer("Competitor with shares", ties=tie("", category="COMPETITOR") + tie("", category="EQUITY")),
    reviewer("Accent", ties=tie("", "\u00c9tude Lab")),
    reviewer("Wide", ties=tie("", "\uff25xample\u00a0Lab")),
    reviewer("Sharp", ties=tie("", "Stra\u00dfe")),
    reviewer("Groups A B", groups=["A", "B"]),
    reviewer("Groups none", groups=[]),
    reviewer("Chinese", languages=["Chinese"]),
    reviewer("Both", languages=["Chinese", " english "]),
    reviewer("No language", languages=[]),
    reviewer("Tied without groups", ties=tie(""), groups=[]),
    reviewer("No groups, no language", groups=["D"], languages=[]),
]
BY_NAME = {entry["name"]: entry for entry in ROSTER}
SUSPENDED = [
    {"sign": BY_NAME[name]["sign"], "from": first, "until": until, "reason": "OTHER"}
    for name, first, until in (
        ("Suspended", "2026-11-15", "2026-11-25"),
        ("Suspended first day", "2026-11-21", "2026-11-25"),
        ("Suspended last day", "2026-11-10", "2026-11-21"),
        ("Suspended yesterday", "2026-11-10", "2026-11-20"),
        ("Suspended tomorrow", "2026-11-22", "2026-11-25"),
        ("Suspended and late", "2026-11-15", "2026-11-25"),
    )
]


def routing_tree() -> Tree:
    roster = parse_roster(canonical({"v": 1, "reviewers": ROSTER, "evaluators": []}), 1)
    suspended = parse_suspensions(canonical({"v": 1, "suspended": SUSPENDED}))
    return Tree(roster, suspended, parse_programme(canonical(PROGRAMME)), {}, stale=False)


def routing_vectors() -> list[Vector]:
    import datetime

    tree, today, lab = routing_tree(), "2026-11-21", "Example Lab"
    excluded = [BY_NAME[name]["sign"] for name in ("Ada", "Tied", "Suspended", "Elsewhere")]
    questions: list[tuple[str, str, str, Vector]] = [
        ("nothing", "nothing said", today, {}),
        ("lab", "a lab with ties", today, {"lab": lab}),
        ("lab-case", "other case and space", today, {"lab": " example LAB\n"}),
        ("lab-wide", "wide letters and a no-break space", today, {"lab": "\uff25xample\u00a0Lab"}),
        ("lab-vertical-tab", "a vertical tab is not white space here", today, {"lab": "Example Lab\v"}),
        ("other-lab", "another lab", today, {"lab": "Other Lab"}),
        ("lab-accent", "an accent typed as two characters", today, {"lab": "e\u0301tude lab"}),
        ("lab-no-accent", "without the accent it is another lab", today, {"lab": "etude lab"}),
        ("lab-sharp", "lower case, not case folding", today, {"lab": "strasse"}),
        ("excluded", "some left out, suspended or tied beside", today, {"lab": lab, "exclude": excluded}),
        ("group", "one group", today, {"groups": ["C"]}),
        ("groups", "two groups", today, {"groups": ["A", "D"]}),
        ("language", "a language", today, {"language": "Chinese"}),
        ("language-case", "a language in other case", today, {"language": " ENGLISH"}),
        ("language-unknown", "nobody", today, {"language": "Klingon"}),
        ("language-blank", "blanks are any", today, {"language": " \t"}),
        ("all", "everything at once", today, {"lab": lab, "groups": ["A"], "language": "english", "exclude": excluded}),
        ("next-day", "terms, ties, pauses and suspensions end or begin", "2026-11-22", {"lab": lab}),
        ("day-before", "a day earlier", "2026-11-20", {"lab": lab}),
        ("leap-before", "the day before a tie of 29 February lapses", "2026-02-28", {"lab": "Leap Lab"}),
        ("leap-after", "the day it lapses, though there is no 29 February", "2026-03-01", {"lab": "Leap Lab"}),
        ("other-quarter", "only the old key", "2026-09-30", {}),
        ("first-of-quarter", "the quarter begins", "2026-10-01", {}),
        ("year-after", "nobody", "2027-01-01", {}),
    ]
    out = []
    for name, comment, day, change in questions:
        want = {"lab": "", "groups": [], "language": "", "exclude": []} | change
        asked = Want(want["lab"], tuple(want["groups"]), want["language"], frozenset(want["exclude"]))
        codes = [[each.name, code] for each, code in explain(tree, asked, datetime.date.fromisoformat(day))]
        out.append(vector("explain-" + name, comment, op="explain", want=want, day=day, codes=codes))
    for name, about in (
        ("one", ["A1-UNDISCLOSED"]),
        ("same", ["B1-WEIGHTS", "B2-INSIDER"]),
        ("order", ["D1-EVALS", "A2-UNTESTED", "D2-MISLEAD"]),
        ("none", ["X1-OTHER", "X2-OUTSIDE"]),
        ("mixed", ["X1-OTHER", "C1-MISBEHAVE"]),
    ):
        out.append(vector("groups-" + name, "groups needed by answers", op="groups", about=about, groups=list(groups_of(about))))
    streams = {
        "empty": (0, b""),
        "one": (1, b""),
        "two": (2, h("two", 400)),
        "three": (3, h("three", 400)),
        "five": (5, h("five", 400)),
        "twenty": (20, h("twenty", 400)),
        "zeros": (7, bytes(400)),
        "rejected": (3, b"\xff\xff\xff\xff" * 3 + h("after", 400)),
        "edge": (3, b"\xff\xff\xff\xfe" + h("after", 400)),
        "little-endian": (20, b"\x01\x00\x00\x00" * 100),
    }
    for name, (count, stream) in streams.items():
        left = bytearray(stream)

        def take(n: int, left: bytearray = left) -> bytes:
            taken, left[:n] = bytes(left[:n]), b""
            return taken

        readers, reserves = draw(range(count), take)
        out.append(
            vector(
                "draw-" + name,
                "indexes of the eligible from a fixed random source",
                op="draw",
                count=count,
                random=stream.hex(),
                readers=readers,
                reserves=reserves,
                used=len(stream) - len(left),
            )
        )
    return out


# ---------------------------------------------------------------- requests


def request_vectors() -> list[Vector]:
    seed = SEEDS["rita"]
    public = {
        "sign": NAMES["rita"],
        "find": crypto_scalarmult_base(h("find rita")).hex(),
        "open": [{"quarter": quarter, "key": b64(open_public_of(h(quarter)))} for quarter in ("2026-Q4", "2027-Q1")],
    }
    first = public["open"][0]

    def asks(**change: Any) -> bytes:
        """Signed as it should be, whatever it says."""
        return canonical(sign_request("Rita", public | change, seed, P))

    good = json.loads(asks())
    zero = b64(unb64(first["key"])[:1184] + bytes(32))
    moduli = b64(b"\xff" * 3 + unb64(first["key"])[3:])
    other_label = SigningKey(seed).sign(c.LABEL_EVENT + P + canonical(without(good, "signature"))).signature
    cases = [
        ("good", "two quarters", "ok", asks()),
        ("one-quarter", "one open key", "ok", asks(open=[first])),
        ("spelled", "white space", "Malformed", asks() + b"\n"),
        ("v2", "another version", "WrongVersion", canonical(good | {"v": 2})),
        ("kind", "another kind", "Malformed", asks(kind="tellsafe proposal")),
        ("more", "a name too many", "Malformed", asks(more="")),
        ("less", "a name missing", "Malformed", canonical(without(good, "find"))),
        ("name-empty", "no name", "Malformed", asks(name=" ")),
        ("no-open", "no open key", "Malformed", asks(open=[])),
        ("quarter-twice", "one quarter twice", "Malformed", asks(open=[first, first])),
        ("quarter-5", "no quarter", "Malformed", asks(open=[first | {"quarter": "2026-Q5"}])),
        ("open-short", "an open key a byte short", "Malformed", asks(open=[first | {"key": b64(unb64(first["key"])[1:])}])),
        ("open-zero", "an open key whose X25519 part is zero", "BadKey", asks(open=[first | {"key": zero}])),
        ("open-modulus", "an open key above the modulus", "BadKey", asks(open=[first | {"key": moduli}])),
        ("find-zero", "a find key of small order", "BadPoint", asks(find="00" * 32)),
        ("other-programme", "to another programme", "Mismatch", canonical(sign_request("Rita", public, seed, P2))),
        (
            "programme-renamed",
            "signed for another programme, renamed",
            "BadSignature",
            canonical(json.loads(canonical(sign_request("Rita", public, seed, P2))) | {"programme": P.hex()}),
        ),
        ("renamed", "another name under the signature", "BadSignature", canonical(good | {"name": "Eve"})),
        (
            "other-find",
            "another find key under the signature",
            "BadSignature",
            canonical(good | {"find": crypto_scalarmult_base(h("eve")).hex()}),
        ),
        ("other-sign", "another's sign key", "BadSignature", asks(sign=NAMES["olaf"])),
        ("small-sign", "a sign key of small order", "BadKey", asks(sign=sorted(points.SMALL_ORDER_Y)[0].hex())),
        ("event-label", "signed under the label of events", "BadSignature", canonical(good | {"signature": b64(other_label)})),
        ("signature-63", "a signature a byte short", "Malformed", canonical(good | {"signature": b64(bytes(63))})),
    ]
    return [vector(name, comment, expect, data=data.hex(), programme=P.hex()) for name, comment, expect, data in cases]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    pool = letter_pool()
    receipts = {
        "alice": {"entropy": h("alice", 16).hex(), "programme": P.hex()},
        "bob": {"entropy": h("bob", 16).hex(), "programme": P.hex()},
    }
    s = story()
    left, left_events = leaving_vectors()
    moved, moved_events = state_vectors()
    write("constants.json", constants())
    write("points.json", {"vectors": point_vectors()})
    write("json.json", {"vectors": json_vectors()})
    write("receipt.json", {"vectors": receipt_vectors()})
    write(
        "letter.json", {"receipts": receipts, "letters": {name: b64(data) for name, data in pool.items()}, "vectors": letter_vectors(pool)}
    )
    write("event.json", {"vectors": event_vectors()})
    write("segment.json", {"vectors": segment_vectors()})
    write("posting.json", {"vectors": posting_vectors()})
    (FOLDER / "case.json").write_text(case_file(case_vectors(s) + left + moved, s.events | left_events | moved_events), encoding="utf-8")
    roster = {"v": 1, "reviewers": ROSTER, "evaluators": []}
    write("routing.json", {"roster": roster, "suspensions": {"v": 1, "suspended": SUSPENDED}, "vectors": routing_vectors()})
    write("legal.json", legal_vectors())
    write("summary.json", summary_vectors())
    write("request.json", {"vectors": request_vectors()})
    write("tree.json", tree_vectors([ROSTER[0], ROSTER[1]], canonical))


if __name__ == "__main__":
    main()
