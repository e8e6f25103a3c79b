"""See workdir_relative.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Origin,
    Problem,
    Severity,
    Stage,
    Step,
    quote,
    replace,
    rule,
)
from rules.build.env_command_substitution import is_command

_PATH = re.compile(r"[\w./-]+")
"""What a slash in front makes a path of; `~/shop` or `` `pwd` `` was meant for another."""


@rule(
    "workdir-relative",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("WORKDIR",),
    aliases=("DL3000", "WorkdirRelativePath", "DS-0009", "CKV_DOCKER_10", "S7021"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A relative WORKDIR stands where the file has set no absolute one."""
    for stage in change.stages:
        for step in stage.steps if not stage.root.is_scratch else ():  # of which no update moves the folder
            if step.instruction.keyword == "WORKDIR" and not step.workdir.set_in_file and not step.deferred:
                path = step.scope.expand(step.instruction.value)
                if path and not _is_absolute(path) and not is_command(path, step.scope.escape):
                    yield _problem(change, stage, step, path)


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "\\")) or path[1:2] == ":"


def _problem(change: DockerfileChange, stage: Stage, step: Step, path: str) -> Problem:
    folder = step.workdir.value
    base = quote(stage.root.base_text) if stage.root.base_text else "the base image"
    if folder is None:
        lands = f"Where that is depends on the `WORKDIR` of {base}"
    else:
        lands = f"It lands in {quote(step.resolve(path) or path)}, because {base} is in {quote(folder)} today"
    plain = folder == "/" and step.workdir.origin is not Origin.UNKNOWN and "$" not in step.instruction.value
    repair = None
    if plain and step.instruction.words:
        first = step.instruction.words[0]
        written = step.instruction.value.strip("\"'")
        absolute = "/" if posixpath.normpath(f"/{written}") == "/" else "/" + written.removeprefix("./")
        edit = replace(change.source, step.instruction.value_span, absolute)
        repair = Fix("Write the absolute path", (edit,)) if first.text and _PATH.fullmatch(written) else None
    return Problem(
        step.instruction.span,
        f"{stage.label} sets `WORKDIR` to the relative {quote(path)} and has set no absolute one before. {lands}; "
        "an update of the base may move it. Write the absolute path.",
        Confidence.LIKELY if step.scope.decided_by_argument(step.instruction.value) else Confidence.CERTAIN,
        doubt=BY_ARGUMENT,
        stage=stage.key,
        fix=repair,
    )
