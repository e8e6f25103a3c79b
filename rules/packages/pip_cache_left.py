"""See pip_cache_left.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    quote,
    rule,
)
from rules.copying.deletions import deletions
from rules.packages.caches.of_pip import CACHE_FOLDERS, VARIABLE, downloads, is_emptied, keeps_none
from rules.packages.caches.readers import is_copied, stopped_by_lack
from rules.packages.options import add_option
from rules.packages.versions.tools import has_old_pip, takes_one_for_yes
from rules.purpose import is_named_for_development
from rules.quoting import listed
from rules.user.accounts.running import runs_as_root

_VERSIONS = re.compile(r"\d+(?:\.\d+)*")
_CACHE = ".cache"
_OF_PIP = frozenset({"pip", "setuptools", "wheel"})


@rule(
    "pip-cache-left",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("pip",),
    aliases=("DL3042",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A layer that ships keeps pip's download cache."""
    by_stage: dict[int, tuple[Stage, list[_Left]]] = {}
    for stage, run in change.after.layers.shipped_runs:
        if not run.package_calls or is_named_for_development(change, run.stage):
            continue
        calls = [call for call in run.package_calls if call.manager == "pip" and call.action == "install"]
        if not calls or is_copied(run.stage, "/.cache/pip") or keeps_none(change, run) or has_old_pip(run):
            continue
        left = [call for call in calls if downloads(run, call) and not call.no_cache and not is_emptied(run, call)]
        if left:
            by_stage.setdefault(stage.index, (stage, []))[1].extend(_Left(run, call) for call in left)
        else:
            yield from (_misread(stage, call) for call in calls[:1] if _says_no(call))
    for stage, found in by_stage.values():
        yield _problem(change, stage, found)


class _Left(NamedTuple):
    """An install that leaves the cache, and its RUN."""

    run: Run
    call: PackageCall


def _fix(found: list[_Left]) -> Fix | None:
    """Add the option to each, and to what else their RUNs install: a local wheel brings its dependencies along."""
    runs = {id(one.run): one.run for one in found}.values()
    calls = [(run, call) for run in runs for call in run.package_calls if _may_keep(call)]
    return fix("Add `--no-cache-dir`", *(add_option(run, call, "--no-cache-dir") for run, call in calls))


def _may_keep(call: PackageCall) -> bool:
    installs = call.manager == "pip" and call.action == "install" and not call.no_cache
    return installs and not call.has("--no-index", "--dry-run")


def _takes_variable(stage: Stage, found: list[_Left]) -> bool:
    """Whether the variable does for all installs, and no RUN calls `pip cache`.

    That stops where the cache is switched off (tried: pip 23.2.1 and 26.3).
    """
    return all(takes_one_for_yes(one.run) for one in found) and not any(
        "cache" in words[:3] and {"pip", "pip3"} & {command.name, *words[:2]}
        for run in stage.done_runs
        for command in run.commands
        for words in [[word.value for word in command.args]]
    )


def _problem(change: DockerfileChange, stage: Stage, found: list[_Left]) -> Problem:
    """Speak once of all installs of an image, at the first that the change adds; it is new where there are more."""
    added = _added(change, found)
    run, call = added[0] if added else found[0]
    perhaps = all(one.call.command.conditional for one in found)
    items = (*_counted(found), *([str(late)] if (late := _deleted_late(stage, found[0].run)) is not None else []))
    if len({id(one.run) for one in found}) > 1:
        had = "install 0" not in change.fresh("pip-cache-left", stage, items)
        where = _where(found, added if had else [])
        by_variable = f"Set {quote(f'ENV {VARIABLE}=1')} above the first, or add the flag to each"
        way_out = by_variable if _takes_variable(stage, found) else "Add the flag to each"
    else:
        where = f" in {len(found)} commands" if len(found) > 1 else ""
        way_out = f"Add the flag{_or_mount(run)}"
    too_late = f" {quote(str(late), 60)} (line {late.line}) deletes it a layer too late." if late is not None else ""
    stopped = stopped_by_lack(found[0].run, _CACHE)
    if stopped is not None:
        way_out += f"; {quote(stopped.name)} on line {stopped.line} then stops for want of it, and has to go"
    return Problem(
        call.command.span,
        f"{stage.label} ships pip's download cache: {quote(call.program)} installs without `--no-cache-dir`{where}. "
        f"Nothing in the container reads it again.{too_late} {way_out}.",
        _confidence(stage, found) if not perhaps else Confidence.LIKELY,
        doubt="it runs under a condition" if perhaps else "the base image is not known, and may switch the cache off",
        instruction=run.instruction,
        stage=stage.key,
        key="cache",
        items=items,
        minor=all(_is_of_tools_alone(one.call) or _is_of_project_alone(one.call) for one in found),
        fix=_fix(found) if stopped is None else None,
    )


