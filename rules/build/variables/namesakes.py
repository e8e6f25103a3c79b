"""An ARG that nothing uses, for a variable that nothing sets: one of the two is misspelt."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.model.model import Model
    from rules.model.scope import Variable
    from rules.model.steps import Step

_SHORTEST = 8
"""Letters of a name that may be misspelt: what is shorter is soon like another."""
_SHORTEST_OF_ONE = 6
"""The same where but one letter is too few or too many, and makes no plural."""
_SLIPS = 2
"""Letters that a slip of the pen leaves out or puts in."""


def unused_namesake(step: Step, name: str) -> Variable | None:
    """Return the ARG above a step that the file uses nowhere, and whose name is almost the one that the step uses.

    A letter in the place of another makes another word (`UID`, `GID`), and so does another number; a letter too few or
    too many, two that changed places, and, where the base image is known, a word too few make none.

    Args:
        step: The step that uses the variable.
        name: What it uses, and nothing in the file sets.
    """
    for other in sorted(_unused(step.stage.model)):
        found = step.scope.get(other)
        if found is None or found.kind != "arg" or found.instruction is None:
            continue
        if _is_slip(name, other) or (step.stage.base_known and _lacks_word(name, other)):
            return found
    return None


@once
def _unused(model: Model) -> frozenset[str]:
    """The ARGs of a file whose names stand nowhere else in it."""
    declared = Counter(
        word.text
        for stage in model.stages
        for instruction in stage.instructions
        if instruction.keyword == "ARG"
        for word, _ in instruction.pairs
    )
    if not declared or len(declared) > _MOST:
        return frozenset()
    words = Counter(re.findall(r"\w+", model.code))
    return frozenset(name for name, times in declared.items() if words[name] == times)


_MOST = 100
"""ARGs of a file among which a misspelt one is looked for."""


def _is_slip(name: str, other: str) -> bool:
    short, long = sorted((name, other), key=len)
    if len(short) < _SHORTEST_OF_ONE or name == other or _digits(name) != _digits(other):
        return False
    if len(short) < _SHORTEST:
        return len(long) == len(short) + 1 and _is_within(short, long) and long != f"{short}S"
    if sorted(name) == sorted(other):
        return sum(one != two for one, two in zip(name, other, strict=True)) == _SLIPS
    return 0 < len(long) - len(short) <= _SLIPS and _is_within(short, long)


def _is_within(short: str, long: str) -> bool:
    """Whether the letters of one word stand in another in the same order."""
    letters = iter(long)
    return all(letter in letters for letter in short)


def _lacks_word(name: str, other: str) -> bool:
    """Whether a name is another of three words or more without one in the middle: `APP_ARGS`, `APP_CONFIG_ARGS`."""
    words, others = name.split("_"), other.split("_")
    return len(words) > 1 and any([*others[:at], *others[at + 1 :]] == words for at in range(1, len(others) - 1))


def _digits(name: str) -> str:
    return re.sub(r"\D", "", name)
