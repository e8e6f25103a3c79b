"""The bind mounts of a stage's RUNs, by where their files come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Stage
    from rules.model.steps import Mount, Run


def mounted_stages(stage: Stage) -> Iterator[tuple[Run, Mount, Stage]]:
    """Yield the mounts that show files of a stage above, with that stage."""
    for run, mount in _bound(stage):
        builder = stage.model.copied_stage(mount.options.get("from", ""), stage.index)
        if builder is not None:
            yield run, mount, builder


def mounted_context(stage: Stage) -> Iterator[tuple[Run, Mount]]:
    """Yield the mounts that show files of the build context."""
    return ((run, mount) for run, mount in _bound(stage) if not mount.options.get("from"))


def _bound(stage: Stage) -> Iterator[tuple[Run, Mount]]:
    """Yield every bind mount, but for those behind ONBUILD: they look into the file that builds upon this one."""
    for run in stage.runs:
        if run.instruction.flags and not run.deferred:
            yield from ((run, mount) for mount in run.mounts if mount.type == "bind")
