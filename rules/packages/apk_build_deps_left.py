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
    quote,
    rule,
)
from rules.facts.packages import is_build_only
from rules.packages.build_libraries import libraries
from rules.packages.build_packages import BuildPackages, compiles_after
from rules.packages.held_packages import held_before
from rules.packages.purpose import builds_at_run_time

_FOR_BUILDS = re.compile(r"build|dev|make|compil|tmp|temp|fetch|native|gyp|install|setup", re.IGNORECASE)
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
    if item.removed_by is not None:
        effect = (
            f"Line {item.removed_by.command.line} deletes them in a layer of its own, which only hides what this one "
            "holds: the image is as large as before."
        )
    else:
        effect = f"No {quote(f'apk del {group}')} follows, so the group that was made to be deleted ships."
    members = tuple(one for one in stage.packages.in_layers if one.call is item.call)
    brought = libraries(BuildPackages(stage, item.run, members, "alpine"))
    needs = f"; either way install by name what the program needs: {brought}" if brought else ""
    return Problem(
        item.call.command.span,
        f"{stage.label} keeps the build packages {quote(group)} in its layers. {effect} Install, build and delete in "
        f"one `RUN`, or build in an earlier stage{needs}.",
        stage=stage.key,
        key=group,
        fix=_fix(stage, item.run, f"{as_root(item.call.command)}apk del {group}")
        if item.removed_by is None and not brought
        else None,
    )


def _fix(stage: Stage, run: Run, deletion: str) -> Fix | None:
    """Delete the group at the end of the RUN, where nothing behind it compiles, nor is linked with what goes."""
    runs = list(stage.all_runs)
    later = runs[runs.index(run) + 1 :]
    if later and compiles_after(stage, later[0]):
        return None
    return fix("Delete the build packages again", append_to_run(run, deletion))
