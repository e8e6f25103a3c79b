"""See cleanup_in_own_layer.md."""

import re
from collections.abc import Iterator

from rules.api import (
    OS_MANAGERS,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    quote,
    rule,
    within,
)
from rules.comments import comments_on
from rules.model.run_writes import is_opaque
from rules.model.shell_scope import filled
from rules.packages.lists.own import takes_braces_literally

_SQUASHES = re.compile(r"(?<!\S)--(?:squash(?:-all)?|single-snapshot)\b")
"""Options with which Docker, Buildah and Kaniko make one layer of all."""
_LANGUAGES = frozenset({"npm", "yarn", "composer"})
"""Managers of whose downloads no other rule speaks where a layer keeps them."""
_OTHERWISE = re.compile(
    r"\b(?:avoid|conflict|clash|collid|interfer|shadow|overrid|wrong|instead of|attack surface|harden|secur)",
    re.IGNORECASE,
)
"""How a comment gives another reason for a removal than room: what is gone cannot be called by mistake."""
_ALSO = ("/tmp", "/var/tmp", "/var/log", "/var/cache", "/var/lib/apt/lists", "/root/.cache")  # noqa: S108 - of the image
"""Folders that are emptied along with the caches."""


@rule(
    "cleanup-in-own-layer",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="info",
    keywords=("RUN",),
    mentions=(
        "clean",
        "clear",
        "remove",
        "purge",
        "apk",
        "dnf",
        "yum",
        "zypper",
        "pacman",
        "/var/lib/",
        "/var/cache",
        "/var/{",
    ),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN does nothing but clean up, and the layers below keep what it deletes."""
    found = list(_found(change))
    squashed = (_SQUASHES.search(change.repository.text(path) or "") for path in change.repository.files)
    if found and not any(squashed):
        yield from found


def _found(change: DockerfileChange) -> Iterator[Problem]:
    for stage, run in change.after.layers.shipped_runs:
        if change.after.is_for_developers(run.stage) or run.deferred or run.mounts:
            continue
        commands = [command for command in run.commands if command.name and not command.nested]
        if not run.is_read or not all(_frees(run, one) or _takes_back(run, one) for one in commands):
            continue
        if any(takes_braces_literally(run, one) for one in commands):
            continue  # it deletes nothing, and `bash-syntax-under-sh` says so
        if any(_takes_back(run, one) for one in commands) and _OTHERWISE.search(comments_on(run)):
            continue
        if any(_cleans(run, one) or _takes_back(run, one) for one in commands):
            above = any(other.at < run.at and _may_fetch(other) for other in stage.done_runs)
            if above or not any(other.at > run.at and _may_fetch(other) for other in stage.done_runs):
                yield _problem(stage, run, commands, above=above)


def _may_fetch(run: Run) -> bool:
    """Whether a RUN calls the package manager, or a script that may.

    A clean-up with nothing of the kind above it, and an install below, is there to make that one fetch afresh.
    """
    fetches = ("install", "ci", "update", "upgrade", "download")
    called = any(call.manager in OS_MANAGERS | _LANGUAGES and call.action in fetches for call in run.package_calls)
    return called or not run.is_read or any(map(is_opaque, run.commands))


def _cleans(run: Run, command: Command) -> bool:
    """Whether a command empties what a package manager left, or removes what nothing needs any more."""
    cleaned = {item.manager for item in run.cleanings if item.command is command}
    if cleaned & OS_MANAGERS or command.name in cleaned & _LANGUAGES:
        return True
    return any(
        call.command is command and call.manager in OS_MANAGERS and call.action == "remove" and not call.packages
        for call in run.package_calls
    )


def _takes_back(run: Run, command: Command) -> bool:
    """Whether a command removes nothing but packages that layers of the same file have installed."""
    calls = [call for call in run.package_calls if call.command is command and call.action == "remove"]
    packages = [package for call in calls if call.manager in OS_MANAGERS for package in call.packages]
    return bool(packages) and all(
        package.kind == "name" and _installed_at(run.stage).get(package.name, run.at) < run.at for package in packages
    )


@once
def _installed_at(stage: Stage) -> dict[str, tuple[int, int]]:
    """By package the first step of the chain that installs it."""
    found: dict[str, tuple[int, int]] = {}
    for item in stage.packages.installed:
        if item.manager in OS_MANAGERS:
            found.setdefault(item.name, item.run.at)
    return found


def _frees(run: Run, command: Command) -> bool:
    """Whether a command is there for the room alone: what else an `rm` deletes may be in the way of the program."""
    if _cleans(run, command) or command.name in ("set", "sync", "true"):
        return True
    words = [filled(run, command, word.value) for word in command.operands()]
    paths = [run.resolve(word.rstrip("*")) if word and "$" not in word else None for word in words]
    return command.name == "rm" and all(path and any(within(path, folder) for folder in _ALSO) for path in paths)


def _problem(stage: Stage, run: Run, commands: list[Command], *, above: bool) -> Problem:
    taken = [command for command in commands if _takes_back(run, command)]
    told = taken or [command for command in commands if _cleans(run, command)]
    more = f" and {len(told) - 1} more free" if len(told) > 1 else " frees"
    if taken:
        way_out = "Install, use and remove them in one `RUN`, or do in an earlier stage what needs them."
    else:
        way_out = (
            "Clean up at the end of the `RUN` that installs, and leave this one out." if above else "Leave it out."
        )
    return Problem(
        told[0].span,
        f"{stage.label} cleans up in a `RUN` of its own: {quote(str(told[0]))}{more} nothing. What it deletes stays in "
        "the layers below, and whoever pulls the image downloads it all the same. "
        f"{way_out}",
        Confidence.LIKELY,
        doubt="the image may be squashed after the build",
        instruction=run.instruction,
        stage=stage.key,
        decision=f"{stage.key} {above} {bool(taken)}",
    )
