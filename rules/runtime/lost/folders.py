"""Folders of programs that a change takes out of PATH, where they are still in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.matching.fingerprint import unnumbered
from rules.model.search_path import DEFAULT_PATH, path_folders
from rules.runtime.starts.instructions import executes_cmd

if TYPE_CHECKING:
    from rules.model.puts import Put
    from rules.model.stage import Stage


def lost_folders(stage: Stage, was: Stage) -> tuple[str, ...]:
    """Return the folders that PATH held and does not any more, and that the image still has."""
    now = stage.image.env.get("PATH")
    if now is not None and now.value is None:
        return ()  # what earlier lines put into `$PATH` is not known
    before, kept = path_folders(was), path_folders(stage)
    if before is None or kept is None:
        return ()
    lost = [folder for folder in before if folder not in kept and folder.startswith("/")]
    raised = {unnumbered(folder) for folder in kept if folder not in before}
    own = [folder for folder in lost if folder not in DEFAULT_PATH and unnumbered(folder) not in raised]
    return tuple(folder for folder in own if _covering(stage, folder))


def _covering(stage: Stage, folder: str) -> tuple[Put, ...]:
    home = folder.rpartition("/")[0]
    puts = [put for put in stage.files.puts if put.kind != "workdir" and put.path.rstrip("/") in (folder, home)]
    return (*puts, *[put for put in stage.files.puts if put.path.startswith(f"{folder}/")])


def starts_by_path(stage: Stage, folders: tuple[str, ...]) -> bool:
    """Whether all that the container starts lies in folders that PATH lost, and is named with its folder.

    What CMD holds is arguments where the ENTRYPOINT is a program.
    """
    starts = [setting.value for setting in stage.image.start_command if setting.value]
    starts = starts if executes_cmd(stage) else starts[:1]
    programs = [command.program for start in starts for command in start.commands]
    return bool(programs) and all(
        program is not None and any(program.value.startswith(f"{folder}/") for folder in folders)
        for program in programs
    )
