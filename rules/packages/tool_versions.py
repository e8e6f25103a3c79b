"""Which version of Node.js, Yarn, Poetry or Go a stage works with, as far as the file says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

_NODESOURCE = re.compile(r"\b(?:setup|node)_(\d+)\.x\b|\bnvm install v?(\d+)")
_MODERN_YARN = re.compile(
    r"\.yarnrc\.yml|\.yarn(?:/|[\s\"',]|$)|\.pnp\.|\byarn set version\b|\byarn@(?:[2-9]|berry|stable)"
)
"""Files of Yarn 2 and later that are copied, and commands that bring it."""
_FIRST_NODE_WITH_OMIT = 15
"""Node 15 came with npm 7, the first that knows `--omit`; npm 6 ignores it without a word."""
_FIRST_POETRY_WITH_ONLY = (1, 2)
"""Poetry 1.2 brought `--only`; before, `--no-dev` is the only way (its change log)."""
_FIRST_GO_WITH_MODULES = (1, 11)
"""Before modules, `go get` took whatever a repository's default branch held, and no version."""


@once
def node_major(stage: Stage) -> int | None:
    """Return the major version of Node.js: the base image's, or the one that NodeSource or nvm installs."""
    numbers = _numbers(stage.runtime.languages.get("node"))
    if numbers:
        return numbers[0]
    for run in stage.done_runs:
        found = _NODESOURCE.search(run.instruction.value)
        if found is not None:
            return int(found[1] or found[2])
    return None


def has_old_npm(stage: Stage) -> bool:
    """Tell whether npm is known to be older than 7 and so to know no `--omit`."""
    major = node_major(stage)
    return major is not None and major < _FIRST_NODE_WITH_OMIT


def has_unknown_npm(stage: Stage) -> bool:
    """Tell whether nothing says which npm there is; an image of Node.js without a version is today's."""
    return node_major(stage) is None and "node" not in stage.runtime.languages


def has_modern_yarn(run: Run, call: PackageCall) -> bool:
    """Tell whether a call is one of Yarn 2 or later, as its options or what came before it in the file say.

    Its `yarn install` has no `--production` and does not look at `NODE_ENV`: developers' packages come always, and
    `yarn workspaces focus --production` leaves them out (yarnpkg.com/migration/guide).
    """
    if call.manager != "yarn":
        return False
    return call.has("--immutable", "--immutable-cache") or call.verb == "workspaces focus" or _brings_yarn(run.stage)


@once
def _brings_yarn(stage: Stage) -> bool:
    steps = (*stage.all_copies, *stage.all_runs)
    return any(_MODERN_YARN.search(step.instruction.value) for step in steps)


def has_old_poetry(stage: Stage, run: Run) -> bool:
    """Tell whether Poetry is known to be older than 1.2 and so to know no `--only`."""
    asked = run.scope.get("POETRY_VERSION")
    written = asked.value if asked is not None and isinstance(asked.value, str) else None
    return _installs_old_poetry(stage) or _is_before_only(written)


@once
def _installs_old_poetry(stage: Stage) -> bool:
    if any("get-poetry.py" in run.instruction.value for run in stage.done_runs):
        return True  # the old installer, which stops at 1.1
    return any(
        item.name.lower() == "poetry" and _is_before_only(item.package.version) for item in stage.packages.installed
    )


def _is_before_only(version: str | None) -> bool:
    numbers = _numbers(version)
    return bool(numbers) and numbers < _FIRST_POETRY_WITH_ONLY


def has_old_go(stage: Stage, run: Run) -> bool:
    """Tell whether Go is known to be older than its modules."""
    asked = run.scope.get("GOLANG_VERSION") or run.scope.get("GO_VERSION")
    written = asked.value if asked is not None and isinstance(asked.value, str) else None
    numbers = _numbers(stage.runtime.languages.get("go")) or _numbers(written)
    return len(numbers) > 1 and numbers < _FIRST_GO_WITH_MODULES


def _numbers(version: str | None) -> tuple[int, ...]:
    """Return the numbers of an exact version, none for a range (`>=1.0`) or what cannot be read."""
    found = re.fullmatch(r"={0,3}\s*v?(\d+(?:\.\d+)*)[\w.+-]*", version or "")
    return tuple(map(int, found[1].split("."))) if found is not None else ()
