"""Cache mounts that a change parts from the cache: the mount, the home or a variable moves, and the other stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.puts import meet
from rules.packages.caches.clients import CACHES, Cache, folder, is_told, user_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Mount, Run, Stage


class Moved(NamedTuple):
    """A mount that is empty from now on.

    Attributes:
        run: The RUN.
        mount: Its mount.
        target: Where it is mounted.
        name: The program whose cache it was.
        folder: Where that is.
        why: What the change did, as a clause; empty where it moved the mount itself.
    """

    run: Run
    mount: Mount
    target: str
    name: str
    folder: str
    why: str


def moved_caches(change: DockerfileChange, stage: Stage) -> Iterator[Moved]:
    """Yield the mounts of a stage that held a program's cache before the change, and hold none now."""
    was = change.was(stage)
    if was is None:
        return
    for run in stage.runs:
        for cache in CACHES if _targets(run) else ():
            command = user_of(cache, run)
            old = _commands(was).get(str(command)) if command is not None else None
            found = _parted(cache, old, run) if old is not None else None
            if found is not None:
                target, now, why = found
                yield Moved(run, _targets(run)[target], target, cache.name, now, why)
        yield from _named(was, run)


def _named(was: Stage, run: Run) -> Iterator[Moved]:
    """Yield the mount that a change moves away from the folder that a command names: `--store-dir=/pnpm/store`."""
    for command in run.commands if _targets(run) else ():
        old = _commands(was).get(str(command))
        if old is None or _targets(old).keys() == _targets(run).keys():
            continue
        new = [one for one in _targets(run) if one not in _targets(old) and not _is_of_use(run, one)]
        for place in _targets(old) if new else ():
            named = any(word.value.rstrip("/") == place or word.value.endswith(f"={place}") for word in command.args)
            if named and not any(meet(place, one) for one in _targets(run)):
                yield Moved(run, _targets(run)[new[0]], new[0], command.name, place, "")


def _parted(cache: Cache, old: Run, run: Run) -> tuple[str, str, str] | None:
    """Return the mount that a RUN still has of a cache, where the cache is now, and why, where they were together."""
    place, now, targets = folder(cache, old), folder(cache, run), _targets(run)
    held = next((one for one in _targets(old) if place is not None and meet(place, one)), None)
    if held is None or now is None or is_told(cache, old) or is_told(cache, run):
        return None
    if any(meet(now, one) for one in targets):
        return None
    # Where a change moves both, somebody has thought of it, and knows the home better than we do.
    same = [held] if now != place else [one for one in targets if _end(one) == _end(held)]
    left = next((one for one in same if one in targets and not _is_of_use(run, one)), None)
    return (left, now, _why(cache, old, run)) if left is not None else None


@once
def _commands(stage: Stage) -> dict[str, Run]:
    """The RUN of each command that has caches mounted, by the command's text."""
    runs = [run for run in stage.runs if _targets(run)]
    return {str(command): run for run in runs for command in run.commands}


@once
def _targets(run: Run) -> dict[str, Mount]:
    """The cache mounts of a RUN by the folder that they are mounted at."""
    mounts = run.mounts if run.is_read and not run.deferred else ()
    found = ((run.resolve(mount.target), mount) for mount in mounts if mount.type == "cache")
    return {target.rstrip("/"): mount for target, mount in found if target is not None and "$" not in target}


def _end(path: str) -> str:
    return "/".join(path.rsplit("/", 2)[-2:])


def _is_of_use(run: Run, target: str) -> bool:
    """Whether another program keeps its cache in a mount, or an instruction names the folder for one."""
    if any(target in step.instruction.whole_value for step in run.stage.all_steps if step.at <= run.at):
        return True
    places = (folder(cache, run) for cache in CACHES if user_of(cache, run) is not None)
    return any(meet(place, target) for place in places if place is not None)


def _why(cache: Cache, old: Run, run: Run) -> str:
    """Say what the change did, where it did not move the mount."""
    for name, _ in cache.variables:
        if (now := run.scope.value_of(name)) != old.scope.value_of(name):
            return f"nothing sets `{name}` any more" if now is None else f"`{name}` says so now"
    if old.scope.value_of("HOME") != run.scope.value_of("HOME"):
        return "`HOME` is another one now"
    if old.user.value != run.user.value:
        return f"this runs as `{run.user.value or 'root'}` now"
    return ""
