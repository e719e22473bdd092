"""Signing events (PROTOCOL 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nacl.signing import SigningKey

from crypto.constants import LABEL_EVENT
from crypto.event import Event, event_id, payload_bytes


@dataclass(frozen=True)
class SignKey:
    """An Ed25519 key of a 32-byte seed."""

    seed: bytes = field(repr=False)

    @property
    def public(self) -> str:
        """The public key as hex32."""
        return SigningKey(self.seed).verify_key.encode().hex()


def sign_event(payload: Mapping[str, Any], seed: bytes, programme: bytes) -> Event:
    """Check, write and sign a payload. Malformed, WrongVersion or TooLong if it is not one."""
    data = payload_bytes(payload)
    key = SigningKey(seed)
    author = key.verify_key.encode()
    signature = key.sign(LABEL_EVENT + programme + data).signature
    return Event(event_id(author, data, programme), author.hex(), dict(payload), signature + author + data)
