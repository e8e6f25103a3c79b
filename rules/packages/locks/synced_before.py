"""What an install of the project itself has put there before another one asks for it by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.copying.python.environments import makes_none
from rules.facts.python_names import index_name, required_name
from rules.lazily import once_for_each
from rules.packages.pins.pinned_elsewhere import ANEW
from rules.packages.pins.project_requirements import project_requirements

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

_ELSEWHERE = ("--target", "--prefix", "--root", "--python", "--system", "--user")


def is_synced(change: DockerfileChange, run: Run, call: PackageCall, name: str) -> bool:
    """Tell whether the project's own install brought a package into the environment of a call that comes after it.

    pip and uv then say “Requirement already satisfied”: the version is that of the project's lock file.

    Args:
        change: The change.
        run: The RUN of the call.
        call: `pip install`, or uv's.
        name: The package.
    """
    if call.has(*ANEW, *_ELSEWHERE):
        return False
    return any(
        sync.command.start < call.command.start and _is_into_same(step, sync, call) and index_name(name) in names
        for step, sync, names in _syncs(change, run.stage)
    )


@once_for_each
def _syncs(change: DockerfileChange, stage: Stage) -> tuple[tuple[Run, PackageCall, frozenset[str]], ...]:
    """The installs of projects in a chain that surely run, with the packages that each brings."""
    return tuple(
        (run, call, _names(change, run, call))
        for run in stage.done_runs
        for call in run.package_calls
        if call.manager in ("uv", "poetry") and call.verb in ("sync", "install") and not call.command.conditional
    )


def _is_into_same(run: Run, sync: PackageCall, call: PackageCall) -> bool:
    """Whether a project is installed where a call installs: Poetry does so where it makes no environment."""
    if call.manager == "uv":
        return sync.manager == "uv" and call.verb == "pip install"
    return call.manager == "pip" and sync.manager == "poetry" and makes_none(run, sync)


def _names(change: DockerfileChange, run: Run, sync: PackageCall) -> frozenset[str]:
    found = (required_name(one.strip()) for one in project_requirements(change, run, sync) if ";" not in one)
    return frozenset(index_name(name) for name in found if name is not None)
