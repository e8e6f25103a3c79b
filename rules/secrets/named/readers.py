"""Who takes what an ARG or ENV sets: other variables, and steps of the build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import OS_MANAGERS, once
from rules.copying.context.recipes import SYSTEM
from rules.model.lineage import built_upon
from rules.model.scope import names_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rules.api import Command, Model, Run, Stage

_WHOLE = re.compile(r"\$(?:\w+|\{\w+(?::?-[^}]*)?\})")
"""A variable's value and nothing else, or a default in its place."""
_WORD = re.compile(r"\w+")
_SHOWING = frozenset({"env", "envsubst", "printenv", "xargs"})
"""Commands of the system that print all variables, put them into a text, or run what they read."""
_FOLLOWED = frozenset({"ARG", "ENV", "RUN", "ONBUILD", "CMD", "ENTRYPOINT", "HEALTHCHECK"})
"""Instructions that are looked at elsewhere, and those in which the builder fills nothing in."""


@once
def handed_on(stage: Stage) -> dict[str, list[tuple[int, str, bool]]]:
    """Return where an ENV takes each variable, into which other, and whether that is nothing but its value."""
    handed: dict[str, list[tuple[int, str, bool]]] = {}
    pairs = ((one, *pair) for one in stage.instructions if one.keyword == "ENV" for pair in one.pairs)
    for one, taker, value in pairs:
        if value is not None and "$" in value.text:
            whole = _WHOLE.fullmatch(value.text.strip('"')) is not None
            for name in dict.fromkeys(names_read(value.text)):
                handed.setdefault(name, []).append((one.span.start, taker.text, whole))
    return handed


def runs_below(stage: Stage, start: int) -> bool:
    """Tell whether a RUN sees what is set at a place: one behind it in the stage, or one of a stage upon that."""
    behind = bool(stage.runs) and stage.runs[-1].instruction.span.start > start
    return behind or any(one.runs for one in built_upon(stage)[1:])


def readers_below(stage: Stage, start: int, names: Iterable[str]) -> Iterator[Run]:
    """Yield the RUNs that may read a variable set at a place, in the stage and in those upon it.

    They name it, or run a program that is not the system's own: that sees all of its environment.

    Args:
        stage: The stage that sets it.
        start: Where.
        names: It, and those that take its value.
    """
    wanted = frozenset(names)
    upon = (run for one in built_upon(stage)[1:] for run in one.runs)
    for run in (*(run for run in stage.runs if run.instruction.span.start > start), *upon):
        if not run.is_read or _runs_a_stranger(run) or not wanted.isdisjoint(_words(run)):
            yield run


@once
def _words(run: Run) -> frozenset[str]:
    """The words of a RUN, its flags and here-documents included."""
    return frozenset(_WORD.findall(run.instruction.text))


@once
def _runs_a_stranger(run: Run) -> bool:
    """Whether a RUN starts what may read its environment: a program that is not the system's, or one by its path."""
    managed = {call.command.start for call in run.package_calls if call.manager in OS_MANAGERS}
    return any(not _is_of_system(command) for command in run.commands if command.start not in managed)


def _is_of_system(command: Command) -> bool:
    program = command.called
    by_path = "/" in program and not program.startswith(("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"))
    return not program or (not by_path and command.name in SYSTEM - _SHOWING)


@once
def words_elsewhere(stage: Stage) -> Mapping[str, str]:
    """Return which variables instructions fill in that are neither RUN nor ENV: by name, the last one's keyword."""
    others = (one for one in stage.instructions if one.keyword not in _FOLLOWED)
    return {word: one.keyword for one in others for word in names_read(one.text)}


@once
def words_of_from(model: Model) -> frozenset[str]:
    """Return the variables that the FROMs of a file name, and the defaults above them."""
    instructions = (*model.global_args, *(stage.from_ for stage in model.stages))
    return frozenset(name for one in instructions for name in names_read(one.text))


@once
def declared(model: Model) -> Mapping[str, Sequence[tuple[Stage, int]]]:
    """Return where ARGs and ENVs of the stages set each variable: the stage and the place."""
    found: dict[str, list[tuple[Stage, int]]] = {}
    for stage in model.stages:
        for one in stage.instructions:
            for name, _ in one.pairs if one.keyword in ("ARG", "ENV") else ():
                found.setdefault(name.text, []).append((stage, one.span.start))
    return found
