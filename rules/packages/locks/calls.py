"""Lock files that a build writes anew before it installs from them: `poetry lock && poetry install`."""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, once, quote
from rules.copying.installs.calls import install_folder
from rules.model.puts import within
from rules.packages.options import spelled
from rules.packages.projects.files import LOCKS, MANIFESTS, lock_path
from rules.purpose import is_for_development

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Mount, PackageCall, Run, Stage

_LOCKING = frozenset({"poetry", "uv", "pdm", "pipenv"})
_ONLY_LOOKS = ("--check", "--locked", "--frozen", "--dry-run", "--script")
"""Options with which nothing of the project's is written."""
_UV_INDEXES = ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
_CHANGING = frozenset({"add", "remove", "version", "init", "import", "convert"})
"""Subcommands that change the manifest, whose lock file has to follow."""


def written_anew(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the commands that write the repository's lock file anew, where a later install of the stage takes it."""
    for stage, run, call in change.after.layers.needed_calls:
        if not _writes_lock(call) or is_for_development(change, stage):
            continue
        later = _install_behind(run, call)
        found = lock_path(change, run, call)
        if later is None or found is None or _changes_manifest(run, call):
            continue
        lock, certain = found
        name = quote(lock.rsplit("/", 1)[-1])
        yield Problem(
            call.command.span,
            f"{stage.label} writes its lock file anew: {quote(f'{call.program} lock')} resolves again in the image "
            f"where {name} does not fit {quote(MANIFESTS[call.manager])}, and {quote(spelled(later))} (line "
            f"{later.command.line}) takes what came of it. What ships is then not what was tested, and nobody sees "
            "it. Leave the command out of the build, and commit the lock file that it writes.",
            Confidence.CERTAIN if certain else Confidence.LIKELY,
            doubt="whether the lock file is among what a pattern copies is not known",
            stage=stage.key,
            key=f"{call.manager} lock",
        )


def is_read_only(run: Run, call: PackageCall) -> bool:
    """Tell whether a bind mount shows an install its lock file: it cannot be written then, and the build stops.

    Mounts of that type are read-only unless they say `rw` (Dockerfile reference, "RUN --mount=type=bind").
    """
    folder = install_folder(run, call)
    locks = [posixpath.join(folder, name) for name in LOCKS.get(call.manager, ())] if folder is not None else []
    targets = [(run.resolve(mount.target), mount) for mount in run.mounts if mount.type == "bind"]
    for lock in locks:
        around = [(len(target), mount) for target, mount in targets if target is not None and within(lock, target)]
        if around and not _is_writable(max(around, key=lambda one: one[0])[1]):
            return True
    return False


def _is_writable(mount: Mount) -> bool:
    given = mount.options
    return given.get("ro") == "false" or any(given.get(name, "false") != "false" for name in ("rw", "readwrite"))


def is_told_to_hold(run: Run, start: int) -> bool:
    """Tell whether `bundle config` above a place has told Bundler to hold to its lock file.

    Args:
        run: A RUN.
        start: Where a command of it starts.
    """
    first = _first_told(run.stage)
    return first is not None and first < (run.at, start)


@once
def _first_told(stage: Stage) -> tuple[tuple[int, int], int] | None:
    for run in stage.all_runs:
        for call in run.package_calls:
            words = {word.value.partition("=")[0] for word in call.options.operands}
            if call.manager == "bundle" and "config" in words and words & {"deployment", "frozen"}:
                return run.at, call.command.start
    return None


def written_before(run: Run, install: PackageCall) -> PackageCall | None:
    """Return the command that has written the lock file of an install anew."""
    found = _first_writers(run.stage).get((install.manager, install_folder(run, install)))
    return found if found is not None and found.command.start < install.command.start else None


@once
def _first_writers(stage: Stage) -> dict[tuple[str, str | None], PackageCall]:
    """The first command that writes a lock file, by manager and folder."""
    found: dict[tuple[str, str | None], PackageCall] = {}
    for run in stage.done_runs:
        for call in run.package_calls:
            if _writes_lock(call):
                found.setdefault((call.manager, install_folder(run, call)), call)
    return found


def _writes_lock(call: PackageCall) -> bool:
    return (
        call.manager in _LOCKING and call.verb == "lock" and not call.command.conditional and not call.has(*_ONLY_LOOKS)
    )


def _install_behind(run: Run, lock: PackageCall) -> PackageCall | None:
    """Return the first install behind a command that writes the lock file, in the same folder."""
    wanted = lock.manager, install_folder(run, lock)
    calls = _installs(run.stage).get(wanted, [])
    at = bisect_right(calls, lock.command.start, key=_start)
    return calls[at] if at < len(calls) else None


def _start(call: PackageCall) -> int:
    return call.command.start


@once
def _installs(stage: Stage) -> dict[tuple[str, str | None], list[PackageCall]]:
    """The installs of a project, by manager and folder."""
    found: dict[tuple[str, str | None], list[PackageCall]] = {}
    for run in stage.done_runs:
        for call in run.package_calls:
            if call.manager in _LOCKING and call.action in ("install", "sync") and call.project:
                found.setdefault((call.manager, install_folder(run, call)), []).append(call)
    return found


def _changes_manifest(run: Run, lock: PackageCall) -> bool:
    """Whether something above changes the manifest, so that the lock file has to follow it."""
    first = _first_change(run.stage)
    return first is not None and first < lock.command.start


@once
def _first_change(stage: Stage) -> int | None:
    """Where the first command starts that changes a manifest, or may."""
    for run in stage.done_runs:
        for command in run.commands:
            names = any("pyproject.toml" in word.value or "Pipfile" in word.value for word in command.args)
            if command.subcommand in _CHANGING or names or command.name.endswith((".sh", ".py")):
                return command.start
    return None


def takes_other_index(run: Run, call: PackageCall) -> bool:
    """Tell whether uv is told which index to ask: one that its lock file does not name makes `--locked` stop."""
    return call.manager == "uv" and (
        call.has("--index-url", "--default-index", "--index", "--extra-index-url", "--find-links")
        or any(name in call.env or run.scope.get(name) is not None for name in _UV_INDEXES)
    )
