"""See copy_destination_changed.md."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Severity,
    Stage,
    once,
    quote,
    rule,
    within,
)
from rules.copying.uses import Use, uses_of


class _Moved(NamedTuple):
    """A source that lands elsewhere than before.

    Attributes:
        was: The COPY before the change.
        now: The COPY after it.
        old: Where it landed.
        new: Where it lands.
    """

    was: Copy
    now: Copy
    old: str
    new: str


@rule(
    "copy-destination-changed",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change copies the same files to another place, and the old place is still used, or nothing says why."""
    for stage, was in change.shipped():
        if was is None or stage.image.workdir.value != was.image.workdir.value:
            continue
        moves = list(_moves(stage, was))
        prefixes = {(posixpath.dirname(move.old), posixpath.dirname(move.new)) for move in moves}
        for move in moves if len(moves) == 1 or len(prefixes) > 1 else ():
            problem = _problem(stage, was, move)
            if problem is not None:
                yield problem


def _moves(stage: Stage, was: Stage) -> Iterator[_Moved]:
    """Yield the sources of one name that land elsewhere, where the old place is empty now."""
    places = _places(stage)
    for key, (copy, old) in _places(was).items():
        if key not in places:
            continue
        now, new = places[key]
        if new != old and now.workdir.value == copy.workdir.value and not _is_brought(stage, was, old, now):
            yield _Moved(copy, now, old, new)


def _is_brought(stage: Stage, was: Stage, path: str, moved: Copy) -> bool:
    """Whether something else brings the old place that did not bring it before."""
    then = _put(was)
    return any(
        put.kind != "workdir" and put.step is not moved and (put.path, put.kind, put.source) not in then
        for put in stage.files.covering(path)
    )


@once
def _put(stage: Stage) -> frozenset[tuple[str, str, str]]:
    return frozenset((put.path, put.kind, put.source) for put in stage.files.puts)


def _places(stage: Stage) -> dict[tuple[str, str], tuple[Copy, str]]:
    """Return where each source lands: by origin and path; one that lands in several places is left out."""
    found: dict[tuple[str, str], list[tuple[Copy, str]]] = {}
    for copy in stage.all_copies:
        if copy.deferred:
            continue
        for source in copy.sources:
            path, target = copy.source_path(source), copy.target_of(source)
            if path is None or target is None or source.is_root or source.has_wildcard:
                continue
            folder = source.word.text.endswith("/")  # whose contents land in the folder itself
            if folder or not copy.into_folder or target != copy.destination:  # else the name inside is not known
                found.setdefault((copy.from_text or "", path), []).append((copy, target))
    return {key: items[0] for key, items in found.items() if len(items) == 1}


def _problem(stage: Stage, was: Stage, move: _Moved) -> Problem | None:
    use = next((use for use in uses_of(stage, move.old) if _is_missed(stage, move, use)), None)
    if use is None and not _is_alone(stage, was, move):
        return None
    then = (
        f"{quote(use.instruction.keyword)} still speaks of the old place ({quote(use.word)})."
        if use is not None
        else "Nothing else in this file changed along with it. Check that the program looks there."
    )
    return Problem(
        move.now.instruction.span,
        f"{stage.label} copies {quote(move.now.sources[0].word.text)} to {quote(move.new)} now, not to "
        f"{quote(move.old)}. {then}",
        Confidence.LIKELY if use is not None else Confidence.POSSIBLE,
        doubt="the program may look in the new place by itself",
        instruction=move.now.instruction,
        stage=stage.key,
        key=move.old,
        notes=(Note(move.was.instruction.span, "copied there before", before=True),),
    )


def _is_missed(stage: Stage, move: _Moved, use: Use) -> bool:
    """Whether nothing else brings the very file that is spoken of, below the old place."""
    folder = stage.image.workdir.value or "/"
    path = move.old if use.instruction.keyword == "ENV" else posixpath.normpath(posixpath.join(folder, use.word))
    return not any(put.kind != "workdir" and put.step is not move.now for put in stage.files.covering(path))


def _is_alone(stage: Stage, was: Stage, move: _Moved) -> bool:
    """Whether a start command and environment that say nothing of the new place stayed as they were."""
    if next(uses_of(stage, move.new), None) is not None or next(uses_of(was, move.old), None) is not None:
        return False
    if move.now.from_stage is None or within(move.new, move.old) or within(move.old, move.new):
        return False
    then = [str(s.instruction) for s in was.image.start_command]
    return then == [str(s.instruction) for s in stage.image.start_command]
