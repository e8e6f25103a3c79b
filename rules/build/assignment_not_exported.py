"""See assignment_not_exported.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    ShellWord,
    insert,
    names_read,
    quote,
    rule,
)
from rules.build.variables.environment_readers import readers_of, reads
from rules.build.variables.of_base import is_set_by_base
from rules.quoting import listed

_EXPORTS_ALL = re.compile(r"set(?<!\wset)\s+-\w*a|allexport(?<!\wallexport)\b")
_LONGEST = 20
"""Characters of a value that the message shows."""


class _Unseen(NamedTuple):
    """A variable that no program sees, the command that sets it, its value, and the command that would read it."""

    name: str
    setting: Command
    value: ShellWord
    reader: Command


@rule(
    "assignment-not-exported",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("=",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN sets a variable as a command of its own, so the program that should read it does not get it."""
    for stage in change.stages:
        for run in stage.runs:
            unseen = list(_unseen(run)) if run.is_read and not run.deferred else []
            if unseen:
                yield _problem(run, unseen)


def _unseen(run: Run) -> Iterator[_Unseen]:
    """Yield what a RUN sets as a command of its own, and a later command looks for in its environment."""
    settings = [command for command in run.commands if command.program is None and command.assignments]
    if not settings or _EXPORTS_ALL.search(run.instruction.whole_value):
        return
    told: set[str] = set()
    for setting in settings:
        for name, value in setting.assignments:
            reader = _reader(run, setting, name) if name not in told and readers_of(name) else None
            if reader is not None and not _is_exported(run, name) and not _is_filled_in(run, name):
                told.add(name)
                yield _Unseen(name, setting, value, reader)


def _reader(run: Run, setting: Command, name: str) -> Command | None:
    later = (one for one in run.commands if one.start > setting.start and one.nested == setting.nested)
    return next((one for one in later if reads(one, name)), None)


def _is_exported(run: Run, name: str) -> bool:
    """Whether a variable is in the environment all the same: by ARG, ENV, the base image or a word of the script."""
    if run.scope.get(name) is not None or is_set_by_base(run.stage, name):
        return True
    exports = run.calls("export", "declare", "typeset")
    return any(word.value.partition("=")[0] == name for command in exports for word in command.args)


def _is_filled_in(run: Run, name: str) -> bool:
    """Whether the script itself reads it (`$NAME`): then it may be meant for the shell."""
    return name in names_read(run.instruction.whole_value)


def _problem(run: Run, unseen: list[_Unseen]) -> Problem:
    first = unseen[0]
    shown = listed(quote(_shown(one)) for one in unseen)
    known = run.scope.complete or run.stage.facts is not None
    if len(unseen) == 1:
        fact, it = "is set by a command of its own and stays in the shell", "it"
    else:
        fact, it = "are set by commands of their own and stay in the shell", "them"
    return Problem(
        first.setting.span,
        f"{shown} in {run.stage.label} {fact}: {quote(str(first.reader), 40)} runs without {it}. Put `export` in "
        f"front, or write {it} directly before the command, with nothing between.",
        Confidence.CERTAIN if known else Confidence.LIKELY,
        doubt="" if known else "the base image may set it as well",
        instruction=run.instruction,
        stage=run.stage.key,
        key=" ".join(one.name for one in unseen),
        fix=_fix(unseen),
    )


def _shown(unseen: _Unseen) -> str:
    return f"{unseen.name}={unseen.value.value}" if len(unseen.value.value) <= _LONGEST else unseen.name


def _fix(unseen: list[_Unseen]) -> Fix | None:
    """Export plain values: behind `export`, dash splits what it fills in, and a command's failure goes unseen."""
    plain = all(one.value.literal and "~" not in one.value.text for one in unseen)
    settings = {one.setting.start: one.setting for one in unseen}.values()
    edits = tuple(insert(setting.source, setting.start, "export ") for setting in settings)
    return Fix("Export it" if len(unseen) == 1 else "Export them", edits) if plain else None
