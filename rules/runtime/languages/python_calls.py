"""What a call of the interpreter of Python starts: a module, a script or code."""

from __future__ import annotations

import re
from typing import NamedTuple

_TAKES_REST = re.compile(r"[cmWX]")
"""Letters of the interpreter's options that take what follows (docs.python.org/3/using/cmdline.html)."""


class PythonCall(NamedTuple):
    """A call of the interpreter.

    Attributes:
        kind: `c` for code, `m` for a module, `file` for a script; empty where it starts none of them.
        value: The code, the module's name or the script's path.
        unbuffered: Whether `-u` is among the interpreter's own options, alone or in a cluster (`-um app`).
    """

    kind: str = ""
    value: str = ""
    unbuffered: bool = False


def python_call(args: tuple[str, ...]) -> PythonCall:
    """Read the arguments of the interpreter."""
    words, unbuffered = iter(args), False
    for word in words:
        if not word.startswith("-") or word == "-":
            return PythonCall("file", word, unbuffered)
        if word.startswith("--"):
            continue
        letters = _TAKES_REST.split(word[1:], maxsplit=1)[0]
        unbuffered = unbuffered or "u" in letters
        option, rest = word[1 + len(letters) :][:1], word[2 + len(letters) :]
        value = (rest or next(words, "")) if option else ""
        if option in ("c", "m"):
            return PythonCall(option, value, unbuffered)
    return PythonCall(unbuffered=unbuffered)
