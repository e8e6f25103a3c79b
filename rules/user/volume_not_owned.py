"""See volume_not_owned.md."""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rules.api import (
    OS_MANAGERS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Note,
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
from rules.model.puts import within_any
from rules.quoting import listed
from rules.user.accounts.running import is_root, runs_as_root, runtime_user
from rules.user.owners.named import siblings_of
from rules.user.owners.ownership import Access, access
from rules.user.writing.composed_volumes import composed_volumes

SYSTEM_FOLDERS = (
    *("/dev", "/proc", "/sys", "/etc", "/tmp", "/var/run/docker.sock"),  # noqa: S108 - paths of an image
    *("/media", "/mnt"),
)
"""Volumes below them are not for the program to write: devices, settings, sockets; `/tmp` is everybody's, and what is
mounted at `/media` or `/mnt` (Filesystem Hierarchy Standard, 3.11 and 3.12) has an owner on the host."""

_FILE = re.compile(
    r"[^/]\.(?:ya?ml|json|jsonc|toml|ini|conf|cfg|xml|properties|env|txt|md|csv|pem|crt|cer|key|jks|p12|pfx|db|sqlite3?|"
    r"log|sock|pid|lock|sh|py|js|php|html|zip|tar|gz)$"
)
"""A path that goes by the name of a file: Docker makes a folder of that name, whoever it belongs to."""


_BROUGHT = frozenset(
    "src source sources code project repo repository workspace input inputs in import imports host rootfs cert certs "
    "certificates ssl tls secrets keys static templates html htdocs public www website".split()
)
"""Names of folders that a program is given to read."""


@rule(
    "volume-not-owned",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("VOLUME", "USER"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The container's user may not write to a volume that the image declares, or that a compose file mounts in it."""
    for stage in change.after.shipped:
        volumes = list(_written(stage))
        user = runtime_user(stage)
        if user is not None and stage.users.exists(user) is False:
            continue  # nobody can own it: user-not-created speaks of that
        if user is not None:
            yield from _check_volumes(change, stage, volumes, user)
            yield from _check_composed(change, stage, user)
        elif is_root(stage, stage.image.user):
            for volume in volumes:
                yield from _check_forgotten(stage, volume)


class _Volume(NamedTuple):
    """A volume that the file declares: its folder, without a slash at the end, and the setting."""

    path: str
    setting: Setting[str]


def _written(stage: Stage) -> Iterator[_Volume]:
    """Yield the volumes that a program may write to: no system folder, and nothing that goes by the name of a file."""
    for setting in stage.image.volumes:
        path = setting.value
        if setting.instruction is None or not path or not path.startswith("/") or within_any(path, SYSTEM_FOLDERS):
            continue
        if not _FILE.search(path):
            yield _Volume(path.rstrip("/"), setting)


def _check_volumes(change: DockerfileChange, stage: Stage, volumes: list[_Volume], user: str) -> Iterator[Problem]:
    """Speak once of the volumes that are root's for the same reason."""
    alike: dict[tuple[str, bool], list[tuple[_Volume, Access]]] = {}
    for volume, found in _closed(stage, volumes, user):
        alike.setdefault((_state(found), _is_brought(change, volume.path)), []).append((volume, found))
    for (_, brought), group in alike.items():
        every = tuple(volume.path for volume, _ in group)
        fresh = change.fresh("volume-not-owned", stage, every)
        told = [row for row in group if row[0].path in fresh]
        problem = _not_owned(stage, told, user, every)
        yield dataclasses.replace(problem, confidence=Confidence.POSSIBLE) if brought else problem


def _closed(stage: Stage, volumes: Iterable[_Volume], user: str) -> Iterator[tuple[_Volume, Access]]:
    """Yield the volumes that the account may not write to, each with what decides that."""
    for volume in volumes:
        found = access(stage, volume.path, user)
        if found.writable is not False or found.exists is None or _holds_code(stage, volume.path):
            continue
        if found.exists or not _is_of_a_package(stage, volume.path):
            yield volume, found


def volumes_closed(change: DockerfileChange, stage: Stage, user: str) -> tuple[str, ...]:
    """Return the volumes of which this rule says aloud that the account may not write to them."""
    if stage.users.exists(user) is False:
        return ()
    return tuple(
        volume.path for volume, _ in _closed(stage, _written(stage), user) if not _is_brought(change, volume.path)
    )


def _is_brought(change: DockerfileChange, path: str) -> bool:
    """Whether a volume is to be read, by its name, or a compose file mounts a folder of the host, with its owner."""
    folders = (folder for build in change.repository.builds_of(change.path) for folder in build.folders)
    return path.rsplit("/", 1)[-1].lower() in _BROUGHT or any(within(path, folder) for folder in folders)


def _check_composed(change: DockerfileChange, stage: Stage, user: str) -> Iterator[Problem]:
    """Speak of the volumes of a compose file whose folder the image surely does not have."""
    switch = stage.image.user
    if switch.instruction is None or switch.instruction not in stage.instructions:
        return
    by_path = {one.path: one.by for one in composed_volumes(change, stage)}
    named = [_Volume(path, switch) for path in by_path if not (_FILE.search(path) or within_any(path, SYSTEM_FOLDERS))]
    told = [
        one.path for one, found in _closed(stage, named, user) if not found.exists and not _is_brought(change, one.path)
    ]
    if told:
        several, it = ("s", "them") if len(told) > 1 else ("", "it")
        paths = listed(map(quote, told), None)
        yield _problem(
            stage,
            switch,
            f"{stage.label} runs as {quote(user)}, and {quote(by_path[told[0]])} mounts the volume{several} {paths}: "
            f"nothing in the image makes the folder{several}, and Docker makes {it} for root. If the program writes "
            f"there, that ends in “permission denied”. Make the folder{several} and `chown` {it} to {quote(user)} "
            "above `USER`: a new volume takes its owner from the image.",
            None,
            items=tuple(told),
        )


def _state(found: Access) -> str:
    if not found.exists:
        return ""
    return f"line {found.decided_by.instruction.line}" if found.decided_by is not None else "the base"


def _not_owned(stage: Stage, told: list[tuple[_Volume, Access]], user: str, every: tuple[str, ...]) -> Problem:
    paths = [volume.path for volume, _ in told]
    first, found = told[0]
    several = len(paths) > 1
    folder, it = ("folders", "them") if several else ("folder", "it")
    state = (
        f"line {found.decided_by.instruction.line} makes {it} root's"
        if found.exists and found.decided_by is not None
        else f"{'they belong' if several else 'it belongs'} to root"
        if found.exists
        else f"nothing in the image makes the {folder}, and Docker makes {it} for root"
    )
    named = listed(map(quote, paths), None)
    return _problem(
        stage,
        first.setting,
        f"{stage.label} runs as {quote(user)} and declares the volume{'s' if several else ''} {named}, but {state}. "
        "A new volume takes its owner from the image: if the program writes there, that ends in “permission denied”. "
        f"{_way_out(stage, user, several=several, exists=found.exists is True)}",
        _fix(stage, told, user),
        tuple(volume.setting for volume, _ in told[1:]),
        items=every,
    )


def _way_out(stage: Stage, user: str, *, several: bool, exists: bool) -> str:
    """Say how it gets the folder: in an image without a shell no step can make it."""
    folder, it = ("folders", "them") if several else ("folder", "it")
    if stage.runtime.has_shell is False:
        what = "Copy empty folders" if several else "Copy an empty folder"
        return f"{what} there above `VOLUME`, with {quote(f'--chown={user}')}: there is no shell to make {it} with."
    if exists:
        return f"Give {it} to {quote(user)} with `chown`, as root and above `VOLUME`."
    return f"Make the {folder} and `chown` {it} to {quote(user)} above `VOLUME` and `USER`."


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


def _check_forgotten(stage: Stage, volume: _Volume) -> Iterator[Problem]:
    """A root image that hands its other volumes to an account, for an entrypoint that switches to it."""
    owner = siblings_of(stage, volume.path)
    if owner is None or _may_be_made(stage, volume.path):
        return
    yield _problem(
        stage,
        volume.setting,
        f"{stage.label} declares the volume {quote(volume.path)}, but nothing in the image makes the folder. The "
        f"volumes beside it are made and given to {quote(owner.user)} at line {owner.line}; this one will belong to "
        "root. Add it to the folders that are made there.",
        None,
        key=volume.path,
    )


def _problem(
    stage: Stage,
    volume: Setting[str],
    message: str,
    repair: Fix | None,
    others: tuple[Setting[str], ...] = (),
    *,
    key: str = "",
    items: tuple[str, ...] = (),
) -> Problem:
    assert volume.instruction is not None
    here = volume.stage is None or volume.stage in stage.chain
    elsewhere = {one.instruction for one in others if one.instruction is not None} - {volume.instruction}
    return Problem(
        volume.instruction.span if here else stage.from_.span,
        message,
        Confidence.LIKELY,
        doubt="whether the process writes there is not known",
        stage=stage.key,
        instruction=volume.instruction if here else None,
        notes=tuple(Note(one.span, "the same") for one in sorted(elsewhere, key=lambda one: one.line)),
        key=key,
        items=items,
        fix=repair,
    )


def _fix(stage: Stage, told: list[tuple[_Volume, Access]], user: str) -> Fix | None:
    """Make the folders in a RUN of its own above the last switch to the account, and above the volumes."""
    switch = stage.image.user.instruction
    declared = [volume.setting.instruction for volume, _ in told if volume.setting.instruction is not None]
    if switch is None or any(found.exists for _, found in told) or {switch, *declared} - set(stage.instructions):
        return None
    place: Instruction = min(switch, *declared, key=lambda instruction: instruction.line)
    step = next((step for step in stage.steps if step.instruction is place), None)
    paths = " ".join(volume.path for volume, _ in told)
    if (
        step is None
        or runs_as_root(step) is not True
        or stage.runtime.has_shell is not True
        or any(" " in volume.path for volume, _ in told)
        or stage.users.exists(user) is not True
    ):
        return None
    owner = stage.image.user.value or user
    made = "folder" if len(told) == 1 else "folders"
    return Fix(f"Make the {made}", (insert_line_before(place, f"RUN mkdir -p {paths} && chown {owner} {paths}"),))
