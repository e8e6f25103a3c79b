"""Which parts of a builder's source tree a shipped stage runs, as far as they can be proven."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.python.environments import environments
from rules.facts.installers import NODE_MANAGERS
from rules.model.packages import OS_MANAGERS
from rules.model.puts import within
from rules.model.run_writes import is_opaque, written_by
from rules.model.search_path import path_folders
from rules.model.work_folders import folder_of
from rules.secrets.named.files import secret_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Copy, Run

_MODULE = re.compile(r"^(?P<name>[A-Za-z_]\w*)(?:\.\w+)*(?::\w+(?:\(\))?)?$")
_PYTHON_RUNNERS = frozenset(
    {"uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "celery", "flask", "fastapi", "python", "python3"}
)
_ELSEWHERE = ("--prefix", "-C", "--dir", "--cwd")
"""Options with which npm, pnpm and Yarn install in another folder."""
_PYTHON = ("pip", "uv", "poetry", "pdm")


def runtime_paths(change: DockerfileChange, stage: Stage, copy: Copy, tree: str) -> tuple[str, ...]:
    """Return the paths under a builder's tree that the shipped stage provably uses, sorted.

    The virtual environment (from `UV_PROJECT_ENVIRONMENT`, `python -m venv`, `uv sync`, `poetry`) and other folders of
    dependencies, the files that the start command names, the package that it imports, and files that RUNs of the
    builder wrote into the tree.

    Args:
        change: The change; its repository proves that a file or folder exists.
        stage: The stage that ships.
        copy: The copy out of the builder.
        tree: The folder it copies, absolute, in the builder.
    """
    assert copy.from_stage is not None
    builder = copy.from_stage
    candidates = {
        *_environments(builder, tree),
        *_dependencies(change, builder, tree),
        *_started(change, stage, copy, tree),
        *_written(builder, tree),
    }
    inside = {path for path in candidates if within(path, tree) and path != tree}
    return tuple(sorted(path for path in inside if not any(within(path, o) and path != o for o in inside)))


def searched_paths(stage: Stage, copy: Copy, tree: str) -> frozenset[str]:
    """Return the folders of a builder's tree, as the builder has them, that the shipped stage looks for programs in.

    Its `VIRTUAL_ENV` and the folders of its `PATH` (without `bin`) that lie below the copy's destination, and that
    nothing else there brings.
    """
    destination = copy.destination
    if destination is None:
        return frozenset()
    virtual = stage.image.env.get("VIRTUAL_ENV")
    named = {virtual.value.rstrip("/")} if virtual is not None and virtual.value else set()
    for folder in path_folders(stage) or ():
        top, _, last = folder.rpartition("/")
        named.add(top if last in ("bin", ".bin") and top != destination else folder)
    below = (path for path in named if within(path, destination) and path != destination)
    theirs = (path for path in below if all(put.step is copy or put.kind == "workdir" for put in stage.files.at(path)))
    return frozenset(posixpath.join(tree, posixpath.relpath(path, destination)) for path in theirs)


def _environments(builder: Stage, tree: str) -> Iterator[str]:
    uv = builder.image.env.get("UV_PROJECT_ENVIRONMENT")
    virtual = builder.image.env.get("VIRTUAL_ENV")
    for setting in (uv, virtual):
        if setting is not None and setting.value:
            yield posixpath.join(tree, setting.value)
    yield from (environment.path for environment in environments(builder))
    for run in builder.all_runs:
        for write in written_by(run):
            if write.tree and posixpath.basename(write.path) in (".venv", "venv", "env"):
                yield write.path


def installed_there(change: DockerfileChange, stage: Stage, folder: str) -> Iterator[tuple[Run, str]]:
    """Yield the environments and folders of packages that RUNs of a stage fill in a folder of it."""
    yield from ((environment.run, environment.path) for environment in environments(stage))
    for run in stage.all_runs:
        yield from ((run, path) for path in _filled(change, run, folder))


def _dependencies(change: DockerfileChange, builder: Stage, tree: str) -> Iterator[str]:
    """Yield the folders in the tree that package managers fill: `pip install --target`, `node_modules`."""
    for run in builder.all_runs:
        yield from _filled(change, run, tree)


def _filled(change: DockerfileChange, run: Run, tree: str) -> Iterator[str]:
    for call in run.package_calls:
        target = call.option("--target", "--prefix", "--root") if call.manager == "pip" else None
        path = run.resolve(target) if target else None
        if path is not None:
            yield path
        if call.manager in NODE_MANAGERS and call.action in ("install", "sync") and run.workdir.value == tree:
            yield posixpath.join(tree, "node_modules")
            if _exists(change, "package.json") is True:
                yield posixpath.join(tree, "package.json")


def all_explained(builder: Stage) -> bool:
    """Tell whether every command of a builder is known well enough to say what it leaves in the tree."""
    return not builder.files.has_unreadable_run and all(
        not is_opaque(command) or command.start in explained or _makes_environment(command)
        for run in builder.done_runs
        for explained in ({c.command.start for c in run.package_calls if _is_known(builder, run, c)},)
        for command in run.commands
    )


def _makes_environment(command: Command) -> bool:
    return any(word.value == "venv" for word in command.args)


def _is_known(builder: Stage, run: Run, call: PackageCall) -> bool:
    """Whether a call only brings dependencies, to a folder that is known."""
    if call.manager not in (*NODE_MANAGERS, *_PYTHON, *OS_MANAGERS) or call.action in ("build", "run", "other"):
        return False
    if call.manager in NODE_MANAGERS:
        return run.workdir.value == folder_of(run, call.command) and not call.has(*_ELSEWHERE)
    if call.manager == "pip":
        return not call.has("--user")
    if call.manager in OS_MANAGERS or call.action not in ("install", "sync") or not call.project:
        return True
    return bool(call.env.get("VIRTUAL_ENV")) or any(one.run is run for one in environments(builder))


def _started(change: DockerfileChange, stage: Stage, copy: Copy, tree: str) -> Iterator[str]:
    """Yield what the start command and the scripts in the tree name."""
    destination = copy.destination or tree
    for setting in stage.image.start_command:
        start = setting.value
        words = start.text.split() if start is not None else []
        for index, word in enumerate(words):
            yield from _in_tree(change, word, stage, destination, tree)
            module = _MODULE.match(word)
            if index and module is not None and any(w.rsplit("/", 1)[-1] in _PYTHON_RUNNERS for w in words[:index]):
                yield from _package(change, module["name"], tree)


def _in_tree(change: DockerfileChange, word: str, stage: Stage, destination: str, tree: str) -> Iterator[str]:
    if not ("/" in word or "." in word) or word.startswith("-"):
        return
    folder = stage.image.workdir.value or "/"
    path = posixpath.normpath(posixpath.join(folder, word))
    if not within(path, destination) or path == destination:
        return
    relative = posixpath.relpath(path, destination)
    is_code = relative.endswith((".js", ".mjs", ".cjs", ".py", ".rb")) and "/" in relative
    first = relative.split("/")[0] if is_code else relative
    if _exists(change, first) is True:
        yield posixpath.join(tree, first)


def _package(change: DockerfileChange, name: str, tree: str) -> Iterator[str]:
    if _exists(change, name) is True:
        yield posixpath.join(tree, name)
    elif _exists(change, f"{name}.py") is True:
        yield posixpath.join(tree, f"{name}.py")


def _exists(change: DockerfileChange, relative: str) -> bool | None:
    context = change.repository.context_of(change.path)
    if context is None:
        return None
    return change.repository.exists(posixpath.join(context, relative) if context else relative)


def _written(builder: Stage, tree: str) -> Iterator[str]:
    for run in builder.all_runs:
        for write in written_by(run):
            is_file = not write.tree and not write.checkout and write.command.name != "mkdir"
            if is_file and posixpath.dirname(write.path) == tree and secret_file(write.path) is None:
                yield write.path
