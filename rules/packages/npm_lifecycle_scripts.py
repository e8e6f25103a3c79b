"""See npm_lifecycle_scripts.md."""

import re
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

_MANAGERS = ("npm", "yarn")
"""pnpm since 10 and Bun run the scripts of a package only where the project allows it."""
_CONFIGURED = re.compile(r"(?<!-)ignore[-_]scripts|enable_?scripts", re.IGNORECASE)
"""What switches them off for all calls: `npm config set ignore-scripts`, `NPM_CONFIG_IGNORE_SCRIPTS`, Yarn's names."""
_NOTHING_RUNS = ("--ignore-scripts", "--dry-run", "--package-lock-only", "--mode")
_SETTINGS = (".npmrc", ".yarnrc", ".yarnrc.yml")


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
    if _CONFIGURED.search(change.source.text) or any(map(_CONFIGURED.search, _settings(change))):
        return
    for stage in change.stages:
        for run in stage.runs if stage.index in change.after.needed_by_shipped else ():
            calls = [call for call in run.package_calls if _runs_scripts(call)]
            if calls:
                yield _problem(stage, run, calls[0])


def _settings(change: DockerfileChange) -> Iterator[str]:
    """Yield the settings of npm and Yarn that the repository has."""
    for path, text in change.repository.files.items():
        if path.rpartition("/")[2] in _SETTINGS:
            yield text.decode("utf-8", "replace")


def _runs_scripts(call: PackageCall) -> bool:
    installs = call.manager in _MANAGERS and call.action == "install"
    return installs and not call.has(*_NOTHING_RUNS) and not has_unknown_options(call)


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
