"""See package_namesake.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Package,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.facts.installers import NODE_MANAGERS
from rules.numbers import number_of
from rules.packages.indexes.sources import may_come_from_elsewhere

_WITH_CMDTEST = {"debian": ((10,), (12,)), "ubuntu": ((18, 4), (24, 4))}
"""The first and last release in which `cmdtest` provides `yarn`: the archives' `Packages` of Debian 11 and 12, and of
Ubuntu 18.04, 20.04, 22.04 and 24.04, on 23 November 2026; Debian 13 and Ubuntu 26.04 have none. For Debian 10
packages.debian.org, "Virtual Package: yarn"."""
_NEWEST = frozenset({"postgresql", "postgresql-contrib"})
"""Packages of apt.postgresql.org that bring the newest server; those of one release have its number in the name."""
_OUT = 18
"""The newest major version that is surely out (postgresql.org, 25 September 2025; nothing said of 19 was found on
23 November 2026): older images get a second one."""


@rule(
    "package-namesake",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("yarn", "postgresql"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The distribution's package of that name is another program, or another release, than is meant."""
    for stage, run, call in change.after.layers.all_calls:
        if call.manager != "apt" or call.action != "install" or may_come_from_elsewhere(stage, run, call):
            continue
        for package in call.packages:
            if package.word.value != package.name:
                continue  # a version or a release is named with it
            if package.name == "yarn" and _has_cmdtest(stage):
                yield _problem(stage, run, call, package, f"{_YARN} {_with_npm(stage)}")
            elif package.name in _NEWEST and _is_older_postgres(stage):
                yield _problem(stage, run, call, package, _of_postgres(stage))


_YARN = (
    "is the name under which this release has `cmdtest`, a tool for testing programs. The package manager for "
    "JavaScript is not among its packages: a later `yarn install` calls the other program and fails."
)


def _with_npm(stage: Stage) -> str:
    """Say how Yarn is installed: by npm, which the distribution's `nodejs` comes without."""
    npm = stage.packages.has("npm") or (stage.facts is not None and stage.facts.has_tool("npm"))
    return f"Install it with `npm install -g yarn`{'' if npm else ', and the package `npm` for that'}."


def _has_cmdtest(stage: Stage) -> bool:
    """Whether a bare system, or an image of a language without a Yarn of its own, is upon such a release."""
    release, known = stage.runtime.release, _WITH_CMDTEST.get(stage.runtime.distribution or "")
    if stage.facts is None or not stage.facts.is_plain or stage.facts.has_tool("yarn") or _has_yarn(stage):
        return False
    return release is not None and known is not None and known[0] <= release.numbers <= known[1]


def _has_yarn(stage: Stage) -> bool:
    """Whether npm or Corepack brings Yarn as well, into a folder that is searched before apt's."""
    calls = (call for run in stage.all_runs for call in run.package_calls)
    named = any(call.manager in NODE_MANAGERS and any(one.name == "yarn" for one in call.packages) for call in calls)
    return named or any(run.calls("corepack") for run in stage.all_runs)


def _is_older_postgres(stage: Stage) -> bool:
    reference = stage.root.reference
    major = re.match(r"\d+", (reference.tag or "") if reference is not None else "")
    return (
        stage.facts is not None and stage.facts.name == "postgres" and major is not None and number_of(major[0]) < _OUT
    )


def _of_postgres(stage: Stage) -> str:
    return (
        "there stands for the newest release that apt.postgresql.org has: a second server comes beside the one that "
        f"{quote(stage.root.base_text or '')} starts, and is never used. The image's own brings the extensions of "
        "contrib along: leave the package out."
    )


def _problem(stage: Stage, run: Run, call: PackageCall, package: Package, then: str) -> Problem:
    return Problem(
        call.command.span,
        f"{stage.label} installs {quote(package.name)} with apt, which {then}",
        Confidence.LIKELY,
        doubt="what the distribution's mirrors have today was not asked",
        instruction=run.instruction,
        stage=stage.key,
        key=package.name,
    )
