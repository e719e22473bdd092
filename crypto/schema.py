"""Checks of parsed values: a shape is a mapping from every name an object must have to the check of its value."""

from collections.abc import Callable, Mapping
from typing import Any

from crypto.constants import INT_MAX

Check = Callable[[Any], bool]


def has(shape: Mapping[str, Check], value: Any) -> bool:
    """Whether `value` is an object with exactly the names of `shape`, each of its type."""
    return isinstance(value, Mapping) and value.keys() == shape.keys() and all(check(value[name]) for name, check in shape.items())


def shaped(shape: Mapping[str, Check]) -> Check:
    return lambda value: has(shape, value)


def integer(low: int = 0, high: int = INT_MAX) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def text(high: int, low: int = 0) -> Check:
    """A string of `low` to `high` bytes of UTF-8."""
    return lambda value: isinstance(value, str) and low <= len(value.encode("utf-8", "surrogatepass")) <= high


def code(*codes: str) -> Check:
    return lambda value: isinstance(value, str) and value in codes


def items(item: Check, low: int = 0, high: int = INT_MAX, distinct: bool = False) -> Check:
    return lambda value: (
        isinstance(value, list)
        and low <= len(value) <= high
        and all(item(entry) for entry in value)
        and not (distinct and len(set(value)) < len(value))
    )
