"""See add_instead_of_copy.md."""

import dataclasses
import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Fix,
    Model,
    Problem,
    Severity,
    Stage,
    mended_at_once,
    names_a_file,
    once,
    quote,
    replace,
    rule,
)

_ARCHIVE = re.compile(
    r"\.(?:tar|tgz|tbz2?|txz|tzst|tlz|t[gbx]z2?|tar\.(?:gz|bz2|xz|zst|lz\w*|Z)|gz|bz2|xz|zst|lzma|Z)$", re.IGNORECASE
)
_OPEN_TAR = re.compile(r"\*\.tar|\.tar\b.*\*")
"""A pattern for archives of whatever compression: `rootfs.tar.*`."""
_ZIPS = re.compile(r"\.(?:jar|war|ear|zip|whl|nupkg)[\"']*$", re.IGNORECASE)
"""Endings of zip archives, of which ADD unpacks none (Dockerfile reference, "ADD": tar archives alone)."""
_FOLDERS = (".d", ".dist-info", ".egg-info", ".git")
"""Endings that folders have by custom."""
_SEVERAL = 2
_ONLY_ADD = ("checksum", "unpack", "keep-git-dir")


@rule(
    "add-instead-of-copy",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("ADD",),
    aliases=("DL3020", "DS-0005", "CKV_DOCKER_4", "S7029"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """ADD copies local files that are no archives."""
    anew = change.before is None or not any(map(_plain_adds, change.before.stages))
    adds = [(stage, copy) for stage in change.stages for copy in _plain_adds(stage)]
    beside_files = anew and any(_is_file(change, copy) for _, copy in adds)
    told = [
        dataclasses.replace(
            _problem(change, stage, copy, beside_files=beside_files), held_before=_is_usual(stage, change.was(stage))
        )
        for stage, copy in adds
    ]
    if not any(stage.files_ship and not one.minor for (stage, _), one in zip(adds, told, strict=True)):
        told = [dataclasses.replace(one, minor=True) for one in told]
    yield from mended_at_once(told) if anew else told


@once
def _plain_adds(stage: Stage) -> tuple[Copy, ...]:
    return tuple(copy for copy in stage.copies if copy.is_add and _is_plain_copy(copy))


def _is_usual(stage: Stage, was: Stage | None) -> bool:
    """Whether the stage copies by `ADD` in several lines that the change leaves alone: one more follows them."""
    before = {str(copy.instruction) for copy in was.copies if copy.is_add} if was is not None else set()
    return sum(str(copy.instruction) in before for copy in _plain_adds(stage)) >= _SEVERAL


def _is_plain_copy(copy: Copy) -> bool:
    """Whether every source is a local file or folder that ADD treats as COPY does."""
    if any(copy.instruction.flag(name) is not None for name in _ONLY_ADD) or not copy.sources:
        return False
    return all(
        source.path is not None
        and not source.is_remote
        and not _ARCHIVE.search(source.path)
        and not _OPEN_TAR.search(source.path)
        for source in copy.sources
    )


def _is_file(change: DockerfileChange, copy: Copy) -> bool:
    """Whether one of the sources is surely a file, and none whose ending says that ADD takes it as it is."""
    named = (source for source in copy.sources if not _ZIPS.search(source.word.text))
    return any(names_a_file(source.path or "") and not _is_folder(change, copy, source) for source in named)


def _is_zips(copy: Copy) -> bool:
    return all(_ZIPS.search(source.word.text) for source in copy.sources)


def _is_folders(change: DockerfileChange, copy: Copy) -> bool:
    return all(_is_folder(change, copy, source) for source in copy.sources)


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, *, beside_files: bool) -> Problem:
    """Speak of one ADD; what may be a file is taken for one beside others that are, so that one comment tells all."""
    what = ", ".join(quote(source.word.text.strip("\"'")) for source in copy.sources[:3])
    written = [source.word.text.lstrip("\"'") for source in copy.sources]
    by_argument = any(text.startswith("$") and copy.scope.decided_by_argument(text) for text in written)
    span = copy.instruction.keyword_span
    lower = change.source.cut(span).islower()
    is_open = any((source.path or "").endswith("*") for source in copy.sources)
    is_alike = _is_zips(copy) or _is_folders(change, copy)
    is_file = _is_file(change, copy) or (beside_files and not is_alike)
    why = _why(change, copy, is_file=is_file)
    shown = why if not is_file or _is_file(change, copy) else why.replace("the file happens to be", "has that name")
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {what} with `ADD`. {shown}",
        Confidence.LIKELY if by_argument or is_open else Confidence.CERTAIN,
        doubt=BY_ARGUMENT if by_argument else "an archive may be called so, which `ADD` unpacks" if is_open else "",
        stage=stage.key,
        decision=why,
        key="ADD",  # the same decision for another path is not a new one
        severity=None if is_file else Severity.INFO,
        minor=not is_file,
        fix=Fix("Use COPY", (replace(change.source, span, "copy" if lower else "COPY"),)) if not is_open else None,
    )


def _why(change: DockerfileChange, copy: Copy, *, is_file: bool) -> str:
    if is_file:
        return (
            "`ADD` also unpacks archives and fetches URLs, so what lands in the image depends on what the file "
            "happens to be; `COPY` takes it as it is."
        )
    if _is_zips(copy):
        return "`ADD` unpacks tar archives, and no zip; `COPY` spares readers the question what is unpacked here."
    if _is_folders(change, copy):
        return "For a folder the two do the same; `COPY` spares readers the question what is unpacked or fetched here."
    return (
        "For folders and plain files the two do the same; `COPY` says so, and `ADD` would unpack an archive of that "
        "name."
    )


def _is_folder(change: DockerfileChange, copy: Copy, source: CopySource) -> bool:
    """Whether a source is a folder: by its spelling, or since something that is known lies below it."""
    path = copy.source_path(source)
    if path is None or (source.path or "").endswith(("/", ".")) or path.endswith(_FOLDERS):
        return True
    if any(other.startswith(f"{path}/") for other in _sources(change.after)) or _has_below(change, path):
        return True
    place = copy.destination or ""
    is_own_place = posixpath.basename(place) == posixpath.basename(path) and not copy.into_folder
    return is_own_place and copy.lands_in_folder


@once
def _sources(model: Model) -> frozenset[str]:
    """What is copied out of the build context, by path."""
    copies = (copy for stage in model.stages for copy in stage.copies if copy.from_context)
    return frozenset(path for copy in copies for source in copy.sources if (path := copy.source_path(source)))


def _has_below(change: DockerfileChange, path: str) -> bool:
    """Whether the repository, or a line of the ignore file, has something below a path of the build context."""
    repository = change.repository
    ignore = repository.dockerignore(change.path)
    if ignore is not None and any(pattern.text.startswith(f"{path}/") for pattern in ignore.patterns):
        return True
    places = repository.places_of(change.path, path)
    return any(
        place in repository.folders or any(name.startswith(f"{place}/") for name in repository.files)
        for place in places
    )
