"""What is on a stage's file system: what each instruction puts, deletes and re-owns."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.managers.words import without_braces
from rules.lazily import cached_property
from rules.model.folders import lands_in_folder
from rules.model.found_paths import HANDED, found_for
from rules.model.prunings import prunings_of
from rules.model.puts import Put, copied, folders_of, within
from rules.model.run_writes import is_opaque, written_by
from rules.model.steps import Copy, Run
from rules.model.work_folders import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage


class Deletion(NamedTuple):
    """Paths that a RUN deletes; the layers below keep what they hold."""

    path: str
    step: Run
    command: Command


class Attributes(NamedTuple):
    """A chown or chmod in a RUN.

    Attributes:
        path: Absolute; `None` when unknown, as of what `xargs` hands to the command.
        kind: `chown`, `chgrp` or `chmod`.
        value: Owner or mode as written; an owner in the old form `user.group` as `user:group`.
        recursive: Whether everything below is changed too.
        step: The RUN.
        command: The command.
        written: The path as written.
        find: The `find` that hands it to the command; everything that it finds is meant.
    """

    path: str | None
    kind: str
    value: str
    recursive: bool
    step: Run
    command: Command
    written: str
    find: Command | None = None


_NEVER = ((-1, -1), -1)


def _place(put: Put) -> tuple[tuple[int, int], int]:
    """Where something is put, to be compared with places of commands behind it."""
    return put.step.at, put.command.start if put.command is not None else -1


class Files:
    """The file system of one stage, its chain included."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @cached_property
    def puts(self) -> tuple[Put, ...]:
        """Everything that the chain puts, in order. What the base image holds is not listed."""
        for source in self._sources_unread():
            _ = source.files.puts
        found: list[Put] = []
        for step in self.stage.done_steps:
            if isinstance(step, Copy):
                found += copied(step)
            elif isinstance(step, Run):
                found += [
                    Put(write.path, "run", write.tree, write.checkout, "", step, write.command)
                    for write in written_by(step)
                ]
            elif step.instruction.keyword == "WORKDIR":
                path = step.resolve(step.scope.expand(step.instruction.value))
                if path is not None:
                    found.append(Put(path, "workdir", tree=False, whole=False, source="", step=step))
        return tuple(found)

    def _sources_unread(self) -> list[Stage]:
        """The stages that it needs and that were not read yet, the first one first: none needs one behind itself."""
        found: dict[int, Stage] = {}
        waiting = [self.stage]
        while waiting:
            for stage in waiting.pop().sources:
                if stage.index not in found and "puts" not in stage.files.__dict__:
                    found[stage.index] = stage
                    waiting.append(stage)
        return [found[index] for index in sorted(found)]

    def takes_in(self, copy: Copy) -> bool:
        """Tell whether the destination of a COPY is a folder for certain, so that a file ends below it."""
        return lands_in_folder(copy)

    @cached_property
    def whole_trees(self) -> tuple[Put, ...]:
        """The puts that bring the whole source tree, those left out of which a later command takes files again."""
        found = tuple(put for put in self.puts if put.whole)
        last = self._last_thinned if found else {}
        return tuple(put for put in found if not any(last.get(f, _NEVER) > _place(put) for f in folders_of(put.path)))

    @cached_property
    def _last_thinned(self) -> dict[str, tuple[tuple[int, int], int]]:
        """Where each folder, by its path without a slash behind, is deleted or pruned by pattern last."""
        found: dict[str, tuple[tuple[int, int], int]] = {}
        rows = [(deletion.path, deletion.step, deletion.command.start) for deletion in self.deletions]
        rows += [row for run in self.stage.done_runs for row in prunings_of(run)]
        for path, run, start in rows:
            folder = path.rstrip("/")
            found[folder] = max(found.get(folder, _NEVER), (run.at, start))
        return found

    def covering(self, path: str) -> tuple[Put, ...]:
        """Return the puts that may hold a path: at it, above it as a tree, or below it."""
        above = (place for folder in folders_of(path) for place in self._trees.get(folder, ()))
        return tuple(self.puts[place] for place in sorted({*above, *self._at.get(path, ()), *self._below(path)}))

    def at(self, path: str) -> tuple[Put, ...]:
        """Return the puts at a path itself, in order."""
        return tuple(self.puts[place] for place in self._at.get(path, ()))

    def below(self, folder: str) -> tuple[Put, ...]:
        """Return the puts at or below a folder."""
        return tuple(self.puts[place] for place in sorted(self._below(folder)))

    @cached_property
    def _sorted(self) -> tuple[list[str], list[int]]:
        """The paths of the puts with a slash behind each, sorted, and the place of each in `puts`."""
        places = sorted(range(len(self.puts)), key=lambda place: f"{self.puts[place].path}/")
        return [f"{self.puts[place].path}/" for place in places], places

    def _below(self, folder: str) -> list[int]:
        """The places of the puts within a folder."""
        paths, places = self._sorted
        folder = folder.rstrip("/")
        if not folder:
            return places
        # The character behind the slash: every path that begins with the folder and a slash stands between the two.
        return places[bisect_left(paths, f"{folder}/") : bisect_left(paths, f"{folder}0")]

    @cached_property
    def _at(self) -> dict[str, list[int]]:
        """The places of the puts by their path."""
        found: dict[str, list[int]] = {}
        for place, put in enumerate(self.puts):
            found.setdefault(put.path, []).append(place)
        return found

    @cached_property
    def _trees(self) -> dict[str, list[int]]:
        """The places of the puts that are trees, by their path without a slash behind."""
        found: dict[str, list[int]] = {}
        for place, put in enumerate(self.puts):
            if put.tree:
                found.setdefault(put.path.rstrip("/"), []).append(place)
        return found

    def whole_tree_in(self, folder: str) -> Put | None:
        """Return the last put that filled a folder, or a folder below it, with the whole source tree."""
        return next((put for put in reversed(self.whole_trees) if within(put.path, folder)), None)

    @cached_property
    def opaque_commands(self) -> tuple[Command, ...]:
        """Commands of the chain that may write anywhere: build tools, scripts, unknown programs."""
        return tuple(command for run in self.stage.done_runs for command in run.commands if is_opaque(command))

    @cached_property
    def has_unreadable_run(self) -> bool:
        """Whether a RUN of the chain is in a language we do not read, or does not parse."""
        return not all(run.is_read for run in self.stage.done_runs)

    @cached_property
    def deletions(self) -> tuple[Deletion, ...]:
        """What RUNs of the chain delete with `rm`, or may: a command that does not surely run counts too.

        What surely is deleted, also by a pattern or a variable of the RUN, `rules.copying.deletions` tells.
        """
        return tuple(
            Deletion(path, run, command)
            for run in self.stage.done_runs
            for command in run.calls("rm", "unlink", "rmdir")
            for path in paths_of(run, command, valued=())
        )

    def is_deleted(self, path: str) -> bool:
        """Tell whether a RUN of the chain deletes a path, or a folder above it."""
        return not self._deleted.isdisjoint(folders_of(path))

    @cached_property
    def _deleted(self) -> frozenset[str]:
        return frozenset(deletion.path.rstrip("/") for deletion in self.deletions)

    @cached_property
    def attribute_changes(self) -> tuple[Attributes, ...]:
        """Every chown, chgrp and chmod in a RUN of the chain, a row for each path."""
        return tuple(
            row
            for run in self.stage.done_runs
            for command in run.calls("chown", "chgrp", "chmod")
            for row in changes_by(run, command)
        )


