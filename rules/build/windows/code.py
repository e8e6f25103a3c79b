"""PowerShell that a RUN hands over, as far as it needs no parser: statements, and variables that they set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import once, quote
from rules.dockerfile.arguments import value_pieces
from rules.model.windows import is_for_windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Run

_PROGRAM = re.compile(r"(?P<name>powershell|pwsh)(?:-preview)?(?:\.exe)?", re.IGNORECASE)
_CALL = re.compile(r"[ \t]*+@?\"?(?:[^\s\"]*[\\/])?(?P<name>powershell|pwsh)(?:\.exe)?\"?(?=[ \t])", re.IGNORECASE)
"""The program in a script for `cmd`; an at sign keeps that from showing the line."""
_WORD = re.compile(r"[ \t]*+(?P<word>[^ \t]++)")
_CMD_PARTS = re.compile(r"(?:\"(?:[^\"\\]++|\\.)*+\"?|[^\"&|]++)++", re.DOTALL)
"""What stands between the operators of `cmd`: ampersands and pipes, one or two."""
_TOKENS = re.compile(
    r"'(?:[^']++|'')*+'|\"(?:[^\"`]++|`.|\"\")*+\"|`.|(?P<comment>(?<![^\s;({])#[^\n]*)|(?P<open>[({])|(?P<close>[)}])|"
    r"(?P<end>[;\n])|[^'\"`#({)};\n]+|.",
    re.DOTALL,
)
_VALUED = frozenset(
    "-executionpolicy -ex -ep -exec -version -v -inputformat -outputformat -windowstyle -w -configurationname "
    "-workingdirectory -wd -settingsfile -psconsolefile".split()
)
"""Options that take the next word (about_PowerShell_exe, about_Pwsh)."""
_COMMAND = frozenset({"-c", "-command"})


class PowerShell(NamedTuple):
    """One piece of PowerShell code.

    Attributes:
        run: The RUN.
        program: `powershell` (Windows' own, version 5.1) or `pwsh`.
        start: How it is called, the code aside, in lower case: what several calls may share.
        prelude: What a SHELL says in front of the code.
        code: The code.
        place: Offset in the file at which code may be put in front; `None` where that is not safe.
        by_shell: Whether a SHELL hands the code over, and no call in the RUN.
        alone: Whether the RUN consists of that call, in shell form.
    """

    run: Run
    program: str
    start: str
    prelude: str
    code: str
    place: int | None
    by_shell: bool = False
    alone: bool = False


@once
def powershell_of(run: Run) -> tuple[PowerShell, ...]:
    """Return the PowerShell code of a RUN: that of its SHELL, or of calls in the script of another shell."""
    shell = run.shell.value or ()
    instruction = run.instruction
    if run.deferred:
        return ()
    if instruction.exec_form is not None:
        return _of_array(run)
    program = _PROGRAM.fullmatch(shell[0].replace("\\", "/").rpartition("/")[2]) if shell else None
    if program is not None:
        code = instruction.heredocs[0].body if instruction.heredocs else instruction.value
        prelude = " ".join(word for word in shell[1:] if not word.startswith("-"))
        return (PowerShell(run, program["name"].lower(), " ".join(shell).lower(), prelude, code, None, by_shell=True),)
    if is_for_windows(run.stage):
        return tuple(_of_cmd(run)) if not instruction.heredocs else ()
    return tuple(_of_commands(run))


def _of_array(run: Run) -> tuple[PowerShell, ...]:
    """Read `RUN ["powershell", "-Command", "…"]`."""
    words = [word.text for word in run.instruction.exec_form or ()]
    program = _PROGRAM.fullmatch(words[0].replace("\\", "/").rpartition("/")[2]) if words else None
    at = next((index for index, word in enumerate(words) if word.lower() in _COMMAND), None)
    if program is None or at is None:
        return ()
    return (PowerShell(run, program["name"].lower(), "", "", " ".join(words[at + 1 :]), None),)


def _of_cmd(run: Run) -> Iterator[PowerShell]:
    """Read the calls in a script for `cmd`, which parts commands by ampersands and pipes, and knows no other quotes."""
    pieces = value_pieces(run.instruction)
    for part in _CMD_PARTS.finditer(run.instruction.value):
        found = _CALL.match(part[0])
        at = _code_start(part[0], found) if found is not None else None
        if found is None or at is None:
            continue
        code, name = part[0][at:].strip(), found["name"].lower()
        quoted = len(code) > 1 and code[0] == code[-1] == '"'
        begin = part.start() + at
        place = pieces.span(begin, begin + 1).end if quoted else None
        start = " ".join([name, *part[0][found.end() : at].lower().split()])
        alone = part[0] == run.instruction.value
        yield PowerShell(run, name, start, "", code[1:-1] if quoted else code, place, alone=alone)


def _code_start(text: str, call: re.Match[str]) -> int | None:
    """Return where the code of a call begins: behind `-Command`, or where Windows' own takes a word without option.

    With `-File` and `-EncodedCommand` there is none to read, and for `pwsh` a bare word is a file.
    """
    at, skipped = call.end(), False
    for found in _WORD.finditer(text, at):
        word = found["word"].lower()
        if word in _COMMAND:
            behind = _WORD.match(text, found.end())
            return behind.start("word") if behind is not None else None
        if skipped:
            skipped = False
        elif not word.startswith("-"):
            return found.start("word") if call["name"].lower() == "powershell" else None
        elif word.startswith(("-f", "-en")) or word in ("-e", "-ec"):
            return None
        else:
            skipped = word in _VALUED
    return None


def _of_commands(run: Run) -> Iterator[PowerShell]:
    """Read the calls in a script for a shell of Linux."""
    for command in run.commands:
        program = _PROGRAM.fullmatch(command.name)
        words = [word.value for word in command.args]
        at = next((index for index, word in enumerate(words) if word.lower() in _COMMAND), None)
        if program is not None and at is not None:
            start = " ".join([command.name, *words[:at]]).lower()
            code = " ".join(words[at + 1 :])
            yield PowerShell(run, program["name"].lower(), start, "", code, None, alone=len(run.commands) == 1)


def statements(code: str) -> tuple[str, ...] | None:
    """Part code into its statements, what stands in brackets kept together; `None` where they do not close."""
    found: list[str] = []
    kept: list[str] = []
    depth = 0
    for token in _TOKENS.finditer(code):
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if token.lastgroup == "end" and depth == 0:
            found.append("".join(kept).strip())
            kept = []
        elif token.lastgroup != "comment":
            kept.append(token[0])
    found.append("".join(kept).strip())
    return tuple(one for one in found if one) if depth == 0 else None


def without_strings(statement: str) -> str:
    """Return a statement with what stands in its quotes left out."""
    return "".join("''" if token[0][0] in "'\"" else token[0] for token in _TOKENS.finditer(statement))


def value_of(name: str, statement: str) -> str | None:
    """Return what a statement assigns to a variable, without quotes; `None` where it assigns nothing to it."""
    scope = r"(?:global:|script:|local:)?"
    found = re.match(rf"\$(?:{scope}{name}|\{{{scope}{name}\}})\s*=\s*(.+)", statement, re.IGNORECASE | re.DOTALL)
    return found[1].strip().strip("'\"").rpartition(":")[2] if found is not None else None


def shown(statement: str) -> str:
    """Quote a statement on one line, without the blanks of an indent: what a message shows of it."""
    return quote(" ".join(statement.split()), 80)
