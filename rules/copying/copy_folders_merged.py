"""See copy_folders_merged.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Fix,
    Note,
    Problem,
    Put,
    Severity,
    Stage,
    names_a_file,
    quote,
    replace,
    rule,
    within,
)
from rules.copying.poured_uses import Need, still_needed
from rules.model.search_path import DEFAULT_PATH
from rules.packages.projects.files import in_repository
from rules.quoting import listed

_FOLDERS = frozenset(
    ".next .output assets components config data database dist docs fixtures i18n includes lib locale locales messages "
    "migrations models modules node_modules packages pages plugins prisma public resources routes schemas scripts src "
    "static templates tests translations vendor views web".split()
)
"""What folders of projects are called, and programs are not."""
_PROGRAMS = frozenset({"/", *DEFAULT_PATH})
_COMMENT = re.compile(r"^[ \t]*#", re.MULTILINE)
_MOST = 40
"""Sources of a COPY that are looked at."""
_NAMED = 4
"""Folders that a sentence can name."""


class _Poured(NamedTuple):
    """A source that had a folder of its own before the change.

    Attributes:
        source: As it is copied now.
        own: The path of its own, absolute.
        was: The COPY that put it there.
        sure: Whether it is known to be a folder: by the repository, the other stage, its name, or what reads it.
        need: What still reads something in it, where it is the only source.
    """

    source: CopySource
    own: str
    was: Copy
    sure: bool | None
    need: Need | None


@rule(
    "copy-folders-merged",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change copies several sources at once, which pours folders together that had a place of their own."""
    for stage in change.stages:
        was = change.was(stage)
        places = _places(was) if was is not None else {}
        for copy in stage.copies if places else ():
            if copy.deferred or copy.has_flag("parents") or not copy.into_folder:
                continue
            poured = list(_poured(change, stage, copy, places))
            alone = len(copy.sources) == 1 and not (copy.from_context and _is_started(stage, was, poured))
            if any(one.sure for one in poured) and not (alone and poured[0].need is None):
                meant = _is_meant(stage, was, poured)
                yield _problem(change, stage, copy, [one for one in poured if one.sure is not False], meant=meant)


def _is_started(stage: Stage, was: Stage | None, poured: list[_Poured]) -> bool:
    """Whether the start command, the same as before, names the folder: as a path, or as a module."""
    now, then = _starts(stage), _starts(was)
    return now == then and any(_names(now, one) for one in poured[:1])


def _is_meant(stage: Stage, was: Stage | None, poured: list[_Poured]) -> bool:
    """Whether the start command named one of the folders before the change, and does so no longer: it went along."""
    now, then = _starts(stage), _starts(was)
    return bool(now) and any(_names(then, one) and not _names(now, one) for one in poured)


def _starts(stage: Stage | None) -> list[str]:
    return [str(setting.instruction) for setting in stage.image.start_command] if stage is not None else []


def _names(starts: list[str], one: _Poured) -> bool:
    name = posixpath.basename(one.own)
    spoken = re.compile(rf"(?<![\w./-])(?:{re.escape(one.own)}|(?:\./)?{re.escape(name)})[./:]")
    return any(map(spoken.search, starts))


def _places(was: Stage) -> dict[tuple[str | None, str | None, str], Copy]:
    """Return the COPYs of one source to a place with the source's own name, by origin, source and place."""
    return {
        (copy.from_text, copy.source_path(copy.sources[0]), copy.destination): copy
        for copy in was.copies
        if copy.destination is not None and len(copy.sources) == 1 and not copy.deferred
    }


def _poured(
    change: DockerfileChange, stage: Stage, copy: Copy, places: dict[tuple[str | None, str | None, str], Copy]
) -> Iterator[_Poured]:
    """Yield the sources of a COPY that lay in a folder of their own name before the change."""
    for source in copy.sources[:_MOST]:
        path = copy.source_path(source)
        if path is None or copy.destination is None or source.has_wildcard or source.is_root:
            continue
        own = posixpath.join(copy.destination, posixpath.basename(path))
        was = places.get((copy.from_text, path, own))
        if was is None or _is_brought(stage, copy, own, was.stage):
            continue
        need = still_needed(stage, was.stage, copy, own) if len(copy.sources) == 1 else None
        if need is not None or not (_is_file(source) or copy.destination in _PROGRAMS):
            yield _Poured(source, own, was, need is not None or _is_folder(change, copy, path), need)


