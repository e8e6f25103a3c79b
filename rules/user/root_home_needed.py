"""See root_home_needed.md."""

import posixpath
import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Severity,
    Stage,
    path_folders,
    quote,
    rule,
    within,
)
from rules.copying.python.environments import environments, managed_python
from rules.copying.python.packages import CONSOLE_SCRIPTS
from rules.copying.python.user_installs import copied_user_installs, user_calls, user_installs
from rules.runtime.starts.instructions import started_words
from rules.user.accounts.running import roots_home_at, runs_as_root, runtime_user

_HOME = "/root"
_BROWSERS = re.compile(r"ms-playwright|/root/\.cache\b|~/\.cache\b")
_CLOSED = frozenset({"debian", "ubuntu", "alpine"})
"""Distributions whose images have root's home with mode 0700."""


class Need(NamedTuple):
    """Something that the container needs and that lies in root's home.

    Attributes:
        what: The beginning of a sentence: what it needs.
        then: What happens.
        way_out: What to do.
        made: What puts it there.
        severity: Where it weighs less than the rule says.
    """

    what: str
    then: str
    way_out: str
    made: Instruction | None
    severity: Severity | None = None


@rule(
    "root-home-needed",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
    mentions=("/root", "--user", "uv", "pip_user", "playwright"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The container's account needs what lies in root's home, which is closed to it."""
    for stage in change.after.shipped:
        user = runtime_user(stage)
        if user is None or not _is_closed(stage):
            continue
        need = next(chain(_places(stage), _installed(stage)), None)
        if need is not None:
            yield _problem(stage, user, need)


def installed_at_home(stage: Stage) -> tuple[Need, ...]:
    """Return what was installed into root's home and is needed by whoever starts the container, where that is closed.

    Whom the stage runs as is not asked: so it can be judged before it is switched to an account.
    """
    return tuple(_installed(stage)) if _is_closed(stage) else ()


def _is_closed(stage: Stage) -> bool:
    return stage.facts is not None and stage.facts.distro in _CLOSED and not _is_opened(stage)


def _is_opened(stage: Stage) -> bool:
    """Whether a step changes owner or mode of root's home itself, or makes it the account's."""
    rows = stage.files.attribute_changes
    accounts = (c for run in stage.done_runs for c in run.calls("usermod", "useradd", "adduser", "setfacl"))
    return any(row.path is None or within(_HOME, row.path) for row in rows) or any(
        word.value.rstrip("/") == _HOME for command in accounts for word in command.args
    )


def _places(stage: Stage) -> Iterator[Need]:
    """What starts, and the folder to work in."""
    image, first = stage.image, next(iter(started_words(stage)), "")
    if within(posixpath.normpath(first) if first.startswith("/") else "/", _HOME):
        yield Need(f"starts {quote(first)}", "The container exits with “permission denied”", "Keep it elsewhere", None)
    folder = image.workdir.value
    if folder is not None and within(folder, _HOME):
        # runc enters it as root before it switches to the account, and crun does (opencontainers/runc#2894, crun#794)
        then = (
            "The container starts there all the same, and what it opens by a whole path, its own files included, ends "
            "in “permission denied”"
        )
        weight: Severity | None = Severity.WARNING
        if folder.rstrip("/") == _HOME:  # a relative name needs leave to search the folder as well (path_resolution(7))
            then = "What it starts or opens in there ends in “permission denied”"
            weight = None if first.startswith("./") else weight
        yield Need(f"works in {quote(folder)}", then, "Choose another `WORKDIR`", image.workdir.instruction, weight)


def _installed(stage: Stage) -> Iterator[Need]:
    first = next(iter(started_words(stage)), "")
    if first in CONSOLE_SCRIPTS or posixpath.basename(first).startswith("python"):
        yield from _packages(stage, first)
    yield from _interpreter(stage, first)
    yield from _browsers(stage)


def _packages(stage: Stage, first: str) -> Iterator[Need]:
    """Python packages that `pip install --user` put there as root, where the stage has no others."""
    calls = [call for run in stage.done_runs for call in run.package_calls if call.manager in ("pip", "uv", "poetry")]
    if any(call.action in ("install", "sync") and id(call) not in user_calls(stage) for call in calls):
        return
    for made in (*copied_user_installs(stage), *user_installs(stage)):
        if made.base is not None and within(made.base, _HOME) and (made.call.manifests or made.call.packages):
            by = made.copy.instruction if made.copy is not None else made.run.instruction
            yield Need(
                f"starts {quote(first)} with the packages in {quote(made.base)}",
                "It finds none of them: “ModuleNotFoundError”, or “permission denied”",
                "Install them into an environment of their own (`python -m venv /opt/venv`) or without `--user`",
                by,
            )


def _interpreter(stage: Stage, first: str) -> Iterator[Need]:
    """The Python that uv fetched as root, to which an environment's `python` is a link."""
    folders = path_folders(stage) or ()
    for made in environments(stage):
        place = managed_python(stage, made)
        used = within(first, made.path) if first.startswith("/") else posixpath.join(made.path, "bin") in folders
        if place is not None and within(place, _HOME) and used:
            yield Need(
                f"runs the environment {quote(made.path)}, whose `python` is a link into {quote(place)}",
                "The container exits with “permission denied”",
                "Set `UV_PYTHON_INSTALL_DIR=/opt/python` above the step that fetches it",
                made.run.instruction,
            )


def _browsers(stage: Stage) -> Iterator[Need]:
    """Browsers that Playwright fetched as root: it looks for them in the cache of whoever runs it."""
    if {"PLAYWRIGHT_BROWSERS_PATH", "XDG_CACHE_HOME"} & set(stage.image.env) or _brings_browsers(stage):
        return
    fetching = [(run, command) for run in stage.done_runs for command in run.commands if _fetches_browsers(command)]
    if any(runs_as_root(run) is False for run, _ in fetching):
        return  # the account fetches its own as well
    for run, command in fetching:
        at_home = runs_as_root(run) and roots_home_at(run, command) == _HOME
        if at_home and "PLAYWRIGHT_BROWSERS_PATH" not in run.instruction.text:
            yield Need(
                "starts browsers that Playwright put into `/root/.cache/ms-playwright`",
                "The first start of a browser ends in “Executable doesn't exist”",
                "Set `ENV PLAYWRIGHT_BROWSERS_PATH=/ms-playwright` above the install",
                run.instruction,
            )


def _fetches_browsers(command: Command) -> bool:
    words = [word.value for word in command.words]
    at = words.index("playwright") if "playwright" in words else len(words)
    return words[at + 1 : at + 2] == ["install"] and not command.conditional


def _brings_browsers(stage: Stage) -> bool:
    """Whether a step names their folder, or the cache around it: it may copy or link them to where they belong."""
    return any(_BROWSERS.search(step.instruction.text) for step in stage.all_steps)


def _problem(stage: Stage, user: str, need: Need) -> Problem:
    setting = stage.image.user.instruction
    here = setting is not None and stage.image.user.stage is stage
    return Problem(
        setting.span if setting is not None and here else stage.from_.span,
        f"{stage.label} {need.what}, as {quote(user)}. Root's home has mode 0700, so no other account gets there. "
        f"{need.then}. {need.way_out}.",
        Confidence.LIKELY,
        doubt="a step that is not read may open the folder",
        stage=stage.key,
        instruction=setting if here else None,
        notes=(Note(need.made.span, "put there"),) if need.made is not None else (),
        severity=need.severity,
    )
