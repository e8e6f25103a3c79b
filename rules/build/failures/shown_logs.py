"""A step that shows a log when it fails, and ends well with that: `./install || cat install.log`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.command_lists import command_behind
from rules.problem import Confidence, Problem
from rules.quoting import quote
from rules.repairs import fix, replace

if TYPE_CHECKING:
    from rules.dockerfile.shell.command import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_SHOWS = frozenset({"cat", "tail"})
_LOG = re.compile(r"\.log\b|/log/|(?:^|/)log[\w.-]*\Z")


def problem_of_log(stage: Stage, run: Run) -> Problem | None:
    """Return the problem of a RUN whose last command shows a log where the one before it failed."""
    commands = [one for one in run.commands if not one.nested]
    last = commands[-1] if commands else None
    if last is None or last.before != "||" or last.name not in _SHOWS:
        return None
    failing = next((one for one in commands if one.after == "||" and command_behind(run, one) is last), None)
    shown = " ".join(word.value for word in last.operands())
    if failing is None or not _LOG.search(shown) or not _ends_the_step(run, last):
        return None
    text = last.source.cut(last.span)
    return Problem(
        failing.span,
        f"the build goes on when {quote(str(failing), 60)} fails: {quote(str(last), 60)} shows the log and ends well, "
        f"and so does the step. The image ships without what it brings. End with the failure: "
        f"{quote(f'|| {{ {text}; exit 1; }}', 80)}.",
        Confidence.LIKELY,
        doubt="a failure may be meant to be passed over",
        instruction=run.instruction,
        stage=stage.key,
        key=failing.name,
        fix=fix("End with the failure", replace(last.source, last.span, f"{{ {text}; exit 1; }}"))
        if "\n" not in text
        else None,
    )


def _ends_the_step(run: Run, last: Command) -> bool:
    """Whether nothing closes behind the last command: in brackets it may stand with an `exit`."""
    return run.instruction.source.text[last.end : run.instruction.span.end].strip() == ""
