"""The script of the project that is all of a start command in shell form, and what the JSON form would make of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import quote
from rules.runtime.signals.kept_programs import stays
from rules.runtime.signals.making_way import is_short, kept_in_front, last_script, supervises
from rules.runtime.starts.instructions import SHELLS
from rules.runtime.starts.text import shell_commands

if TYPE_CHECKING:
    from rules.api import DockerfileChange
    from rules.runtime.signals.making_way import LastLine
    from rules.runtime.starts.instructions import Written
    from rules.runtime.starts.scripts import StartScript

_MAKES_WAY = re.compile(r"\bexec\b|\btrap\b|\bwait\b")
_FILE_TOOLS = frozenset("cat chgrp chmod chown cp gzip ln ls mkdir mv rm rmdir rsync sync tar touch unzip zip".split())
"""What works on files, and ends."""


class Wrapped(NamedTuple):
    """A script that a start command in shell form runs, and nothing else.

    Attributes:
        script: The script.
        by_path: Whether the kernel would have to find its interpreter in its first line.
        line: What it ends with without `exec`, where that is known.
        told: Whether that line is told by itself (entrypoint_script_no_exec.md).
    """

    script: StartScript
    by_path: bool
    line: LastLine | None
    told: bool

    @property
    def lacks_interpreter(self) -> bool:
        """Whether only a shell can start it: its first line has no `#!`, and the kernel refuses it (execve(2))."""
        text = self.script.text
        return self.by_path and not text.startswith("#!") and bool(text.strip()) and "\0" not in text

    @property
    def keeps_shell(self) -> bool:
        """Whether its own shell stays in front of what it runs, and passes no signal on."""
        script = self.script
        return script.shell is not None and not _MAKES_WAY.search(script.text) and not supervises(script)

    @property
    def is_job(self) -> bool:
        """Whether it works through its lines and ends: no program at its end has a use for a signal."""
        last = self.line.command if self.line is not None else None
        if last is None or last.conditional or not self.keeps_shell or self.script.text.rstrip().endswith("done"):
            return False
        return not self.starts_beside and (last.name in _FILE_TOOLS or is_short(last))

    @property
    def starts_beside(self) -> bool:
        """Whether it starts programs in the background, of which `exec` knows nothing."""
        return any(command.after == "&" for command in self.script.parsed.commands)

    @property
    def way_out(self) -> str:
        """What is to be done besides the JSON form, as a clause that follows it; empty where that is enough."""
        path = quote(self.script.path)
        ways = [f"put `#!/bin/sh` into the first line of {path}, without which it ends with “exec format error”"]
        ways = ways if self.lacks_interpreter else []
        if self.keeps_shell and not self.told and self.starts_beside:
            ways.append(f"let {path} pass the signal on with `trap` and `wait`: its shell stays, too")
        elif self.keeps_shell and not self.told:
            ways.append(f"begin what {path} runs in the end with `exec`: its shell stays, too")
        return "".join(f", and {way}" for way in ways)


def wrapped_script(change: DockerfileChange, found: Written) -> Wrapped | None:
    """Return the script that is all of a start command; `None` where that is none, or it was not read."""
    commands = shell_commands(found.start)
    script = last_script(change, found, commands)[1] if len(commands) == 1 else None
    if script is None:
        return None
    line = kept_in_front(script)
    told = line is not None and not line.command.conditional and stays(found, line.command)
    return Wrapped(script, commands[0].name not in SHELLS, line, told)
