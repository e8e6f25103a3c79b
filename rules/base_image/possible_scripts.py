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


_WRAPPERS = frozenset({"gradlew", "mvnw"})
"""Scripts that fetch a build tool and run it, which no image needs to start."""


def may_hold_scripts(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether anything can call a program by its name: not where an interpreter is given files and nothing else.

    An image that starts `java -jar /shop.jar`, and has nothing but that archive, has no script; nor has one of a
    repository without any, unless a stage fetches something.
    """
    starts = [start.value for start in stage.image.start_command]
    if not starts or any(start is None or start.form != "exec" for start in starts):
        return True
    if stage.image.healthcheck.set_in_file:
        return True
    brought = [put.path for put in stage.files.puts if not put.makes_folder]
    if stage.image.start_in_file and brought and all(path.endswith(_ARCHIVES) for path in brought):
        return False
    runs_lines = any(start is not None and not _RUNNERS.isdisjoint(start.words) for start in starts)
    return runs_lines or _has_scripts(change) or _fetches(change)


def _has_scripts(change: DockerfileChange) -> bool:
    """Whether the repository may have one, or a file that was read, such as a compose file, names bash or curl."""
    files = change.repository.context_files(change.path)
    if files is None or any(map(_may_be_script, files)):
        return True
    others = (data for path, data in change.repository.files.items() if path != change.path)
    return any(name in data for data in others for name in (b"bash", b"curl"))


def _may_be_script(path: str) -> bool:
    """Whether a file is one by its name, or has a name that says nothing, such as `bin/start`; `LICENSE` does."""
    whole = posixpath.basename(path)
    name, ending = posixpath.splitext(whole)
    plain = not ending and not name.startswith(".") and name.islower() and whole not in _WRAPPERS
    return ending in _ENDINGS or plain


def _fetches(change: DockerfileChange) -> bool:
    """Whether a stage brings files of others, or does what cannot be read."""
    fetched = (put for stage in change.stages for put in stage.files.puts if put.kind in ("image", "remote"))
    runs = [run for stage in change.stages for run in stage.runs]
    called = any(command.name in _FETCHING for run in runs for command in run.commands)
    return called or not all(run.is_read for run in runs) or any(fetched)
