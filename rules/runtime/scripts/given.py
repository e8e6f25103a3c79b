"""The file that an interpreter is given to run."""

from __future__ import annotations

import posixpath
import re
from itertools import dropwhile

_INTERPRETER = re.compile(r"(?:python[\d.]*|node|ruby|perl|php|java|dotnet|sh|bash|ash|bun|deno|Rscript)\Z")
_RUNTIMES = frozenset({"bun", "deno"})
_PERMISSION = re.compile(r"--(?:allow|deny|unstable|no|cached|hot|watch)[\w-]*\Z|-A\Z")
"""Their options that take no word of their own."""
_ALONE = re.compile(r"(?:-[uBEIOsS]+|-jar|-D.*|-X.*|-XX:.*|--[\w-]+=.*)\Z")
_VALUED = {
    "python": frozenset({"-X"}),
    "php": frozenset({"-S", "-D"}),
    "ruby": frozenset({"-S", "-E", "-I"}),
    "perl": frozenset({"-I", "-S"}),
    "node": frozenset({"-I", "-S"}),
}
"""Options that take the next word, or seek the program on the search path, where others of that letter stand alone."""


_MANAGERS = frozenset({"uv", "poetry", "pdm", "pipenv"})
_WITHOUT_VALUE = re.compile(r"--(?:no-[a-z-]+|frozen|locked|offline|quiet|all-extras|all-groups|isolated)\Z|-q\Z")
"""Options of `uv run` that take no value."""


def script_of(words: tuple[str, ...]) -> str | None:
    """Return the file that an interpreter is given, `main.py` for `python -u main.py`; `None` where it is not sure."""
    words = _without_run(words)
    if _INTERPRETER.match(posixpath.basename(words[0])) is None:
        return None
    valued = _VALUED.get(posixpath.basename(words[0]).rstrip("0123456789."), frozenset())
    for word in words[1:]:
        if word in valued:
            return None
        if not word.startswith("-"):
            if (posixpath.basename(words[0]), word) == ("node", "inspect"):
                return None
            is_verb = posixpath.basename(words[0]) == "dotnet" and not word.endswith(".dll")
            return None if is_verb or _is_class(words, word) else word
        if not _ALONE.match(word):
            return None  # an option that may take the next word, or code
    return None


def _is_class(words: tuple[str, ...], word: str) -> bool:
    """Whether it is the class that Java starts: it takes an archive behind `-jar`, and sources by their ending."""
    return posixpath.basename(words[0]) == "java" and "-jar" not in words and not word.endswith(".java")


def _without_run(words: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the verb of a runtime that has one: `deno run --allow-net main.ts`, `bun run src/index.ts`.

    Of a manager of Python's only what it starts is left: `uv run --frozen python main.py`; a script it hands to Python.
    """
    if posixpath.basename(words[0]) in _MANAGERS and words[1:2] == ("run",):
        rest = tuple(dropwhile(_WITHOUT_VALUE.match, words[2:]))
        return ("python", *rest) if rest[:1] and rest[0].endswith(".py") else rest or words
    if posixpath.basename(words[0]) not in _RUNTIMES or words[1:2] != ("run",):
        return words
    return words[:1] + tuple(word for word in words[2:] if not _PERMISSION.match(word))
