"""What the desks' commands have in common: options, passphrases, the time, words on a terminal, and refusals in one sentence."""

import argparse
import datetime
import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from crypto.errors import ProtocolError
from oversight import clock
from oversight.errors import Refused

Add = Callable[..., argparse.Action]


def plain(text: str) -> str:
    """One line: a text of a server's, a file's or a person's must neither move the cursor nor look like lines of ours."""
    return "".join(char if char.isprintable() else "?" for char in text)


def say(line: str) -> None:
    print(plain(line), flush=True)


def explained(run: Callable[[], None]) -> int:
    """Run one command. 0, or 1 after one sentence that says why not."""
    try:
        run()
        return 0
    except ProtocolError as error:
        sentence = f"{error} ({error.name})"
    except Refused as error:
        sentence = str(error)
    except OSError as error:
        sentence = f"{error.filename}: {error.strerror}"
    print(f"tellsafe: {plain(sentence)}", file=sys.stderr)
    return 1


def now_of(options: argparse.Namespace) -> datetime.datetime:
    """The time in UTC: the machine's, or that of --now. Refused for one in another form."""
    if not options.now:
        return clock.now()
    try:
        return datetime.datetime.strptime(options.now, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    except ValueError as error:
        raise Refused("--now is written 2026-11-21T14:30:00Z, in UTC") from error


def passphrase_of(options: argparse.Namespace, asked: str = "Passphrase: ", twice: bool = False) -> str:
    """From --passphrase-file, or typed. Refused if what is typed twice differs."""
    if options.passphrase_file:
        return Path(options.passphrase_file).read_text("utf-8").rstrip("\r\n")
    first = getpass.getpass(asked)
    if twice and getpass.getpass("Again: ") != first:
        raise Refused("the two passphrases differ")
    return first


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Callable[[argparse.Namespace], object], help_text: str
) -> Add:
    """A command; gives what adds options to it."""
    made = commands.add_parser(name, help=help_text, description=help_text)
    made.set_defaults(run=run)
    made.add_argument("--now", metavar="TIME", help="the time in UTC, such as 2026-11-21T14:30:00Z, if this machine's clock is wrong")
    return made.add_argument


def add_passphrase(add: Add) -> None:
    add("--passphrase-file", metavar="FILE", help="file with the passphrase, for scripts (default: ask)")


def add_socks(add: Add) -> None:
    add("--socks", metavar="HOST:PORT", help="go through this SOCKS proxy, such as Tor's 127.0.0.1:9050")
