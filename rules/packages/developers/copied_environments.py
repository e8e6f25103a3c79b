"""Virtual environments that a stage takes out of another one, and whether development packages come along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.copying.python.environments import environments
from rules.model.puts import within
from rules.packages.developers.copied_modules import CopiedModules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

PYTHON = frozenset({"uv", "poetry", "pdm"})
"""Managers that install what developers need unless they are told not to."""

_CHOOSES = (
    "--dev", "--with", "--group", "--all-groups", "--only", "--without", "--only-group", "--no-group", "--only-dev",
    "--prod", "--production", "--script", "--dry-run",
)  # fmt: skip
"""Options that name groups, or install something else than the project's environment."""


def copied_environments(stage: Stage) -> Iterator[CopiedModules]:
    """Yield the copies of a stage that bring an environment with development packages, one for each environment."""
    if any(_installs(call) for run in stage.runs for call in run.package_calls):
        return  # it installs once more, and may take packages out
    for copy in stage.copies:
        if copy.from_stage is None or copy.deferred:
            continue
        paths = [(copy.source_path(source) or "").rstrip("/") for source in copy.sources]
        for place, installs in _filled(copy.from_stage).items():
            if any(path and within(place, path) for path in paths):
                *others, (run, call) = installs
                yield CopiedModules(copy, place, run, call, tuple(other.command.line for _, other in others))


def takes_no_dependencies(call: PackageCall) -> bool:
    """Tell whether an install takes the project alone, or nothing at all, so that it brings no developers' packages.

    `poetry install --only-root` stops where a further `--only` or `--without` stands beside it.
    """
    return call.has("--only-root", "--dry-run", "--package-lock-only", "--lockfile-only")


def _installs(call: PackageCall) -> bool:
    return call.manager in PYTHON and call.action in ("install", "sync")


def _filled(builder: Stage) -> dict[str, list[tuple[Run, PackageCall]]]:
    """Return the environments of a stage that hold development packages, each with the installs that bring them.

    The last install decides: it adds what an earlier one left out.
    """
    installs: dict[str, list[tuple[Run, PackageCall]]] = {}
    for run in builder.done_runs:
        for call in run.package_calls:
            if _installs(call) and call.project and not takes_no_dependencies(call):
                place = _place(builder, run, call)
                if place is not None:
                    installs.setdefault(place, []).append((run, call))
    return {place: list(filter(_takes_all, calls)) for place, calls in installs.items() if _takes_all(calls[-1])}


def _takes_all(install: tuple[Run, PackageCall]) -> bool:
    _, call = install
    return not (call.production or call.has(*_CHOOSES) or call.command.conditional)


def _place(builder: Stage, run: Run, call: PackageCall) -> str | None:
    """Return the environment that an install fills: the active one, or the project's own.

    Poetry and PDM take an active environment (`VIRTUAL_ENV`) for theirs; `uv sync` does so with `--active` only.
    """
    active = call.env.get("VIRTUAL_ENV")
    if active and call.manager != "uv":
        return active.rstrip("/")
    return next((one.path for one in environments(builder) if one.run is run), None)
