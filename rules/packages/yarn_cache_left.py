"""See yarn_cache_left.md."""

from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Origin,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    append_to_run,
    fix,
    quote,
    rule,
)
from rules.packages.options import spelled
from rules.packages.versions.tools import has_modern_yarn

_FOLDERS = ("/usr/local/share/.cache/yarn", "/root/.cache/yarn")
"""Where Yarn 1 keeps downloads: as root, and with a home folder (classic.yarnpkg.com/en/docs/cli/cache)."""


@rule(
    "yarn-cache-left",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="off",
    keywords=("RUN", "ONBUILD"),
    mentions=("yarn",),
    aliases=("DL3060", "DF055"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A layer that ships keeps Yarn's download cache."""
    for stage, run in change.after.layers.shipped_runs:
        if change.after.is_for_developers(run.stage) or stage.runtime.is_windows:
            continue
        calls = [call for call in run.package_calls if call.manager == "yarn" and call.action == "install"]
        if calls and _keeps_downloads(run, calls):
            yield _problem(stage, run, calls[0])


def _keeps_downloads(run: Run, calls: list[PackageCall]) -> bool:
    """Whether Yarn 1 downloads into a folder of the layer, and nothing empties it behind the last install.

    Yarn 2 and later may read the packages from their cache when the program runs, so it is no business of ours.
    """
    if any(has_modern_yarn(run, call) or call.has("--cache-folder") for call in calls):
        return False
    if any(run.is_mounted(folder) for folder in _FOLDERS) or any("yarn" in mount.target for mount in run.mounts):
        return False
    return run.scope.get("YARN_CACHE_FOLDER") is None and not run.cleans_behind(
        calls[-1].command.start, "yarn", "cache"
    )


def _problem(stage: Stage, run: Run, call: PackageCall) -> Problem:
    as_root = run.user.origin is Origin.ABSENT or run.user.value in ROOT_NAMES
    where = f" in {quote(_FOLDERS[0])}" if as_root else ""
    return Problem(
        call.command.span,
        f"{stage.label} ships Yarn's download cache: {quote(spelled(call))} keeps a copy of every package that it "
        f"fetches{where}, and this layer keeps that. Nothing at run time reads it; empty it at the end of the same "
        "`RUN` with `yarn cache clean`, or mount a cache there. A later `RUN` takes nothing out of this layer.",
        Confidence.LIKELY,
        doubt="Yarn 2 and later keep their packages elsewhere",
        instruction=run.instruction,
        stage=stage.key,
        key="yarn",
        fix=_fix(run),
    )


def _fix(run: Run) -> Fix | None:
    last = run.commands[-1]
    if any(command.conditional or command.before in ("||", "|") for command in run.commands) or last.nested:
        return None
    return fix("Clean up in the same layer", append_to_run(run, "yarn cache clean"))
