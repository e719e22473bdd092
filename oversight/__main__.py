"""`python -m oversight COMMAND`: the stewards' desk. `./tellsafe steward` is the same."""

import argparse
import sys
from collections.abc import Callable, Sequence

from crypto.constants import ENDINGS, SUSPENSIONS
from oversight import desk


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    return desk.run(parser().parse_args(arguments))


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    whole = argparse.ArgumentParser(
        prog="tellsafe steward", description="The stewards' desk. Files travel by hand; see docs/steward-guide.md."
    )
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)

    add = _command(commands, "key", desk.key, "make a steward's key, sealed under a passphrase")
    add("--out", required=True, metavar="FILE", help="the key file; FILE.public.json is for the others")
    add("--name", required=True, help="the name under which this steward signs")
    _passphrase(add)

    add = _command(commands, "create", desk.create, "propose a new programme")
    add("--stewards", required=True, nargs="+", metavar="PUBLIC", help="the stewards' public files")
    add("--threshold", type=int, default=2, metavar="K", help="how many stewards must sign (default: 2)")
    add("--programme", required=True, metavar="FILE", help="the public facts; `programme-example` prints one")
    add("--out", required=True, metavar="FILE")

    _command(commands, "programme-example", desk.programme_example, "print an example of the file for `create`")
    _command(commands, "record-example", desk.record_example, "print an example of a vetting record")

    add = _command(commands, "request-check", desk.request_check, "check a reviewer's request file")
    add("request", metavar="REQUEST")
    add("--tree", metavar="DIR", help="compare the programme with this tree's")

    _proposals(commands)

    add = _command(commands, "show", desk.show, "say in plain words what a proposal would change, and who has signed")
    add("proposal", metavar="PROPOSAL")
    add("--tree", metavar="DIR", help="the present tree (none for a new programme)")

    add = _command(commands, "sign", desk.sign, "sign a proposal")
    add("proposal", metavar="PROPOSAL")
    add("--key", required=True, metavar="FILE")
    add("--tree", metavar="DIR", help="check the proposal against this tree first")
    add("--out", metavar="FILE", help="write the signed proposal here (default: into the same file)")
    _passphrase(add)

    add = _command(commands, "combine", desk.combine_files, "put the signatures of several copies of a proposal into one file")
    add("proposals", nargs="+", metavar="PROPOSAL")
    add("--out", required=True, metavar="FILE")

    add = _command(commands, "publish", desk.publish, "check everything again and write it: to the tree, a server's folder, or a server")
    add("proposal", metavar="PROPOSAL")
    add("--tree", required=True, metavar="DIR")
    where = commands.choices["publish"].add_mutually_exclusive_group().add_argument
    where("--data", metavar="DIR", help="the data folder of a server on this machine")
    where("--server", metavar="URL", help="the address of a server")
    _socks(add)

    add = _command(commands, "fetch", desk.fetch, "copy a server's newest tree, checked from the fingerprint")
    add("--server", required=True, metavar="URL")
    add("--fingerprint", required=True, metavar="HEX")
    add("--tree", required=True, metavar="DIR")
    _socks(add)

    _annex(commands)

    add = _command(commands, "verify", desk.verify_server, "check everything a server shows, from a fingerprint you trust")
    add("url", metavar="URL")
    add("--fingerprint", required=True, metavar="HEX", help="64 hex characters, from a place the server cannot change")
    _socks(add)
    return whole