def changes_by(run: Run, command: Command) -> Iterator[Attributes]:
    """Yield what a chown, chgrp or chmod in a RUN changes, a row for each path."""
    operands = _operands(command)
    if not operands:
        return
    recursive = command.has("-R", "--recursive")
    value, *targets = operands
    wanted = _with_colon(value) if command.name == "chown" else value
    given = found_for(run, command) if all(target == HANDED for target in targets) else None
    if given is None or (command.name == "chmod" and given.type == "f"):  # which says nothing of the folders around
        for text in targets or _handed(command):
            path = _absolute(run, command, text) if text != HANDED else None
            yield Attributes(path, command.name, wanted, recursive, run, command, text)
        return
    for root in given.roots:
        deep = recursive or given.type != "d"
        yield Attributes(_absolute(run, command, root), command.name, wanted, deep, run, command, root, given.find)


_TAKES_AWAY = re.compile(r"-[rwxXst]+")
"""A mode that takes something away from everyone, which looks like an option: `chmod -x run.sh`."""


def _operands(command: Command) -> list[str]:
    """Return the owner or mode of a command, and the paths."""
    found = [word.value for word in command.operands(("--reference", "--from"))]
    if command.name != "chmod":
        return found
    return [word.value for word in command.args if _TAKES_AWAY.fullmatch(word.value)][:1] + found


def _handed(command: Command) -> tuple[str, ...]:
    """Return what stands for the paths of a command that names none: those that `xargs` hands to it."""
    return (HANDED,) if "xargs" in command.wrappers else ()


def _with_colon(owner: str) -> str:
    """Return an owner as `USER` and `COPY --chown` read it: they know no `user.group`, which `chown` still takes."""
    return owner if ":" in owner else owner.replace(".", ":", 1)


def _absolute(run: Run, command: Command, text: str) -> str | None:
    """Resolve a word of a command; `None` where it is not known, or nothing that a system takes for a path."""
    return run.resolve(path_of(run, command, text))


def paths_of(run: Run, command: Command, valued: tuple[str, ...]) -> tuple[str, ...]:
    """Return the operands of a command as absolute paths; those that cannot be known are left out."""
    words = (each for word in command.operands(valued) for each in without_braces(word.value))
    return tuple(path for word in words if (path := _absolute(run, command, word)) is not None)
