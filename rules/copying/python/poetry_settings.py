"""What a project says of Poetry's virtual environments: `poetry.toml` beside its manifest."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.brought import context_paths
from rules.model.puts import may_bring

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Run

_SETTINGS = "poetry.toml"


def may_be_set_by_project(change: DockerfileChange, run: Run) -> bool:
    """Tell whether an install of Poetry's may read settings of the project (Poetry, "Local configuration").

    They say whether it makes an environment, and where. What is copied below the install comes too late.
    """
    folder = run.workdir.value
    if folder is None:
        return True
    target = posixpath.join(folder, _SETTINGS)
    above = [put for put in run.stage.files.covering(target) if put.step.at < run.at and may_bring(put, target)]
    if any(put.kind != "context" or not put.tree for put in above):
        return True
    return bool(above) and any(change.repository.exists(path) for path in context_paths(change, run.stage, target))
