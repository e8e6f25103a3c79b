"""A program that the project itself declares, where every install of its environment leaves the project out.

uv's documentation ("Project entry points", and `uv sync --no-install-project`); Poetry's (`install --no-root`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Note, Package, PackageCall, Problem, Run, quote
from rules.base_image.moved.version_contracts import texts_near
from rules.copying.python.builds import LEAVES_OUT
from rules.copying.python.packages import CONSOLE_SCRIPTS
from rules.facts.installers import PYTHON_MANAGERS
from rules.facts.python_names import index_name
from rules.model.search_path import DEFAULT_PATH
from rules.packages.developers.parts import read_toml, table
from rules.packages.options import spelled
from rules.runtime.starts.instructions import behind_init

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage
    from rules.runtime.starts.instructions import Written

_BUILDERS = frozenset({"uv", "poetry"})
_BUILDING = frozenset({"build", "run", "setup.py"})
_SYSTEM = ("/bin/", "/sbin/", "/usr/")


def project_left_out(change: DockerfileChange, found: Written) -> Problem | None:
    """Return the problem of a start by the name of a script of the project, which nothing installs."""
    stage, words = found.stage, behind_init(found.start.words)
    name = words[0] if found.start.form == "exec" and words else ""
    if not name or "/" in name or name in CONSOLE_SCRIPTS or may_be_copied(stage, name):
        return None
    declared = _declared_in(change, name)
    last = _last_install(change, declared.project) if declared is not None else None
    if declared is None or last is None:
        return None
    run, call = last
    option = next(one for one in LEAVES_OUT if call.has(one))
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(name)}, a script of the project itself ({quote(declared.path)}). "
        f"{quote(f'{spelled(call)} {option}')} (line {call.command.line}) leaves the project out, and nothing else "
        f"installs it. The container exits with “executable file not found”. Run {quote(spelled(call))} again without "
        "that option, below the sources.",
        Confidence.LIKELY,
        doubt="a step that is not read may install the project",
        stage=stage.key,
        key=name,
        notes=(Note(run.instruction.span, "leaves the project out"),),
    )


def may_be_copied(stage: Stage, name: str) -> bool:
    """Tell whether a COPY brings a program of that name, or a folder of the project's files to where programs are."""
    trees = (put for put in stage.files.puts if put.tree and put.kind in ("context", "stage"))
    return stage.runtime.is_copied(name) or any(put.path.rstrip("/") in DEFAULT_PATH for put in trees)


class _Declared(NamedTuple):
    """A pyproject.toml that declares a script.

    Attributes:
        path: Where it lies.
        project: What it calls the project, as an index does; empty where it has no name.
    """

    path: str
    project: str


def _declared_in(change: DockerfileChange, name: str) -> _Declared | None:
    """Return the pyproject.toml that declares a script of a name."""
    for path, text in texts_near(change, "pyproject.toml"):
        read = read_toml(text)
        if name in table(read, "project", "scripts") or name in table(read, "tool", "poetry", "scripts"):
            names = [table(read, *place).get("name") for place in (("project",), ("tool", "poetry"))]
            return _Declared(path, next((index_name(one) for one in names if isinstance(one, str)), ""))
    return None


def _last_install(change: DockerfileChange, project: str) -> tuple[Run, PackageCall] | None:
    """Return the last install of the environment, where all leave the project out and no other may bring it."""
    found: tuple[Run, PackageCall] | None = None
    for stage in change.stages:
        if stage.files.has_unreadable_run or _makes_scripts(stage):
            return None
        for run in stage.runs:
            for call in run.package_calls:
                if call.manager not in PYTHON_MANAGERS or call.action not in ("install", "sync"):
                    continue
                if call.project and call.manager in _BUILDERS and call.has(*LEAVES_OUT):
                    found = run, call
                elif call.project or not call.packages or any(_may_be(package, project) for package in call.packages):
                    return None
    return found


def _may_be(package: Package, project: str) -> bool:
    """Whether a package may be the project: a file, an address, or its own name, built and published before."""
    return package.kind != "name" or index_name(package.name.partition("[")[0]) == project


def _makes_scripts(stage: Stage) -> bool:
    """Whether a command may install the project that is no install of a manager's: `uv run`, `./install.sh`."""
    for run in stage.runs:
        installs = {call.command.start for call in run.package_calls if call.action in ("install", "sync")}
        for command in run.commands:
            words = {word.value for word in command.args}
            program = command.called
            script = "/" in program and not program.startswith(_SYSTEM)
            if command.start not in installs and (script or not words.isdisjoint(_BUILDING)):
                return True
    return False
