"""Builds of Go's that need a `go.sum`, which neither the repository nor the image has.

Since Go 1.16 a build changes neither `go.mod` nor `go.sum`, and stops where a sum is missing (its release notes).
Without arguments, `go mod download` has written none of what a build needs since 1.16.5 (golang/go 45332).
"""

from __future__ import annotations

import math
import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.context.absent import begins_elsewhere
from rules.copying.context.made_outside import WRITES_SUMS, is_made_where_images_are_built, may_be_made_outside
from rules.copying.context.possibly_there import begins_plain, may_be_made, may_be_there, runs_script_above
from rules.dockerfile.managers.words import SETTING
from rules.lazily import once
from rules.model.outcome import outcome_of_failure
from rules.packages.locks.go_projects import GoProject, project_of
from rules.packages.projects.files import context_folder, copied, in_repository
from rules.packages.versions.tools import go_version
from rules.quoting import quote
from rules.repository.contexts import folders_around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Run, Stage

SUMS = "go.sum"
_MANIFEST = "go.mod"
_BESIDE = (SUMS, "vendor", "go.work")
"""What a build takes sums from, or that makes it need none: it reads `vendor/` where there is one."""
_READS = frozenset({"build", "install", "test", "vet"})
_WRITES = frozenset({"get", "work"})
_SETTINGS = frozenset({"GOFLAGS", "GOWORK"})
_MODULES = "GO111MODULE"
_ARGUED = re.compile(r"-mod(?:file)?(?:=|\Z)|-C\Z|[^@]*@")
"""Words of a call that chooses another way, another project, or a module by its version."""
_FIRST_READONLY = (1, 16)
_REQUIRED = re.compile(r"(?m)^[ \t]*(?:require[ \t]+)?([\w~-]+\.[\w./~-]+)[ \t]+v\d")
_NOT_REQUIRED = re.compile(r"(?m)^(?:exclude|retract)[ \t]*\([^)]*\)")
_REPLACED = re.compile(r"(?m)^[ \t]*(?:replace[ \t]+)?([\w./~-]+)(?:[ \t]+v\S+)?[ \t]+=>")


def missing_sums(change: DockerfileChange) -> Iterator[tuple[Stage, Run, Command, str, str]]:
    """Yield the first build of a stage that lacks its sums: with the fact, as a clause, and the way out."""
    told: set[int] = set()
    for stage, run in change.after.layers.needed_runs:
        for command in run.calls("go"):
            if run.stage.index in told or not _reads_sums(run, command) or not begins_plain(run.stage):
                continue
            if _first_writer(run.stage) < command.start or runs_script_above(run.stage, command):
                continue
            project = project_of(change, run, command)
            found = _lack(change, run, command, project) if project is not None and _requires(project.text) else None
            if found is not None:
                told.add(run.stage.index)
                yield stage, run, command, *found


def _reads_sums(run: Run, command: Command) -> bool:
    """Whether it is a build that stops without them, by a Go that is known to be new enough."""
    if command.subcommand not in _READS or command.conditional or run.mounts or run.deferred:
        return False
    if _is_told_otherwise(run, command) or any(_ARGUED.match(word.value) for word in command.args):
        return False
    version = go_version(run.stage, run)
    new = "go" in run.stage.runtime.languages and (not version or version >= _FIRST_READONLY)
    return new and outcome_of_failure(run, command) == "stops"


def _is_told_otherwise(run: Run, command: Command) -> bool:
    """Whether a variable chooses another way to build, or builds without modules."""
    given = {name: word.value for name, word in command.assignments}
    inherited = run.scope.get(_MODULES)
    if _first_set(run) < command.start:
        return True
    modules = given.get(_MODULES, inherited.value if inherited is not None else "on")
    return modules not in ("on", "auto", "") or not _SETTINGS.isdisjoint((*given, *run.scope.variables))


@once
def _first_set(run: Run) -> float:
    """Where a RUN sets such a variable first: `export GOFLAGS=-mod=mod`."""
    setting = (one for one in run.commands if one.name in SETTING)
    names = {*_SETTINGS, _MODULES}
    return min((one.start for one in setting if any(name in names for name, _ in one.assignments)), default=math.inf)


@once
def _first_writer(stage: Stage) -> float:
    """Where the first call of Go in a chain stands that may write the sums; infinity where none does."""
    calls = ((run, call) for run in stage.all_runs for call in run.calls("go"))
    return min((call.start for run, call in calls if _writes(run, call)), default=math.inf)


def _writes(run: Run, call: Command) -> bool:
    words = [word.value for word in call.args if not word.value.startswith("-")]
    if words[:1] != ["mod"]:
        return words[:1] == [] or words[0] in _WRITES
    old = go_version(run.stage, run)[:2] == _FIRST_READONLY
    return words[1:] != ["verify"] and (old or words[1:] != ["download"])


def _requires(go_mod: str) -> bool:
    """Whether it asks for a module that no `replace` leads elsewhere."""
    return not set(_REQUIRED.findall(_NOT_REQUIRED.sub("", go_mod))) <= set(_REPLACED.findall(go_mod))


def _lack(change: DockerfileChange, run: Run, command: Command, project: GoProject) -> tuple[str, str] | None:
    stage, folder = run.stage, project.folder
    if copied(run, _MANIFEST, folder) is not None:
        if any(may_be_there(stage, run, command, posixpath.join(folder, name)) for name in _BESIDE):
            return _of_repository(change, run, command, folder)
        needed = quote(posixpath.join(folder, SUMS))
        return f"needs {needed}, and no instruction above brings that file", f"Copy {quote(SUMS)} in first."
    return _of_repository(change, run, command, folder)


def _of_repository(change: DockerfileChange, run: Run, command: Command, folder: str) -> tuple[str, str] | None:
    """Tell whether the sums would come with the sources, and the repository has none."""
    files, place = change.repository.context_files(change.path), context_folder(run, folder)
    if files is None or place is None or posixpath.join(place, _MANIFEST) not in files:
        return None
    beside = [posixpath.join(place, name) for name in _BESIDE]
    if any(file == name or file.startswith(f"{name}/") for file in files for name in beside):
        return None
    if any(posixpath.basename(file) == "go.work" for file in files) or _comes_otherwise(run, command, folder):
        return None
    manifest, sums = posixpath.join(place, _MANIFEST), beside[0]
    folders = tuple(folders_around(in_repository(change, manifest) or manifest))
    if is_made_where_images_are_built(change, WRITES_SUMS, folders):
        return None
    if any(may_be_made_outside(change, name) for name in beside) or begins_elsewhere(change, files, manifest, sums):
        return None
    return (
        f"needs {quote(SUMS)}, and the repository has none beside {quote(manifest)}",
        "Write one with `go mod tidy`, and commit it.",
    )


def _comes_otherwise(run: Run, command: Command, folder: str) -> bool:
    """Whether it is copied by its name or out of another place than the repository, or may be made."""
    path = posixpath.join(folder, SUMS)
    kinds = {put.kind for put in run.stage.files.covering(path)}
    named = any(posixpath.basename(put.source) == SUMS for put in run.stage.files.puts)
    return named or not kinds <= {"workdir", "context"} or may_be_made(run.stage, command, path)
