"""Which scripts of a project's own package.json run with an install, and what switches them off.

npm ("Life Cycle Operation Order" in its documentation of `scripts`), which Yarn, pnpm and Bun follow; `prepare` is run
by some of them with the packages for developers only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.change import DockerfileChange

WITH_EVERY_INSTALL = ("preinstall", "install", "postinstall")
PREPARE = "prepare"
NOTHING_RUNS = ("--ignore-scripts", "--dry-run", "--package-lock-only", "--lockfile-only", "--mode")
"""Options with which an install runs no script, or is none."""

_CONFIGURED = re.compile(r"(?<!-)ignore[-_]scripts|enable_?scripts", re.IGNORECASE)
"""What switches them off for all calls: `npm config set ignore-scripts`, `NPM_CONFIG_IGNORE_SCRIPTS`, Yarn's names."""
_SETTINGS = (".npmrc", ".yarnrc", ".yarnrc.yml")


@once
def may_be_off(change: DockerfileChange) -> bool:
    """Tell whether a setting of the repository, or the Dockerfile, speaks of switching the scripts off."""
    texts = (text for path, text in change.repository.files.items() if path.rpartition("/")[2] in _SETTINGS)
    return any(map(_CONFIGURED.search, (change.source.text, *(text.decode("utf-8", "replace") for text in texts))))