def _confidence(stage: Stage, found: list[_Left]) -> Confidence:
    """Upon an unknown base that `USER root` has to take over, the home is another's, and pip then keeps nothing."""
    if stage.base_known:
        return Confidence.CERTAIN
    taken_over = all(one.run.user.set_in_file and runs_as_root(one.run) for one in found)
    return Confidence.POSSIBLE if taken_over else Confidence.LIKELY


def _is_of_tools_alone(call: PackageCall) -> bool:
    """Whether an install renews pip and what builds with it, which is some 3 MB."""
    names = {package.name.lower() for package in call.packages}
    return bool(names) and names <= _OF_PIP and not call.manifests


def _is_of_project_alone(call: PackageCall) -> bool:
    """Whether an install takes a project without its dependencies: pip then fetches what it is built with, and less."""
    paths = bool(call.packages) and all(package.kind == "path" for package in call.packages)
    return paths and call.has("--no-deps") and not call.has("-r", "--requirement")


def _added(change: DockerfileChange, found: list[_Left]) -> list[_Left]:
    """Return the installs that the change adds, whose RUN did not stand there with another version."""
    old = {_VERSIONS.sub("", i.value) for i in change.before.dockerfile.instructions} if change.before else set()
    return [one for one in found if _VERSIONS.sub("", one.run.instruction.value) not in old]


def _where(found: list[_Left], added: list[_Left]) -> str:
    """Name the lines: those that the change adds, if it does, apart from those that left the cache before, too."""
    lines = [str(line) for line in dict.fromkeys(one.call.command.line for one in found)]
    new = [line for line in lines if any(line == str(one.call.command.line) for one in added)]
    if not new or new == lines:
        return f" at lines {listed(lines, len(lines))}"
    kept = [line for line in lines if line not in new]
    as_before = f"{'line' if len(kept) == 1 else 'lines'} {listed(kept, len(kept))} did before"
    return f" at {'line' if len(new) == 1 else 'lines'} {listed(new, len(new))}, as {as_before}"


def _deleted_late(stage: Stage, install: Run) -> Command | None:
    """Return the command of a later RUN that deletes the cache, of which the layer below keeps every byte."""
    found = (command for path, run, command in deletions(stage) if run.at > install.at and path in CACHE_FOLDERS)
    return next(found, None)


def _counted(found: list[_Left]) -> Iterator[str]:
    """Yield a name for each install, so that more of them are new, and one more for each but those of pip itself.

    Those weigh little: an install of the project's in the place of one is new, and not the other way round.
    """
    heavy = sum(not is_of_pip(one.call) for one in found)
    yield from (f"install {number}" for number in range(heavy or len(found)))
    yield from (f"project {number}" for number in range(heavy))


def is_of_pip(call: PackageCall) -> bool:
    """Tell whether an install renews pip and what that builds with, and brings nothing of the project's."""
    return not call.manifests and {package.name.lower() for package in call.packages} <= _OF_PIP


def _or_mount(run: Run) -> str:
    """Name the mount that would do as well, for root, whose home is known."""
    home = run.scope.expand("$HOME")
    if runs_as_root(run) and home in (None, "", "/root"):
        return ", or mount a cache for the build alone: `RUN --mount=type=cache,target=/root/.cache/pip`"
    return ""


def _says_no(call: PackageCall) -> bool:
    """Whether the variable that switches the cache off has a value that is written to leave it on."""
    return bool(call.env.get(VARIABLE)) and not (call.is_set(VARIABLE) or call.has("--no-cache-dir"))


def _misread(stage: Stage, call: PackageCall) -> Problem:
    """Speak of a value that says no: pip takes any as yes (`_handle_no_cache_dir` in its `cmdoptions.py`; tried)."""
    written = quote(f"{VARIABLE}={call.env[VARIABLE]}")
    return Problem(
        call.command.span,
        f"{stage.label} installs under {written}, which reads as if pip kept its download cache. pip takes any value "
        "of that variable as yes, and keeps none. Write `1` if that is meant; else unset it.",
        Confidence.POSSIBLE,
        stage=stage.key,
        severity=Severity.INFO,
    )
