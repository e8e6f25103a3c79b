"""Pipes whose status nobody asks for, whatever option a shell is given, and what looks at the file they write."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from rules.build.failures.ignored import checks_a_file
from rules.build.failures.pipes import counts, pipelines
from rules.comments import COMMENT_LINES
from rules.model.command_lists import end_of_list

if TYPE_CHECKING:
    from rules.dockerfile.shell.command import Command
    from rules.model.steps import Run

_TOKEN = re.compile(r"[;&|()]|[^\s;&|()]+")
_CLOSING = frozenset({";", "done", "fi", "esac", "}", ")"})
"""What closes a list, and the compound commands and groups that it is the last of."""
_TESTS = frozenset({"test", "["})


def is_asked_for(run: Run, command: Command) -> bool:
    """Tell whether the status of a command's pipeline may be that of the step.

    The status of a compound command and of a group is that of the last command in it that is run (POSIX, 2.9.4), so
    that without `set -e` what stands behind the pipe in a loop, or behind the loop, takes it away.
    """
    if not counts(run, command):
        return False
    last = pipelines(run)[command.pipeline].last
    end = end_of_list(run, last)
    if end is None or end.errexit or end.after not in (";", "\n", ""):
        return True
    behind = next((two for one, two in pairwise(_own(run)) if one.start == end.start), None)
    if behind is None:
        return True
    gap = COMMENT_LINES.sub("", command.source.text[end.end : behind.start])
    tokens = _TOKEN.findall(gap.replace("\\\n", " ").replace("\n", ";"))
    return tokens[-1:] != [";"] or not _CLOSING.issuperset(tokens)


def _own(run: Run) -> list[Command]:
    return [command for command in run.commands if not command.nested]


def looked_at_by(run: Run, command: Command) -> Command | None:
    """Return a command behind a pipe that fails where the file is empty or another one than the pipe was to write.

    That is `test -s` on it, or a check of a sum, and the script stops with it: it stands in the pipe's `&&` list.
    """
    last = pipelines(run)[command.pipeline].last
    written = {one.target.value for one in last.redirects if ">" in one.operator and one.target is not None}
    parts = [one for one in run.commands if one.pipeline == command.pipeline]
    written |= {word.value for one in parts if one.name == "tee" for word in one.operands()}
    end = end_of_list(run, last)
    for later in _own(run):
        if end is None or not last.start < later.start <= end.start or later.conditional or later.negated:
            continue
        words = [word.value for word in later.args]
        tested = later.name in _TESTS and "-s" in words and not written.isdisjoint(words)
        if tested or checks_a_file(later):
            return later
    return None
