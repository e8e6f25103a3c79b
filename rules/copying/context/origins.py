"""Where in the build context a path of an image comes from, through the stages that hand it on."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Copy, within
from rules.model.filenames import is_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.api import Put, Stage

_MOST = 100
"""Places in stages that are looked at for one path; where there are more, it counts as unknown."""


class Origin(NamedTuple):
    """What may bring a path.

    Attributes:
        paths: Paths of the build context that end there, if they exist.
        unknown: Whether something else may bring it: an image, a download, a command.
    """

    paths: frozenset[str]
    unknown: bool


def origin(stage: Stage, path: str) -> Origin:
    """Return where a path at the end of a stage comes from.

    Args:
        stage: The stage.
        path: Absolute.
    """
    paths: set[str] = set()
    waiting, seen = [(stage, path)], {(stage.index, path)}
    unknown = False
    while waiting:
        if len(seen) > _MOST:
            return Origin(frozenset(paths), unknown=True)
        place, wanted = waiting.pop()
        for put in place.files.covering(wanted):
            if put.makes_folder:
                continue
            places = inner(put, wanted)
            source = put.step.from_stage if isinstance(put.step, Copy) else None
            if places and put.kind == "context":
                paths.update(places)
            elif places and put.kind == "stage" and source is not None:
                waiting += [(source, each) for each in places if (source.index, each) not in seen]
                seen.update((source.index, each) for each in places)
            else:
                unknown = True
    return Origin(frozenset(paths), unknown)


def inner(put: Put, path: str) -> tuple[str, ...]:
    """Return the places in a copy's source that may end at a path; none where that cannot be told.

    A source may be a folder, whose contents land in the destination, or a file that lands there under its own name.
    """
    if not within(path, put.path) or is_pattern(put.source) or not put.source:
        return ()
    rest = posixpath.relpath(path, put.path)
    as_folder = posixpath.normpath(posixpath.join(put.source, rest))
    if rest.split("/")[0] != posixpath.basename(put.source.rstrip("/")):
        return (as_folder,)
    return as_folder, posixpath.normpath(posixpath.join(posixpath.dirname(put.source.rstrip("/")), rest))


def holds(files: Sequence[str], path: str) -> bool:
    """Tell whether a sorted list of files holds a path, as a file or as a folder with files in it."""
    at = bisect_left(files, path)
    if at < len(files) and files[at] == path:
        return True
    folder = f"{path}/" if path != "." else ""
    at = bisect_left(files, folder)
    return at < len(files) and files[at].startswith(folder)


def is_named_by_run(stage: Stage, path: str) -> bool:
    """Tell whether a RUN of the chain names what lies at a path by the end of it: it may make it."""
    name = posixpath.basename(path)
    return any(name in run.instruction.whole_value for run in stage.done_runs)
