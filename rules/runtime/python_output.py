"""Whether a Python program of the repository writes to its standard output, which Python buffers."""

from __future__ import annotations

import posixpath
import re
import sys
from typing import TYPE_CHECKING

from rules.brought import brought, place_of
from rules.lazily import once
from rules.packages.asked_packages import MANAGERS, asked_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, PackageCall, Run, Stage
    from rules.packages.asked_packages import Asked

_PRINT = re.compile(r"\b(?:print|pprint)[ \t]*\(")
_STDOUT = re.compile(r"\bstdout\b|\bclick\.|\btyper\.|\brich\b|\binput[ \t]*\(")
_ELSEWHERE = re.compile(r"\bfile\s*=\s*(?:sys\.)?stderr\b|\bflush\s*=\s*True\b")
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+([\w, \t]+)?|import[ \t]+([\w., \t]+))", re.MULTILINE
)
_LONGEST_CALL = 2_000
"""Characters in which the end of a call is looked for."""


_PROTOCOLS = frozenset({"mcp", "fastmcp"})
"""Packages for servers of the Model Context Protocol, which speak it over their standard output and log elsewhere.

Their `stdio_server` flushes each message by itself (modelcontextprotocol/python-sdk, `mcp/server/stdio.py`), and the
protocol lets a server write nothing else there (modelcontextprotocol.io, "Transports").
"""


@once
def speaks_over_stdout(change: DockerfileChange) -> bool:
    """Tell whether an install asks for a package whose programs keep their standard output for a protocol."""
    calls = ((run, call) for stage in change.stages for run in stage.runs for call in run.package_calls)
    return any(asked.name in _PROTOCOLS for run, call in calls for asked in _asked(change, run, call))


def _asked(change: DockerfileChange, run: Run, call: PackageCall) -> Iterator[Asked]:
    return asked_packages(change, run, call) if call.manager in MANAGERS else iter(())


def may_print(change: DockerfileChange, stage: Stage, program: str) -> bool:
    """Tell whether a program may write to its standard output, itself or in a module of its own that it imports.

    Args:
        change: The change under review.
        stage: The stage that starts it.
        program: The script's path, as the start command has it.

    Returns:
        `False` only where its text, and that of the repository's modules which it names, were read.
    """
    target = place_of(stage, program) if program.endswith(".py") else None
    file = brought(change, stage, target, through_stages=True) if target is not None else None
    if file is None or _writes(file.text):
        return True
    return any(_module_may_print(change, *module) for module in _modules(file.path, file.text))


def _writes(text: str) -> bool:
    if _STDOUT.search(text):
        return True
    return any(not _ELSEWHERE.search(_call(text, match.end())) for match in _PRINT.finditer(text))


def _call(text: str, start: int) -> str:
    """Return the arguments of a call, from behind its bracket to the one that closes it."""
    depth = 1
    for at in range(start, min(len(text), start + _LONGEST_CALL)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if not depth:
            return text[start:at]
    return ""


def _modules(path: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield the modules that a program names: the first word of each, and where it would lie, without `.py`."""
    folder = posixpath.dirname(path)
    for source, names, plain in _IMPORT.findall(text):
        above = source.lstrip(".")
        top = above.split(".")[0] if above == source else ""
        base = posixpath.join(folder, above.replace(".", "/")) if above else folder
        if source:
            yield top, base
            yield from ((top, posixpath.join(base, name.split()[0])) for name in names.split(",") if name.strip())
        for name in filter(None, map(str.strip, plain.split(","))):
            yield name.split()[0].split(".")[0], posixpath.join(folder, name.split()[0].replace(".", "/"))


def _module_may_print(change: DockerfileChange, top: str, path: str) -> bool:
    """Whether a module is, or may be, one of the repository's, and prints or was not read."""
    for name in (f"{path}.py", f"{path}/__init__.py"):
        if change.repository.exists(name):
            text = change.repository.text(name)
            return text is None or _writes(text)
    return change.repository.listing is None and top not in sys.stdlib_module_names
