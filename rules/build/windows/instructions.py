"""What a Dockerfile may ask of Linux alone, asked of an image for Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Confidence, Copy, Problem, Run, Severity, delete_instruction, delete_word, fix, quote
from rules.model.windows import is_for_windows
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Stage, Step

_LATEST = "BuildKit's daemon for Windows takes mounts in its latest releases"
_LOOKED_UP = "a builder may look the account up in the image"


def problems(stage: Stage) -> Iterator[Problem]:
    """Yield for each flag and instruction of a stage for Windows that has no meaning there."""
    for step in stage.steps if is_for_windows(stage) else ():
        if step.deferred:
            continue
        if isinstance(step, Copy) and step.instruction.flag("chown") is not None:
            yield _owner(stage, step)
        elif isinstance(step, Run) and step.mounts:
            yield _mounts(stage, step)
        elif step.instruction.keyword == "STOPSIGNAL":
            yield _signal(stage, step)


def _owner(stage: Stage, copy: Copy) -> Problem:
    """The reference: `--chown` works for Linux alone, "since user and group ownership do not translate".

    A number, or a group, is no account of Windows at all; a name some builders look up all the same.
    """
    flag, owner = copy.instruction.flag("chown"), copy.option("chown")
    assert flag is not None, "the caller has looked"
    named = owner is None or not (":" in owner or owner.isdecimal())
    verb = "is not promised to work" if named else "names what is no account there"
    why = (
        "Docker's reference has it for Linux alone" if named else "those of Windows have no numbers and no such groups"
    )
    written = copy.instruction.source.cut(flag.span)
    return Problem(
        flag.span,
        f"`{copy.instruction.keyword} {written}` in {stage.label}, which is for Windows, {verb}: {why}. What is copied "
        "takes over the rights of its folder; `icacls` in a `RUN` grants others.",
        Confidence.POSSIBLE if named else Confidence.CERTAIN,
        doubt=_LOOKED_UP if named else "",
        instruction=copy.instruction,
        stage=stage.key,
        severity=Severity.INFO if named else Severity.WARNING,
        key="chown",
        fix=None if named else fix("Leave --chown out", delete_word(copy.instruction.source, flag.span)),
    )


def _mounts(stage: Stage, run: Run) -> Problem:
    """Docker's engine builds images for Windows with its older builder, which knows no mounts.

    BuildKit for Windows takes bind and cache mounts since 2025 and secrets since 2026 (moby/buildkit pulls 5708, 6944).
    """
    kinds = listed(quote(kind) for kind in sorted({mount.type for mount in run.mounts}))
    return Problem(
        run.mounts[0].flag.span,
        f"A `RUN` of {stage.label}, which is for Windows, has mounts ({kinds}). Docker builds images for Windows with "
        "its older builder, which knows none and stops here.",
        Confidence.LIKELY,
        doubt=_LATEST,
        instruction=run.instruction,
        stage=stage.key,
        key="mount",
    )


def _signal(stage: Stage, step: Step) -> Problem:
    """The older builder stops (`StopSignalCommand.CheckPlatform`); BuildKit sets what Windows has no use for."""
    return Problem(
        step.instruction.span,
        f"{quote(str(step.instruction))} in {stage.label}, which is for Windows, where there are no signals: Docker's "
        "builder stops at it, and a container is stopped as without it. Leave it out.",
        instruction=step.instruction,
        stage=stage.key,
        key="stopsignal",
        fix=fix("Leave STOPSIGNAL out", delete_instruction(step.instruction)),
    )
