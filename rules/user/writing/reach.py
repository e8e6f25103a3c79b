"""Which folders keep other accounts than their owner away from all that lies below."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.puts import folders_of, within
from rules.user.modes.resulting import after

if TYPE_CHECKING:
    from rules.model.stage import Stage

ROOTS_HOME = "/root"
"""Mode 0700 in the images of Debian, Ubuntu, Alpine and distroless, 0550 in those of Red Hat."""
_PASS = 0o001
"""What lets those in who are neither owner nor in the group."""


def closed_above(stage: Stage, path: str) -> str | None:
    """Return a folder above a path that lets no other account through than its owner and group.

    Root's home is one, where the stage stands on a system and does not open it; so is one to which a RUN gives such a
    mode. What the mode of the path itself gives to others is then out of their reach.

    Args:
        stage: The stage at whose end it is looked at.
        path: Absolute.

    Returns:
        The folder, absolute; `None` where none is known.
    """
    above = folders_of(posixpath.dirname(path.rstrip("/")))
    return next((folder for folder in above if folder and _is_closed(stage, folder)), None)


def is_roots_home_closed(stage: Stage) -> bool:
    """Tell whether nobody but root gets into `/root`: the stage neither opens it nor gives it to somebody else."""
    given = any(
        row.kind != "chmod" and row.path and within(ROOTS_HOME, row.path) for row in stage.files.attribute_changes
    )
    return not given and _is_closed(stage, ROOTS_HOME)


def _is_closed(stage: Stage, folder: str) -> bool:
    """Whether the last mode that a folder gets keeps others out, or it is root's home and gets none."""
    modes = _modes(stage)
    given = [modes.whole[above] for above in folders_of(folder) if above in modes.whole]
    given += [modes.own[folder]] if folder in modes.own else []
    if given:
        return not max(given).lets
    return folder == ROOTS_HOME and not _is_bare(stage)


def _is_bare(stage: Stage) -> bool:
    """Whether nothing brings the folders of a system: `scratch`, without the whole file system of another stage."""
    return stage.root.is_scratch and not any(put.tree for put in stage.files.at("/"))


class _Given(NamedTuple):
    """A mode that a folder gets: in which place among all of the stage, and whether others can pass then."""

    place: int
    lets: bool


class _Modes(NamedTuple):
    """The last mode that tells of others, by path: for a folder itself, and for all below it."""

    own: dict[str, _Given]
    whole: dict[str, _Given]


@once
def _modes(stage: Stage) -> _Modes:
    found = _Modes({}, {})
    for place, row in enumerate(stage.files.attribute_changes):
        lets = _lets_others_in(row.value) if row.kind == "chmod" else None
        if lets is not None and row.path is not None:
            (found.whole if row.recursive else found.own)[row.path.rstrip("/")] = _Given(place, lets)
    return found


def _lets_others_in(mode: str) -> bool | None:
    """Whether those who are neither owner nor in the group pass a folder of a mode; `None` where it says nothing."""
    of_closed, of_open = after(mode, 0), after(mode, 0o777)
    told = of_closed >= 0 and of_closed & _PASS == of_open & _PASS  # else it leaves that as it was
    return bool(of_closed & _PASS) if told else None
