"""Whether a Python program of the repository prints to its standard output, which Python buffers.

The standard error is written line by line since Python 3.9 (its documentation, `sys.stderr`), and `logging`, Click,
Typer and Rich flush what they write.
"""

from __future__ import annotations

import posixpath
import re
import sys
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from rules.brought import brought, place_of
from rules.repository.python_modules import module_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Repository, Stage
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
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+([\w, \t]+)?|import[ \t]+([\w., \t]+))", re.MULTILINE
)
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


class _Program(NamedTuple):
    """A program that was read: its path, the folder in which Python looks for its modules, and its text."""

    path: str
    root: str
    text: str


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
    if Output.PRINTED in map(_output, texts):
        return Output.PRINTED
    return Output.UNREAD if None in read else Output.NONE


def program_files(change: DockerfileChange, stage: Stage, call: PythonCall) -> dict[str, str | None]:
    """Return the texts of a program and of the project's modules that it imports, by path; empty where it is not read.

    Args:
        change: The change under review.
        stage: The stage that starts it.
        call: How it is started: a module or a script.
    """
    program = _module(change, call.value) if call.kind == "m" else _script(change, stage, call.value)
    if program is None:
        return {}
    own = (path for module in _modules(program) if (path := _own(change.repository, *module)) is not None)
    return {program.path: program.text, **{path: change.repository.text(path) for path in own if path != program.path}}


def _module(change: DockerfileChange, name: str) -> _Program | None:
    files = module_files(change.repository, name)
    text = change.repository.text(files[0]) if len(files) == 1 else None
    if text is None:
        return None
    tail = f"{name.replace('.', '/')}{'/__main__' if files[0].endswith('/__main__.py') else ''}.py"
    return _Program(files[0], files[0].removesuffix(tail).rstrip("/"), text)


def _script(change: DockerfileChange, stage: Stage, name: str) -> _Program | None:
    place = name if "/" in name else f"./{name}"
    target = place_of(stage, place) if name.endswith(".py") else None
    file = brought(change, stage, target, through_stages=True) if target is not None else None
    return _Program(file.path, posixpath.dirname(file.path), file.text) if file is not None else None


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


def _modules(program: _Program) -> Iterator[tuple[str, str]]:
    """Yield the modules that a program names: the first word of each, and where it would lie, without `.py`."""
    for source, names, plain in _IMPORT.findall(program.text):
        above = source.lstrip(".")
        dots = len(source) - len(above)
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(program.path), *[".."] * (dots - 1)))
        base = posixpath.join(folder if dots else program.root, above.replace(".", "/"))
        if source:
            top = above.split(".")[0] if not dots else ""
            yield top, base.rstrip("/")
            yield from ((top, posixpath.join(base, name.split()[0])) for name in names.split(",") if name.strip())
        for name in filter(None, map(str.strip, plain.split(","))):
            path = name.split()[0].replace(".", "/")
            yield path.split("/")[0], posixpath.join(program.root, path)


def _own(repository: Repository, top: str, path: str) -> str | None:
    """Return the file of a module that is, or may be, one of the repository's."""
    for name in (f"{path}.py", f"{path}/__init__.py"):
        if repository.exists(name):
            return name
    return path if repository.listing is None and top not in sys.stdlib_module_names else None
