"""Arguments of the shell (`$1`, `$@`) that the script of a RUN reads, and that nothing gives it.

A RUN in its shell form is `/bin/sh -c "<script>"` with nothing behind the script, so that all of them are empty (POSIX,
Shell Command Language, 2.5.1 and `sh`); `set -- …` gives some, and a function has its own.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.nested import SHELLS, inner_script
from rules.dockerfile.shell.skip import closing_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Run, ShellWord

_RUNS_A_SCRIPT = re.compile(r"-[a-z]*c")
"""The option behind which a shell takes its script."""
_BRACKETS = re.compile(r"\([ \t]*\)")
_FUNCTION = re.compile(r"(?<![\w.:-])[\w.:-]+[ \t]*\([ \t]*\)|\bfunction[ \t]")
_PARAMETER = re.compile(r"\$(?:[1-9@*]|\{(?:[1-9]\d*|[@*])(?:[#%/][^{}]*)?\})")
_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*(?:[#%/][^{}]*)?\})")
_NAME = re.compile(r"\w+")
_NOTABLE = re.compile(r"\\.|[\"']|\$\$|\$'|\$[\w({\[@*]|`", re.DOTALL)
_QUOTES = ("'", '"', "$'")
_OPENING = ("$(", "${", "$[", "`")
_ANSI_TEXT = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)


class Use(NamedTuple):
    """A place where a script reads an argument.

    Attributes:
        command: The command that gets the text.
        name: As written: `$1`.
        place: Offset of its dollar in the file; `None` in a here-document.
        quoted: Whether it stands in double quotes.
        alone: Whether the shell fills in nothing else in the same word.
        document: The delimiter of the here-document that it stands in, else empty.
    """

    command: Command
    name: str
    place: int | None
    quoted: bool = False
    alone: bool = True
    document: str = ""


class _Found(NamedTuple):
    """What the shell fills in in a text: its arguments, each with its place and whether it is quoted; how much else."""

    parameters: list[tuple[int, str, bool]]
    others: int


def read_positional(run: Run) -> Iterator[Use]:
    """Yield what a RUN reads of its shell's arguments; nothing where the script may have set them."""
    if _PARAMETER.search(run.instruction.text) is None or not _has_none(run):
        return
    seen: set[int] = set()
    for command in _of_its_shell(run):
        for word in _words(command):
            if "$" not in word.text or word.start in seen:
                continue
            seen.add(word.start)
            found = _search(word.text)
            for at, name, quoted in found.parameters:
                yield Use(command, name, word.start + at, quoted, not found.others)
        yield from _in_documents(command)


def read_variables(run: Run) -> Iterator[tuple[Command, str]]:
    """Yield the variables that the shell of a RUN fills in without a default, each with the command that gets it."""
    for command in _of_its_shell(run):
        yield from ((command, use.name) for use in variables_read(command))


def variables_read(command: Command) -> Iterator[Use]:
    """Yield the variables that a command's shell fills in without a default, by their names alone."""
    for word in _words(command):
        found = _search(word.text, _VARIABLE) if "$" in word.text else _Found([], 0)
        for at, name, quoted in found.parameters:
            yield Use(command, _bare(name), word.start + at, quoted, not found.others)
    document = _filled_in(command)
    if document is not None:
        for _, name, _ in _search(document, _VARIABLE, document=True).parameters:
            yield Use(command, _bare(name), None, document=_delimiter(command))


def _bare(written: str) -> str:
    name = _NAME.search(written)
    assert name is not None
    return name[0]


def _delimiter(command: Command) -> str:
    return next(one.target.value for one in command.redirects if one.target and one.operator in ("<<", "<<-"))


