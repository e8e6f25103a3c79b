"""The mode that a file ends with when a `chmod` follows what brings it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.user.modes.granted import octal_bits

if TYPE_CHECKING:
    from rules.api import Copy
    from rules.user.modes.granted import Grant

DEFAULT, EXECUTABLE = 0o644, 0o755
REMOTE = 0o600
"""The mode of a file that ADD fetches (Dockerfile reference, `ADD`)."""
_WHO = {"u": 0o700, "g": 0o070, "o": 0o007, "a": 0o777, "": 0o777}
_WHAT = {"r": 0o444, "w": 0o222, "x": 0o111}
_CLAUSE = re.compile(r"(?P<who>[^+=-]*)(?P<operator>[+=-]?)(?P<what>.*)", re.DOTALL)
_UMASK = 0o022
_RUNS = 0o111


def is_remote(copy: Copy) -> bool:
    """Tell whether ADD fetches one of the sources, and leaves it as it comes."""
    return any(source.is_remote and not copy.unpacks(source) for source in copy.sources)


def result(copy: Copy, grant: Grant) -> str | None:
    """Return the mode that a file ends with, octal; one of the context starts with 644, one from a server with 600.

    `None` where it takes over rights that are not known here (`g=u`, mostly said of folders; those that a file of
    another stage has already), and where it gives more than rights (`+s`).
    """
    written = copy.option("chmod")
    text = grant.mode.text
    if text.isdecimal():
        return text
    octal = octal_bits(written) if written is not None else None
    bits = octal if octal is not None else REMOTE if is_remote(copy) else DEFAULT
    clauses = _clauses(text)
    if clauses is None:
        return None
    for who, operator, what in clauses:
        open_to_all = written is None and (operator, what) == ("+", "x")  # it may be 755 in git, for all
        bits = _applied(bits, "" if open_to_all else who, operator, what)
    known = copy.from_context or written is not None or bits & _RUNS == _RUNS
    return f"{bits:o}" if known else None


def after(text: str, bits: int) -> int:
    """Return what a mode makes of another one; what is no right (`+s`, `g=u`) counts as a change."""
    octal = octal_bits(text)
    if octal is not None:
        return octal
    clauses = _clauses(text)
    if clauses is None:
        return -1
    for who, operator, what in clauses:
        bits = _applied(bits, who, operator, what)
    return bits


def _clauses(text: str) -> list[tuple[str, str, str]] | None:
    """Read a symbolic mode as whom, operator and what; `None` where it takes over rights, gives more, or is none."""
    clauses = [
        (found["who"], found["operator"], found["what"]) for found in map(_CLAUSE.fullmatch, text.split(",")) if found
    ]
    readable = all(set(who) <= _WHO.keys() and set(what.lower()) <= _WHAT.keys() for who, _, what in clauses)
    return clauses if readable else None


def _applied(bits: int, who: str, operator: str, what: str) -> int:
    mask = 0
    for letter in who or "a":
        mask |= _WHO[letter]
    given = 0
    for letter in what:
        given |= _WHAT.get(letter.lower(), 0) & mask
    given &= 0o777 if who else ~_UMASK
    if operator == "-":
        return bits & ~given
    return (bits & ~mask | given) if operator == "=" else bits | given
