"""Whether an install stands above the manifest that it would read."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.copying.installs.calls import install_folder
from rules.lazily import once
from rules.packages.projects.files import MANIFESTS

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.steps import Run

_BRINGING_NOTHING = frozenset("mkdir rm chown chmod addgroup adduser groupadd useradd set export".split())


def lacks_manifest(run: Run, call: PackageCall) -> bool:
    """Tell whether the project's manifest comes below an install, and nothing above can have brought it."""
    name, folder, stage = MANIFESTS.get(call.manager), install_folder(run, call), run.stage
    if name is None or folder is None or run.mounts or stage.files.has_unreadable_run:
        return False
    if stage.facts is None or stage.facts.onbuild or not stage.facts.is_plain:
        return False
    puts = [put.step.at for put in stage.files.covering(posixpath.join(folder, name)) if put.kind != "workdir"]
    if not puts or min(puts) <= run.at:
        return False
    return all(map(_brings_nothing, (one for one in stage.all_runs if one.at <= run.at)))


@once
def _brings_nothing(run: Run) -> bool:
    installs = {call.command.start for call in run.package_calls}
    return all(command.start in installs or command.name in _BRINGING_NOTHING for command in run.commands)
