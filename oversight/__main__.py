"""`python -m oversight COMMAND`: the stewards' desk. `./tellsafe steward` is the same."""

import argparse
import sys
from collections.abc import Sequence

from crypto.constants import ENDINGS, SUSPENSIONS
from oversight import desk
from oversight.terminal import Add, add_command, add_passphrase, add_socks, explained


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    options = parser().parse_args(arguments)
    return explained(lambda: options.run(options))


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    whole = argparse.ArgumentParser(
        prog="tellsafe steward", description="The stewards' desk. Files travel by hand; see docs/steward-guide.md."
    )
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)

    add = add_command(commands, "key", desk.key, "make a steward's key, sealed under a passphrase")
    add("--out", required=True, metavar="FILE", help="the key file; FILE.public.json is for the others")
    add("--name", required=True, help="the name under which this steward signs")
    add_passphrase(add)

    add = add_command(commands, "create", desk.create, "propose a new programme")
    add("--stewards", required=True, nargs="+", metavar="PUBLIC", help="the stewards' public files")
    add("--threshold", type=int, default=2, metavar="K", help="how many stewards must sign (default: 2)")
    add("--programme", required=True, metavar="FILE", help="the public facts; `programme-example` prints one")
    add("--out", required=True, metavar="FILE")

    add_command(commands, "programme-example", desk.programme_example, "print an example of the file for `create`")
    add_command(commands, "record-example", desk.record_example, "print an example of a vetting record")

    add = add_command(commands, "request-check", desk.request_check, "check a reviewer's request file")
    add("request", metavar="REQUEST")
    add("--tree", metavar="DIR", help="compare the programme with this tree's")

    _proposals(commands)

    add = add_command(commands, "show", desk.show, "say in plain words what a proposal would change, and who has signed")
    add("proposal", metavar="PROPOSAL")
    add("--tree", metavar="DIR", help="the present tree (none for a new programme)")

    add = add_command(commands, "sign", desk.sign, "sign a proposal")
    add("proposal", metavar="PROPOSAL")
    add("--key", required=True, metavar="FILE")
    add("--tree", metavar="DIR", help="check the proposal against this tree first")
    add("--out", metavar="FILE", help="write the signed proposal here (default: into the same file)")
    add_passphrase(add)

    add = add_command(commands, "combine", desk.combine_files, "put the signatures of several copies of a proposal into one file")
    add("proposals", nargs="+", metavar="PROPOSAL")
    add("--out", required=True, metavar="FILE")

    add = add_command(commands, "publish", desk.publish, "check everything again and write it: to the tree, a server's folder, or a server")
    add("proposal", metavar="PROPOSAL")
    add("--tree", required=True, metavar="DIR")
    where = commands.choices["publish"].add_mutually_exclusive_group().add_argument
    where("--data", metavar="DIR", help="the data folder of a server on this machine")
    where("--server", metavar="URL", help="the address of a server")
    add_socks(add)

    add = add_command(commands, "fetch", desk.fetch, "copy a server's newest tree, checked from the fingerprint")
    add("--server", required=True, metavar="URL")
    add("--fingerprint", required=True, metavar="HEX")
    add("--tree", required=True, metavar="DIR")
    add_socks(add)

    _annex(commands)

    add = add_command(commands, "verify", desk.verify_server, "check everything a server shows, from a fingerprint you trust")
    add("url", metavar="URL")
    add("--fingerprint", required=True, metavar="HEX", help="64 hex characters, from a place the server cannot change")
    add_socks(add)
    return whole


def _proposals(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    whole = commands.add_parser("propose", help="propose a change to the tree")
    kinds = whole.add_subparsers(dest="kind", title="changes", metavar="CHANGE", required=True)

    def kind(name: str, help_text: str) -> Add:
        add = add_command(kinds, name, desk.propose, help_text)
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
    add = add_command(both, "seal", desk.annex_seal, "seal a file to all stewards")
    add("file", metavar="FILE")
    add("--for", dest="name", required=True, metavar="NAME", help="whose card on the roster it belongs to")
    add("--tree", required=True, metavar="DIR")
    add("--out", required=True, metavar="ANNEX")
    add = add_command(both, "open", desk.annex_open, "open an annex with one steward's key")
    add("file", metavar="ANNEX")
    add("--key", required=True, metavar="FILE")
    add("--tree", metavar="DIR", help="say by the roster whose card it belongs to")
    add("--out", metavar="FILE", help="write it here instead of showing it")
    add_passphrase(add)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
