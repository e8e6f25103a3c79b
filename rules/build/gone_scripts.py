"""Scripts that an image once brought, and has no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Problem, quote
from rules.packages.scripts import sure_calls

if TYPE_CHECKING:
    from rules.api import Command, Run, Stage


class _Gone(NamedTuple):
    since: str
    instead: str


_GONE = {
    ("jenkins/jenkins", "install-plugins.sh"): _Gone(
        "Jenkins 2.357 (June 2022)", "`jenkins-plugin-cli --plugin-file <list>`, or `--plugins <name>:<version> …`"
    ),
}
"""Image and script to when it went, and what does the same (jenkinsci/docker, pull request 1408: some images keep a
stub that says so and exits with 1). The tables know no tag of these images that is older."""
NAMES = tuple(script for _, script in _GONE)


def gone_script(stage: Stage) -> Problem | None:
    """Return the problem of the first RUN that calls such a script where nothing in the file brings another."""
    facts, reference = stage.facts, stage.root.reference
    if facts is None or reference is None or reference.digest is not None:
        return None
    calls = ((run, command) for run in stage.runs for command in sure_calls(run, *NAMES))
    for run, command in calls:
        gone = _GONE.get((facts.name, command.name))
        if gone is not None and not stage.runtime.is_copied(command.name):
            return _problem(stage, run, command, gone)
    return None


def _problem(stage: Stage, run: Run, command: Command, gone: _Gone) -> Problem:
    base = quote(stage.root.base_text or "")
    return Problem(
        command.span,
        f"{stage.label} calls {quote(command.name)}, which {base} has brought no longer since {gone.since}. The "
        f"build stops here. Use {gone.instead}.",
        Confidence.LIKELY,
        doubt="an older image may stand under that tag where it was pulled long ago",
        instruction=run.instruction,
        stage=stage.key,
        key=command.name,
    )
