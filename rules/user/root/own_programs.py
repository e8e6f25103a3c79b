"""Whether a container starts a program of the project, rather than a server of somebody else's."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.packages import OS_MANAGERS

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


def waits_for_program(stage: Stage, start: Start) -> bool:
    """Tell whether a start is a program that runs what a project brings, in a stage that brings nothing to run.

    Such an image is one that others start from, or whose project is mounted.

    Args:
        stage: The stage.
        start: What it starts.
    """
    if _INTERPRETERS.fullmatch(start.program.rsplit("/", 1)[-1]) is None or stage.files.has_unreadable_run:
        return False
    if _CODE.search(" ".join(start.words[1:2])):
        return False
    installed = {id(call.command) for _, call in stage.packages.calls if call.manager in OS_MANAGERS}
    writes = any(id(command) not in installed for command in stage.files.opaque_commands)
    return not writes and all(put.makes_folder or _is_configuration(put.path) for put in stage.files.puts)


_CODE = re.compile(r"\A(?:-[ecrp]|--eval|--print|eval)\b")
"""The option behind which an interpreter is given its program itself (the manuals of Python, Node.js, PHP, Ruby)."""

_CONFIGURATION = tuple(".cfg .conf .config .crt .env .ini .pem .properties .toml .xml .yaml .yml".split())


def _is_configuration(path: str) -> bool:
    return path.startswith("/etc/") or path.endswith(_CONFIGURATION)


@once
def _copied_names(stage: Stage) -> frozenset[str]:
    """The names of what COPYs bring from the project and from other stages."""
    puts = [put for put in stage.files.puts if put.kind in ("context", "stage")]
    names = {posixpath.basename(path) for put in puts for path in (put.path, put.source)}
    copies = (copy for copy in stage.all_copies if copy.from_context or copy.from_stage is not None)
    written = (posixpath.basename(source.word.text) for copy in copies for source in copy.sources)
    return frozenset({*names, *(name for name in written if "$" not in name)})  # `/out/${ARCH}/shop` is a `shop`
