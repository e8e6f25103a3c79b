"""See comparison_redirects.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Note,
    Problem,
    Redirect,
    Run,
    Severity,
    ShellWord,
    Stage,
    fix,
    insert,
    quote,
    rule,
)
from rules.quoting import listed

_VERSION = re.compile(r"=?\d+(?:\.[\d*]+)*(?:-r\d+|[a-z]+\d*)?,?")
"""What stands behind the operator of a constraint: `=2.0`, `3.38`, `=1,` of `>=1,<2`."""
_GLUED = re.compile(r"[<>](?<=[\w\]][<>])\s*=?\d")
_CONSTRAINT = re.compile(r"[^\s;&|\\\"'`$()]+")
_TAKE_QUOTED = frozenset("pip uv pipx conda mamba apk npm pnpm yarn poetry pipenv pdm".split())
"""Managers that take a comparison behind a name, once it reaches them."""


class _Bare(NamedTuple):
    """A constraint of a package without quotes.

    Attributes:
        name: The package.
        redirect: The first redirection that the shell makes of it.
        file: The file of that.
        reads: The file from which one of them reads, which stops the shell where there is none.
        end: Where the constraint ends.
    """

    name: ShellWord
    redirect: Redirect
    file: str
    reads: str | None
    end: int | None


@rule(
    "comparison-redirects",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("[", "test", ">", "<"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A test, or the version of a package, compares with `>` or `<`, which redirects instead."""
    for stage in change.stages:
        for run in stage.runs:
            yield from _tests(stage, run)
            if _GLUED.search(run.instruction.text):
                yield from _constraints(change, stage, run)


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


def _constraints(change: DockerfileChange, stage: Stage, run: Run) -> Iterator[Problem]:
    """Find versions that stand right behind a package's name, so that nobody means a file by them."""
    for call in run.package_calls if run.instruction.exec_form is None else ():
        if call.action == "install":
            yield from _of_command(change, stage, run, call.command, call.manager)


def _of_command(change: DockerfileChange, stage: Stage, run: Run, command: Command, manager: str) -> Iterator[Problem]:
    found = list(_bare(run, command))
    if not found:
        return
    first, *others = found
    refused = next((one for one in found if one.reads is not None), None)
    if refused is not None:
        then = f"the shell stops, as there is no file called {quote(refused.reads or '')}"
    else:
        then = f"a file called {quote(first.file)} is written"
    packages = tuple(one.name.value for one in found)
    names = change.fresh("comparison-redirects", stage, packages)
    lacking = f"{listed(map(quote, names), None)} without {'a version' if len(names) == 1 else 'versions'}"
    yield Problem(
        first.redirect.span,
        f"`{first.redirect.operator}` is no part of the version here: the shell takes it for a redirection. "
        f"{quote(manager)} gets {lacking}, and {then}. {_way_out(manager)}",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        items=packages,
        notes=tuple(Note(one.redirect.span, "here too") for one in others),
        fix=_fix(run, found) if manager in _TAKE_QUOTED else None,
    )


def _bare(run: Run, command: Command) -> Iterator[_Bare]:
    """Yield the constraints of an install that the shell tears apart; several bounds of one package are one."""
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
        bounds = [one for one in command.redirects if redirect.start <= one.start < behind and one.target is not None]
        reads = next((one.target.value for one in bounds if one.operator == "<" and one.target is not None), None)
        yield _Bare(name, redirect, target.value, reads, behind if found is not None else None)


def _way_out(manager: str) -> str:
    if manager == "apt":
        return "Name the version with `=`; apt takes no comparison."
    return f"Put the whole constraint in quotes{'' if manager in _TAKE_QUOTED else f', as `{manager}` writes it'}."


def _fix(run: Run, found: list[_Bare]) -> Fix | None:
    pairs = [_quoted(run, one.name.span.start, one.end) for one in found]
    return fix("Quote the version", *(edit for pair in pairs for edit in pair or (None,)))


def _quoted(run: Run, start: int, end: int | None) -> tuple[Edit, Edit] | None:
    source = run.instruction.source
    if end is None or source.text[end : end + 1] in ('"', "'", "$", "`", "(") or end > run.instruction.span.end:
        return None
    return insert(source, start, '"'), insert(source, end, '"')
