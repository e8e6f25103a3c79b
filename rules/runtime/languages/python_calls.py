"""What a call of the interpreter of Python starts: a module, a script or code."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

PYTHONS = frozenset({"python", "python3"})
"""Python by the names that an environment gives it, and every image of it has."""
_PYTHON = re.compile(r"python[\d.]*")
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


def started_by_python(words: tuple[str, ...]) -> PythonCall | None:
    """Return what a command line has Python start, of whichever release; `None` where its program is another one."""
    return python_call(words[1:]) if words and _PYTHON.fullmatch(posixpath.basename(words[0])) else None


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
