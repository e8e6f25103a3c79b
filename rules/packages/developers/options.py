"""The option with which a package manager leaves developers' packages out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.packages.versions.tools import has_modern_yarn, has_old_npm, has_old_poetry

if TYPE_CHECKING:
    from rules.api import PackageCall, Run, Stage

_FLAGS = {
    "npm": "--omit=dev",
    "pnpm": "--prod",
    "yarn": "--production",
    "bun": "--production",
    "composer": "--no-dev",
    "uv": "--no-dev",
    "poetry": "--only main",
    "pdm": "--prod",
}


def option_of(stage: Stage, run: Run, call: PackageCall) -> str:
    """Return the option that leaves them out, in the words of the version that is there."""
    if call.manager == "npm" and has_old_npm(stage):
        return "--production"
    if call.manager == "poetry" and has_old_poetry(stage, run):
        return "--no-dev"
    if has_modern_yarn(run, call):
        return "yarn workspaces focus --production"
    return _FLAGS[call.manager]
