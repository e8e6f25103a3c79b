"""The lists, indexes and downloads that a package manager's call leaves in a layer."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from rules.lazily import once, once_for_each
from rules.packages.indexes.configuration import written_until
from rules.packages.lists.absent import LISTS
from rules.packages.lists.apk_index import leaves_index
from rules.packages.lists.cleaning_scripts import is_cleaned_by_script

if TYPE_CHECKING:
    from rules.api import DockerfileChange, PackageCall, Run, Stage

ARCHIVES = "/var/cache/apt/archives"
_POST_INVOKE = re.compile(r"post-invoke[^}]*/var/lib/apt/lists")
"""What apt runs behind each call (`man apt.conf`), in lower case."""
_RPM_CACHES = ("/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum", "/var/cache/tdnf")
RPM = frozenset({"dnf", "yum", "microdnf", "tdnf"})
"""Package managers of which an image has one mostly, under several names: `yum` is dnf since RHEL 8."""
_FIRST_FETCHING = {"ubuntu": (18,), "debian": (12,)}
_CACHES = {"zypper": ("/var/cache/zypp",), **dict.fromkeys(RPM, _RPM_CACHES)}


def left_by(stage: Stage, run: Run, call: PackageCall) -> tuple[str, ...]:
    """Return what a call leaves in its layer: the folders that apt fills, the program of another manager."""
    if call.manager == "apt":
        return _left_by_apt(stage, run, call)
    return (call.program,) if _leaves_downloads(run, call) else ()


def is_kept_by_another(change: DockerfileChange, stage: Stage, run: Run, manager: str) -> bool:
    """Tell whether another layer of the image keeps the same cache, as it did before the change.

    The RUN finds the cache there, or that one finds the cache of the RUN: between the two of them they keep it once,
    and the image is as heavy as it was. Nothing that is done in the RUN alone takes the cache out of the image.
    """
    return any(one is not run for one in _keeping(change, stage).get(manager, ()))


def line_of_older_lists(stage: Stage, run: Run) -> int | None:
    """Return the line whose layer keeps apt's lists already when a RUN updates them.

    apt leaves a list as it is where the mirror has no newer one (seen with apt 2.6: file and times stay), so that the
    RUN's layer holds only what is new since. `None` where a RUN between removes the lists.
    """
    older = {one.at: one for one, _ in _leaving(stage).get("apt", ()) if one.at < run.at}
    emptied = (one.at for one in stage.done_runs if one.at < run.at and ("apt", "lists") in _cleaned(one))
    last = max(older, default=None)
    return older[last].instruction.line if last is not None and last >= max(emptied, default=last) else None


def _cleaned(run: Run) -> set[tuple[str, str]]:
    return {(cleaning.manager, cleaning.what) for cleaning in run.cleanings}


@once_for_each
def _keeping(change: DockerfileChange, stage: Stage) -> dict[str, list[Run]]:
    """By manager the RUNs of a stage that keep a cache, and that did so before the change."""
    was = change.was(stage)
    before = _leaving(was) if was is not None else {}
    found: dict[str, list[Run]] = {}
    for manager, leaving in before.items():
        said = {_said(run) for run, _ in leaving}
        found[manager] = [
            run
            for run, call in _leaving(stage).get(manager, ())
            if _said(run) in said and not is_cleaned_by_script(change, run, call)
        ]
    return found


def _said(run: Run) -> tuple[str, ...]:
    """The commands of a RUN, in whatever layout they are written."""
    return tuple(map(str, run.commands))


@once
def _leaving(stage: Stage) -> dict[str, list[tuple[Run, PackageCall]]]:
    """The RUNs of a chain that are sure to leave a cache, by its manager, each with a call that fills it.

    One that fetches lists and installs nothing from them is left out: its way out is to be joined with the install.
    """
    found: dict[str, list[tuple[Run, PackageCall]]] = {}
    for run in stage.done_runs:
        sure = [call for call in run.package_calls if not call.command.conditional]
        used = {call.manager for call in sure if call.action != "update"}
        calls = {call.manager: call for call in sure if call.manager in used and left_by(stage, run, call)}
        for manager, call in calls.items():
            found.setdefault(manager, []).append((run, call))
    return found


def _left_by_apt(stage: Stage, run: Run, call: PackageCall) -> tuple[str, ...]:
    """Return the folders that a call of apt fills and nothing empties: `update` the lists, `install` the archives."""
    if call.action == "update":
        if call.subcommand is None and (not adding_fetches(stage) or _only_adds(run)):
            return ()
        kept = _is_kept(run, call, LISTS, "lists") and not clears_by_configuration(run)
        archives = [other for other in run.package_calls if other.manager == "apt" and _keeps_archives(run, other)]
        return ((LISTS, ARCHIVES) if archives else (LISTS,)) if kept else ()
    return (ARCHIVES,) if _keeps_archives(run, call) else ()


def _only_adds(run: Run) -> bool:
    """Whether a RUN only adds an archive: the layer that installs from it is told of the lists."""
    return not any(call.action == "install" for call in run.package_calls)


def adding_fetches(stage: Stage) -> bool:
    """Tell whether `add-apt-repository` is of the versions that fetch the lists: from Ubuntu 18.04 and Debian 12 on."""
    release = stage.runtime.release
    first = _FIRST_FETCHING.get(stage.runtime.distribution or "")
    return first is not None and release is not None and release.numbers >= first


def _keeps_archives(run: Run, call: PackageCall) -> bool:
    """Whether downloaded packages stay, which official images prevent with a `docker-clean` that some files delete."""
    if call.action not in ("install", "upgrade") or not _is_kept(run, call, ARCHIVES, "cache"):
        return False
    return run.instruction.line >= _line_without_docker_clean(run.stage)


@once
def _line_without_docker_clean(stage: Stage) -> float:
    """The first line at which `docker-clean` goes, infinity where it stays."""
    lines = (
        run.instruction.line
        for run in stage.all_runs
        if "docker-clean" in run.instruction.whole_value and run.calls("rm", "truncate", "sed", "mv")
    )
    return min(lines, default=math.inf)


def _is_kept(run: Run, call: PackageCall, folder: str, what: str) -> bool:
    return not run.is_mounted(folder) and not run.cleans_behind(call.command.start, "apt", what)


def _leaves_downloads(run: Run, call: PackageCall) -> bool:
    """Whether a call of another system manager leaves its indexes or downloads."""
    if call.manager == "apk":
        return leaves_index(run, call)
    if call.manager == "conda":
        return _leaves_archives(run, call)
    folders = _CACHES.get(call.manager, ())
    if not folders or call.no_cache or call.has("--no-network") or call.action not in ("install", "update", "upgrade"):
        return False
    manager = "dnf" if call.manager in RPM else call.manager
    mounted = any(run.is_mounted(folder) for folder in folders)
    return not mounted and not run.cleans_behind(call.command.start, manager, "cache")


def _leaves_archives(run: Run, call: PackageCall) -> bool:
    """Whether conda, or one of its kin, leaves the archives and the index that it fetched: `clean --all` deletes them.

    What it unpacked is linked into the environment, and weighs nothing twice (conda's documentation, "conda clean").
    """
    if call.action not in ("install", "upgrade", "sync") or call.has("--dry-run", "--offline", "--download-only"):
        return False
    if call.action == "install" and not call.packages and not call.manifests:
        return False  # an environment with nothing in it
    mounted = any(mount.type in ("cache", "tmpfs") for mount in run.mounts)
    elsewhere = mounted or run.scope.get("CONDA_PKGS_DIRS") is not None
    return not elsewhere and not run.cleans_behind(call.command.start, "conda", "cache")


def clears_by_configuration(run: Run) -> bool:
    """Tell whether apt was told to keep no lists, in a configuration file that was not read or is written here."""
    if any(_POST_INVOKE.search(text) for text in written_until(run)):
        return True
    stage = run.stage
    return any(put.path.startswith("/etc/apt/apt.conf.d/") and put.kind == "context" for put in stage.files.puts)
