"""Whether a file is what a builder is given, or something else of a like name: a piece of one, or another language."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.dockerfile.syntax.grammar import INSTRUCTIONS

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.nodes import Dockerfile

_PLAIN = frozenset({"dockerfile", "containerfile"})
"""What the file is called that a builder takes by itself: no other tool is given a piece under that name."""
_WORD = re.compile(r"[A-Za-z]+|</?[A-Za-z].*")
"""A word, or a tag of HTML and its kin."""


def is_given_to_builders(change: DockerfileChange) -> bool:
    """Tell whether a builder surely takes the file as it is: by its plain name, or since a build names it."""
    return posixpath.basename(change.path).lower() in _PLAIN or bool(change.repository.builds_of(change.path))


def has_stage(dockerfile: Dockerfile) -> bool:
    """Tell whether a Dockerfile has a FROM."""
    return any(instruction.keyword == "FROM" for instruction in dockerfile.instructions)


def is_of_another_language(change: DockerfileChange) -> bool:
    """Tell whether a file is no Dockerfile but in its name: it has no FROM, and begins with the word of another tool.

    A word that resembles an instruction is one that was misspelt, and no other tool's.
    """
    dockerfile = change.after.dockerfile
    if is_given_to_builders(change) or has_stage(dockerfile) or not dockerfile.instructions:
        return False
    first = dockerfile.instructions[0]
    misspelt = any(fault.suggestion and fault.span == first.keyword_span for fault in dockerfile.faults)
    return first.keyword not in INSTRUCTIONS and not misspelt and _WORD.fullmatch(first.keyword) is not None