def _is_file(source: CopySource) -> bool:
    """Whether a source has the name of a file, or is written as a folder of which the contents are meant."""
    written = source.path or ""
    name = posixpath.basename(written)
    return written.endswith("/") or names_a_file(name) or name.isupper()


def _is_brought(stage: Stage, copy: Copy, own: str, was: Stage) -> bool:
    """Whether something else fills the place; what came out of another stage before as well did not do so then."""
    known = {(put.path, put.source) for put in was.files.covering(own) if put.kind == "stage"}
    return any(
        put.step is not copy and _may_hold(put, own) and not (put.kind == "stage" and (put.path, put.source) in known)
        for put in stage.files.covering(own)
    )


def _may_hold(put: Put, own: str) -> bool:
    """Whether something may bring the folder: not one that is only made, nor another part of the build context."""
    if put.makes_folder:
        return False
    return put.kind != "context" or put.whole or within(put.path, own)


def _is_folder(change: DockerfileChange, copy: Copy, path: str) -> bool | None:
    """Tell whether a source is a folder; `None` where nothing shows it."""
    if copy.from_context:
        place = in_repository(change, path)
        if change.repository.listing is not None and place is not None:
            nested = posixpath.join(place, posixpath.basename(place)) in change.repository.folders
            return place in change.repository.folders and not nested if change.repository.exists(place) else None
    elif copy.from_stage is not None:
        puts = copy.from_stage.files.below(path)
        if any(within(put.path, path) and put.path != path and put.kind != "workdir" for put in puts):
            return True
    return True if posixpath.basename(path) in _FOLDERS else None if copy.from_context else False


def _keyword(change: DockerfileChange, copy: Copy) -> str:
    """Return the keyword with the flags, as they are written."""
    return " ".join([copy.instruction.keyword, *(change.source.cut(flag.span) for flag in copy.instruction.flags)])


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, poured: list[_Poured], *, meant: bool) -> Problem:
    folder = copy.destination or ""
    names = listed([quote(one.source.word.text) for one in poured], _NAMED)
    first = poured[0]
    line = f"{_keyword(change, copy)} {first.source.word.text} {first.own}"
    needed = f", which {quote(first.need.text, 60)} (line {first.need.instruction.line}) needs" if first.need else ""
    known = change.repository.listing is not None and copy.from_context and all(one.sure for one in poured)
    together = (
        f"in one {quote(copy.instruction.keyword)}, which takes what is in a folder, not the folder itself: all of it "
        f"lands in {quote(folder)} side by side, files of one name overwrite each other,"
        if len(copy.sources) > 1
        else f"to {quote(folder)}. {quote(copy.instruction.keyword)} takes what is in a folder, not the folder itself,"
    )
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {names} {together} and {quote(first.own)} is no longer there{needed}. "
        f"Copy {'it' if len(poured) == 1 else 'each'} to a folder of its own, as before: {quote(line)}.",
        Confidence.POSSIBLE if meant else Confidence.CERTAIN if known else Confidence.LIKELY,
        doubt="what is copied may be files",
        instruction=copy.instruction,
        stage=stage.key,
        key=first.own,
        notes=tuple(Note(one.was.instruction.span, "had its own folder here", before=True) for one in poured),
        fix=_fix(change, copy, poured),
    )


def _fix(change: DockerfileChange, copy: Copy, poured: list[_Poured]) -> Fix | None:
    """Give each folder its own line; what is left stays together."""
    word = copy.destination_word
    if word is None or copy.instruction.exec_form is not None or copy.heredocs:
        return None
    if _COMMENT.search(change.source.cut(copy.instruction.span)):
        return None  # between its lines, which it would lose
    keyword = _keyword(change, copy)
    moved = {one.source.word.span for one in poured}
    rest = [source.word.text for source in copy.sources if source.word.span not in moved]
    lines = [f"{keyword} {' '.join(rest)} {word.text}"] if rest else []
    lines += [
        f"{keyword} {one.source.word.text} {posixpath.join(word.text, posixpath.basename(one.own))}" for one in poured
    ]
    return Fix("Give each folder its own place", (replace(change.source, copy.instruction.span, "\n".join(lines)),))
