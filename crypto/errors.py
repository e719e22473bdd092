"""Refusals, by the names of PROTOCOL section 1. The name is protocol; the sentence is for people and may change."""


class ProtocolError(Exception):
    """Anything this protocol refuses. ``name`` is the error name of section 1."""

    @property
    def name(self) -> str:
        return type(self).__name__


class Malformed(ProtocolError):
    """Bytes that are not in the one spelling the protocol allows."""


class WrongVersion(ProtocolError):
    """A payload or file of another protocol version."""


class BadPoint(ProtocolError):
    """An X25519 value that is non-canonical or of small order, or a shared secret of zeros."""


class BadKey(ProtocolError):
    """A signature key, a signature's R or an open key that must not be used."""


class BadSignature(ProtocolError):
    """A signature that does not verify, or whose S is not reduced."""


class NotForUs(ProtocolError):
    """Sealed bytes that our key does not open."""


class BadPadding(ProtocolError):
    """A sealed plaintext whose length or padding is wrong."""


class TooLong(ProtocolError):
    """More bytes or letters than there is room for."""


class BadWords(ProtocolError):
    """Receipt words outside the list, of another number, or with a wrong checksum."""


class BadEffort(ProtocolError):
    """A posting whose nonce shows too little effort."""


class Expired(ProtocolError):
    """Signed metadata past its date."""


class Rollback(ProtocolError):
    """Signed metadata older than what was already seen, or a root version out of sequence."""


class Threshold(ProtocolError):
    """Signed metadata with too few good signatures of distinct keys."""


class Mismatch(ProtocolError):
    """A hash, length, version or programme other than the one promised."""
