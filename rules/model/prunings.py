"""What RUNs take out of a folder by a pattern, so that the names of what is left are not known."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.nested import EXEC_ACTIONS
from rules.lazily import once
from rules.model.work_folders import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_LEFTOVERS = re.compile(
    r"(?:\*?/)*(?:[^/]*\.(?:py\[?[cod]+\]?|o|a|la|log|map|tar|(?:tar\.)?(?:gz|bz2|xz|zst)|tgz|zip|deb|rpm|apk|whl|swp|orig|rej|tmp)|\*?\.?__pycache__|\*?\.pytest_cache|\*?\.DS_Store"
    r"|\*?\.git|node_modules|\.?venv|\.(?:cache|npm|yarn)|target|tmp|logs?|\*~)(?:/\*)*"
)
"""Names, and patterns of names, of what tools leave beside the sources: without them a source tree is still whole."""
_NAMED = ("-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex")
_NOT = ("!", "-not")
_GLOB = re.compile(r"[*?\[]|!\(")


class Pruning(NamedTuple):
    """Files that a RUN takes out of a folder, chosen by a pattern.

    Attributes:
        folder: Absolute; what lies in it, at any depth, may be gone.
        step: The RUN.
        start: Offset of the command in the file.
    """

    folder: str
    step: Run
    start: int


def is_leftover(name: str) -> bool:
    """Tell whether a name is that of something which tools leave beside the sources: a tree is whole without it."""
    return _LEFTOVERS.fullmatch(name) is not None


def prunings_of(run: Run) -> Iterator[Pruning]:
    """Yield what a RUN takes out by pattern: `find … -delete`, `ls | grep -v … | xargs rm`, `rm -rf *`.

    A folder that a variable of unknown value names is left out; leftovers of tools (`*.pyc`) are not looked at.
    """
    if not run.calls("find", "ls", "rm", "git"):
        return
    for command in run.commands:
        for text in _pruned(run, command):
            path = run.resolve(path_of(run, command, text))
            if path is not None:
                yield Pruning(path, run, command.start)


def _pruned(run: Run, command: Command) -> Iterator[str]:
    """Yield the folders, as written, that a command or what it hands its list to empties in part."""
    if command.name == "find" and _is_selective(command) and (_deletes(command) or _feeds_rm(run, command)):
        yield from _roots(command)
    elif (command.name == "ls" or command.subcommand == "ls-files") and _feeds_rm(run, command):
        operands = command.operands() if command.name == "ls" else ()
        yield from [word.value for word in operands] or ["."]
    elif command.name == "rm":
        for word in command.operands():
            folder, _, name = word.value.rpartition("/")
            if _GLOB.search(name) and not is_leftover(name) and not _GLOB.search(folder):
                yield folder or ("/" if word.value.startswith("/") else ".")


def _roots(find: Command) -> list[str]:
    """The folders that a `find` looks through, as written."""
    roots: list[str] = []
    for word in find.args:
        if word.value in ("-H", "-L", "-P"):
            continue
        if word.value[:1] in ("-", "(", "!", "\\"):
            break
        roots.append(word.value)
    return roots or ["."]


def _is_selective(find: Command) -> bool:
    """Whether a `find` may choose a project's own files, and not only empty folders, links, or leftovers of tools."""
    words = [word.value for word in find.args]
    if "-empty" in words or any(pair == ("-type", "l") for pair in pairwise(words)):
        return False
    names = [word for before, word in pairwise(words) if before in _NAMED]
    return not names or any(word in _NOT for word in words) or not all(map(is_leftover, names))


def _deletes(find: Command) -> bool:
    words = [word.value for word in find.args]
    if "-delete" in words:
        return True
    at = next((index for index, word in enumerate(words) if word in EXEC_ACTIONS), len(words))
    return any(re.search(r"\b(?:rm|unlink)\b", word) for word in words[at + 1 :])


def _feeds_rm(run: Run, command: Command) -> bool:
    """Whether an `rm` takes its files from a command: through a pipe, or from `$(…)` among its words."""
    removals = _removals(run)
    if command.pipeline in removals.pipelines:
        return True
    before = bisect_left(removals.starts, command.start)
    return command.nested and before > 0 and command.start < removals.ends[before - 1]


class _Removals(NamedTuple):
    """The `rm` commands of a RUN: pipelines with one under `xargs`, and where each starts and ends."""

    pipelines: frozenset[int]
    starts: list[int]
    ends: list[int]


@once
def _removals(run: Run) -> _Removals:
    commands = sorted(run.calls("rm", "unlink"), key=lambda command: command.start)
    piped = frozenset(command.pipeline for command in commands if "xargs" in command.wrappers)
    return _Removals(piped, [command.start for command in commands], [command.end for command in commands])
