"""See volume_not_owned.md."""

from collections.abc import Iterator

from rules.api import (
    OS_MANAGERS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Setting,
    Severity,
    Stage,
    insert_line_before,
    once,
    quote,
    rule,
    within,
)
from rules.user.accounts import is_root, runs_as_root, runtime_user
from rules.user.owners import siblings_of
from rules.user.ownership import Access, access

SYSTEM_FOLDERS = ("/dev", "/proc", "/sys", "/etc", "/tmp", "/var/run/docker.sock")  # noqa: S108 - paths of an image
"""Volumes below them are not for the program to write: devices, settings, sockets; `/tmp` is everybody's."""


@rule(
    "volume-not-owned",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("VOLUME",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The container's user may not write to a volume that the image declares."""
    for stage in change.after.shipped:
        for volume in stage.image.volumes:
            path = volume.value
            if volume.instruction is None or not path or not path.startswith("/") or path.startswith(SYSTEM_FOLDERS):
                continue
            user = runtime_user(stage)
            if user is not None:
                yield from _check_volume(stage, volume, path.rstrip("/"), user)
            elif is_root(stage, stage.image.user):
                yield from _check_forgotten(stage, volume, path.rstrip("/"))


def _check_volume(stage: Stage, volume: Setting[str], path: str, user: str) -> Iterator[Problem]:
    found = access(stage, path, user)
    if found.writable is not False or found.exists is None or _holds_code(stage, path):
        return
    if not found.exists and _is_of_a_package(stage, path):
        return
    state = (
        f"line {found.decided_by.instruction.line} makes it root's"
        if found.exists and found.decided_by is not None
        else "it belongs to root"
        if found.exists
        else "nothing in the image makes the folder, and Docker makes it for root"
    )
    yield _problem(
        stage,
        volume,
        path,
        f"{stage.label} runs as {quote(user)} and declares the volume {quote(path)}, but {state}. A new volume takes "
        "its owner from the image, so the first write ends in “permission denied”. "
        f"Make the folder and `chown` it to {quote(user)} above `VOLUME` and `USER`.",
        _fix(stage, volume, path, user, found),
    )


def _may_be_made(stage: Stage, path: str) -> bool:
    """Whether a COPY or a command names the folder, or a tree that may hold it is put above it."""
    if any(put.path == path or within(put.path, path) or put.tree for put in stage.files.covering(path)):
        return True
    return any(word.value.rstrip("/") == path for run in stage.done_runs for c in run.commands for word in c.args)


def _is_of_a_package(stage: Stage, path: str) -> bool:
    """Whether a package of the distribution has the folder's name: it makes the folder, for its account."""
    return path.rsplit("/", 1)[-1].lower() in _package_names(stage)


@once
def _package_names(stage: Stage) -> frozenset[str]:
    """The names of the distribution's packages that are installed, and what stands before their first dash."""
    names = [item.name for item in stage.packages.installed if item.manager in OS_MANAGERS]
    return frozenset([*names, *(name.partition("-")[0] for name in names)])


def _holds_code(stage: Stage, path: str) -> bool:
    """Whether a COPY fills it: a volume that shares files of the image, which nobody has to write."""
    return any(put.step.instruction.keyword in ("COPY", "ADD") for put in stage.files.below(path))


def _check_forgotten(stage: Stage, volume: Setting[str], path: str) -> Iterator[Problem]:
    """A root image that hands its other volumes to an account, for an entrypoint that switches to it."""
    owner = siblings_of(stage, path)
    if owner is None or _may_be_made(stage, path):
        return
    yield _problem(
        stage,
        volume,
        path,
        f"{stage.label} declares the volume {quote(path)}, but nothing in the image makes the folder. The volumes "
        f"beside it are made and given to {quote(owner.user)} at line {owner.line}; this one will belong to root. "
        "Add it to the folders that are made there.",
        None,
    )


def _problem(stage: Stage, volume: Setting[str], path: str, message: str, repair: Fix | None) -> Problem:
    assert volume.instruction is not None
    here = volume.stage is None or volume.stage in stage.chain
    return Problem(
        volume.instruction.span if here else stage.from_.span,
        message,
        Confidence.LIKELY,
        doubt="whether the process writes there is not known",
        stage=stage.key,
        instruction=volume.instruction if here else None,
        key=path,
        fix=repair,
    )


def _fix(stage: Stage, volume: Setting[str], path: str, user: str, found: Access) -> Fix | None:
    """Make the folder in a RUN of its own above the last switch to the account, and above the volume."""
    switch, declared = stage.image.user.instruction, volume.instruction
    if switch is None or declared is None or found.exists or {switch, declared} - set(stage.instructions):
        return None
    place: Instruction = min(switch, declared, key=lambda instruction: instruction.line)
    step = next((step for step in stage.steps if step.instruction is place), None)
    if (
        step is None
        or runs_as_root(step) is not True
        or stage.root.is_scratch
        or " " in path
        or stage.users.exists(user) is not True
    ):
        return None
    owner = stage.image.user.value or user
    return Fix("Make the folder", (insert_line_before(place, f"RUN mkdir -p {path} && chown {owner} {path}"),))
