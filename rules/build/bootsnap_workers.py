"""Bootsnap's cache, filled by several processes at once: an emulated build may never come to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, fix, insert_after, quote, replace
from rules.runtime.languages.ruby_programs import is_ruby, ruby_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Fix, Run, Stage

_HANGS = (3, 3)
"""The first Ruby that it happens with (rails/rails#54039, rails/bootsnap#495)."""
_JOBS = ("-j", "--jobs")


def bootsnap_in_parallel(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the precompilations of Bootsnap that fork, in stages that are built for each platform."""
    several = any(build.platforms > 1 for build in change.repository.builds_of(change.path))
    for stage, run in change.after.layers.needed_runs:
        line = ruby_line(stage)
        if (line is not None and line < _HANGS) or change.after.is_for_developers(stage) or not is_ruby(stage):
            continue
        if "BUILDPLATFORM" in (stage.root.platform or ""):
            continue
        for command in run.calls("bootsnap"):
            if command.subcommand == "precompile" and _jobs(command) not in ("0", "1"):
                yield _problem(stage, run, command, several=several)


def _jobs(command: Command) -> str:
    return (command.option(*_JOBS) or "").removeprefix("=")


def _problem(stage: Stage, run: Run, command: Command, *, several: bool) -> Problem:
    told = (
        "The repository builds this file for several platforms: one"
        if several
        else "Where the image is built for another platform than the builder's, the build"
    )
    return Problem(
        command.span,
        f"{stage.label} fills Bootsnap's cache with as many processes as the builder has processors: "
        f"{quote(str(command))}. {told} that runs under QEMU may hang here for ever, since forking goes wrong "
        "there with Ruby 3.3 and newer. One process takes a little longer and comes to its end: "
        f"{quote('bootsnap precompile -j 1')}, as Rails' own template has it since 8.1.",
        Confidence.LIKELY if several else Confidence.POSSIBLE,
        doubt="each platform may have a builder of its own",
        instruction=run.instruction,
        stage=stage.key,
        decision="bootsnap",
        fix=_fix(run, command),
    )


def _fix(run: Run, command: Command) -> Fix | None:
    if run.instruction.exec_form is not None:
        return None
    title, given = "Use one process", command.option_word(*_JOBS)
    if given is None:
        word = next(word for word in command.args if word.value == "precompile")
        return fix(title, insert_after(command.source, word, " -j 1"))
    value, word = given
    if not word.value.endswith(value) or word.text != word.value:
        return None
    return fix(title, replace(command.source, word.span, word.value[: len(word.value) - len(value.lstrip("="))] + "1"))
