"""Systems of which all is known: a small base image, and packages that are named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.installers import NODE_MANAGERS
from rules.lazily import once
from rules.packages.libraries.linked import copies_libraries

if TYPE_CHECKING:
    from rules.api import Command, Run, Stage

_SYSTEMS = frozenset({"debian", "ubuntu", "alpine"})
_OTHERS = frozenset({"conda", "mamba", "brew", "nix"})
"""Managers that bring libraries of their own."""
_PLAIN = frozenset(
    "[ [[ : addgroup adduser alembic awk cat cd celery chmod chown cp curl cut date django-admin echo env export false "
    "find flask git grep groupadd gzip gunzip id ldconfig ln locale-gen ls manage.py mkdir mv openssl pdm pip pip3 "
    "pipenv poetry printf pwd rm sed set sleep sort source . tail test touch tr true umask update-ca-certificates "
    "update-locale useradd usermod uv wc wget which".split()
)
"""Commands that bring no library of the system: what they write they are told, and a COPY of libraries is seen."""
_PYTHON = re.compile(r"python[\d.]*\Z")
_TOLD = frozenset({"-m", "-c", "manage.py", "setup.py"})
"""Words that show what Python runs; any other script may install whatever it likes."""
_BRINGING = frozenset({"--with-deps", "install-deps"})
"""With these Playwright installs libraries of the system (playwright.dev, "Install system dependencies")."""
_OPEN = re.compile(r"[$*/^~]")
"""Marks of a name that stands for others, or for a file."""
_OF_NODE = NODE_MANAGERS | {"npx", "pnpx", "bunx", "node", "corepack", "next", "nest", "tsc", "vite", "turbo", "prisma"}
"""Commands of Node.js' projects, whose packages bring no library of the system by themselves."""


@once
def is_known_system(stage: Stage) -> bool:
    """Tell whether nothing but packages that are named may bring a library: no script, no copied system.

    The base is a small image of Debian, Ubuntu or Alpine, of Python or Node.js.
    """
    facts, present = stage.facts, stage.packages.present
    if facts is None or facts.full is not False or facts.distro not in _SYSTEMS or not facts.is_plain:
        return False
    if facts.kind != "os" and set(facts.languages) not in ({"python"}, {"node"}):
        return False
    if any(item.manager in _OTHERS or (item.manager in ("apt", "apk") and _OPEN.search(item.name)) for item in present):
        return False
    if any(not _is_plain(run, command) for run in stage.done_runs for command in run.commands):
        return False
    searched = stage.image.env.get("LD_LIBRARY_PATH")
    if (searched is not None and searched.set_in_file) or copies_libraries(stage):
        return False
    return not stage.runtime.may_gain_programs()


def _is_plain(run: Run, command: Command) -> bool:
    """Whether a command brings no library that nothing names: `xargs apt-get install` may bring any."""
    if command.name in ("apt-get", "apt", "apk"):
        calls = [call for call in run.package_calls if call.command.start == command.start]
        return all(call.action != "install" or call.packages for call in calls)
    words = {word.value for word in command.args}
    if not _BRINGING.isdisjoint(words):
        return False
    return command.name in _PLAIN | _OF_NODE or (
        _PYTHON.match(command.name) is not None and not _TOLD.isdisjoint(words)
    )