def _proposals(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    whole = commands.add_parser("propose", help="propose a change to the tree")
    kinds = whole.add_subparsers(dest="kind", title="changes", metavar="CHANGE", required=True)

    def kind(name: str, help_text: str) -> "Callable[..., argparse.Action]":
        add = _command(kinds, name, desk.propose, help_text)
        add("--tree", required=True, metavar="DIR", help="the present tree")
        add("--out", required=True, metavar="FILE", help="where to write the proposal")
        add("--publish-on", metavar="DAY", help="the day on which it will be published, and the notice begins (default: today)")
        return add

    add = kind("admit", "a new reviewer (two stewards)")
    add("request", metavar="REQUEST", help="the reviewer's request file")
    add("record", metavar="RECORD", help="the vetting record, TOML or JSON")
    add = kind("renew", "new open keys within the term, or a new term (two stewards)")
    add("request", metavar="REQUEST")
    add("record", nargs="?", metavar="RECORD", help="what has changed in the vetting record; all of it for a new term")
    add("--new-term", action="store_true", help="begin a new term of 12 months, after the vetting was gone through again")
    add = kind("pause", "nobody writes to a reviewer for a while (two stewards)")
    add("name", metavar="NAME")
    add("--until", required=True, metavar="DAY", help="last day of the pause, or none to end one")
    add = kind("revoke", "a reviewer or evaluator leaves for good when the notice is over (two stewards)")
    add("name", metavar="NAME")
    add("--reason", required=True, choices=ENDINGS)
    add = kind("suspend", "a reviewer is left out at once, for at most 14 days (one steward)")
    add("name", metavar="NAME")
    add("--reason", required=True, choices=SUSPENSIONS)
    add("--days", type=int, default=14, metavar="N")
    add = kind("evaluator", "an accredited evaluator, or a new term for one (two stewards)")
    add("public", metavar="PUBLIC", help="the public file of the evaluator's key, made with `key`")
    add("--scope", required=True, metavar="TEXT", help="what they may speak about")
    add = kind("programme", "other public facts (two stewards)")
    add("file", metavar="FILE", help="TOML or JSON with the facts that change")
    add = kind("commitment", "a promise that a lab has published, which a report may say is broken (two stewards)")
    one = kinds.choices["commitment"].add_mutually_exclusive_group(required=True).add_argument
    one("--add", metavar="ID", help="a new one; with --lab, --title, --since and --source")
    one("--change", metavar="ID", help="other words; with those of the four that change")
    one("--retire", metavar="ID", help="no report can name it any more")
    add("--lab", default="", help="who promised: a lab of the programme")
    add("--title", default="", help="the words, in one line")
    add("--since", default="", metavar="DAY", help="the day on which it was published")
    add("--source", default="", help="where it was published")
    add = kind("stewards", "other stewards, or a lost key replaced (old and new stewards)")
    add("stewards", nargs="+", metavar="PUBLIC", help="the public files of all stewards from now on")
    add("--threshold", type=int, default=0, metavar="K", help="how many must sign from now on (default: as now)")
    add = kind("statistics", "new releases of public numbers (two stewards)")
    add("files", metavar="DIR", help="what `./tellsafe statistics files` wrote")
    add = kind("refresh", "sign the timestamp again (one steward), and what lapses soon (two)")
    add("--timestamp-only", action="store_true", help="the timestamp and nothing else")
    add("--all", action="store_true", help="everything, however long it is good")


def _annex(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    whole = commands.add_parser("annex", help="seal or open the private part of a vetting record")
    both = whole.add_subparsers(title="annex", metavar="seal|open", required=True)
    add = _command(both, "seal", desk.annex_seal, "seal a file to all stewards")
    add("file", metavar="FILE")
    add("--for", dest="name", required=True, metavar="NAME", help="whose card on the roster it belongs to")
    add("--tree", required=True, metavar="DIR")
    add("--out", required=True, metavar="ANNEX")
    add = _command(both, "open", desk.annex_open, "open an annex with one steward's key")
    add("file", metavar="ANNEX")
    add("--key", required=True, metavar="FILE")
    add("--tree", metavar="DIR", help="say by the roster whose card it belongs to")
    add("--out", metavar="FILE", help="write it here instead of showing it")
    _passphrase(add)


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Callable[[argparse.Namespace], None], help_text: str
) -> "Callable[..., argparse.Action]":
    made = commands.add_parser(name, help=help_text, description=help_text)
    made.set_defaults(run=run)
    made.add_argument("--now", metavar="TIME", help="the time in UTC, such as 2026-11-21T14:30:00Z, if this machine's clock is wrong")
    return made.add_argument


def _passphrase(add: "Callable[..., argparse.Action]") -> None:
    add("--passphrase-file", metavar="FILE", help="file with the passphrase, for scripts (default: ask)")


def _socks(add: "Callable[..., argparse.Action]") -> None:
    add("--socks", metavar="HOST:PORT", help="go through this SOCKS proxy, such as Tor's 127.0.0.1:9050")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
