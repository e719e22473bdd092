"""Signing events, requests and evaluators' consent (PROTOCOL 6 and 8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nacl.signing import SigningKey

from crypto.constants import LABEL_EVENT, VERSION
from crypto.encoding import b64
from crypto.event import Event, check_evaluator, evaluator_message, event_id, payload_bytes
from crypto.request import REQUEST_KIND, request_message


@dataclass(frozen=True)
class SignKey:
    """An Ed25519 key of a 32-byte seed."""

    seed: bytes = field(repr=False)

    @property
    def public(self) -> str:
        """The public key as hex32."""
        return SigningKey(self.seed).verify_key.encode().hex()


def sign_event(payload: Mapping[str, Any], seed: bytes, programme: bytes) -> Event:
    """Check, write and sign a payload. Malformed, WrongVersion or TooLong if it is not one; BadSignature: `evaluator` without consent."""
    data = payload_bytes(payload)
    check_evaluator(payload, programme)
    key = SigningKey(seed)
    author = key.verify_key.encode()
    signature = key.sign(LABEL_EVENT + programme + data).signature
    return Event(event_id(author, data, programme), author.hex(), dict(payload), signature + author + data)


def sign_evaluator(case_id: str, seed: bytes, programme: bytes) -> str:
    """The b64 `signature` by which an evaluator takes up a case (hex32)."""
    return b64(SigningKey(seed).sign(evaluator_message(case_id, programme)).signature)


def sign_request(name: str, public: Mapping[str, Any], seed: bytes, programme: bytes) -> dict[str, Any]:
    """A request to the stewards (PROTOCOL 8); `public` is ReviewerKeys.public() of the same seed."""
    value = {"v": VERSION, "kind": REQUEST_KIND, "name": name, "programme": programme.hex(), **public}
    return value | {"signature": b64(SigningKey(seed).sign(request_message(value, programme)).signature)}
