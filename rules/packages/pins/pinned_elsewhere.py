"""What another install into the same environment may say of a Python package's version."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.calls import install_folder
from rules.copying.python.builds import project_builds
from rules.facts.python_names import index_name
from rules.lazily import once, once_for_each
from rules.packages.developers.parts import read_toml, table
from rules.packages.projects.texts import requirements_text, text_in_image
from rules.quoting import quote

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

ANEW = (
    "--upgrade", "--force-reinstall", "--ignore-installed", "--reinstall", "--upgrade-package", "--reinstall-package",
    "--upgrade-strategy", "--exact",
)  # fmt: skip
"""Options with which an installer looks at the index although the package is there."""

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:$|[\[=<>!~;@#\s])")
_DEEPEST = 4
"""Lists within lists that are followed."""
_WHEEL = re.compile(r"([\w.]+)-[^*?]*\.whl$")
"""The name of a wheel, which begins with its package's (packaging.python.org, "Binary distribution format")."""
_LIST = re.compile(r"\s*(?:-[rc]|--requirement|--constraint)[ =]*([^\s#]+)")
_MORE = re.compile(r"\s*(?:-r|-c|-e|--requirement|--constraint|--editable|\.|git\+|https?:)")
"""How a line begins that names further lists, or a project with requirements of its own."""


class _Other(NamedTuple):
    run: Run
    call: PackageCall


class Elsewhere(NamedTuple):
    """What the installs around a call leave open.

    Attributes:
        project: Whether a wheel or a folder is installed, whose requirements are not seen.
        unread: A list of requirements that was not read, if there is one.
    """

    project: bool
    unread: str | None

    @property
    def doubt(self) -> str:
        """What is not known, as `Problem.doubt` has it; empty where nothing is."""
        if self.project:
            return "a project or a wheel that is installed along with it may say the version"
        return f"{quote(self.unread)} may say the version" if self.unread is not None else ""


def elsewhere(change: DockerfileChange, run: Run, call: PackageCall) -> Elsewhere:
    """Return what the installs into the environment of a call leave open about the versions there."""
    return _around(change, run, call).leaves


def is_listed(change: DockerfileChange, run: Run, call: PackageCall, name: str) -> bool:
    """Tell whether a list of requirements that was read names a package: its version is that list's business."""
    return index_name(name) in _around(change, run, call).names


def is_built(change: DockerfileChange, name: str) -> bool:
    """Tell whether a package is the project's own, which the file builds, or has as a wheel: its version is known."""
    return index_name(name) in _built(change)


@once
def _built(change: DockerfileChange) -> frozenset[str]:
    """The names of the projects that a file builds packages of, and of the wheels that it installs."""
    found: set[str] = set()
    for run in (run for stage in change.stages for run in stage.runs):
        for build in project_builds(run):
            data = read_toml(text_in_image(change, run, posixpath.join(build.folder, "pyproject.toml")) or "")
            named = (table(data, *path).get("name") for path in (("project",), ("tool", "poetry")))
            found.update(name for name in named if isinstance(name, str))
        for package in (package for call in run.package_calls for package in call.packages):
            file = posixpath.basename(package.name) if package.kind == "path" else ""
            found.update(match[1] for match in (_WHEEL.match(file),) if match is not None)
    return frozenset(map(index_name, found))


class _Around(NamedTuple):
    leaves: Elsewhere
    names: frozenset[str]


def _around(change: DockerfileChange, run: Run, call: PackageCall) -> _Around:
    """Return what is installed where a call installs; what came before counts unless the call asks anew."""
    if call.manager != "pip" and call.verb != "pip install":
        return _Around(Elsewhere(project=False, unread=None), frozenset())
    start = (run.at, call.command.start) if call.has(*ANEW) else None
    return _summed(change, _Environment(run.stage, _place(call), start))


class _Environment(NamedTuple):
    """Where a call installs, and from which command on what is there counts; `None`: from the first one."""

    stage: Stage
    place: tuple[str | None, ...]
    start: tuple[tuple[int, int], int] | None


@once_for_each
def _summed(change: DockerfileChange, of: _Environment) -> _Around:
    others = [
        other
        for other in _installs(of.stage)
        if _place(other.call) == of.place and (of.start is None or (other.run.at, other.call.command.start) > of.start)
    ]
    lists = [(name, _listed(change, other, name)) for other in others for name in _lists(other.call)]
    unread = next((name for name, found in lists if not found.whole), None)
    project = any(_is_of_project(other.call) for other in others)
    return _Around(Elsewhere(project, unread), frozenset[str]().union(*(found.names for _, found in lists)))


@once
def _installs(stage: Stage) -> tuple[_Other, ...]:
    """The installs of pip and uv that read lists or projects, in a stage, those below it and those built on it."""
    found: dict[tuple[object, ...], _Other] = {}
    for one in stage.model.stages:
        if stage not in one.chain:
            continue
        for run, call in one.packages.calls:
            installs = (call.manager == "pip" and call.verb == "install") or call.verb in ("pip install", "pip sync")
            if installs and (_lists(call) or _is_of_project(call)):
                found.setdefault((run.at, call.command.start), _Other(run, call))
    return tuple(found.values())


def _place(call: PackageCall) -> tuple[str | None, ...]:
    program = call.command.program
    folder = posixpath.dirname(program.value) if program is not None else ""
    return folder, *(call.option(name) for name in ("--target", "--prefix", "--root", "--python"))


def _lists(call: PackageCall) -> tuple[str, ...]:
    return tuple(use.value for use in call.uses("--requirement", "--constraint") if use.value)


def _is_of_project(call: PackageCall) -> bool:
    """Whether a call installs a folder or a wheel together with what that requires."""
    if call.has("--no-deps"):
        return False
    return any(package.kind == "path" for package in call.packages)


class _Listed(NamedTuple):
    """The names that lists of requirements have, and whether all was read that they name."""

    names: frozenset[str]
    whole: bool


def _listed(change: DockerfileChange, other: _Other, name: str, depth: int = 0) -> _Listed:
    """Return the names in a list of requirements and in those that it includes (pip, "Requirements file format")."""
    text = requirements_text(change, other.run, install_folder(other.run, other.call), name)
    lines = text.splitlines() if text is not None and depth < _DEEPEST else []
    names = frozenset(index_name(match[1]) for line in lines if (match := _NAME.match(line)))
    inner = [
        _listed(change, other, posixpath.join(posixpath.dirname(name), match[1]), depth + 1)
        for line in lines
        if (match := _LIST.match(line))
    ]
    projects = any(_MORE.match(line) and not _LIST.match(line) for line in lines)
    read = text is not None and depth < _DEEPEST and (bool(names) or not projects)
    return _Listed(names.union(*(one.names for one in inner)), read and all(one.whole for one in inner))
