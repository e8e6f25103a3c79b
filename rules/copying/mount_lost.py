"""See mount_lost.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Mount,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    names_read,
    once,
    quote,
    rule,
    within,
)
from rules.copying.context.reading import reader_of

_KINDS = frozenset({"bind", "secret"})


@rule(
    "mount-lost",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away a mount whose file or folder the same RUN still reads."""
    for stage, was in change.compared():
        if stage.runtime.is_windows:
            continue
        then = _by_script(was)
        for run in stage.runs:
            old = then.get(run.instruction.whole_value) if run.is_read and not run.deferred else None
            for mount in old.mounts if old is not None else ():
                reader = _reader(run, mount) if _is_lost(run, mount) else None
                if reader is not None:
                    yield _problem(stage, run, mount, reader)


@once
def _by_script(was: Stage) -> dict[str, Run]:
    return {run.instruction.whole_value: run for run in was.runs if run.mounts}


def _target(run: Run, mount: Mount) -> str:
    return posixpath.normpath(run.resolve(mount.target) or mount.target) if mount.target else ""


def _is_lost(run: Run, mount: Mount) -> bool:
    """Whether no mount brings it any more, whatever its kind, and nothing else in the stage does."""
    if mount.type not in _KINDS or "$" in mount.target:
        return False
    variable = mount.options.get("env", "")
    if any(_is_same(run, mount, other) for other in run.mounts) or (variable and variable in run.scope.variables):
        return False
    target = _target(run, mount)
    brought = (put for put in run.stage.files.covering(target) if put.step.at < run.at) if target else ()
    return not any(not put.makes_folder and put.path != "/" for put in brought)


def _is_same(run: Run, mount: Mount, other: Mount) -> bool:
    """Whether another mount of the RUN brings the same secret, or lies at the same place or above it."""
    if mount.type == "secret" and other.type == "secret":
        return mount.options.get("id") == other.options.get("id")
    return bool(other.target) and within(_target(run, mount), _target(run, other))


def _reader(run: Run, mount: Mount) -> Command | None:
    """Return the first command that reads what a mount brought."""
    variable = mount.options.get("env")
    if variable:
        return next((c for c in run.commands if variable in names_read(c.source.text[c.start : c.end])), None)
    return reader_of(run, _target(run, mount), mount.target, unasked=mount.type == "secret")


def _problem(stage: Stage, run: Run, mount: Mount, reader: Command) -> Problem:
    variable = mount.options.get("env", "")
    what = f"the secret in {quote(f'${variable}')}" if variable else quote(mount.target)
    then = "goes on without it" if reader.conditional or variable else "fails, or goes on without it"
    return Problem(
        reader.span,
        f"{stage.label} no longer mounts {what} for this `RUN` ({quote(f'--mount={mount.flag.value}', 90)} was there "
        f"before this change), and {quote(str(reader), 60)} still reads it. Nothing else brings it, so the command "
        f"{then}. Mount it again{'' if mount.type == 'secret' else ', or copy it'}.",
        Confidence.LIKELY,
        doubt="the base image may bring it",
        instruction=run.instruction,
        stage=stage.key,
        key=variable or mount.target,
        notes=(Note(mount.flag.span, "mounted here before", before=True),),
    )
