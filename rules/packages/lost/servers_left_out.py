"""Servers that a container starts, and that the requirements its images are installed from name no more."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Problem, quote
from rules.copying.installs.calls import Install, installs_in
from rules.copying.unseen import builds_anew
from rules.facts.installers import PYTHON_MANAGERS
from rules.facts.python_names import index_name, required_name
from rules.packages.projects.texts import text_read
from rules.runtime.starts.instructions import behind_init, never_starts, started_by
from rules.runtime.starts.started_paths import words_of

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Instruction, Run, Stage

_SERVERS = {
    **{name: name for name in ("gunicorn", "celery", "daphne", "hypercorn", "granian", "uwsgi")},
    "waitress-serve": "waitress",
}
"""Programs with the packages that people ask for themselves, since hardly another one brings them along."""
_BRINGING = frozenset("apache-airflow apache-superset channels flower mlflow pyuwsgi superset uvicorn-worker".split())
"""Packages that bring one of them along."""
_OTHER_LIST = re.compile(r"(?:-r|--requirement)[ \t=]*(\S+)")
_DEEP = 4
"""Lists that are followed one into the other."""


class _Asked(NamedTuple):
    """What the installs of an image ask for: the names of the packages, and the last install."""

    names: frozenset[str]
    install: Install


def server_left_out(change: DockerfileChange, stage: Stage, was: Stage) -> Problem | None:
    """Return the problem of a server that the requirements named before the change, and that is started all the same.

    Nothing is said where an install asks for what was not read, or for anything that was not asked for before.
    """
    if stage.root.base_text != was.root.base_text or not stage.base_known:
        return None
    if builds_anew(stage, was) or never_starts(change):
        return None
    started = {posixpath.basename(words[0]): one for one in started_by(stage) if (words := behind_init(words_of(one)))}
    program = next((name for name in started if name in _SERVERS), None)
    package = _SERVERS[program] if program is not None else ""
    then = _asked(replace(change, repository=change.repository_before), was) if program is not None else None
    if (
        program is None
        or then is None
        or package not in then.names
        or stage.packages.has(program, f"python3-{package}")
    ):
        return None
    now = _asked(change, stage)
    if now is None or not now.names or not now.names < then.names or not _BRINGING.isdisjoint(now.names):
        return None
    if any(package in name for name in now.names):
        return None
    return _problem(stage, program, package, now.install, started[program].instruction)


def _asked(change: DockerfileChange, stage: Stage) -> _Asked | None:
    """Return what an image and the stages that it copies out of install; `None` where that is not wholly known."""
    builders = (copy.from_stage for copy in stage.all_copies if copy.from_stage is not None)
    names: set[str] = set()
    last: Install | None = None
    for run in (run for one in (stage, *dict.fromkeys(builders)) for run in one.done_runs):
        installs = {id(install.call): install for install in installs_in(run)}
        for call in run.package_calls:
            if call.manager not in PYTHON_MANAGERS or call.action not in ("install", "sync"):
                continue
            if call.manager not in ("pip", "uv") or any(package.kind != "name" for package in call.packages):
                return None
            names.update(index_name(package.name) for package in call.packages)
            if call.project and id(call) not in installs:
                return None
            for path in installs[id(call)].manifests if id(call) in installs else ():
                listed = _listed(change, run, path, _DEEP)
                if listed is None:
                    return None
                names.update(listed)
                last = installs[id(call)]
    return _Asked(frozenset(names), last) if last is not None else None


def _listed(change: DockerfileChange, run: Run, path: str, deep: int) -> frozenset[str] | None:
    """Return the packages that a list of requirements names, and those that it takes in; `None`: not known."""
    text = text_read(change, run, path) if path.endswith(".txt") and deep else None
    if text is None:
        return None
    names: set[str] = set()
    for line in map(str.strip, text.splitlines()):
        other = _OTHER_LIST.match(line)
        if other is not None:
            inner = _listed(
                change, run, posixpath.normpath(posixpath.join(posixpath.dirname(path), other[1])), deep - 1
            )
            if inner is None:
                return None
            names |= inner
        elif (name := required_name(line)) is not None and "://" not in line:
            names.add(index_name(name))
        elif line and not line.startswith(("#", "-c", "--")):
            return None
    return frozenset(names)


def _problem(stage: Stage, program: str, package: str, install: Install, start: Instruction) -> Problem:
    command = install.call.command
    return Problem(
        command.span,
        f"{stage.label} starts {quote(program)} (line {start.line}), and nothing that {quote(str(command), 60)} reads "
        f"asks for {quote(package)} any more: before this change a list of requirements did. The container exits with "
        f"“{program}: not found”. Install the list that names it, or add it to this one.",
        Confidence.LIKELY,
        doubt="another package may bring it along",
        instruction=install.run.instruction,
        stage=stage.key,
        key=package,
    )
