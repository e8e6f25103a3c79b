"""Whether what a package manager installs can get into an image that ships."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.model.steps import Copy

_INSTALLED = re.compile(
    r"/|/(?:usr|opt|root|home|var)(?:/(?:local|lib|bin|share))?|/usr/local/.+|/(?:root|home|opt)/.+|/var/lib/.+"
    r"|.*(?:env|site-packages|node_modules|gems|bundle|python|conda|pypy|\.local|/packages?|wheel|install|deps|vendor|/s?bin"
    r"|/go)(?:/.*)?"
)
"""Paths below which package managers install, in the system, a home folder or an environment, or a folder above."""
_ENVIRONMENT = re.compile(r"\b(?:virtualenv|venv|conda|pipenv|poetry)\b|VIRTUAL_ENV")


def reaches_image(stage: Stage, call: PackageCall) -> bool:
    """Tell whether what a call installs may be in an image that ships.

    Args:
        stage: The stage of the call, one that ships or that a shipped one needs.
        call: The install.

    Returns:
        `False` where the stage's own layers do not ship, and all that is copied out of it lies elsewhere.
    """
    if stage.index in _reaching(stage.model):
        return True
    return call.target is not None or any(_ENVIRONMENT.search(run.instruction.text) for run in stage.all_runs)


@once
def _reaching(model: Model) -> frozenset[int]:
    """The stages whose layers ship, squashed or not, and those that give them an install folder, or what is unknown."""
    found = {one.index for one in model.shipped}
    found.update(one.squashed.index for one in model.shipped if one.squashed is not None)
    for stage in reversed(model.stages):  # what a stage takes, and what it is built from, stands above it
        if stage.index not in found:
            continue
        found.update(
            copy.from_stage.index for copy in stage.copies if copy.from_stage is not None and _takes_installed(copy)
        )
        for run in stage.runs:
            mounted = {mount.options.get("from", "").lower() for mount in run.mounts}
            found.update(one.index for one in stage.sources if one.name in mounted or str(one.index) in mounted)
        if stage.parent is not None:
            found.add(stage.parent.index)
    return frozenset(found)


def _takes_installed(copy: Copy) -> bool:
    paths = [copy.source_path(source) for source in copy.sources]
    return any(path is None or _INSTALLED.fullmatch(path) for path in paths)
