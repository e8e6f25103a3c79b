"""The commands and their options."""

from __future__ import annotations

import argparse
import io
import sys
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from bot.cli import gitlab, manual, parking, reviewing, serving
from bot.cli.faults import UsageFault

if TYPE_CHECKING:
    from collections.abc import Sequence

CLEAN: Final = 0
FOUND: Final = 1
FAULT: Final = 2

EXIT_CODES = """exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  the command line or what it names is wrong; a sentence says what and the remedy
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The words behind `hullcheck`; the process's own when `None`.

    Returns:
        The exit code: 0 clean, 1 findings, 2 a fault of the input.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding shows escapes
    parser = _parser()
    try:
        chosen = parser.parse_args(arguments)
        return FOUND if _run(chosen) else CLEAN
    except UsageFault as fault:
        sys.stderr.write(f"hullcheck: {fault}\n")
        return FAULT
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has seen enough.
        sys.stderr.close()
        return CLEAN
    except KeyboardInterrupt:
        return 130


def _run(chosen: argparse.Namespace) -> bool:
    """Run the chosen command; say whether it found something."""
    match chosen.command:
        case "check":
            return reviewing.check(chosen.paths, _options(chosen), sys.stdout)
        case "review":
            return reviewing.review(chosen.before, chosen.after, _options(chosen), sys.stdout)
        case "rules":
            manual.table(sys.stdout)
        case "explain":
            manual.explain(chosen.rule, sys.stdout)
        case "parked":
            parking.parked(sys.stdout)
        case "retry":
            parking.retry(chosen.names, sys.stdout)
        case "connect":
            gitlab.connect(gitlab.Request(chosen.name, chosen.url, chosen.token_file), sys.stdout)
        case "check-hooks":
            return gitlab.check(sys.stdout, _today())
        case "demo":
            serving.demo()
        case _:
            serving.serve()
    return False


def _options(chosen: argparse.Namespace) -> reviewing.Options:
    return reviewing.Options(
        form=chosen.format,
        fail_on=chosen.fail_on,
        enable=tuple(chosen.enable),
        ships=tuple(chosen.ships),
        policy=chosen.policy,
        today=chosen.today or _today(),
    )


def _today() -> date:
    return date.today()  # noqa: DTZ011 - ends of life and expiries are meant in local days


class _Parser(argparse.ArgumentParser):
    """argparse, but a fault of the command line is one sentence like every other fault."""

    def error(self, message: str) -> NoReturn:
        raise UsageFault(f"{message}. `{self.prog} --help` lists what there is.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="hullcheck",
        description="Reviews what a change does to the image that ships.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hullcheck {metadata.version('hullcheck')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command", parser_class=_Parser)
    commands.add_parser("serve", help="receive webhooks and review pull requests; settings come from HULLCHECK_*")

    check = commands.add_parser("check", help="review Dockerfiles as they stand")
    check.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a Dockerfile, or a folder with all below it"
    )
    _add_review_options(check)

    review = commands.add_parser("review", help="review the change from one folder to another")
    review.add_argument("--before", required=True, type=Path, metavar="DIR", help="the tree before the change")
    review.add_argument("--after", required=True, type=Path, metavar="DIR", help="the tree after it")
    _add_review_options(review)

    commands.add_parser("rules", help="list the rules")
    explain = commands.add_parser("explain", help="print a rule's page")
    explain.add_argument("rule", help="its name, or another linter's, such as DL3002")
    _add_parking(commands)
    _add_gitlab(commands)
    commands.add_parser("demo", help="review three pull requests on a forge of cardboard (source checkout only)")
    return parser


def _add_parking(commands: argparse._SubParsersAction[_Parser]) -> None:
    """Add `parked` and `retry`."""
    commands.add_parser("parked", help="list pull requests that the server gave up; settings as for serve")
    retry = commands.add_parser("retry", help="let them be reviewed again")
    retry.add_argument("names", nargs="*", metavar="NAME", help="as `parked` prints it; all when none is named")


def _add_gitlab(commands: argparse._SubParsersAction[_Parser]) -> None:
    """Add `gitlab connect` and `gitlab check`."""
    gitlab = commands.add_parser("gitlab", help="set up GitLab's hooks, and look after them; settings as for serve")
    steps = gitlab.add_subparsers(dest="step", required=True, metavar="command", parser_class=_Parser)
    connect = steps.add_parser("connect", help="check the token, make or mend the hook, and try it")
    connect.add_argument("name", metavar="PROJECT_OR_GROUP", help="its path, number or address")
    connect.add_argument(
        "--url", default="", metavar="URL", help="this server's address; default: HULLCHECK_PUBLIC_URL"
    )
    connect.add_argument("--token-file", type=Path, metavar="FILE", help="the token of a Maintainer, for the hook only")
    connect.set_defaults(command="connect")
    check = steps.add_parser("check", help="say whether the token is good and GitLab has disabled a hook")
    check.set_defaults(command="check-hooks")


def _add_review_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    command.epilog = EXIT_CODES
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    add("--format", choices=reviewing.FORMATS, default="text", help="default: text")
    add("--fail-on", choices=reviewing.THRESHOLDS, default="warning", help="default: warning")
    add(
        "--enable",
        action="append",
        default=[],
        metavar="RULE",
        help="switch on a rule that is off by default",
    )
    add("--ships", action="append", default=[], metavar="STAGE", help="a stage that is built as a target")
    add("--policy", type=Path, metavar="FILE", help="instead of the tree's own .hullcheck.yaml")
    add("--today", type=_day, metavar="YYYY-MM-DD", help="judge end-of-life dates as of this day")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-21") from None
