"""The desk's refusals. The sentence is for the steward who reads it."""


class Refused(Exception):
    """The desk does not do this; the one sentence says why."""
