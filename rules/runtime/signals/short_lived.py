"""Start commands for which nothing is gained where a shell makes way: they end soon, or hear no signal anyway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.audience import runs_tests
from rules.runtime.starts.instructions import SHELLS

if TYPE_CHECKING:
    from rules.api import Command

_BUILDERS = frozenset("cargo go mvn mvnw gradle gradlew dotnet make ninja meson bazel cmake".split())
_BUILDING = frozenset("build test check bench package verify install compile assemble publish clippy fmt vet".split())
"""What build tools are told where nothing is to be served by them."""
_ENVIRONMENTS = frozenset({"conda", "mamba"})
"""What passes no signal on to the program that it runs in an environment (conda, issue 10351)."""
_CMAKE_MODES = ("--build", "--install", "--workflow")
_PREPARES = frozenset(
    "migrate db:migrate db:prepare db:seed db:setup collectstatic makemigrations upgrade loaddata".split()
)
"""Words with which a program does its work and ends: `flask db upgrade`, `python manage.py migrate`."""
_CLIENTS = frozenset(
    "aws curl wget psql pg_dump pg_restore mysqldump mongodump mongorestore rsync cp mv ls find tar zip unzip".split()
)
"""Programs that ask or copy something once, and end."""
_BUILD_SCRIPT = re.compile(r"(?:.*[/_-])?(?:build|compile|configure)(?:[_-][A-Za-z0-9]+)*(?:\.(?:sh|py))?")
"""Scripts that make something and end: `./build.sh`, `scripts/dist_build.sh`."""
HANDLES_SIGNALS = frozenset("tini dumb-init s6-svscan supervisord".split())
"""Programs that end what they started on SIGTERM."""


def gains_nothing(last: Command) -> bool:
    """Tell whether nothing is gained where the shell makes way for a command.

    So it is where that prints, tests, builds, fetches or prepares something and ends, waits at a terminal, sees to
    signals, or keeps them from the program as the shell did.
    """
    if last.name in _CLIENTS or (last.name in _ENVIRONMENTS and last.subcommand == "run"):
        return True
    if runs_tests(str(last)) or (last.name in _BUILDERS and last.subcommand in _BUILDING):
        return True
    if (last.name == "make" and last.subcommand in ("", "all")) or _is_build_script(last):
        return True
    if (last.name == "cmake" and last.has(*_CMAKE_MODES)) or not _PREPARES.isdisjoint(one.value for one in last.args):
        return True
    if last.name in ("usage", "help") or last.has("--help", "--version") or (last.name in SHELLS and not last.args):
        return True
    return "exec" in last.wrappers or last.name in HANDLES_SIGNALS or last.name == "exec"


def _is_build_script(command: Command) -> bool:
    return command.program is not None and _BUILD_SCRIPT.fullmatch(command.program.value) is not None
