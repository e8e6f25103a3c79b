"""Instructions that a command takes in as its arguments, since the line above them goes on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rules.dockerfile.shell.words import ShellWord

TAKES: Final = {
    **dict.fromkeys(("CMD", "ENTRYPOINT", "RUN"), re.compile(r"\S")),
    **dict.fromkeys(("COPY", "ADD"), re.compile(r"--\w|\S+[ \t]+\S")),
    **dict.fromkeys(("USER", "STOPSIGNAL"), re.compile(r"[\w$.:{}-]+\s*$")),
    **dict.fromkeys(("WORKDIR", "VOLUME"), re.compile(r"[\"\[]*[/$]")),
    **dict.fromkeys(("ENV", "ARG", "LABEL"), re.compile(r"[\"\w.-]+=")),
    "EXPOSE": re.compile(r"[\d$]"),
    "FROM": re.compile(r"\S+(?:[ \t]+AS[ \t]+\S+)?\s*$", re.IGNORECASE),
    "HEALTHCHECK": re.compile(r"--\w|CMD\s|NONE"),
    "SHELL": re.compile(r"\["),
}
"""Instruction, in capitals as people write it, to how its value begins: what is no such thing is a word like any."""
_ESCAPES = ("\\", "`")


def is_instruction(word: ShellWord) -> bool:
    """Tell whether a word is an instruction's with a value of its kind behind it in its line."""
    takes = TAKES.get(word.text)
    return takes is not None and takes.match(rest_of_line(word)) is not None


def begins_line(word: ShellWord) -> bool:
    """Tell whether a line begins with a word, right below one that goes on."""
    source, line = word.source, word.span.line
    start = source.line_span(line).start
    return (
        line > 1 and not source.text[start : word.start].strip() and source.line(line - 1).rstrip().endswith(_ESCAPES)
    )


def rest_of_line(word: ShellWord) -> str:
    """Return what stands behind a word in its line, without the mark that joins the next one."""
    line = word.source.line_span(word.span.line)
    return word.source.text[word.end : line.end].strip().removesuffix("\\").rstrip()


def own_words(args: tuple[ShellWord, ...]) -> tuple[ShellWord, ...]:
    """Return a command's arguments without an instruction that it takes in, and what comes behind it."""
    for index, word in enumerate(args):
        if word.text in TAKES and is_instruction(word) and begins_line(word):
            return args[:index]
    return args
