"""`./tellsafe statistics …`: the statistician's commands."""

import argparse
import sys
from collections.abc import Callable, Sequence

from crypto.errors import ProtocolError
from crypto.numbers import TABLES
from oversight.errors import Refused
from oversight.statistics import desk
from oversight.terminal import plain


def main(arguments: Sequence[str]) -> int:
    """0, or 1 after one sentence that says why not."""
    options = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], list[str]] = options.run
    try:
        for line in run(options):
            print(plain(line))
    except ProtocolError as error:
        return _no(f"{error} ({error.name})")
    except Refused as error:
        return _no(str(error))
    except OSError as error:
        return _no(f"{error.filename}: {error.strerror}")
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    made = argparse.ArgumentParser(prog="tellsafe statistics", description="Public numbers, drawn once. Works without a network.")
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = _command(commands, "key", desk.key, "make the statistician's key file")
    add("--out", required=True, metavar="FILE")
    add("--name", required=True, metavar="NAME")
    _passphrase(add)
    add = _command(commands, "collect", desk.collect, "check labels and keep those that count, one for each report and table")
    _own(add)
    add("--tree", required=True, metavar="DIR", help="a copy of the signed tree, for who may sign labels")
    add("--fingerprint", metavar="HEX", help="the programme's fingerprint, to compare")
    add("--week", metavar="WEEK", help="the week in which --labels arrived (default: this one)")
    add("--mirror", metavar="DIR", help="a copy of the server's /files: clues/WEEK and letters/NUMBER/BLOCK")
    add("--labels", metavar="DIR", help="a folder of opened labels, one a file")
    add = _command(commands, "exact", desk.exact, "take the exact figures that the keeper of mystery shoppers hands over, before a draw")
    add("file", metavar="FILE", help="what `./tellsafe shopper hand-over` wrote")
    _own(add)
    add("--tree", required=True, metavar="DIR", help="a copy of the signed tree, for who was a reviewer")
    add("--fingerprint", metavar="HEX", help="the programme's fingerprint, to compare")
    add = _command(commands, "draw", desk.draw, "draw a table of a period, once for ever")
    add("period", metavar="PERIOD", help="2027-Y, 2027-H1 or 2027-Q1")
    add("table", metavar="TABLE", choices=list(TABLES), help="T1: concerns; T2: outcomes")
    _own(add)
    add("--published", metavar="FILE", help="the published ledger.jsonl, to make sure that nothing was drawn elsewhere")
    add = _command(commands, "show", desk.show, "the releases in words")
    add("--folder", required=True, metavar="DIR")
    add = _command(commands, "files", desk.files, "write the files that are published")
    add("--folder", required=True, metavar="DIR")
    add("--out", required=True, metavar="DIR")
    add = _command(commands, "check", desk.check, "check published files: releases, ledger, CSV, schema")
    add("files", metavar="DIR")
    add("--fingerprint", required=True, metavar="HEX")
    add("--signer", action="append", default=[], metavar="HEX", help="a statistician's sign key; once for each there has been")
    return made


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Callable[..., list[str]], help_text: str
) -> "Callable[..., argparse.Action]":
    made = commands.add_parser(name, help=help_text, description=help_text)
    made.set_defaults(run=run)
    made.add_argument("--now", metavar="TIME", help="the time in UTC, if this machine's clock is wrong")
    return made.add_argument


def _own(add: "Callable[..., argparse.Action]") -> None:
    add("--folder", required=True, metavar="DIR", help="the statistician's own folder")
    add("--key", required=True, metavar="FILE")
    _passphrase(add)


def _passphrase(add: "Callable[..., argparse.Action]") -> None:
    add("--passphrase-file", metavar="FILE", help="file with the passphrase, for scripts (default: ask)")


def _no(sentence: str) -> int:
    print(f"tellsafe: {plain(sentence)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
