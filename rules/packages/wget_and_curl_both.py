"""See wget_and_curl_both.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import OS_MANAGERS, Category, Command, DockerfileChange, Problem, Run, Severity, Span, Stage, rule

_TOOLS = ("wget", "curl")


class _Use(NamedTuple):
    """The first use of one of the two."""

    tool: str
    span: Span
    run: Run


@rule(
    "wget-and-curl-both",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="off",
    keywords=("RUN", "ONBUILD"),
    mentions=_TOOLS,
    aliases=("DL4001", "DS-0014", "DF058"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage downloads with both wget and curl, or installs both."""
    for stage in change.stages:
        if stage.runtime.is_windows:
            continue
        called = [_first_call(stage, tool) for tool in _TOOLS]
        installed = [_first_install(stage, tool) for tool in _TOOLS]
        for uses, verb in ((called, "downloads with"), (installed, "installs")):
            both = sorted((use for use in uses if use is not None), key=lambda use: use.span.start)
            if len(both) == len(_TOOLS):
                yield _problem(stage, both, verb)
                break


def _first_call(stage: Stage, tool: str) -> _Use | None:
    """The first call that is no way out for where the other tool is missing."""
    calls = ((run, command) for run in stage.runs for command in run.calls(tool))
    return next((_Use(tool, c.span, run) for run, c in calls if not c.conditional and not _asks(c)), None)


def _asks(command: Command) -> bool:
    return command.has("--version", "-V", "--help", "-h") or not command.args


def _first_install(stage: Stage, tool: str) -> _Use | None:
    for run in stage.runs:
        for call in run.package_calls:
            if call.manager not in OS_MANAGERS or call.action != "install":
                continue
            for package in call.packages:
                if package.name == tool:
                    return _Use(tool, package.word.span, run)
    return None


def _problem(stage: Stage, both: list[_Use], verb: str) -> Problem:
    first, second = both
    return Problem(
        second.span,
        f"{stage.label} {verb} both `{first.tool}` (line {first.span.line}) and `{second.tool}`. Where one of them can "
        "do the other's work, that is a package less to install, to ship and to update.",
        instruction=second.run.instruction,
        stage=stage.key,
    )
