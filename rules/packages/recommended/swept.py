"""What the same RUN takes out again together with the packages that only came along."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.steps import Run

_UNIMPORTANT = re.compile(r"APT::AutoRemove::RecommendsImportant[ \t]*[= ][ \t]*[\"']?(?:false|0|no)\b", re.IGNORECASE)
"""With it `autoremove` keeps nothing for a recommendation's sake (apt.conf(5); apt keeps it otherwise)."""


def swept(run: Run, call: PackageCall) -> set[str]:
    """Return the packages of an install that the same RUN purges again with what came along; none where that stays.

    Args:
        run: The RUN.
        call: The install.
    """
    sweeps = [
        other
        for other in run.package_calls
        if other.manager == "apt" and other.action == "remove" and other.command.start > call.command.start
        if other.has("--auto-remove", "--autoremove") or other.verb in ("autoremove", "autopurge")
    ]
    if not sweeps:
        return set()
    if any(_UNIMPORTANT.search(" ".join(word.value for word in other.command.args)) for other in sweeps):
        return {package.name for package in call.packages}
    return {one.name for one in run.stage.packages.installed if one.call is call and one.leaves_layer}
