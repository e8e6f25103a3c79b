"""The programs that the start script of the repository calls by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.runtime.scripts.called import all_called_scripts
from rules.runtime.starts.scripts import start_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Span
    from rules.runtime.starts.instructions import Written
    from rules.runtime.starts.scripts import StartScript

_FUNCTION = re.compile(r"^[ \t]*(?:function\s+([\w-]+)|([\w-]+)\s*\(\s*\))", re.MULTILINE)
_ASKED_FOR = re.compile(r"\b(?:command|which|type|hash|whence)\b(?:\s+-\w+)*\s+[\"']?([\w./-]+)")
"""A program that a script looks for before it calls it."""

_BECOMING = frozenset({"gosu", "su-exec", "tini", "dumb-init"})
"""Programs that start what stands behind them, and that few images bring."""

_INSTALLS = re.compile(
    r"\b(?:apt|apt-get|apk|dnf|microdnf|yum|pip|pip3|npm|corepack)\s[^\n]*\b(?:add|install|enable)\b"
)


class ScriptCall(NamedTuple):
    """A call of a program in a start script.

    Attributes:
        name: The program, without a folder.
        script: The script's path in the repository.
        span: Where the call stands there.
        certain: Whether the script makes the call whatever happens.
    """

    name: str
    script: str
    span: Span
    certain: bool


def script_calls(change: DockerfileChange, found: Written) -> Iterator[ScriptCall]:
    """Yield the programs that the script of a start command calls, as far as it can be followed and read.

    So are the scripts of the project that it runs in turn. What a script defines itself, looks for first, or may do
    without (`curl … || true`) is left out; where one installs programs, so is everything.

    Args:
        change: The change under review.
        found: The ENTRYPOINT, CMD or HEALTHCHECK that runs the script.
    """
    start = start_script(change, found, through_stages=True)
    scripts = all_called_scripts(change, found.stage, start) if start is not None else ()
    if any(_INSTALLS.search(script.text) for script in scripts):
        return
    for script in scripts:
        yield from _calls_in(script, first=script is start)


def _calls_in(script: StartScript, *, first: bool) -> Iterator[ScriptCall]:
    """Yield the calls of one script; of those in another than the first it is not known whether they are reached."""
    if script.shell is None:
        return
    _, parsed = script.script()
    if parsed.errors:
        return
    own = {name for match in _FUNCTION.finditer(script.text) for name in match.groups()}
    asked = {name.rsplit("/", 1)[-1] for name in _ASKED_FOR.findall(script.text)}
    for command in parsed.commands:
        for name in _BECOMING.intersection(command.wrappers) - own - asked if command.after != "||" else ():
            yield ScriptCall(name, script.path, command.span, first and _is_certain(command))
        if command.name and "$" not in command.name and command.name not in own | asked and _counts(command):
            yield ScriptCall(command.name, script.path, command.span, first and _is_certain(command))


def _counts(command: Command) -> bool:
    """Whether a program is called by its name, and its failure is not provided for."""
    return command.program is not None and "/" not in command.program.value and command.after != "||"


def _is_certain(command: Command) -> bool:
    return not (command.conditional or command.nested or command.before == "&&")
