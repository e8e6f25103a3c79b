"""Whether a Python program of the repository prints to its standard output, which Python buffers.

The standard error is written line by line since Python 3.9 (its documentation, `sys.stderr`), and `logging`, Click,
Typer and Rich flush what they write.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from rules.repository.python_modules import module_files
from rules.runtime.languages.python_programs import program_files

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage
    from rules.runtime.languages.python_calls import PythonCall

_NO_CODE = re.compile(r"\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|^[ \t]*#.*", re.MULTILINE)
_PRINT = re.compile(r"(?<![\w.])(?:print|pprint|sys\.stdout\.write)[ \t]*\(")
_ELSEWHERE = re.compile(r"\bfile\s*=|\bflush\s*=\s*True\b")
_FLUSHES = re.compile(
    r"\bstdout\.(?:flush|reconfigure)\b|\bline_buffering\b|\bwrite_through\b"
    r"|^[ \t]*from[ \t]+rich[ \t]+import[^\n]*\bprint\b"
    r"|\bredirect_stdout\b|\bsys\.stdout[ \t]*=[^=]|\bpartial\([ \t]*print\b",
    re.MULTILINE,
)
_SPEAKS = re.compile(r"\bstdio_server\b|\brun_stdio_async\b|\btransport[ \t]*=[ \t]*[\"']stdio\b")
_SERVES = re.compile(r"\bFastMCP\b|\bmcp\.run\(|^[ \t]*(?:from|import)[ \t]+(?:fast)?mcp\b", re.MULTILINE)
_BY_HTTP = re.compile(
    r"\btransport[ \t]*=[ \t]*[\"'](?:sse|(?:streamable-)?http)\b|\brun_(?:sse|http|streamable_http)_async\b"
)
"""A server of the Model Context Protocol speaks on its standard streams unless another transport is named."""
_WAITS = re.compile(r"\b(?:while|sleep|input|\w*serve\w*|\w*forever|run)\b")
"""What code on the command line says that does not end at once: what is held back is written at the end."""
_GOES_ON = re.compile(
    r"\bwhile\b|(?<!subprocess\.)\b(?:sleep|input|run|run_(?:app|bot|server|until\w*|polling|web\w*|async\w*)|\w*serve\w*"
    r"|\w*forever\w*|\w*loop\w*|\w*poll(?:ing)?|consume\w*|subscribe\w*|listen\w*|launch|start\w*|stream\w*|watch\w*"
    r"|wait\w*|connect\w*|Thread|Process)[ \t]*\("
)
"""What code says that does not end at once."""
_TAKES_ARGUMENTS = re.compile(
    r"\b(?:ArgumentParser|OptionParser|sys\.argv|docopt|click\.command|typer\.(?:run|Typer)|Fire)\b"
)
_EXITS = re.compile(r"[ \t]*(?:[;\n]\s*)?(?:(?:sys\.)?exit|quit|raise)\b")
_LONGEST_CALL = 2_000
"""Characters in which the end of a call is looked for."""


class Output(Enum):
    """What is known of what a program writes to its standard output."""

    PRINTED = "printed"
    """Its text prints, or that of a module of its own which it imports."""
    UNREAD = "unread"
    """It, or a module of its own, was not read."""
    SELDOM = "seldom"
    """It prints, and seldom is that late: nothing in it says that it goes on, or it prints only on failure."""
    NONE = "none"
    """Nothing is held back: it prints nothing, flushes that, speaks a protocol there, or cannot start."""


def output_of(change: DockerfileChange, stage: Stage, call: PythonCall) -> Output:
    """Tell what a program prints, itself or in a module of its own that it imports.

    Args:
        change: The change under review.
        stage: The stage that starts it.
        call: How it is started.
    """
    if call.kind == "c":
        return _output(call.value) if _WAITS.search(call.value) else Output.NONE
    if call.kind == "m" and "-" in call.value and not module_files(change.repository, call.value):
        return Output.NONE  # no module that is installed has a hyphen
    files = program_files(change, stage, call)
    if not files:
        return Output.UNREAD
    read = list(files.values())
    texts = [text for text in read if text is not None]
    if any(map(_speaks, texts)):
        return Output.NONE
    printing = [text for text in texts if _output(text) is Output.PRINTED]
    if printing:
        return _until_its_end(texts[0], printing)
    return Output.UNREAD if None in read else Output.NONE


def _output(text: str) -> Output:
    if _FLUSHES.search(text):
        return Output.NONE
    code = _NO_CODE.sub("", text)
    prints = any(not _ELSEWHERE.search(_call(code, match.end())) for match in _PRINT.finditer(code))
    return Output.PRINTED if prints else Output.NONE


def _until_its_end(program: str, printing: list[str]) -> Output:
    """Tell whether it matters that output is held back until the program ends: exit and exceptions flush it.

    What fails is told at once where the program ends behind it, and a command with arguments that waits for nothing
    ends in a moment.
    """
    if all(_only_at_end(text) for text in printing):
        return Output.NONE
    if any(_GOES_ON.search(_NO_CODE.sub("", text)) for text in (program, *printing)):
        return Output.SELDOM if all(map(_only_on_failure, printing)) else Output.PRINTED
    return Output.NONE if _TAKES_ARGUMENTS.search(program) else Output.SELDOM


def _only_at_end(text: str) -> bool:
    """Whether each print is followed by the program's end: `print("no key"); sys.exit(1)`."""
    code = _NO_CODE.sub("", text)
    ends = (match.end() + len(_call(code, match.end())) + 1 for match in _PRINT.finditer(code))
    return all(_EXITS.match(code, end) for end in ends)


def _only_on_failure(text: str) -> bool:
    """Whether each print stands in the body of an `except`, where what else is logged tells of it as well."""
    code = _NO_CODE.sub("", text)
    lines = code.split("\n")
    return all(_is_below_except(lines, code.count("\n", 0, match.start())) for match in _PRINT.finditer(code))


def _is_below_except(lines: list[str], number: int) -> bool:
    """Whether a line is in the body of an `except`: of the lines above, the next that stands further left."""
    indent = len(lines[number]) - len(lines[number].lstrip())
    for at in range(number - 1, -1, -1):
        line = lines[at]
        if not indent:
            break
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth < indent:
            if line.lstrip().startswith(("except ", "except:")):
                return True
            indent = depth
    return False


def _speaks(text: str) -> bool:
    """Whether a program speaks a protocol on its standard streams: its library flushes each message."""
    return bool(_SPEAKS.search(text) or (_SERVES.search(text) and not _BY_HTTP.search(text)))


def _call(text: str, start: int) -> str:
    """Return the arguments of a call, from behind its bracket to the one that closes it."""
    depth = 1
    for at in range(start, min(len(text), start + _LONGEST_CALL)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if not depth:
            return text[start:at]
    return ""
