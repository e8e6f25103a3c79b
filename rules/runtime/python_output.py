"""Whether a Python program of the repository prints to its standard output, which Python buffers.

The standard error is written line by line since Python 3.9 (its documentation, `sys.stderr`), and `logging`, Click,
Typer and Rich flush what they write.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from rules.repository.python_modules import module_files
from rules.runtime.python_programs import modules_of, own_module, program_of

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage
    from rules.runtime.python_calls import PythonCall

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
_LONGEST_CALL = 2_000
"""Characters in which the end of a call is looked for."""


class Output(Enum):
    """What is known of what a program writes to its standard output."""

    PRINTED = "printed"
    """Its text prints, or that of a module of its own which it imports."""
    UNREAD = "unread"
    """It, or a module of its own, was not read."""
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
    program = program_of(change, stage, call)
    if program is None:
        return Output.UNREAD
    own = [path for module in modules_of(program) if (path := own_module(change.repository, *module)) is not None]
    read = [change.repository.text(path) for path in own]
    texts = [program.text, *(text for text in read if text is not None)]
    if any(map(_speaks, texts)):
        return Output.NONE
    if Output.PRINTED in map(_output, texts):
        return Output.PRINTED
    return Output.UNREAD if None in read else Output.NONE


def _output(text: str) -> Output:
    if _FLUSHES.search(text):
        return Output.NONE
    code = _NO_CODE.sub("", text)
    prints = any(not _ELSEWHERE.search(_call(code, match.end())) for match in _PRINT.finditer(code))
    return Output.PRINTED if prints else Output.NONE


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