def _of_its_shell(run: Run) -> Iterator[Command]:
    """Yield the commands of a RUN's own shell, and of substitutions; `sh -c '…'` has arguments of its own."""
    if run.script.shell is not None:
        yield run.script.shell
        return
    scripts = [script for command in run.commands if (script := inner_script(command)) is not None]
    words = sorted((script.word.start, script.word.end) for script in scripts if script.word is not None)
    starts, ends = [start for start, _ in words], [*accumulate((end for _, end in words), max)]
    told_apart = len(words) == len(scripts)
    for command in run.commands:
        place = bisect_right(starts, command.start)
        if not command.nested or (told_apart and not (place and ends[place - 1] > command.start)):
            yield command


def fills_in(run: Run) -> bool:
    """Tell whether a RUN is read by a shell whose words are understood, and that fills in `$NAME`."""
    if run.deferred or run.instruction.exec_form is not None or run.stage.runtime.is_windows or not run.is_read:
        return False
    shell = run.shell.value
    return run.script.dialect in SHELLS.values() and (not shell or _RUNS_A_SCRIPT.fullmatch(shell[-1]) is not None)


def _has_none(run: Run) -> bool:
    """Whether the shell of a RUN has no arguments, and its script gives it none."""
    if not fills_in(run):
        return False
    texts = (run.instruction.value, *(document.body for document in run.instruction.heredocs))
    return not (any(map(_defines_function, texts)) or run.calls("eval") or any(map(_sets, run.calls("set"))))


def _defines_function(text: str) -> bool:
    may = _BRACKETS.search(text) is not None or "function" in text  # few texts have either, and that is found at once
    return may and _FUNCTION.search(text) is not None


def _sets(command: Command) -> bool:
    """Whether a `set` gives the shell arguments: it has words that are no options."""
    words = [word.value for word in command.args]
    options = [w for place, w in enumerate(words) if w[:1] in "-+" or (place and words[place - 1][-1:] == "o")]
    return "--" in words or "-" in words or len(options) < len(words)


def _words(command: Command) -> Iterator[ShellWord]:
    yield from command.words
    yield from (word for _, word in command.assignments)
    yield from (one.target for one in command.redirects if one.target is not None and "<<" not in one.operator)


def _in_documents(command: Command) -> Iterator[Use]:
    """Yield what the here-document of a command loses in which the shell fills in variables."""
    document = _filled_in(command)
    if document is None:
        return
    for _, name, _ in _search(document, document=True).parameters:
        yield Use(command, name, None, document=_delimiter(command))


def _filled_in(command: Command) -> str | None:
    """Return the here-document of a command where the shell fills in variables, and there may be some."""
    opened = next((one.target for one in command.redirects if one.operator in ("<<", "<<-")), None)
    expands = opened is not None and opened.text == opened.value
    return command.heredoc if expands and command.heredoc is not None and "$" in command.heredoc else None


def _search(text: str, sought: re.Pattern[str] = _PARAMETER, *, document: bool = False) -> _Found:
    """Find what the shell fills in in a word as it is written, or in a here-document, where quotes are plain text."""
    parameters: list[tuple[int, str, bool]] = []
    at, quoted, others = 0, False, 0
    while (match := _NOTABLE.search(text, at)) is not None:
        mark, start, at = match.group(), match.start(), match.end()
        if mark[0] == "\\" or mark == "$$" or (document and mark in _QUOTES):
            continue
        if mark in _QUOTES:
            quoted = quoted != (mark == '"')
            at = at if mark == '"' or quoted else _behind_quotes(text, start)
        elif (parameter := sought.match(text, start)) is not None:
            parameters.append((start, parameter.group(), quoted))
            at = parameter.end()
        else:
            others += 1
            at = (closing_end(text, start) or len(text)) if mark in _OPENING else at
    return _Found(parameters, others)


def _behind_quotes(text: str, start: int) -> int:
    """Return the index behind a text in single quotes, which the shell leaves as it is."""
    if text[start] == "$":
        ansi = _ANSI_TEXT.match(text, start)
        return ansi.end() if ansi is not None else len(text)
    end = text.find("'", start + 1)
    return end + 1 if end >= 0 else len(text)
