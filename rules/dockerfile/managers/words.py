"""Words of a command line with known variables put in, as the shell would split them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.layered import extended

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.shell.words import ShellWord

_VARIABLE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::?-[^{}$]*)?\})")
_BRACES = re.compile(r"\{([^{},\s$]*(?:,[^{},\s$]*)+)\}")
SETTING = frozenset({"", "export", "declare", "typeset", "local", "readonly"})
"""What sets variables for the commands behind it; the empty name stands for a bare `A=1`."""
_MAX_WORDS = 2000
_LEAST_ROOM, _GROWTH = 5_000, 100
"""Characters that the values in one text may have together: so many, or so many for each of its own.

Without this, forty commands like `B=$A$A` would fill any memory.
"""


def expanded(text: str, env: Mapping[str, str]) -> str:
    """Put known variables into a text; unknown ones stay as written, and all once there is no room for more."""
    if "$" not in text:
        return text
    room = max(_LEAST_ROOM, _GROWTH * len(text))

    def value(match: re.Match[str]) -> str:
        nonlocal room
        found = env.get(match.group(1) or match.group(2), match.group())
        room -= len(found)
        return found if room >= 0 else match.group()

    return _VARIABLE.sub(value, text)


def assigned(command: Command, known: Mapping[str, str]) -> Mapping[str, str]:
    """Return the known variables behind a command, which may set some; one that may not run makes them unknown."""
    if not command.assignments or command.name not in SETTING:
        return known
    found: dict[str, str] = {}
    gone: set[str] = set()
    for name, word in command.assignments:
        value = word.value if word.literal else expanded(word.value, known)
        if command.conditional or "$" in value or "`" in value:
            found.pop(name, None)
            gone.add(name)
        else:
            found[name] = value
    return extended(known, found, gone)


def argument_words(words: Sequence[ShellWord], env: Mapping[str, str]) -> list[ShellWord]:
    """Return the words that a program gets: known variables put in and split at blanks, braces multiplied out.

    A word that comes out of another one has its place.
    """
    found: list[ShellWord] = []
    for word in words[:_MAX_WORDS]:
        if len(found) >= _MAX_WORDS:
            break
        if word.literal and "{" not in word.value:
            found.append(word)
        else:
            found.extend(_parts(word, env))
    return found[:_MAX_WORDS]


def _parts(word: ShellWord, env: Mapping[str, str]) -> Iterator[ShellWord]:
    value = word.value
    values = [value]
    if not word.literal and "$" in value:
        value = expanded(value, env)
        split = value != word.value and not word.quoted
        values = value.split() if split else [value]
    for part in values:
        for each in without_braces(part) if "{" in part and not word.quoted else (part,):
            yield word if each == word.value else word._replace(value=each, literal=word.literal or "$" not in each)


def without_braces(value: str) -> list[str]:
    """Multiply out `{a,b}`, as bash does; at most a few times."""
    values = [value]
    for _ in range(3):
        match = _BRACES.search(values[0])
        if match is None or len(values) > _MAX_WORDS:
            break
        choices = match.group(1).split(",")
        values = [each.replace(match.group(), choice, 1) for each in values for choice in choices]
    return values
