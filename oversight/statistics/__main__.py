"""`./tellsafe statistics …`: the statistician's commands."""

import argparse
import sys
from collections.abc import Sequence

from crypto.numbers import TABLES
from oversight.statistics import desk
from oversight.terminal import Add, add_command, add_passphrase, explained, say


def main(arguments: Sequence[str]) -> int:
    """0, or 1 after one sentence that says why not."""
    options = parser().parse_args(arguments)

    def run() -> None:
        for line in options.run(options):
            say(line)

    return explained(run)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    made = argparse.ArgumentParser(prog="tellsafe statistics", description="Public numbers, drawn once. Works without a network.")
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = add_command(commands, "key", desk.key, "make the statistician's key file")
    add("--out", required=True, metavar="FILE")
    add("--name", required=True, metavar="NAME")
    add_passphrase(add)
    add = add_command(commands, "collect", desk.collect, "check labels and keep those that count, one for each report and table")
    _own(add)
    add("--tree", required=True, metavar="DIR", help="a copy of the signed tree, for who may sign labels")
    add("--fingerprint", metavar="HEX", help="the programme's fingerprint, to compare")
    add("--mirror", required=True, metavar="DIR", help="a copy of the server's /files: clues/WEEK and letters/NUMBER/BLOCK")
    add = add_command(commands, "exact", desk.exact, "take the exact figures that the keeper of mystery shoppers hands over, before a draw")
    add("file", metavar="FILE", help="what `./tellsafe shopper hand-over` wrote")
    _own(add)
    add("--tree", required=True, metavar="DIR", help="a copy of the signed tree, for who was a reviewer")
    add("--fingerprint", metavar="HEX", help="the programme's fingerprint, to compare")
    add = add_command(commands, "draw", desk.draw, "draw a table of a period, once for ever")
    add("period", metavar="PERIOD", help="2027-Y, 2027-H1 or 2027-Q1")
    add("table", metavar="TABLE", choices=list(TABLES), help="T1: concerns; T2: outcomes")
    _own(add)
    add("--published", metavar="FILE", help="the published ledger.jsonl, to make sure that nothing was drawn elsewhere")
    add = add_command(commands, "show", desk.show, "the releases in words")
    add("--folder", required=True, metavar="DIR")
    add = add_command(commands, "files", desk.files, "write the files that are published")
    add("--folder", required=True, metavar="DIR")
    add("--out", required=True, metavar="DIR")
    add = add_command(commands, "check", desk.check, "check published files: releases, ledger, CSV, schema")
    add("files", metavar="DIR")
    add("--fingerprint", required=True, metavar="HEX")
    add("--signer", action="append", default=[], metavar="HEX", help="a statistician's sign key; once for each there has been")
    return made


def _own(add: Add) -> None:
    add("--folder", required=True, metavar="DIR", help="the statistician's own folder")
    add("--key", required=True, metavar="FILE")
    add_passphrase(add)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
