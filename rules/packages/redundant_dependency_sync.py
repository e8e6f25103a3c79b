"""See redundant_dependency_sync.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Copy,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    delete_command,
    fix,
    quote,
    rule,
)
from rules.packages.options import spelled
from rules.packages.projects.files import LOCKS, MANIFESTS

_INPUTS = frozenset({*MANIFESTS.values(), *(name for names in LOCKS.values() for name in names), "requirements"})
_RUNNERS = ("npx", "pnpx", "bunx", "uvx", "turbo", "nx", "lerna")
"""Programs of packages, and what runs them: any of them may write a manifest anew."""


@rule(
    "redundant-dependency-sync",
    severity=Severity.INFO,
    category=Category.BUILD_CACHE,
    default="info",
    keywords=("RUN",),
    mentions=("install", "ci", "sync"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An install is repeated although nothing it reads has changed."""
    for stage in change.stages:
        if sum(_reads_project(call) for run in stage.all_runs for call in run.package_calls) > 1:
            yield from _check_stage(stage)


def _check_stage(stage: Stage) -> Iterator[Problem]:
    done: dict[tuple[object, ...], PackageCall] = {}
    for step in stage.all_steps:
        if isinstance(step, Copy):
            done.clear()
        if not isinstance(step, Run):
            continue
        calls = [call for call in step.package_calls if _reads_project(call)]
        if (not calls and _may_change_inputs(step)) or _manages_besides(step, calls):
            done.clear()
        for call in calls:
            subject = (
                *sorted(str(call.command).split()),  # options in another order are the same
                step.workdir.value,
                step.user.value,
                *_folders(step, call),
                *_mounts(step),
                frozenset(call.env.items()),  # an option may be given by a variable, and a script may ask for any
            )
            first = done.get(subject)
            if first is not None and not call.command.conditional:
                if step.stage is stage:
                    yield _problem(stage, step, call, first)
            else:
                done[subject] = call
        if calls and _removes_after(step, calls[-1]):
            done.clear()


def _removes_after(run: Run, call: PackageCall) -> bool:
    """Whether the same RUN takes away what a call installed, so that a later one has work to do again."""
    later = (command for command in run.commands if command.start > call.command.start)
    return any(command.name == "rm" or command.subcommand in ("prune", "uninstall") for command in later)


def _folders(run: Run, call: PackageCall) -> tuple[str, ...]:
    """Return the changes of folder in front of a call."""
    return tuple(str(c) for c in run.calls("cd", "pushd", "popd") if c.start < call.command.start)


def _mounts(run: Run) -> tuple[str | None, ...]:
    return tuple(mount.flag.value for mount in run.mounts)


def _reads_project(call: PackageCall) -> bool:
    return call.manager in LOCKS and call.action in ("install", "sync") and call.project


def _manages_besides(run: Run, calls: list[PackageCall]) -> bool:
    """Whether a RUN calls a package manager for more than these installs: `yarn add`, `bundle config unset`."""
    known = {call.command.start for call in calls}
    return any(command.name in (*LOCKS, *_RUNNERS) and command.start not in known for command in run.commands)


def _may_change_inputs(run: Run) -> bool:
    """Whether a RUN touches a manifest or lock file, fetches sources, or runs something that may."""
    text = run.instruction.whole_value
    if any(name in text for name in _INPUTS) or not run.is_read:
        return True
    return any(
        command.name
        in ("git", "cd", "curl", "wget", "tar", "unzip", "rm", "mv", "cp", "bash", "sh", "sed", "npm", "make")
        or command.name.endswith((".sh", ".py", ".js"))
        for command in run.commands
    )


def _problem(stage: Stage, run: Run, call: PackageCall, first: PackageCall) -> Problem:
    return Problem(
        call.command.span,
        f"{stage.label} runs {quote(spelled(call))} a second time: line {first.command.line} did the same, and "
        "nothing it reads has changed since. It costs time and a layer, and does nothing.",
        stage=stage.key,
        key=call.manager,
        fix=fix("Drop the repetition", delete_command(run, call.command)),
    )
