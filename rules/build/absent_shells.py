"""A shell that a SHELL names and that the image has not at the RUN which is handed to it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, quote
from rules.build.missing_programs import brings_by_command, brings_none, is_of_makers
from rules.model.carried import brings_programs, fills_root
from rules.model.packages import OS_MANAGERS

if TYPE_CHECKING:
    from rules.api import Run, Stage

_PLACES = ("bash", "/bin/bash", "/usr/bin/bash")


def absent_shell(stage: Stage) -> Problem | None:
    """Return the problem of the first RUN whose shell, as the file's SHELL names it, nothing has brought by then."""
    for run in stage.runs:
        words = run.shell.value if run.shell.set_in_file else None
        if not words or words[0] not in _PLACES or run.deferred or run.instruction.exec_form is not None:
            continue
        if not run.instruction.heredocs and _is_missing_before(run, posixpath.basename(words[0])):
            return _problem(stage, run, words[0])
    return None


def _is_missing_before(run: Run, name: str) -> bool:
    """Whether a program of the system is known to be missing when a RUN begins, whose shell it is to be."""
    stage, facts = run.stage, run.stage.facts
    if facts is None or not is_of_makers(facts) or facts.has_tool(name) is not False or stage.squashed is not None:
        return False
    before = [put for put in stage.files.puts if put.step.at < run.at]
    if stage.runtime.is_copied(name, before) or any(fills_root(put) or brings_programs(put) for put in before):
        return False
    earlier = [one for one in stage.done_runs if one.at < run.at]
    if any(brings_by_command(name, command) for one in earlier for command in one.commands):
        return False
    calls = (call for one in earlier for call in one.package_calls)
    installs = (call for call in calls if call.manager in OS_MANAGERS and call.action == "install")
    return all(brings_none(run, call, name) for call in installs)


def _problem(stage: Stage, run: Run, shell: str) -> Problem:
    told = run.shell.instruction
    assert told is not None, "only a SHELL of the file was looked at"
    base, name = quote(stage.root.base_text or ""), posixpath.basename(shell)
    return Problem(
        told.span if told in stage.instructions else run.instruction.span,
        f"{stage.label} hands its commands to {quote(shell)}, which {base} does not have and nothing above the first "
        f"`RUN` behind it (line {run.instruction.line}) installs. The build stops there: “{shell}: no such file or "
        f"directory”. Install {quote(name)} above the `SHELL`, or name `/bin/sh`, which knows `pipefail` too.",
        Confidence.LIKELY,
        doubt="the tools are those of the tags that are known of the base image",
        instruction=told if told in stage.instructions else run.instruction,
        stage=stage.key,
        key=f"shell {shell}",
        notes=(Note(run.instruction.span, "run by it"),),
    )
