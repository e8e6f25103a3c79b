"""A start by the name of a script that the installed project does not declare, beside one of nearly that name.

Installers make the programs of `[project.scripts]` by exactly those names (packaging.python.org, "Entry points").
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from rules.api import Confidence, Note, Problem, fix, quote, replace
from rules.base_image.moved.version_contracts import texts_near
from rules.copying.python.builds import LEAVES_OUT
from rules.copying.python.packages import CONSOLE_SCRIPTS
from rules.facts.installers import PYTHON_MANAGERS
from rules.facts.python_names import index_name
from rules.packages.developers.parts import read_toml, table
from rules.runtime.programs.module_origins import installed
from rules.runtime.programs.project import may_be_copied
from rules.runtime.starts.instructions import behind_init

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Fix, PackageCall, Run
    from rules.runtime.starts.instructions import Written

_MORE = re.compile(
    r"console_scripts|shared-scripts|shared-data|script-files|workspace|\bpath[ \t]*=|file:|\bdynamic\b.*scripts"
)
"""What in a pyproject.toml may bring further programs, or another project."""
_RUNNERS = ("uv", "poetry", "pdm")
"""Managers that start a program of their project's environment."""
_OTHER_MANIFESTS = ("setup.py", "setup.cfg")


def misnamed_script(change: DockerfileChange, found: Written) -> Problem | None:
    """Return the problem of such a start, where nothing else is known that could bring the program."""
    stage = found.stage
    name, by_manager = _started(found)
    if not name or "/" in name or "$" in name or name in CONSOLE_SCRIPTS or may_be_copied(stage, name):
        return None
    declared = _declared(change)
    same = [script for script, called in declared.items() if index_name(name) in (index_name(script), called)]
    near = same or [script for script in declared if not by_manager and _is_near(name, script)]
    install = _install(change)
    if name in declared or len(near) != 1 or install is None or _may_come_otherwise(change, name, near[0]):
        return None
    run, call = install
    # with words that no script has, it may be another program that was meant
    right = bool(same) or len(near[0]) >= len(name)
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(name)}, and the project that line {call.command.line} installs has no script of "
        f"that name: `pyproject.toml` declares {quote(near[0])}. The container exits "
        f"{'at once' if by_manager else 'with “executable file not found”'}. "
        f"{'Start that one.' if right else 'Start what is declared, or declare the other beside it.'}",
        Confidence.LIKELY,
        doubt="a package may bring a program of that name",
        stage=stage.key,
        key=name,
        notes=(Note(run.instruction.span, "installs the project"),),
        fix=_fix(found, name, near[0]) if right else None,
    )


def _started(found: Written) -> tuple[str, bool]:
    """Return what a container starts by its name, and whether a manager of the project finds it: `uv run shop`."""
    words = behind_init(found.start.words) if found.start.form == "exec" else ()
    if words[:1] and words[0] in _RUNNERS and words[1:2] == ("run",):
        return (words[2] if words[2:] and not words[2].startswith("-") else ""), True
    return (words[0] if words else ""), False


def _fix(found: Written, name: str, right: str) -> Fix | None:
    word = next((word for word in found.instruction.exec_form or () if word.text == name), None)
    if word is None or "\\" in right or '"' in right:
        return None
    return fix(f"Start {right}", replace(found.instruction.source, word.span, f'"{right}"'))


def _is_near(name: str, script: str) -> bool:
    """Whether one of two names is the other with words in front or behind, or with other signs between its words."""
    one, other = sorted((index_name(name), index_name(script)), key=len)
    return one == other or other.endswith(f"-{one}") or other.startswith(f"{one}-")


def _declared(change: DockerfileChange) -> dict[str, str]:
    """Return the scripts that the repository's one project declares, each with the package that it calls a function of.

    None where others may come beside them.
    """
    names = change.repository.by_name
    if len(names.get("pyproject.toml", ())) != 1 or any(name in names for name in _OTHER_MANIFESTS):
        return {}
    for _, text in texts_near(change, "pyproject.toml"):
        data = read_toml(text)
        tables = [table(data, *path) for path in _TABLES]
        scripts = {name: _package(called) for scripts in tables for name, called in scripts.items()}
        return scripts if not _MORE.search(text) else {}
    return {}


def _package(called: object) -> str:
    """Return the package in `shop.server:main`, spelled as an index spells names."""
    return index_name(called.split(":")[0].split(".")[0].strip()) if isinstance(called, str) else ""


_TABLES = (("project", "scripts"), ("project", "gui-scripts"), ("tool", "poetry", "scripts"))


def _install(change: DockerfileChange) -> tuple[Run, PackageCall] | None:
    """Return the last install of the project itself."""
    calls = [(run, call) for stage in change.stages for run in stage.runs for call in run.package_calls]
    own = [(run, call) for run, call in calls if call.manager in PYTHON_MANAGERS and _brings_project(call)]
    return own[-1] if own else None


def _brings_project(call: PackageCall) -> bool:
    if call.manager == "pip" or call.verb.startswith("pip "):
        return any(
            package.kind == "path" and posixpath.normpath(package.name.split("[")[0]) == "."
            for package in call.packages
        )
    return call.project and call.action in ("install", "sync") and not call.has(*LEAVES_OUT)


def _may_come_otherwise(change: DockerfileChange, name: str, near: str) -> bool:
    """Whether a command speaks of the program, or a package that is asked for has its name in its own.

    So may one of the same family: `shop-core` beside `shop` may bring `shop-serve`.
    """
    if any(stage.files.has_unreadable_run for stage in change.stages):
        return True
    runs = (run.instruction.whole_value for stage in change.stages for run in stage.runs)
    if any(name in text or ".sh" in text for text in runs):
        return True
    wanted = index_name(name)
    family = f"{min(wanted, index_name(near), key=len)}-"
    packages = [index_name(package) for package in (*installed(change), *_asked(change))]
    return any(wanted in package or package.startswith(family) for package in packages)


def _asked(change: DockerfileChange) -> list[str]:
    """Return what the project asks for, in whichever group."""
    found: list[Any] = []
    for _, text in texts_near(change, "pyproject.toml"):
        data = read_toml(text)
        found += [table(data, "project").get("dependencies")]
        found += [*table(data, "project", "optional-dependencies").values(), *table(data, "dependency-groups").values()]
        found += [list(table(data, "tool", "poetry", "dependencies"))]
    return [row for rows in found if isinstance(rows, list) for row in rows if isinstance(row, str)]
