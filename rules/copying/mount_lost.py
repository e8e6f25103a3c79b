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
from rules.quoting import listed

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
            lost: dict[Command, list[Mount]] = {}
            for mount in old.mounts if old is not None else ():
                reader = _reader(run, mount) if _is_lost(run, mount) else None
                if reader is not None:
                    lost.setdefault(reader, []).append(mount)
            yield from (_problem(stage, run, mounts, reader) for reader, mounts in lost.items())


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
        return next((c for c in run.commands if variable in names_read(c.source.cut(c.span))), None)
    return reader_of(run, _target(run, mount), mount.target, unasked=mount.type == "secret")


def _problem(stage: Stage, run: Run, mounts: list[Mount], reader: Command) -> Problem:
    first, several = mounts[0], len(mounts) > 1
    variable = first.options.get("env", "")
    them, was = ("them", "each was") if several else ("it", f"{quote(f'--mount={first.flag.value}', 90)} was")
    then = f"goes on without {them}" if reader.conditional or variable else f"fails, or goes on without {them}"
    copied = "" if any(mount.type == "secret" for mount in mounts) else f", or copy {them}"
    return Problem(
        reader.span,
        f"{stage.label} no longer mounts {listed(map(_called, mounts))} for this `RUN` ({was} there before this "
        f"change), and {quote(str(reader), 60)} still reads {them}. Nothing else brings {them}, so the command "
        f"{then}. Mount {them} again{copied}.",
        Confidence.LIKELY,
        doubt="the base image may bring it",
        instruction=run.instruction,
        stage=stage.key,
        key=variable or first.target,
        notes=tuple(Note(mount.flag.span, "mounted here before", before=True) for mount in mounts),
    )


def _called(mount: Mount) -> str:
    variable = mount.options.get("env", "")
    return f"the secret in {quote(f'${variable}')}" if variable else quote(mount.target)
