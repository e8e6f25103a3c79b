"""Programs that a RUN puts where they are looked for, without an instruction that says their whole path."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.carried import is_unpacked
from rules.model.puts import within
from rules.model.run_writes import CARRIERS, carried_by, texts_written
from rules.model.search_path import DEFAULT_PATH, path_folders
from rules.model.shell_scope import filled
from rules.model.work_folders import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rules.dockerfile.shell.script import Command
    from rules.model.puts import Put
    from rules.model.stage import Stage
    from rules.model.steps import Run

_PLACING = CARRIERS | {"ln", "rsync"}
_NAMING = _PLACING | {"update-alternatives", "alternatives"}
"""Commands whose words name what is found in the end: the file, the link, the alternative (update-alternatives(1))."""
_UNPACKING = frozenset({"tar", "bsdtar", "unzip"})
_OPEN = re.compile(r"[$`*?\[{%]")
"""What stands for names that the line does not tell: a variable, a pattern, the blank of `find -exec` and `xargs`."""
_FOLDERS = frozenset({"", ".", "bin", "sbin"})
_RECURSIVE = ("-r", "-R", "-a", "--recursive", "--archive")


def may_be_placed(stage: Stage, name: str) -> bool:
    """Tell whether a RUN copies, moves, links or unpacks a program of a name to where `PATH` leads, or may do so."""
    return name in _names(stage) or _places_any(stage)


@once
def _names(stage: Stage) -> frozenset[str]:
    """The last parts of the paths that such commands are given: `cp /tmp/jq/jq /usr/local/bin/`.

    What lies where `PATH` leads has to be there before, and what is written there is known by its path.
    """
    words = (word.value for run in stage.done_runs for command in run.calls(*_NAMING) for word in command.args)
    return frozenset(posixpath.basename(word) for word in words if posixpath.dirname(word) not in DEFAULT_PATH)


@once
def _places_any(stage: Stage) -> bool:
    """Whether what is put there has names that nothing tells: `ln -s /opt/tools/bin/* /usr/local/bin/`."""
    folders = tuple(folder for folder in path_folders(stage) or DEFAULT_PATH if folder)
    return any(_is_open(command) and _leads(place, folders) for command, place in _places(stage))


def _places(stage: Stage) -> Iterator[tuple[Command, str | None]]:
    """Yield what the commands of a stage write, as far as the path is told; `None` where its beginning is not."""
    for run in stage.done_runs:
        for command in run.commands:
            if command.name in _PLACING | _UNPACKING:
                for text, _, _ in texts_written(command):
                    yield command, _place(run, command, text)


def _place(run: Run, command: Command, text: str) -> str | None:
    known = filled(run, command, text) or text.partition("$")[0]
    folder = folder_of(run, command)
    if not known or not (known.startswith("/") or folder):
        return None
    return posixpath.normpath(posixpath.join(folder or "/", known))


def _is_open(command: Command) -> bool:
    """Whether a command puts more there than it names: an archive, a folder's files, what a pattern finds."""
    if command.name in _UNPACKING:
        return True
    sources = carried_by(command)
    folders = any(posixpath.basename(source) in _FOLDERS for source in sources)
    return folders or command.has(*_RECURSIVE) or any(map(_OPEN.search, sources))


def _leads(place: str | None, folders: tuple[str, ...]) -> bool:
    """Whether a path is a folder of `PATH`, something in one, or what such a `bin` lies in."""
    return place is None or any(within(place, folder) or place == posixpath.dirname(folder) for folder in folders)


BRINGERS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("pnpm", "yarn"), frozenset({"corepack"})),
    **dict.fromkeys(("uv", "poetry", "pipenv", "pdm"), frozenset({"pip", "pip3", "conda", "mamba"})),
    **dict.fromkeys(
        ("go", "cargo", "mvn", "gradle"), frozenset({"make", "rake", "npm", "npx", "python", "python3", "java", "php"})
    ),
}
"""Commands that bring a program without naming it: as a shim, from a list of requirements, by code of the project."""


def copied_trees(puts: Sequence[Put]) -> tuple[Put, ...]:
    """Return the folders, and archives, that are copied in."""
    kinds = ("stage", "image", "context", "remote")
    return tuple(put for put in puts if (put.tree and put.kind in kinds) or is_unpacked(put))


def copied_names(puts: Sequence[Put]) -> frozenset[str]:
    """Return what files and folders are called, each where it comes from and where it is put."""
    return frozenset(posixpath.basename(path) for put in puts for path in (put.path, put.source))
