"""Whether what a package manager installs can get into an image that ships."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.installers import NODE_MANAGERS
from rules.lazily import once
from rules.model.puts import within
from rules.model.search_path import path_folders
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.model.steps import Copy

_SYSTEM = r"/|/(?:usr|opt|root|home|var)|/usr/local|/usr/(?:local/)?(?:lib|lib64|bin|share)"
"""Folders of the system above those in which package managers install."""

_HOME = r"/root(?:/\..*)?|/home/[^/]+(?:/\..*)?"
"""A user's home, and its folders that begin with a dot."""


class _Place(NamedTuple):
    """Where an installer puts what is installed for all.

    Attributes:
        paths: What a COPY takes some of it with.
        moved: The variables that put it elsewhere.
    """

    paths: re.Pattern[str]
    moved: frozenset[str]


_ANYWHERE = _Place(
    re.compile(
        rf"{_SYSTEM}|/(?:opt|var)/(?:lib|bin|share)|/usr/local/.+|/(?:root|home|opt)/.+|/var/lib/.+"
        r"|.*(?:env|site-packages|node_modules|gems|bundle|python|conda|pypy|\.local|/packages?|wheel|install|deps"
        r"|vendor|/s?bin|/go)(?:/.*)?"
    ),
    frozenset(),
)
"""Paths below which package managers install, in the system, a home folder or an environment, or a folder above."""

_NODE = _Place(
    re.compile(
        rf"{_SYSTEM}|{_HOME}|/opt/(?:node|nvm|yarn).*|.*/lib/node_modules(?:/.*)?|.*/(?:global|\.?nvm|\.?volta|node-v\d)(?:[./].*)?"
        r"|/usr/(?:local/)?bin/(?!(?:node|nodejs|npm|npx|corepack)$).+"
    ),
    frozenset("NPM_CONFIG_PREFIX npm_config_prefix PNPM_HOME BUN_INSTALL BUN_INSTALL_GLOBAL_DIR PREFIX".split()),
)
_PYTHON = _Place(
    re.compile(
        rf"{_SYSTEM}|{_HOME}|/opt/python.*|.*(?:site|dist)-packages(?:/.*)?|/usr/(?:local/)?lib(?:64)?/python.*"
    ),
    frozenset("VIRTUAL_ENV PIP_TARGET PIP_PREFIX PIP_ROOT PYTHONUSERBASE CONDA_PREFIX PYENV_ROOT".split()),
)
_GEM = _Place(
    re.compile(rf"{_SYSTEM}|{_HOME}|/usr/local/bundle(?:/.*)?|.*/(?:ruby|gems|\.?rbenv|\.?rvm)(?:[-/].*)?"),
    frozenset("GEM_HOME GEM_PATH BUNDLE_PATH".split()),
)
_GO = _Place(
    re.compile(r"/|/go|/go/bin|/root(?:/go(?:/bin)?)?|/home(?:/[^/]+(?:/go(?:/bin)?)?)?"),
    frozenset("GOPATH GOBIN".split()),
)
_CARGO = _Place(
    re.compile(rf"{_SYSTEM}|{_HOME}|.*/\.?cargo(?:/bin(?:/.*)?)?"),
    frozenset("CARGO_HOME CARGO_INSTALL_ROOT".split()),
)
_PLACES = (_ANYWHERE, _NODE, _PYTHON, _GEM, _GO, _CARGO)

_ENVIRONMENT = re.compile(r"\b(?:virtualenv|venv|conda|pipenv|poetry)\b|VIRTUAL_ENV")
_ACTIVATED = re.compile(r"\bactivate\b|\bconda\b|\bpyenv\b|VIRTUAL_ENV|\b(?:config|set)\s[^&;|]*\bprefix\b")
"""What makes another folder the place of all that is installed from then on."""
_CARRIED = re.compile(
    r"\b(?:cp|mv|rsync|ln|tar|install)\s[^&;|]*(?:/go/bin|/cargo/bin|GOPATH|/lib/node_modules|site-packages|/local/bin/\S*\s+[^\s&;|\\])"
    r"|\bnpm\s+root\b"
)
"""What takes what is installed elsewhere within its stage, so that any COPY may have it."""
_DEFAULT_FOLDERS = re.compile(
    r"(?:/usr|/usr/local)?/s?bin|/usr/local/go/bin|/go/bin|.*/\.(?:cargo|local|poetry|bun|deno)/bin"
)
"""Folders of programs that are no environment of Python's."""


def reaches_image(stage: Stage, call: PackageCall) -> bool:
    """Tell whether what a call installs may be in an image that ships.

    Args:
        stage: The stage of the call, one that ships or that a shipped one needs.
        call: The install.

    Returns:
        `False` where the stage's own layers do not ship, and all that is copied out of it lies elsewhere: a tool in
        `/usr/local` is not in a project's `node_modules`, nor in its virtual environment.
    """
    if _is_fetched(stage, call) or _is_with_project(stage, call):
        return True
    place = _place(stage, call)
    if stage.index in _reaching(stage.model)[place]:
        return True
    if place is not _ANYWHERE:
        return _is_carried(stage)
    return call.target is not None or any(_ENVIRONMENT.search(run.instruction.text) for run in stage.all_runs)


