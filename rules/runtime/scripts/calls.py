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

_ASKS = re.compile(r"\b(?:command[ \t]+-[vV]|which|type|hash|whence)[ \t]([^\n;&|)]*)")
_NAME = re.compile(r"[\w.+-]+")
BECOMING = frozenset({"gosu", "su-exec", "tini", "dumb-init", "catatonit"})
"""Small programs that scripts hand over with, and that few images bring (their READMEs)."""
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
    known = {function.name for function in script.parsed.functions} | asked_for(script)
    for command in script.commands:
        if command.after == "||":
            continue  # its failure is provided for
        by_name = command.program is not None and "/" not in command.program.value and "$" not in command.name
        becoming = [wrapper for wrapper in command.wrappers if wrapper in BECOMING]
        for name in (*becoming, command.name if by_name else ""):
            if name and name not in known:
                yield ScriptCall(name, script.path, command.span, first and _is_certain(command))


def asked_for(script: StartScript) -> frozenset[str]:
    """Return the programs that a script looks for before it calls them: `command -v curl`."""
    return frozenset(name for match in _ASKS.finditer(script.text) for name in _NAME.findall(match[1]))


def _is_certain(command: Command) -> bool:
    return not (command.conditional or command.nested or command.before == "&&")
