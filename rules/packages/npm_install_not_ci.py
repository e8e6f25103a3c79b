"""See npm_install_not_ci.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Model,
    PackageCall,
    Problem,
    Run,
    Severity,
    fix,
    quote,
    rule,
)
from rules.build.failures.pipes import is_caught
from rules.copying.installs.calls import install_folder
from rules.packages.locks.fallbacks import stops_instead, strict_before, without_fallback
from rules.packages.locks.manifest_edits import first_edits, is_generated
from rules.packages.options import hold_to_lock
from rules.packages.projects.files import lock_path
from rules.packages.versions.tools import has_npm_without_ci
from rules.purpose import is_for_development

_WITH_TEST = ("install-test", "it")
"""What tests as well has `cit` beside it, not `ci`."""


@rule(
    "npm-install-not-ci",
    severity=Severity.WARNING,
    category=Category.REPRODUCIBILITY,
    keywords=("RUN",),
    mentions=("npm",),
    aliases=("DF031",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A lock file is there, and `npm install` may change it."""
    anywhere = _in_unknown_folders(change.before) if change.before is not None else frozenset()
    for stage, run, call in change.after.layers.needed_calls:
        found = lock_path(change, run, call) if _is_loose(call) else None
        if found is None or is_for_development(change, stage) or has_npm_without_ci(run.stage):
            continue
        if _edits_manifest(run) or is_generated(run, call) or _is_other_branch(run, call):
            continue
        lock, certain = found
        yield Problem(
            call.command.span,
            f"{stage.label} runs {quote(f'npm {call.verb}')} although {quote(lock)} says what to install: where it "
            f"does not fit {quote('package.json')}, npm resolves again and rewrites it in the image, so that something "
            f"else ships than was tested. {_way_out(run, call)}",
            Confidence.CERTAIN if certain else Confidence.LIKELY,
            doubt="whether the lock file is among what a pattern copies is not known",
            stage=stage.key,
            fix=_fix(run, call),
            held_before=str(call.command) in anywhere,
        )


def _is_loose(call: PackageCall) -> bool:
    """Whether npm installs a project, and may write another lock file than it finds."""
    if call.manager != "npm" or not call.project or call.frozen or call.verb in _WITH_TEST:
        return False
    return not call.has("--no-package-lock", "--package-lock-only", "--dry-run")


def _in_unknown_folders(model: Model) -> frozenset[str]:
    """Return the installs that run nobody knows where, as upon an unknown base: they may have a lock file."""
    calls = ((run, call) for _, run, call in model.layers.needed_calls if call.manager == "npm" and call.project)
    return frozenset(str(call.command) for run, call in calls if install_folder(run, call) is None)


def _edits_manifest(run: Run) -> bool:
    """Whether a RUN up to here rewrites `package.json`, so that the lock file cannot fit."""
    first = first_edits(run.stage).get("package.json")
    return first is not None and first[0] <= run.at


def _is_other_branch(run: Run, call: PackageCall) -> bool:
    """Whether a condition chooses between it and an install that holds to the lock file: `npm ci` here would stop."""
    if not call.command.conditional or call.command.before == "||":
        return False
    return any(other.command.conditional and other.manager == "npm" and other.frozen for other in run.package_calls)


def _fix(run: Run, call: PackageCall) -> Fix | None:
    """Return the strict install, where something hears of its failure: `npm ci || npm install` stops nothing."""
    strict = strict_before(run, call)
    if strict is not None:
        return fix("Let `npm ci` stop the build", without_fallback(run, strict, call))
    return fix("Install with `npm ci`", hold_to_lock(run, call)) if not is_caught(run, call.command) else None


def _way_out(run: Run, call: PackageCall) -> str:
    """Say what holds to the lock file, and what becomes of the build where that does not fit."""
    if strict_before(run, call) is not None:
        return f"{quote('npm ci')} in front of it stops there, and `||` passes that over: let it stop the build."
    end = stops_instead(run, call, "or fails") if is_caught(run, call.command) else "or stops the build"
    return f"{quote('npm ci')} installs exactly the lock file, {end}."
