"""See native_dependency_missing.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Note,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    quote,
    rule,
)
from rules.packages.asked_packages import ACTIONS, MANAGERS, asked_packages, takes_public_index
from rules.packages.linked_libraries import copies_libraries
from rules.packages.native_needs import NEEDS, Need, missing
from rules.packages.scripts import INSTALL
from rules.packages.taken_installs import taken_installs

_SYSTEMS = frozenset({"debian", "ubuntu"})
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


class Install(NamedTuple):
    """An install of Python packages, with the stage that runs it."""

    stage: Stage
    run: Run
    call: PackageCall


@rule(
    "native-dependency-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=tuple(MANAGERS),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships has a Python package that loads a library of the system, or calls a program, and not that one."""
    for stage in change.after.shipped:
        if _is_known(stage):
            yield from _problems(change, stage)


def _problems(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    installs = [Install(stage, run, call) for run, call in stage.packages.calls if call.manager in MANAGERS]
    installs += [Install(*taken) for taken in taken_installs(stage)]
    named = [
        (asked.name, install)
        for install in installs
        for asked in asked_packages(change, install.run, install.call)
        if install.call.action in (*ACTIONS, "remove")
    ]
    names = {name for name, _ in named}
    removed = {name for name, install in named if install.call.action == "remove"}
    for name, need in NEEDS.items():
        install = next((one for asked, one in named if asked == name and takes_public_index(one.call)), None)
        if install is None or name in removed or not names.isdisjoint(need.besides) or _is_waived(stage, need):
            continue
        lacking = [one for one in missing(stage, need) or () if not stage.runtime.is_copied(need.libraries[one])]
        if lacking:
            yield _problem(stage, name, install, lacking)


def _is_waived(stage: Stage, need: Need) -> bool:
    """Whether a variable of the image, or of the start command, switches a need off."""
    return (
        need.waived_by in stage.image.env or f"{need.waived_by}=" in stage.image.start_line()
        if need.waived_by
        else False
    )


def _is_plain(run: Run, command: Command) -> bool:
    """Whether a command brings no library that nothing names: `xargs apt-get install` may bring any."""
    if command.name in ("apt-get", "apt"):
        calls = [call for call in run.package_calls if call.command.start == command.start]
        return all(call.action != "install" or call.packages for call in calls)
    words = {word.value for word in command.args}
    if not _BRINGING.isdisjoint(words):
        return False
    return command.name in _PLAIN or (_PYTHON.match(command.name) is not None and not _TOLD.isdisjoint(words))


@once
def _is_known(stage: Stage) -> bool:
    """Whether nothing but packages that are named may bring a library: a small base, no script, no copied system."""
    facts, present = stage.facts, stage.packages.present
    if facts is None or facts.full is not False or facts.distro not in _SYSTEMS or not facts.is_plain:
        return False
    if facts.kind != "os" and set(facts.languages) != {"python"}:
        return False
    if any(item.manager in _OTHERS or (item.manager == "apt" and _OPEN.search(item.name)) for item in present):
        return False
    if any(not _is_plain(run, command) for run in stage.done_runs for command in run.commands):
        return False
    searched = stage.image.env.get("LD_LIBRARY_PATH")
    if (searched is not None and searched.set_in_file) or copies_libraries(stage):
        return False
    return not stage.runtime.may_gain_programs()


def _problem(stage: Stage, name: str, install: Install, lacking: list[str]) -> Problem:
    need = NEEDS[name]
    file = need.libraries[lacking[0]]
    does = "loads" if ".so" in file else "calls"
    command = quote(f"{INSTALL['apt']} {' '.join(lacking)}")
    instead = f", or take {quote(need.instead)}, which does without" if need.instead else ""
    own = install.stage is stage
    origin = "" if own else f" out of {install.stage.label}"
    return Problem(
        install.call.command.span if own else stage.from_.span,
        f"{stage.label} has no {' and no '.join(map(quote, lacking))}, which {quote(name)}{origin} needs: it {does} "
        f"{quote(file)}, and {need.fails} fails when the program runs. Install {command}{instead}.",
        Confidence.LIKELY,
        doubt="the program may never use it",
        stage=stage.key,
        key=name,
        cause=f"package {lacking[0]}",
        instruction=install.run.instruction if own else None,
        notes=() if own else (Note(install.call.command.span, f"{name} is installed here"),),
    )
