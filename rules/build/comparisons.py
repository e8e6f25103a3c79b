"""`[ … ]`, `[[ … ]]` and `test`: the single tests in a command, and whether anything hangs on them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rules.api import Command, ShellWord

TESTS: Final = {"[": "[ … ]", "[[": "[[ … ]]", "test": "test"}
"""Commands that test, and how each is spoken of."""
_BETWEEN = frozenset({"-a", "-o", "&&", "||", "(", ")", "!", "\\(", "\\)"})
"""What parts one test in a command from the next."""
_CONDITION = re.compile(r"(?:^|[\s;&|({'\"])(?:if|elif|while|until|!)\s+$")


def single_tests(command: Command) -> list[list[ShellWord]]:
    """Return the words of each test in a command that is one of `TESTS`: two lists for `[ -f a -o b = c ]`."""
    groups: list[list[ShellWord]] = [[]]
    words = command.args[:-1] if command.name != "test" else command.args
    for word in words:
        if word.text in _BETWEEN:
            groups.append([])
        else:
            groups[-1].append(word)
    return groups


def decides(command: Command) -> bool:
    """Whether something hangs on how a test ends: what comes behind it, a branch, a loop, or the step itself."""
    before = command.source.text[max(0, command.start - 20) : command.start]
    return command.after not in (";", "\n", "&") or command.errexit or _CONDITION.search(before) is not None
