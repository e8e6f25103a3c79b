"""Options of a shell's builtins that only bash knows (the manual pages of bash and dash, "Builtins")."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.shell.words import ShellWord

_OPTIONS = {
    "read": (("read-array", re.compile(r"-[a-z]*[aeiN]")), ("read-option", re.compile(r"-[a-z]*[dnstu]"))),
    "export": (("export-function", re.compile(r"-[np]*f")),),
    "printf": (("printf-variable", re.compile(r"-v")),),
    "type": (("type-option", re.compile(r"-[afptP]+")),),
    "wait": (("wait-next", re.compile(r"-n")),),
    "echo": (("echo-option", re.compile(r"-[nE]*[eE][neE]*")),),
}
_TO_TERMINAL = ("/dev/null", "/dev/stderr", "/dev/stdout", "/dev/tty")
MAY_HOLD_ONE = re.compile("|".join([*(rf"{name}\s+-" for name in _OPTIONS), r"ERR\b|\$\{\w+@|>&\s*[^\s\d&-]"]))
"""What a text has where one of these, or another of bash's additions that are no commands, may stand in it."""


def bash_options(command: Command) -> Iterator[tuple[str, ShellWord]]:
    """Yield the kinds of construct that a builtin's options are, each with its word; see `Script.constructs`."""
    if command.program is None or command.wrappers or command.program.value != command.name:
        return  # not the builtin
    if command.name == "trap":
        yield from (("error-trap", word) for word in command.args[1:] if word.value in ("ERR", "DEBUG", "RETURN"))
    known = _OPTIONS.get(command.name, ())
    if command.name == "echo" and not _is_kept(command):
        return
    for option in takewhile(lambda word: word.value.startswith("-"), command.args if known else ()):
        kind = next((kind for kind, pattern in known if pattern.fullmatch(option.value)), None)
        if kind is not None:
            yield kind, option
            return


def _is_kept(command: Command) -> bool:
    """Whether what a command prints goes to a file or to another command, and not to the log of the build alone."""
    files = (redirect.writes for redirect in command.redirects)
    return command.after == "|" or any(file is not None and file not in _TO_TERMINAL for file in files)
