"""`./tellsafe COMMAND`: every command of the project with one plain help text."""

import argparse
import runpy
import sys
from collections.abc import Callable, Sequence

HELP = """\
Tellsafe: reports from inside AI labs that only independent reviewers can read.

  try it
    demo      three reviewers, a server and a signed roster on this machine
    report    send a report from a file, without a browser
    return    read a case with its twelve words, without a browser; reply, change or withdraw
    reply     write again with the twelve words

  run it
    intake    the server                (more:  ./tellsafe intake --help)
    restore   the server's database, made anew from a copy of files/
    review    a reviewer's workstation  (more:  ./tellsafe review --help)
    steward   the stewards' desk        (more:  ./tellsafe steward --help)
    statistics  the statistician's desk (more:  ./tellsafe statistics --help)
    shopper   test reports in secret    (more:  ./tellsafe shopper --help)
    evaluator-key  an accredited evaluator's key, for  ./tellsafe report --as-evaluator

  check it
    verify    everything a server shows, from a fingerprint you trust
    test      every check there is; ends with a summary
    bench     measure speed and size against the targets
"""
# Commands that are programs with options of their own.
PROGRAMS = {
    "intake": "intake",
    "review": "review",
    "steward": "oversight",
    "statistics": "oversight.statistics",
    "shopper": "tools.shopper",
    "restore": "tools.restore",
    "verify": "oversight.verify",
    "bench": "tests.bench",
}


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    if arguments and arguments[0] in PROGRAMS:
        sys.argv = [f"tellsafe {arguments[0]}", *arguments[1:]]
        runpy.run_module(PROGRAMS[arguments[0]], run_name="__main__", alter_sys=False)
        return 0
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        print(HELP)
        return 0 if not arguments else 2
    code: int = options.run(options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tellsafe", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter, usage="tellsafe COMMAND …"
    )
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(prog="tellsafe", title="commands", metavar="COMMAND", help=argparse.SUPPRESS)

    demo = commands.add_parser("demo", help="a whole programme on this machine")
    demo.add_argument("--data", metavar="DIR", help="keep everything in this folder (default: a new one that goes at the end)")
    demo.add_argument("--port", type=int, default=0, metavar="N", help="port of the server (default: any free one)")
    demo.add_argument("--json", action="store_true", help="print one line of JSON when ready, and nothing else")
    demo.set_defaults(run=_demo)

    report = commands.add_parser("report", help="send a report from a file")
    _network(report)
    report.add_argument("--text", metavar="FILE", help="what happened, UTF-8")
    report.add_argument("--answers", metavar="FILE", help="JSON object with answers that differ from the defaults")
    copy = "what the twelve words open later: everything, or only when and to whom (default: full)"
    report.add_argument("--selfcopy", choices=("full", "dates"), default="full", help=copy)
    language = "the language of the readers, such as Chinese, or any (default: English if at least two read it, else any)"
    report.add_argument("--language", metavar="NAME", help=language)
    report.add_argument("--exclude", action="append", default=[], metavar="NAME", help="leave this reviewer out; may be given again")
    report.add_argument("--who", action="store_true", help="only say who could receive the report and why others could not")
    _finding(report)
    report.set_defaults(run=_reporter("report"))

    back = commands.add_parser("return", help="read a case with its twelve words")
    _network(back)
    back.add_argument("--receipt-file", metavar="FILE", help="file with the twelve words, for scripts (default: ask)")
    then = back.add_mutually_exclusive_group()
    then.add_argument("--reply", metavar="FILE", help="and write again, UTF-8")
    then.add_argument("--may", metavar="CODE", help="and change what reviewers may do: ADVISE, HOLD, ASK, REFER or PUBLISH")
    then.add_argument("--withdraw", action="store_true", help="and withdraw the report, for good")
    then.add_argument("--confirm", metavar="ID", help="and answer a proposal that `return` has shown, with --agree or --refuse")
    answer = back.add_mutually_exclusive_group()
    answer.add_argument("--agree", action="store_true", help="yes to what --confirm names, having read its text and its warning")
    answer.add_argument("--refuse", action="store_true", help="no to what --confirm names: it does not go ahead")
    _finding(back, then)
    back.set_defaults(run=_reporter("come_back_and_read"))

    reply = commands.add_parser("reply", help="write again with the twelve words")
    _network(reply)
    reply.add_argument("--receipt-file", metavar="FILE", help="file with the twelve words, for scripts (default: ask)")
    reply.add_argument("--text", required=True, metavar="FILE", help="what to write, UTF-8")
    reply.set_defaults(run=_reporter("reply"))

    key = commands.add_parser("evaluator-key", help="make an evaluator's key, sealed under a passphrase")
    key.add_argument("--out", required=True, metavar="FILE", help="the key file; FILE.public.json is for the stewards")
    key.add_argument("--name", required=True, metavar="ORG", help="the organisation, as the stewards' list will name it")
    _passphrase(key)
    key.set_defaults(run=_evaluator_key)

    test = commands.add_parser("test", help="every check there is")
    test.add_argument("pytest", nargs="*", help="tests to run instead of all, as pytest names them")
    test.set_defaults(run=_test)

    return parser


def _network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", required=True, metavar="URL", help="address of the server")
    parser.add_argument("--fingerprint", metavar="HEX", help="the programme's fingerprint, 64 hex characters (default: believe the server)")
    parser.add_argument("--socks", metavar="HOST:PORT", help="go through this SOCKS proxy, such as Tor's 127.0.0.1:9050")


def _finding(parser: argparse.ArgumentParser, only_one: "argparse._MutuallyExclusiveGroup | None" = None) -> None:
    """An accredited evaluator's options; with `only_one` the key cannot be given together with that group's."""
    key = "add an accredited evaluator's finding, signed with this key file"
    (only_one or parser).add_argument("--as-evaluator", metavar="KEYFILE", help=key)
    parser.add_argument("--finding", metavar="FILE", help="JSON object with the texts method, access, steps and wishes")
    _passphrase(parser)


def _passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--passphrase-file", metavar="FILE", help="file with the key file's passphrase, for scripts (default: ask)")


# Each command loads only what it needs: `test` must work while something else is broken.


def _demo(options: argparse.Namespace) -> int:
    from tools import demo

    return demo.run(options.data, options.port, options.json)


def _reporter(name: str) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        from tools import reporter

        return reporter.explained(getattr(reporter, name), options)

    return run


def _evaluator_key(options: argparse.Namespace) -> int:
    """The stewards' desk makes it: stewards accredit an evaluator from the same kind of public file."""
    from oversight import desk
    from oversight.terminal import explained

    return explained(lambda: desk.key(options))


def _test(options: argparse.Namespace) -> int:
    from tools import test

    return test.run(options.pytest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
