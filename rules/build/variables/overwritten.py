"""Variables of a RUN that its script sets itself before it reads them: what the file gives them counts for nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import Run

_FOR_THE_REST = frozenset({"", "export", "readonly", "declare", "typeset"})
"""What sets a variable for all that follows; in front of a program it is for that alone."""


def sets_first(run: Run, name: str) -> bool:
    """Tell whether the first that a script does with a variable is to set it, to a value without itself.

    Where only some branches do (`case $(uname -m) in x86_64) …`), that is how it makes up for what is not given.
    """
    text = run.instruction.source.text
    word = re.compile(rf"(?<![\w]){re.escape(name)}(?!\w)")
    first = word.search(text, run.instruction.span.start)
    if first is None:
        return False
    for command in run.commands:
        for key, value in command.assignments if command.name in _FOR_THE_REST and not command.nested else ():
            if key == name and value.start == first.end() + 1:
                return word.search(value.text) is None
    return False
