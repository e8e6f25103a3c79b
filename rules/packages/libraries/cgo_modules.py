"""Whether a stage builds a program of Go's with a module that is written in C, as the `go.mod` says that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.go_modules import module_in_c
from rules.lazily import once_for_each
from rules.packages.locks.go_projects import project_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.model.stage import Stage


@once_for_each
def module_that_needs_cgo(change: DockerfileChange, stage: Stage) -> str | None:
    """Return the module without which what a stage builds does nothing when cgo is off; `None`: none is known."""
    return next(_modules(change, stage), None)


def _modules(change: DockerfileChange, stage: Stage) -> Iterator[str]:
    for run in stage.all_runs:
        for command in run.calls("go"):
            project = project_of(change, run, command) if command.subcommand in ("build", "install") else None
            module = module_in_c(project.text) if project is not None else None
            if module is not None:
                yield module
