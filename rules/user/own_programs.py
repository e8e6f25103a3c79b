"""Whether a container starts a program of the project, rather than a server of somebody else's, and that alone."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.puts import within

if TYPE_CHECKING:
    from rules.model.settings import Start
    from rules.model.stage import Stage

_PLAIN = frozenset({"api", "app", "main", "server", "service", "web", "worker"})
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/opt/", "/lib")
_INTERPRETERS = re.compile(
    r"(?:python|pypy|ruby|php|node|perl|java|dotnet|deno|bun|mono|erl|elixir|Rscript|julia)[\d.]*|"
    r"gunicorn|uvicorn|hypercorn|daphne|waitress-serve|uwsgi|flask|fastapi|celery|bundle|puma|rackup|"
    r"npm|npx|yarn|pnpm|next|nest|tsx|ts-node|uv|poetry|pdm|pipenv"
)
"""Programs that run what the project brings."""

_FOR_ALL = frozenset(
    "ca-certificates tzdata curl wget dumb-init tini libc6-compat gcompat libgcc libstdc++ libgcc-s1 libstdc++6 "
    "openssl libssl3 libssl3t64 netbase".split()
)
"""Packages that any program is given, and that say nothing of what it writes."""


def is_own(stage: Stage, start: Start) -> bool:
    """Tell whether a program is the project's own, and no daemon of the system: by its place, its name, or a COPY."""
    path = start.words[0].split()[0] if start.words[0].split() else ""
    if start.program in _PLAIN or ("/" in path and not path.startswith(_SYSTEM)):
        return True
    return start.program in _copied_names(stage)


def starts_own_program(stage: Stage) -> bool:
    """Tell whether the container starts what a COPY brought, itself or by way of an interpreter or its server."""
    starts = [setting.value for setting in stage.image.start_command if setting.value is not None]
    if any(start.words and is_own(stage, start) for start in starts):
        return True
    programs = {command.name for start in starts for command in start.commands} | {start.program for start in starts}
    return bool(_copied_names(stage)) and any(map(_INTERPRETERS.fullmatch, programs))


def stands_alone(stage: Stage) -> bool:
    """Tell whether all that a file shows of an image is one program, and the folders that it is given to write.

    A program that lies among its sources or packages may write there, and nothing in the Dockerfile says so; one that
    is a single file may write in volumes and in folders that the file makes for it.
    """
    started = {posixpath.basename(start.text.split()[0]) for start in _starts(stage) if start.text.split()}
    brought = [put for put in stage.files.puts if put.kind in ("stage", "context")]
    beside = [put for put in brought if started.isdisjoint(map(posixpath.basename, (put.path, put.source)))]
    if len(beside) == len(brought) or any(put.tree for put in beside) or stage.runtime.languages:
        return False  # nothing of it is the program, or what it runs is more than that
    return not _may_write_elsewhere(stage)


def _may_write_elsewhere(stage: Stage) -> bool:
    """Whether a file installs or names more than a program, or leaves it a folder that no step can hand over."""
    image = stage.image
    folder = image.workdir.value or "/"
    empty = image.workdir.set_in_file and all(put.kind == "workdir" for put in stage.files.below(folder))
    if empty and stage.runtime.has_shell is False:
        return True
    made = (put for put in stage.files.puts if put.kind == "run")
    if any(put.command is None or put.command.name != "mkdir" for put in made):
        return True
    if any(port.protocol == "udp" for port in image.ports):
        return True  # a DHCP server takes rights of root's
    paths = (one.value or "" for name, one in image.env.items() if one.set_in_file and name != "PATH")
    given = [volume.value for volume in image.volumes if volume.value]
    if any(path.startswith("/") and not any(within(path, volume) for volume in given) for path in paths):
        return True
    return any(item.name not in _FOR_ALL for item in stage.packages.present)


def _starts(stage: Stage) -> list[Start]:
    return [setting.value for setting in stage.image.start_command if setting.value is not None]


@once
def _copied_names(stage: Stage) -> frozenset[str]:
    """The names of what COPYs bring from the project and from other stages."""
    puts = [put for put in stage.files.puts if put.kind in ("context", "stage")]
    return frozenset(posixpath.basename(path) for put in puts for path in (put.path, put.source))
