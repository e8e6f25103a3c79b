"""See build_input_lost.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    CopySource,
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
)
from rules.base_image.purpose import compiles
from rules.copying.context.reading import reader_of
from rules.copying.unseen import builds_anew
from rules.matching.wording import normalised


@rule(
    "build-input-lost",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away a COPY whose files a RUN below still reads."""
    for stage, was in change.compared():
        if not _is_comparable(stage, was):
            continue
        told: set[int] = set()
        for copy in was.copies:
            if copy.deferred or copy.heredocs or _kind(copy) is None:
                continue
            for source in copy.sources:
                found = None if _is_kept(stage, copy, source) else _reader(stage, was, copy, source)
                if found is None or id(found[1]) in told:
                    continue
                left = not source.is_root and _has_left(change, copy, source)
                if left and posixpath.basename(source.path or "") not in str(found[1]):
                    continue  # a lock file that was given up: the tool reads it where it is there
                told.add(id(found[1]))
                yield _problem(stage, copy, source, *found, left=left)
                break


def _is_comparable(stage: Stage, was: Stage) -> bool:
    """Whether no instruction may bring the files that did not before."""
    if stage.root.base_text != was.root.base_text or stage.runtime.is_windows or len(stage.copies) >= len(was.copies):
        return False
    return not builds_anew(stage, was)


def _kind(copy: Copy) -> str | None:
    """Where a COPY takes from, as far as it can be compared; `None` for what is fetched, or not known."""
    return None if any(source.is_remote for source in copy.sources) else copy.from_text


def _is_kept(stage: Stage, copy: Copy, source: CopySource) -> bool:
    """Whether the stage still copies the source, to whatever place."""
    path = copy.source_path(source)
    if path is None or source.path is None or "$" in source.word.text:
        return True
    return (_kind(copy), path) in _kept(stage)


@once
def _kept(stage: Stage) -> frozenset[tuple[str | None, str | None]]:
    return frozenset((_kind(copy), copy.source_path(source)) for copy in stage.copies for source in copy.sources)


def _has_left(change: DockerfileChange, copy: Copy, source: CopySource) -> bool:
    """Whether the file that was copied out of the context has left the repository as well."""
    path = copy.source_path(source) if copy.from_context else None
    if path is None or source.has_wildcard:
        return False
    there = change.repository.holds_in_context(change.path, path)
    return there is False and change.repository_before.holds_in_context(change.path, path) is not False


def _reader(stage: Stage, was: Stage, copy: Copy, source: CopySource) -> tuple[Run, Command] | None:
    """Return the first RUN that stood below the COPY and reads what it brought, with the command."""
    places = _last_places(was)
    target = copy.target_of(source)
    if target is None:
        return None
    if source.has_wildcard:
        target = posixpath.join(target, posixpath.basename(source.path or ""))
    for run in stage.runs:
        stood_below = places.get(_wording(run), -1) > copy.index
        if run.deferred or not run.is_read or not stood_below or run.is_mounted(target):
            continue
        above = (put for put in stage.files.covering(target) if put.step.at < run.at)
        if any(_may_bring(put, source) for put in above):
            return None
        reader = _build_in(run, target) if source.is_root else _named_in(run, target)
        if reader is not None:
            return run, reader
    return None


def _may_bring(put: Put, source: CopySource) -> bool:
    """Whether something else brings the file; of a whole tree a single file, such as a manifest, is nothing."""
    return not put.makes_folder and put.path != "/" and (put.tree or not source.is_root)


@once
def _last_places(was: Stage) -> dict[str, int]:
    """Where the last RUN of each wording stands in a stage."""
    return {_wording(run): run.index for run in was.runs}


@once
def _wording(run: Run) -> str:
    """What a RUN says, whatever its layout: broken over other lines it is the same."""
    return normalised(run.instruction)


def _named_in(run: Run, target: str) -> Command | None:
    folder = run.workdir.value or "/"
    relative = posixpath.relpath(target, folder)
    return reader_of(run, target, target if relative.startswith("..") else relative)


def _build_in(run: Run, target: str) -> Command | None:
    """Return the build of the project whose whole sources are gone: one that runs where they lay."""
    if run.mounts and any(mount.type == "bind" for mount in run.mounts):
        return None
    here = (run.workdir.value or "/") == target
    return next((c for c in run.commands if here and compiles(c) and not c.conditional and not c.nested), None)


def _problem(stage: Stage, copy: Copy, source: CopySource, run: Run, reader: Command, *, left: bool) -> Problem:
    what = "the sources" if source.is_root else quote(source.word.text)
    needs = "has nothing to build then" if source.is_root else "still reads it"
    way_out = "It has left the repository as well: take it out here too." if left else "Copy it again above."
    return Problem(
        reader.span,
        f"{stage.label} no longer copies {what}: this change takes away {quote(str(copy.instruction), 80)}, and "
        f"nothing else above brings {'them' if source.is_root else 'it'}. {quote(str(reader), 60)} {needs}, so the "
        f"build stops here, or goes on without. {way_out}",
        Confidence.LIKELY,
        doubt="the base image may bring it",
        instruction=run.instruction,
        stage=stage.key,
        key=source.word.text,
        notes=(Note(copy.instruction.span, "copied here before", before=True),),
    )
