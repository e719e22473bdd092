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
    return    read a case with its twelve words, without a browser
    reply     write again with the twelve words

  run it
    intake    the server                (more:  ./tellsafe intake --help)
    review    a reviewer's workstation  (more:  ./tellsafe review --help)

  check it
    test      every check there is; ends with a summary
    bench     measure speed and size against the targets
"""
# Commands that are programs with options of their own.
PROGRAMS = {"intake": "intake", "review": "review", "bench": "tests.bench"}


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
    report.add_argument("--text", required=True, metavar="FILE", help="what happened, UTF-8")
    report.add_argument("--answers", metavar="FILE", help="JSON object with answers that differ from the defaults")
    report.set_defaults(run=_reporter("report"))

    back = commands.add_parser("return", help="read a case with its twelve words")
    _network(back)
    back.add_argument("--receipt-file", required=True, metavar="FILE", help="file with the twelve words")
    back.set_defaults(run=_reporter("come_back_and_read"))

    reply = commands.add_parser("reply", help="write again with the twelve words")
    _network(reply)
    reply.add_argument("--receipt-file", required=True, metavar="FILE", help="file with the twelve words")
    reply.add_argument("--text", required=True, metavar="FILE", help="what to write, UTF-8")
    reply.set_defaults(run=_reporter("reply"))

    test = commands.add_parser("test", help="every check there is")
    test.add_argument("pytest", nargs="*", help="tests to run instead of all, as pytest names them")
    test.set_defaults(run=_test)

    return parser


def _network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", required=True, metavar="URL", help="address of the server")
    parser.add_argument("--fingerprint", metavar="HEX", help="the programme's fingerprint, 64 hex characters (default: believe the server)")
    parser.add_argument("--socks", metavar="HOST:PORT", help="go through this SOCKS proxy, such as Tor's 127.0.0.1:9050")


# Each command loads only what it needs: `test` must work while something else is broken.


def _demo(options: argparse.Namespace) -> int:
    from tools import demo

    return demo.run(options.data, options.port, options.json)


def _reporter(name: str) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        from tools import reporter

        return reporter.explained(getattr(reporter, name), options)

    return run


def _test(options: argparse.Namespace) -> int:
    from tools import test

    return test.run(options.pytest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
