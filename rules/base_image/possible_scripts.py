"""Whether an image that ships may hold a script, which calls the programs of a system by their names."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage

_ARCHIVES = (".jar", ".war", ".ear")
"""Programs for Java's machine, whole in one file."""
_ENDINGS = frozenset({".sh", ".bash", ".ksh"})
_RUNNERS = frozenset("npm npx pnpm yarn run run-script make".split())
"""Words of a start command that run a line of the project's, in a shell."""
_FETCHING = frozenset("git curl wget svn".split())


def may_hold_scripts(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether anything can call a program by its name: not where an interpreter is given files and nothing else.

    An image that starts `java -jar /shop.jar`, and has nothing but that archive, has no script; nor has one of a
    repository without any, unless a stage fetches something.
    """
    starts = [start.value for start in stage.image.start_command]
    if any(start is None or start.form != "exec" for start in starts):
        return True
    if not stage.image.start_in_file or stage.image.healthcheck.set_in_file:
        return True
    brought = [put.path for put in stage.files.puts if not put.makes_folder]
    if brought and all(path.endswith(_ARCHIVES) for path in brought):
        return False
    files = change.repository.context_files(change.path)
    runs_lines = any(start is not None and not _RUNNERS.isdisjoint(start.words) for start in starts)
    return files is None or runs_lines or any(map(_may_be_script, files)) or _fetches(change)


def _may_be_script(path: str) -> bool:
    """Whether a file is one by its name, or has a name that says nothing, such as `bin/start`; `LICENSE` does."""
    name, ending = posixpath.splitext(posixpath.basename(path))
    return ending in _ENDINGS or (not ending and not name.startswith(".") and name.islower())


def _fetches(change: DockerfileChange) -> bool:
    """Whether a stage brings files of others, or does what cannot be read."""
    fetched = (put for stage in change.stages for put in stage.files.puts if put.kind in ("image", "remote"))
    runs = [run for stage in change.stages for run in stage.runs]
    called = any(command.name in _FETCHING for run in runs for command in run.commands)
    return called or not all(run.is_read for run in runs) or any(fetched)
