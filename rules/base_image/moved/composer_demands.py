"""Which PHP a project asks Composer for, and where Composer holds to that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.lineage import built_upon
from rules.packages.projects.package_json import read_manifest

if TYPE_CHECKING:
    from rules.api import Stage

_UNCHECKED = re.compile(r"ignore-platform-req|COMPOSER_IGNORE_PLATFORM_REQ")
"""What has Composer install whatever the PHP (Composer, "Command-line interface")."""


def php_wanted(text: str) -> str | None:
    """Return the constraint of a `composer.json` on PHP; `None` without one, and where it says which PHP to assume.

    (`config.platform`, Composer's documentation, "Config".)
    """
    read = read_manifest(text)
    if read is None:
        return None
    platform = read.table("config").get("platform")
    assumed = isinstance(platform, dict) and "php" in platform
    wanted = read.table("require").get("php")
    return wanted if isinstance(wanted, str) and not assumed else None


def as_ruby_says(constraint: str) -> str:
    """Return a constraint of Composer's in the operators of `version_ranges`.

    One bar is as good as two, and its tilde lets the last number grow, as Ruby's `~>` does (Composer, "Versions and
    constraints").
    """
    return re.sub(r"~(?!>)", "~>", re.sub(r"\|+", "||", constraint))


def composer_checks(stage: Stage) -> bool:
    """Tell whether Composer surely installs with a stage's own PHP, and holds to what the project asks for."""
    upon = built_upon(stage)
    if any(_UNCHECKED.search(step.instruction.text) for one in upon for step in one.all_steps):
        return False
    calls = (call for one in upon for run in one.runs if not run.deferred for call in run.package_calls)
    return any(call.manager == "composer" and call.action == "install" and call.project for call in calls)
