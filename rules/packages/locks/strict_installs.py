"""Installs that insist on a lock file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.packages.versions.tools import has_modern_yarn

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.steps import Run

_STRICT = frozenset({"npm", "pnpm", "uv", "cargo", "bundle"})


def stops_without_lock(run: Run, call: PackageCall) -> bool:
    """Tell whether an install stops where there is no lock file.

    What is asked to hold to one does (`npm ci`, pnpm's ERR_PNPM_NO_LOCKFILE, uv's "Unable to find lockfile", Cargo's
    `--locked`, Bundler's "The deployment setting requires a lockfile"), but Yarn 1 and Bun, which then install from the
    manifest (yarnpkg/yarn#6857; Bun's documentation of `bun install`, "--frozen-lockfile"). `pipenv sync` always does.
    """
    if call.manager == "pipenv":
        return call.verb == "sync"
    return call.frozen and (call.manager in _STRICT or has_modern_yarn(run, call))
