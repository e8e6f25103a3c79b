"""See copy_destination_changed.md."""

import posixpath
import re
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
    meet,
    once,
    quote,
    rule,
    within,
)
from rules.copying.uses import Use, handled, uses_of
from rules.model.search_path import path_folders

_GOES = re.compile(r"(?<![\w./-])cd[ \t]")


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
        if was is None:
            continue
        if stage.image.workdir.value != was.image.workdir.value:
            yield from _left_behind(stage, was)
            continue
        moves = [move for move in _moves(stage, was) if move.now.workdir.value == move.was.workdir.value]
        prefixes = {(posixpath.dirname(move.old), posixpath.dirname(move.new)) for move in moves}
        for move in moves if len(moves) == 1 or len(prefixes) > 1 else ():
            problem = _problem(stage, was, move)
            if problem is not None:
                yield problem


def _left_behind(stage: Stage, was: Stage) -> Iterator[Problem]:
    """Yield what moved along with the WORKDIR, where a variable or a command still has the old place written out."""
    said: set[int] = set()
    for move in _moves(stage, was):
        for use in uses_of(stage, move.old):
            if use.instruction.keyword == "ENV" and id(use.instruction) not in said and _is_missed(stage, move, use):
                said.add(id(use.instruction))
                yield _stated(stage, move, f"{quote('ENV')} still speaks of the old place ({quote(use.word)}).")
    if not said:
        yield from _prepared_in_vain(stage, was)


def _prepared_in_vain(stage: Stage, was: Stage) -> Iterator[Problem]:
    """Yield what prepares the old folder as it did before, where nothing but folders is left that were made there."""
    old, new = was.image.workdir.value or "/", stage.image.workdir.value or "/"
    move = next((move for move in _moves(stage, was) if within(move.old, old) and within(move.new, new)), None)
    then = {use.word for _, use in handled(was, old)} if move is not None and old != "/" else ()
    for path, use in handled(stage, old) if then else ():
        if use.word in then and _has_copies(was, path) and not _is_filled(stage, path) and move is not None:
            yield Problem(
                use.instruction.span,
                f"{stage.label} works in {quote(new)} now, not in {quote(old)}, and the files go along: "
                f"{quote(move.now.sources[0].word.text)} lands in {quote(move.new)}. {quote(use.word)} still speaks of "
                "the old place, where nothing of the program lies any more, and the new one goes without it. Change "
                "the path there too.",
                Confidence.LIKELY,
                doubt="the program may use the old folder too",
                instruction=use.instruction,
                stage=stage.key,
                key=use.word,
                notes=(Note(move.was.instruction.span, "copied there before", before=True),),
                decision=f"{old} {new}",
            )


def _has_copies(was: Stage, path: str) -> bool:
    return any(isinstance(put.step, Copy) for put in was.files.covering(path))


def _is_filled(stage: Stage, path: str) -> bool:
    """Whether a COPY, or a RUN that does more than make folders, brings something there."""
    return any(not put.makes_folder for put in stage.files.covering(path))


def _moves(stage: Stage, was: Stage) -> Iterator[_Moved]:
    """Yield the sources of one name that land elsewhere, where the old place is empty now."""
    places = _places(stage)
    for key, (copy, old) in _places(was).items():
        if key not in places:
            continue
        now, new = places[key]
        if new != old and not _is_brought(stage, was, _Moved(copy, now, old, new)):
            yield _Moved(copy, now, old, new)


def _is_brought(stage: Stage, was: Stage, move: _Moved) -> bool:
    """Whether something else brings the old place that did not bring it before.

    What lands in the new place, which may lie below the old one, does not, nor does a folder that is only made.
    """
    then = _put(was)
    below = within(move.new, move.old)
    return any(
        (put.path, put.kind, put.source) not in then
        for put in stage.files.covering(move.old)
        if put.step is not move.now and not put.makes_folder and not (below and within(put.path, move.new))
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
    if _is_filled_anew(stage, was, move):
        return None
    uses = (use for use in uses_of(stage, move.old) if not _is_found_again(stage, move, use))
    use = next((use for use in uses if _is_missed(stage, move, use)), None)
    if use is not None:
        then = f"{quote(use.instruction.keyword)} still speaks of the old place ({quote(use.word)})."
        return _stated(stage, move, then)
    if not _is_alone(stage, was, move):
        return None
    then = "Nothing else in this file changed along with it. Check that the program looks there."
    return _stated(stage, move, then, Confidence.POSSIBLE)


def _stated(stage: Stage, move: _Moved, then: str, confidence: Confidence = Confidence.LIKELY) -> Problem:
    return Problem(
        move.now.instruction.span,
        f"{stage.label} copies {quote(move.now.sources[0].word.text)} to {quote(move.new)} now, not to "
        f"{quote(move.old)}. {then}",
        confidence,
        doubt="the program may look in the new place by itself",
        instruction=move.now.instruction,
        stage=stage.key,
        key=move.old,
        notes=(Note(move.was.instruction.span, "copied there before", before=True),),
    )


def _is_filled_anew(stage: Stage, was: Stage, move: _Moved) -> bool:
    """Whether a RUN below, which is new, names the old place, as `make install PREFIX=/opt/app` does that fills it."""
    then = {str(run.instruction) for run in was.all_runs}
    named = re.compile(rf"(?<![\w./-]){re.escape(move.old)}(?:/[\w./-]*)?(?![\w.-])")
    below = (run.instruction for run in stage.all_runs if run.at > move.now.at and str(run.instruction) not in then)
    return any(not within(path.rstrip("/"), move.new) for run in below for path in named.findall(run.whole_value))


def _is_found_again(stage: Stage, move: _Moved, use: Use) -> bool:
    """Whether a start command goes to a folder first, or calls a program by its name that the new place also has."""
    if use.instruction.keyword != "ENV" and not use.word.startswith("/") and _GOES.search(use.instruction.whole_value):
        return True
    name, folder = posixpath.basename(move.new), posixpath.dirname(move.new)
    return use.instruction.keyword != "ENV" and use.word == name and folder in (path_folders(stage) or ())


def _is_missed(stage: Stage, move: _Moved, use: Use) -> bool:
    """Whether nothing else brings the very file that is spoken of, below the old place."""
    folder = stage.image.workdir.value or "/"
    path = move.old if use.instruction.keyword == "ENV" else posixpath.normpath(posixpath.join(folder, use.word))
    return not any(put.kind != "workdir" and put.step is not move.now for put in stage.files.covering(path))


def _is_alone(stage: Stage, was: Stage, move: _Moved) -> bool:
    """Whether a start command and environment that say nothing of the new place stayed as they were."""
    if next(uses_of(stage, move.new), None) is not None or next(uses_of(was, move.old), None) is not None:
        return False
    if move.now.from_stage is None or meet(move.new, move.old):
        return False
    then = [str(s.instruction) for s in was.image.start_command]
    return then == [str(s.instruction) for s in stage.image.start_command]