def _is_fetched(stage: Stage, call: PackageCall) -> bool:
    """Whether a stage takes the folder that `pip wheel` or `pip download` fills, one around it, or what lies in it."""
    folder = call.option("--wheel-dir", "--dest") if call.action in ("build", "download") else None
    if folder is None:
        return False
    copies = (copy for other in stage.model.stages for copy in other.copies if copy.from_stage is stage)
    paths = (copy.source_path(source) or "/" for copy in copies for source in copy.sources)
    name = posixpath.basename(folder.rstrip("/")) or "/"
    return any(path == "/" or name in path.split("/") or within(folder, path) for path in paths)


def _is_with_project(stage: Stage, call: PackageCall) -> bool:
    """Whether what ships takes the very folder of a project for which Node.js' packages are installed."""
    run = next((run for run in stage.runs if call in run.package_calls), None)
    if run is None or call.manager not in NODE_MANAGERS or call.global_:
        return False
    modules = posixpath.join(folder_of(run, call.command) or "/", "node_modules")
    shipped = (copy for other in stage.model.stages if other.files_ship for copy in other.copies)
    copies = [copy for copy in shipped if copy.from_stage is not None and stage in copy.from_stage.chain]
    paths = (copy.source_path(source) for copy in copies for source in copy.sources)
    return any(path is not None and within(modules, path) for path in paths) and not any(
        copy.from_stage is not None and copy.from_stage.files.is_deleted(modules) for copy in copies
    )


def _place(stage: Stage, call: PackageCall) -> _Place:
    """Return where a call installs: in the system or the user's home where nothing says otherwise."""
    place = _own_place(call)
    if call.target is not None or _is_moved(stage) or any(_is_set(stage, call, name) for name in place.moved):
        return _ANYWHERE
    return _ANYWHERE if place is _PYTHON and (stage.facts is None or not _is_default_python(stage, call)) else place


def installs_for_default_python(stage: Stage, call: PackageCall) -> bool:
    """Tell whether pip installs for the Python that the system's folders have, and for no environment.

    Args:
        stage: The stage.
        call: An install of pip's.
    """
    moved = call.target is not None or _is_moved(stage) or any(_is_set(stage, call, name) for name in _PYTHON.moved)
    return not moved and _is_default_python(stage, call)


def _own_place(call: PackageCall) -> _Place:
    if call.manager in NODE_MANAGERS and call.global_:
        return _NODE
    if call.manager == "pip" and call.verb == "install":
        return _PYTHON
    return {"gem": _GEM, "go": _GO, "cargo": _CARGO}.get(call.manager, _ANYWHERE)


def _is_set(stage: Stage, call: PackageCall, name: str) -> bool:
    """Whether the file gives a variable a value, and not the base image its own."""
    setting = stage.image.env.get(name)
    if setting is None or setting.instruction is not None:
        return setting is not None or name in call.env
    return call.env.get(name, setting.value) != setting.value


def _is_default_python(stage: Stage, call: PackageCall) -> bool:
    """Whether pip is the one of the system, and no folder of an environment is sought through before."""
    program = call.command.program
    folder = program.value.rpartition("/")[0] if program is not None else ""
    return _DEFAULT_FOLDERS.fullmatch(folder or "/bin") is not None and all(
        _DEFAULT_FOLDERS.fullmatch(each) for each in path_folders(stage) or ("?",)
    )


@once
def _is_moved(stage: Stage) -> bool:
    return any(_ACTIVATED.search(run.instruction.text) for run in stage.all_runs)


@once
def _is_carried(stage: Stage) -> bool:
    return any(_CARRIED.search(run.instruction.text) for run in stage.all_runs)


@once
def _reaching(model: Model) -> dict[_Place, frozenset[int]]:
    """For each place the stages whose layers ship, squashed or not, and those that give them some of it."""
    return {place: _reaching_from(model, place) for place in _PLACES}


def _reaching_from(model: Model, place: _Place) -> frozenset[int]:
    found = {one.index for one in model.shipped}
    found.update(one.squashed.index for one in model.shipped if one.squashed is not None)
    for stage in reversed(model.stages):  # what a stage takes, and what it is built from, stands above it
        if stage.index not in found:
            continue
        found.update(
            copy.from_stage.index for copy in stage.copies if copy.from_stage is not None and _takes(copy, place)
        )
        for run in stage.runs:
            mounted = {mount.options.get("from", "").lower() for mount in run.mounts}
            found.update(one.index for one in stage.sources if one.name in mounted or str(one.index) in mounted)
        if stage.parent is not None:
            found.add(stage.parent.index)
    return frozenset(found)


def _takes(copy: Copy, place: _Place) -> bool:
    """Whether a COPY takes something from a place, or what is not known."""
    paths = [copy.source_path(source) for source in copy.sources]
    return any(path is None or place.paths.fullmatch(path.rstrip("*").rstrip("/") or "/") for path in paths)
