"""What a build leaves in root's home by name, `~`, for programs that read it in the home of whoever starts them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_SETTINGS = re.compile(r"(?:~|/root|\$HOME|\$\{HOME\})/(?!\.cache\b|\.npm\b|\.ssh\b|\.gnupg\b)\.?\w")
_HIDDEN = re.compile(r"(?:~|/root|\$HOME|\$\{HOME\})/(\.(?!cache\b)[^/\s]+)/?")
_WRITERS = ("touch", "cp", "install", "ln", "tee", "echo", "printf", "cat")


def left_at_home(stage: Stage) -> str | None:
    """Say which line leaves something in root's home that another account does not find; `None` where none does."""
    for run in stage.done_runs:
        if not _SETTINGS.search(run.instruction.text):
            continue
        for command in run.calls(*_WRITERS):
            words = (*command.args, *(one.target for one in command.redirects if one.target is not None))
            if any(_SETTINGS.match(word.value) for word in words):
                return f"line {command.line} leaves settings in root's home, where no other account finds them"
        for command in run.calls("git"):
            if command.subcommand == "clone" and _is_kept(run, command):
                return f"line {command.line} clones into root's home, where no other account finds it"
    return None


def _is_kept(run: Run, clone: Command) -> bool:
    """Whether a clone stays where a program looks for it in its home, behind a dot; others are mostly built from."""
    found = _HIDDEN.fullmatch(clone.args[-1].value)
    return found is not None and not any(
        other and other[1] == found[1]
        for later in run.stage.done_runs
        if later.at >= run.at
        for command in later.calls("rm")
        for other in (_HIDDEN.fullmatch(word.value) for word in command.args)
    )
