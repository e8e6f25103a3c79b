"""See npm_lifecycle_scripts.md."""

from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Category,
    DockerfileChange,
    Origin,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.packages.options import has_unknown_options, spelled
from rules.packages.projects.install_scripts import NOTHING_RUNS, may_be_off

_MANAGERS = ("npm", "yarn")
"""pnpm since 10 and Bun run the scripts of a package only where the project allows it."""


@rule(
    "npm-lifecycle-scripts",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="off",
    keywords=("RUN", "ONBUILD"),
    mentions=_MANAGERS,
    aliases=("S6505",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An install of npm or Yarn runs the scripts of the packages that it fetches."""
    if may_be_off(change):
        return
    for stage in change.stages:
        for run in stage.runs if stage.index in change.after.needed_by_shipped else ():
            calls = [call for call in run.package_calls if _runs_scripts(call)]
            if calls:
                yield _problem(stage, run, calls[0])


def _runs_scripts(call: PackageCall) -> bool:
    installs = call.manager in _MANAGERS and call.action == "install"
    return installs and not call.has(*NOTHING_RUNS) and not has_unknown_options(call)


def _problem(stage: Stage, run: Run, call: PackageCall) -> Problem:
    root = run.user.origin is Origin.ABSENT or run.user.value in ROOT_NAMES
    as_root = root and not call.command.wrappers and not stage.runtime.is_windows
    return Problem(
        call.command.span,
        f"{stage.label} runs {quote(spelled(call))}, and with it the install scripts of every package that it fetches"
        f"{', as root' if as_root else ''}. One package that was taken over is enough to change the image; "
        "`--ignore-scripts` leaves them out, and `npm rebuild <package>` runs those that are needed.",
        instruction=run.instruction,
        stage=stage.key,
        key=call.manager,
    )
