"""The files that a command in a loop of the shell is about: `for name in a b; do chmod 755 /srv/$name; done`."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from rules.comments import code_of
from rules.lazily import once

if TYPE_CHECKING:
    from rules.model.steps import Step
    from rules.user.modes.granted import Grant

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_LOOP = re.compile(r"\bfor[ \t]+(?P<name>\w+)[ \t]+in[ \t](?P<words>[^;\n$`*?\[\]{}\"']{0,4000})[;\n]\s*do\b")
_DONE = re.compile(r"[\s;]done\b")


def looped_paths(grant: Grant) -> tuple[str, ...]:
    """Return the paths of a grant; of one that names the variable of a loop around it, those for its plain words."""
    return tuple(path for written in grant.paths for path in _each(grant, written))


def _each(grant: Grant, path: str) -> tuple[str, ...]:
    scope = grant.step.scope
    named = {plain or braced for plain, braced in _VARIABLE.findall(path)}
    unknown = [name for name in named if scope.expand(f"${name}") is None]
    words = _words(grant.step, unknown[0], grant.command.start) if grant.command and len(unknown) == 1 else None
    if words is None:
        return (path,)
    variable = re.compile(rf"\$(?:{unknown[0]}\b|\{{{unknown[0]}\}})")
    return tuple(word.join(variable.split(path)) for word in words)


def _words(step: Step, name: str, at: int) -> tuple[str, ...] | None:
    """Return the words that a variable goes through at a place of the file; `None` where no loop of it is open."""
    starts, words, ends = _loops(step)
    behind = bisect_right(starts.get(name, []), at) - 1
    if behind < 0:
        return None
    start = starts[name][behind]
    end = bisect_left(ends, start)
    return words[start] if end < len(ends) and ends[end] > at else None


@once
def _loops(step: Step) -> tuple[dict[str, list[int]], dict[int, tuple[str, ...]], list[int]]:
    """Return where the loops over plain words begin, by their variable; the words of each; and where a loop ends."""
    begin, text = step.instruction.span.start, code_of(step.instruction)
    starts: dict[str, list[int]] = {}
    words: dict[int, tuple[str, ...]] = {}
    for loop in _LOOP.finditer(text):
        starts.setdefault(loop["name"], []).append(begin + loop.end())
        words[begin + loop.end()] = tuple(loop["words"].split())
    return starts, words, [begin + found.start() for found in _DONE.finditer(text)]
