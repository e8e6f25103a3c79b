"""Whether sources out of an archive are built where they were unpacked, and stay there with all that came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.copying.deletions import deleted_behind
from rules.lazily import once
from rules.model.archivers import tar_writes
from rules.model.puts import within
from rules.model.work_folders import folder_of, path_of

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Run

_BUILDING = frozenset("make gmake ninja cmake meson configure bootstrap autogen.sh scons".split())


def is_built_beside(stage: Stage, run: Run, unpacking: Command) -> bool:
    """Tell whether a build runs in what a `tar` has unpacked, in a folder below its own that nothing deletes.

    Beside its sources and their objects the archive weighs little.

    Args:
        stage: The image.
        run: The RUN.
        unpacking: The `tar`.
    """
    filled = [folder for folder, fills, _ in tar_writes(unpacking) if fills] if unpacking.name == "tar" else []
    home = path_of(run, unpacking, filled[0]) if filled else None
    if home is None:
        return False
    behind = (run.at, unpacking.start)
    return any(at > behind and folder != home and within(folder, home) for at, folder in _builds(stage))


@once
def _builds(stage: Stage) -> tuple[tuple[tuple[tuple[int, int], int], str], ...]:
    """Where builds run in a chain, with the folder of each, unless that is deleted afterwards."""
    found = []
    for run in stage.done_runs:
        for command in run.calls(*_BUILDING):
            at, folder = (run.at, command.start), folder_of(run, command)
            if folder is not None and deleted_behind(stage, folder, at) is None:
                found.append((at, folder))
    return tuple(found)
