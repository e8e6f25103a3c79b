"""See apk_build_deps_left.md."""

import re
from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    Installed,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    append_to_run,
    as_root,
    fix,
    once,
    provides,
    quote,
    rule,
)
from rules.facts.packages import is_build_only
from rules.model.lineage import built_upon
from rules.packages.build_tools.packages import BuildPackages, compiles_behind
from rules.packages.libraries.behind_headers import libraries
from rules.packages.lost.held import held_before
from rules.purpose import builds_at_run_time
from rules.quoting import listed

_FOR_BUILDS = re.compile(r"build|dev|make|compil|tmp|temp|fetch|native|gyp|install|setup", re.IGNORECASE)
_BESIDE = frozenset("apk rm mkdir chmod chown ln touch adduser addgroup echo printf true set export cd".split()) | {
    ":",
    "",
}
"""Commands that need no package of a group."""
_FOR_RUNNING = re.compile(r"run|(?:^|[._-])rt(?:$|[._-])|persist|exts|app|prod", re.IGNORECASE)


@rule(
    "apk-build-deps-left",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("apk",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Packages that were grouped to be deleted again are not deleted in the same layer."""
    seen: set[int] = set()
    for stage in change.after.shipped:
        may_build = builds_at_run_time(change, stage)
        for item in stage.packages.in_layers:
            group = item.call.virtual
            if group is None or id(item.call) in seen or item.call.command.conditional:
                continue
            if may_build and item.removed_by is None:
                continue  # what a later layer deletes, no container builds with
            seen.add(id(item.call))
            if _is_for_builds(item.call, group) and not _is_deleted_at_exit(item.run, group):
                yield replace(_problem(stage, item, group), held_before=_was_kept(change, stage, item.call))


def _is_for_builds(call: PackageCall, group: str) -> bool:
    if _FOR_RUNNING.search(group):
        return False
    return bool(_FOR_BUILDS.search(group)) or any(is_build_only(package.name, "alpine") for package in call.packages)


def _is_deleted_at_exit(run: Run, group: str) -> bool:
    """Whether the RUN's shell deletes the group when it ends: `trap 'apk del .fetch-deps' EXIT`."""
    traps = (command.args for command in run.calls("trap") if command.args)
    return any(
        {"apk", "del", group} <= set(code.value.split()) and any(one.value in ("EXIT", "0") for one in signals)
        for code, *signals in traps
    )


def _was_kept(change: DockerfileChange, stage: Stage, call: PackageCall) -> bool:
    """Whether the image kept the group's packages before the change, under whatever name or without one.

    A package or two more is the same fault, so long as they are none to build with.
    """
    had = held_before(change, stage)
    fresh = [package.name for package in call.packages if package.name not in had]
    return len(fresh) * 2 < len(call.packages) and not any(is_build_only(name, "alpine") for name in fresh)


def _problem(stage: Stage, item: Installed, group: str) -> Problem:
    if item.removed_by is None and not _is_followed(item):
        return _unused(stage, item, group)
    if item.removed_by is not None:
        effect = (
            f"Line {item.removed_by.command.line} deletes them in a layer of its own, which only hides what this one "
            "holds: the image is as large as before."
        )
    else:
        effect = f"No {quote(f'apk del {group}')} follows, so the group that was made to be deleted ships."
    brought = libraries(BuildPackages(stage, item.run, tuple(_by_call(stage)[id(item.call)]), "alpine"))
    needed = brought or ", ".join(map(quote, _called_at_start(stage, item)))
    needs = f"; either way install by name what the program needs: {needed}" if needed else ""
    return Problem(
        item.call.command.span,
        f"{stage.label} keeps the build packages {quote(group)} in its layers. {effect} Install, build and delete in "
        f"one `RUN`, or build in an earlier stage{needs}.",
        stage=stage.key,
        key=group,
        fix=_fix(item, f"{as_root(item.call.command)}apk del {group}")
        if item.removed_by is None and not needed
        else None,
    )


def _called_at_start(stage: Stage, item: Installed) -> list[str]:
    """Return the packages of a group that the container's start calls by a command of theirs."""
    starts = (setting.value for setting in stage.image.start_command)
    words = {word for start in starts if start is not None for word in start.text.split()}
    return [one.name for one in item.call.packages if not words.isdisjoint(provides(one.name))]


@once
def _by_call(stage: Stage) -> dict[int, list[Installed]]:
    """By call the packages that it has put into the layers of an image."""
    found: dict[int, list[Installed]] = {}
    for item in stage.packages.in_layers:
        found.setdefault(id(item.call), []).append(item)
    return found


def _unused(stage: Stage, item: Installed, group: str) -> Problem:
    """Speak of a group for which nothing is built: deleted again, it would have come for nothing."""
    return Problem(
        item.call.command.span,
        f"{stage.label} keeps the packages of {quote(group)} in its layers. Such a group is made to be deleted after a "
        "build, but no command behind it uses it, and no `apk del` follows. If nothing in the container calls "
        f"{listed(map(quote, dict.fromkeys(package.name for package in item.call.packages)))}, this install can go; "
        "else leave out `--virtual`.",
        stage=stage.key,
        key=group,
    )


def _is_followed(item: Installed) -> bool:
    """Whether a command stands behind the install that may use the group: in its RUN, or in a stage upon that."""
    return _is_followed_within(item) or any(_last_doing(one) > item.run.at for one in built_upon(item.run.stage))


def _is_followed_within(item: Installed) -> bool:
    behind = (command for command in item.run.commands if command.start > item.call.command.start)
    return any(command.name not in _BESIDE for command in behind)


def _last_doing(stage: Stage) -> tuple[int, int]:
    """Where the last RUN of a chain stands that does more than put files and accounts in order."""
    return max((at for name, at in _last_calls(stage).items() if name not in _BESIDE), default=(-1, -1))


@once
def _last_calls(stage: Stage) -> dict[str, tuple[int, int]]:
    """Where the last RUN of a chain stands that calls each command."""
    return {command.name: run.at for run in stage.all_runs for command in run.commands}


def _fix(item: Installed, deletion: str) -> Fix | None:
    """Delete the group at the end of the RUN that uses it, where nothing further down needs it.

    That is whatever compiles, is linked with what goes, or calls one of the group's commands.
    """
    if not _is_followed_within(item):
        return None
    brought = frozenset(command for package in item.call.packages for command in provides(package.name))
    for one in built_upon(item.run.stage):
        calls = _last_calls(one)
        if compiles_behind(one, item.run) or any(calls.get(name, item.run.at) > item.run.at for name in brought):
            return None
    return fix("Delete the build packages again", append_to_run(item.run, deletion))
