"""Blanks that another program fills in before Docker reads the file: Jinja, Go, ERB, Maven, `%%NAME%%`, `@NAME@`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Instruction

_BLANK = re.compile(
    r"\{\{[^{}]{1,200}+\}\}|\{%[^%]{1,200}+%\}|<%[^%]{1,200}+%>|%%\w{1,100}+%%|(?<!\w)@\w{1,100}+@|"
    r"\$\{\w{1,100}+\.[\w.-]{1,100}+\}"
)
"""The last is a property, `${project.version}`: no variable of a Dockerfile has a dot in its name."""
_MARKS = ("{{", "{%", "<%", "%%", "@", "${")
"""One of these begins a blank: to look for them takes less time than the pattern."""
_SHELL = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "LABEL", "RUN"})
"""Here braces may be meant as they stand: `docker inspect --format '{{.Id}}'`."""


def blank_of(instruction: Instruction) -> str | None:
    """Return the first blank in an instruction's flags and value, as written."""
    # A blank with white space in it ends the flag, and goes on in the value.
    text = " ".join([*(flag.value or "" for flag in instruction.flags), instruction.value])
    found = _BLANK.search(text) if any(mark in text for mark in _MARKS) else None
    return found[0] if found is not None else None


def is_filled_in(instruction: Instruction) -> bool:
    """Whether what an instruction says is only known when its blanks are filled in."""
    return instruction.keyword not in _SHELL and blank_of(instruction) is not None
