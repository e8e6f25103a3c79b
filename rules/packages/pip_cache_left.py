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
    within,
)
from rules.copying.deletions import deletions
from rules.copying.python.user_installs import home_of
from rules.packages.caches.readers import is_copied, stopped_by_lack
from rules.packages.indexes.configuration import written_until
from rules.packages.options import add_option
from rules.packages.pins.system_satisfied import is_satisfied
from rules.packages.projects.files import in_repository
from rules.packages.versions.tools import has_old_pip, takes_one_for_yes
from rules.purpose import is_named_for_development
from rules.quoting import listed
from rules.user.accounts.running import name_of, runs_as_root
from rules.user.owners.ownership import access

_VARIABLE = "PIP_NO_CACHE_DIR"
_VERSIONS = re.compile(r"\d+(?:\.\d+)*")
_SETTING = re.compile(r"(?<!-)no-cache-dir")
_CONFIGURES = re.compile(r"pip\.conf|pip[\d.]* config set [^&;]*no-cache-dir")
_CACHE = ".cache"
_OF_PIP = frozenset({"pip", "setuptools", "wheel"})
_WITHOUT_HOMES = ("alpine", "debian", "ubuntu")
_CACHE_FOLDERS = ("/root/.cache/pip", "/root/.cache")


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
        if (
            not calls
            or is_copied(run.stage, "/.cache/pip")
            or _is_kept_elsewhere(run)
            or _is_home_of_another(run)
            or _has_no_home(run)
            or _is_switched_off(change, run)
            or has_old_pip(run)
        ):
            continue
        left = [call for call in calls if _downloads(run, call) and not call.no_cache and not _cleaned_after(run, call)]
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
        by_variable = f"Set {quote(f'ENV {_VARIABLE}=1')} above the first, or add the flag to each"
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
        Confidence.CERTAIN if stage.base_known and not perhaps else Confidence.LIKELY,
        doubt="it runs under a condition" if perhaps else "the base image is not known, and may switch the cache off",
        instruction=run.instruction,
        stage=stage.key,
        key="cache",
        items=items,
        minor=all(_is_of_tools_alone(one.call) or _is_of_project_alone(one.call) for one in found),
        fix=_fix(found) if stopped is None else None,
    )


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
    found = (command for path, run, command in deletions(stage) if run.at > install.at and path in _CACHE_FOLDERS)
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
    return bool(call.env.get(_VARIABLE)) and not (call.is_set(_VARIABLE) or call.has("--no-cache-dir"))


def _misread(stage: Stage, call: PackageCall) -> Problem:
    """Speak of a value that says no: pip takes any as yes (`_handle_no_cache_dir` in its `cmdoptions.py`; tried)."""
    written = quote(f"{_VARIABLE}={call.env[_VARIABLE]}")
    return Problem(
        call.command.span,
        f"{stage.label} installs under {written}, which reads as if pip kept its download cache. pip takes any value "
        "of that variable as yes, and keeps none. Write `1` if that is meant; else unset it.",
        Confidence.POSSIBLE,
        stage=stage.key,
        severity=Severity.INFO,
    )


def _downloads(run: Run, call: PackageCall) -> bool:
    """Whether a call can fetch anything; wheels that lie ready and `--no-index` leave nothing in the cache.

    Nor does what the distribution's packages have brought.
    """
    if call.has("--no-index") or call.has("--dry-run"):
        return False
    local = [package.kind == "path" and ("*" in package.name or ".whl" in package.name) for package in call.packages]
    if call.manifests or not local:
        return True
    return not all(local) and not all(is_satisfied(run, call, package) for package in call.packages)


def _cleaned_after(run: Run, call: PackageCall) -> bool:
    if run.cleans_behind(call.command.start, "pip", "cache"):
        return True
    chosen = call.option("--cache-dir") or call.env.get("PIP_CACHE_DIR") or call.env.get("XDG_CACHE_HOME")
    removed = (command for command in run.calls("rm") if command.start > call.command.start)
    return chosen is not None and (
        run.is_mounted(chosen) or any(within(chosen, word.value) for command in removed for word in command.operands())
    )


def _is_switched_off(change: DockerfileChange, run: Run) -> bool:
    """Whether pip's configuration says to keep none: set by `pip config`, written here, or in a file that was read."""
    if any(_SETTING.search(text) and _CONFIGURES.search(text) for text in written_until(run)):
        return True
    if run.scope.get(_VARIABLE) is not None and change.repository.gives_otherwise(change.path, _VARIABLE, None):
        return True  # an `ARG` of that name is in pip's environment
    files = (put for put in run.stage.files.puts if put.kind == "context" and put.path.endswith("/pip.conf"))
    texts = (change.repository.text(in_repository(change, put.source) or "") for put in files if put.step.at < run.at)
    return any("no-cache-dir" in text for text in texts if text is not None)


def _is_kept_elsewhere(run: Run) -> bool:
    """Whether pip's cache lies in a mount: at its usual place, or wherever `PIP_CACHE_DIR` says."""
    chosen = run.scope.get("PIP_CACHE_DIR")
    folders = (*_CACHE_FOLDERS, *([chosen.value] if chosen is not None and isinstance(chosen.value, str) else []))
    return any(run.is_mounted(folder) for folder in folders) or any(
        mount.type in ("cache", "tmpfs") and ("pip" in mount.target or mount.target.endswith("/.cache"))
        for mount in run.mounts
    )


def _is_home_of_another(run: Run) -> bool:
    """Whether root calls pip with an account's home for `HOME`: pip then says so and keeps no cache.

    It looks at who owns the folder, or the nearest one above that is there (`check_path_owner` in its
    `utils/filesystem.py`). A home whose name the build gives counts where an account is made.
    """
    if run.scope.get("HOME") is None or runs_as_root(run) is not True:
        return False
    home = run.scope.expand("$HOME")
    if home is None:
        return any(above.calls("useradd", "adduser") for above in run.stage.done_runs if above.at < run.at)
    made = (account for account in run.stage.users.created if account.run.at < run.at)
    return any(access(run.stage, home.rstrip("/"), account.name).writable is True for account in made)


def _has_no_home(run: Run) -> bool:
    """Whether an account calls pip whose home nobody makes, as of `useradd` alone on Debian.

    It may not make one itself, and pip then keeps no cache, as above. A number without an account has `/` for its home.
    Red Hat's `useradd` makes the home (`CREATE_HOME` in its `login.defs`).
    """
    facts = run.stage.facts
    if runs_as_root(run) is not False or run.scope.get("HOME") is not None or facts is None:
        return False
    if facts.distro not in _WITHOUT_HOMES:
        return False
    user = name_of(run.user.value or "")
    made = any(user in (account.name, account.uid) for account in run.stage.users.created)
    if user.isdecimal() and not made:
        return facts.has_user(user) is False
    home = home_of(run.stage, user) if made else None
    return home is not None and access(run.stage, home.rstrip("/"), user, before=run).writable is False
