"""Whether a stage builds a program of Go's with a module that is written in C, as the `go.mod` says that was read."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.facts.go_modules import module_in_c
from rules.model.work_folders import folder_of
from rules.packages.project_texts import text_in_image

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.model.steps import Run


def module_that_needs_cgo(change: DockerfileChange, stage: Stage) -> str | None:
    """Return the module without which what a stage builds does nothing when cgo is off; `None`: none is known."""
    for run in stage.all_runs:
        for command in run.calls("go"):
            folder = folder_of(run, command) if command.subcommand in ("build", "install") else None
            text = _manifest(change, run, folder) if folder is not None else None
            module = module_in_c(text) if text is not None else None
            if module is not None:
                return module
    return None


def _manifest(change: DockerfileChange, run: Run, folder: str) -> str | None:
    """Return the `go.mod` that Go finds from a folder upwards, as far as it was read (Go Modules Reference)."""
    while (text := text_in_image(change, run, posixpath.join(folder, "go.mod"))) is None and folder not in ("", "/"):
        folder = posixpath.dirname(folder)
    return text
