"""See comparison_redirects.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert,
    quote,
    rule,
)

_VERSION = re.compile(r"=?\d+(?:\.[\d*]+)*(?:-r\d+|[a-z]+\d*)?,?")
"""What stands behind the operator of a constraint: `=2.0`, `3.38`, `=1,` of `>=1,<2`."""
_GLUED = re.compile(r"[\w\]][<>]\s*=?\d")
_CONSTRAINT = re.compile(r"[^\s;&|\\\"'`$()]+")


@rule(
    "comparison-redirects",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("[ ", "test ", ">", "<"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A test, or the version of a package, compares with `>` or `<`, which redirects instead."""
    for stage in change.stages:
        for run in stage.runs:
            yield from _tests(stage, run)
            if _GLUED.search(run.instruction.text):
                yield from _constraints(stage, run)


def _tests(stage: Stage, run: Run) -> Iterator[Problem]:
    for command in run.calls("[", "test"):
        redirect = next((r for r in command.redirects if r.operator in (">", "<") and r.target is not None), None)
        if redirect is None or redirect.target is None or "/dev/" in redirect.target.value:
            continue
        if not command.args or (
            redirect.span.start > command.args[-1].span.start
            and not (command.name == "test" and redirect.target.value.isdecimal())
        ):
            continue  # behind the closing bracket it is a redirection
        test = "`[ … ]`" if command.name == "[" else "`test`"
        operator, number = ("-gt", "newer") if redirect.operator == ">" else ("-lt", "older")
        yield Problem(
            redirect.span,
            f"`{redirect.operator}` does not compare here: in {test} it redirects to or from a "
            f"file called {quote(redirect.target.value)}, and the test is true whenever that works. Write "
            f"`{operator}` for numbers; for versions that may be {number}, use `sort -V`.",
            Confidence.CERTAIN,
            instruction=run.instruction,
            stage=stage.key,
            key=redirect.target.value,
        )


def _constraints(stage: Stage, run: Run) -> Iterator[Problem]:
    """Find versions that stand right behind a package's name, so that nobody means a file by them."""
    for call in run.package_calls if run.instruction.exec_form is None else ():
        if call.action == "install":
            yield from _of_command(stage, run, call.command, call.manager)


def _of_command(stage: Stage, run: Run, command: Command, manager: str) -> Iterator[Problem]:
    ends = {word.span.end: word for word in command.args}
    behind = -1
    for redirect in command.redirects:
        name, target = ends.get(redirect.start), redirect.target
        if redirect.operator not in (">", "<") or name is None or target is None or redirect.start < behind:
            continue
        if not _VERSION.fullmatch(target.value) or name.value.startswith("-"):
            continue
        found = _CONSTRAINT.match(run.instruction.source.text, name.span.start)
        behind = found.end() if found is not None else redirect.end
        then = (
            f"a file called {quote(target.value)} gets what the command says"
            if redirect.operator == ">"
            else f"the shell stops, as there is no file called {quote(target.value)}"
        )
        yield Problem(
            redirect.span,
            f"`{redirect.operator}` is no part of the version here: the shell takes it for a redirection. "
            f"{quote(manager)} gets {quote(name.value)} without a version, and {then}. Put the whole "
            "constraint in quotes.",
            Confidence.CERTAIN,
            instruction=run.instruction,
            stage=stage.key,
            key=name.value,
            fix=_quoted(run, name.span.start, behind) if found is not None else None,
        )


def _quoted(run: Run, start: int, end: int) -> Fix | None:
    source = run.instruction.source
    if source.text[end : end + 1] in ('"', "'", "$", "`", "(") or end > run.instruction.span.end:
        return None
    return fix("Quote the version", insert(source, start, '"'), insert(source, end, '"'))
