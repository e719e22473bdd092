"""The only reader of the machine's clock in this package."""

import datetime


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
