"""See classmap_before_sources.md.

Composer's documentation ("Autoloader optimization", level 2/A) says that an authoritative class map is all there is: a
class that is not in it does not exist.
"""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    once,
    quote,
    rule,
    within,
)
from rules.model.lineage import built_upon
from rules.model.work_folders import folder_of
from rules.packages.projects.texts import text_read

_AUTHORITATIVE = ("--classmap-authoritative", "-a")
_MANIFESTS = re.compile(r"composer\..*|\*\.(?:json|lock)|.*\.lock")
_MAPS = frozenset({"install", "update", "dump-autoload", "dumpautoload", "dump"})


@rule(
    "classmap-before-sources",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("composer",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Composer makes a final map of the classes before the project's own are there."""
    for stage in change.stages:
        for run in stage.runs:
            for command in run.calls("composer") if not run.deferred and not run.mounts else ():
                folder = _maps(run, command)
                if folder is None or _has_sources(stage, run, folder) or _maps_again(stage, run, command):
                    continue
                if _names_no_classes(text_read(change, run, posixpath.join(folder, "composer.json"))):
                    continue
                copy = _shipped_with(change, stage, run, folder)
                if copy is not None:
                    yield _problem(stage, run, command, copy)


def _maps(run: Run, command: Command) -> str | None:
    """Return the folder of which a command makes a map that is the last word, `None` for all others."""
    if command.subcommand not in _MAPS or not command.has(*_AUTHORITATIVE) or command.conditional:
        return None
    if command.has("--no-autoloader", "-d", "--working-dir"):
        return None
    return folder_of(run, command)


def _names_no_classes(manifest: str | None) -> bool:
    """Whether the project was read and has no classes of its own for Composer to find; files it loads by their path."""
    return manifest is not None and re.search(r'"(?:psr-[04]|classmap)"', manifest) is None


def _has_sources(stage: Stage, run: Run, folder: str) -> bool:
    """Whether more than single files lie in the folder, or may."""
    above = (put for put in stage.files.covering(folder) if put.tree and put.step.at <= run.at)
    return any(put.kind != "workdir" and not _MANIFESTS.fullmatch(posixpath.basename(put.source)) for put in above)


def _maps_again(stage: Stage, run: Run, command: Command) -> bool:
    """Whether the stage, or one that stands on it, has Composer make the map once more."""
    return _last_call(stage) > (run.at, command.start)


@once
def _last_call(stage: Stage) -> tuple[tuple[int, int], int]:
    """Where Composer is called last in a stage or one that stands on it, in whatever way."""
    heirs = built_upon(stage)
    calls = ((run.at, one.start) for heir in heirs for run in heir.runs for one in run.commands if _calls(one))
    return max(calls, default=((-1, -1), -1))


def _calls(command: Command) -> bool:
    return "composer" in str(command)


def _shipped_with(change: DockerfileChange, stage: Stage, run: Run, folder: str) -> Copy | None:
    """Return the COPY that brings the sources to where the map ships: below the install, or beside its `vendor`."""
    vendor = posixpath.join(folder, "vendor")
    for shipped in change.after.shipped:
        if stage in shipped.chain:
            found = _sources(shipped, folder, run.at)
            if found is not None:
                return found
        for copy in shipped.all_copies:
            paths = [copy.source_path(source) for source in copy.sources]
            if copy.from_stage is not None and stage in copy.from_stage.chain and vendor in paths and copy.destination:
                if _calls_composer(shipped):
                    return None
                return _sources(shipped, posixpath.dirname(copy.destination.rstrip("/")))
    return None


def _calls_composer(stage: Stage) -> bool:
    return any("composer" in run.instruction.whole_value for run in stage.done_runs)


def _sources(stage: Stage, folder: str, after: tuple[int, int] = (-1, -1)) -> Copy | None:
    """Return the first COPY, behind a step, that brings the project's folders from the build context into a folder."""
    puts = (put for put in stage.files.covering(folder) if _is_source(put, folder) and put.step.at > after)
    return next((put.step for put in puts if isinstance(put.step, Copy)), None)


def _is_source(put: Put, folder: str) -> bool:
    named = posixpath.basename(put.source)
    return put.kind == "context" and put.tree and within(put.path, folder) and not _MANIFESTS.fullmatch(named)


def _problem(stage: Stage, run: Run, command: Command, copy: Copy) -> Problem:
    option = next(name for name in _AUTHORITATIVE if command.has(name))
    return Problem(
        command.span,
        f"{stage.label} runs {quote(f'composer {command.subcommand} {option}')} where only the manifest is. The map of "
        "classes that it makes is final, and the project's own are not in it: PHP finds none of those that "
        f"{quote(str(copy.instruction))} brings. Make the map once they are there (`composer dump-autoload {option}`), "
        f"or leave {quote(option)} out.",
        Confidence.LIKELY,
        doubt="the program may load its classes by itself",
        instruction=run.instruction,
        stage=stage.key,
        notes=(Note(copy.instruction.span, "the sources come here"),),
    )
