"""Modes that hold whatever a build sets: a folder's sticky bit, and what the base's start script closes again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model.puts import within
from rules.runtime.database_folders import folder_of_postgres, is_postgres_on_debian

if TYPE_CHECKING:
    from rules.api import Stage
    from rules.user.modes.granted import Grant

OPEN_ANYWAY = frozenset({"/tmp", "/var/tmp"})  # noqa: S108 - paths of an image
"""What images of every system have as `1777`."""
_LOGS = "/var/log/postgresql"
"""What Debian's postgresql-common makes `1775` (its postinst); it comes with each server and client of its packages."""


def newly_opened(stage: Stage, grant: Grant) -> Grant | None:
    """Return what of a grant lets others replace something in a container, and did not before.

    `a+rwx` leaves the sticky bit, which keeps others from deleting; a number takes it away. What the start script
    closes again before the program runs is open during the build alone.

    Args:
        stage: The stage that ships.
        grant: What one of its steps sets.
    """
    kept = tuple(path for path in grant.paths if not _stays_closed(stage, grant, path))
    if len(kept) == len(grant.paths):
        return grant
    return grant._replace(paths=kept, elsewhere=True) if kept else None


def _stays_closed(stage: Stage, grant: Grant, path: str) -> bool:
    place = (grant.full(path) or path).rstrip("/")
    if not grant.mode.text.isdigit() and (place in OPEN_ANYWAY or _has_sticky_logs(stage, grant, place)):
        return True
    data = _closed_at_the_start(stage)
    return data is not None and within(place, data)


def _has_sticky_logs(stage: Stage, grant: Grant, place: str) -> bool:
    """Whether it is the folder of PostgreSQL's logs, of an image that has it from Debian's package."""
    return place == _LOGS and not grant.recursive and is_postgres_on_debian(stage)


def _closed_at_the_start(stage: Stage) -> str | None:
    """Return PostgreSQL's folder where the container starts the server: for another command it is left alone."""
    cmd = stage.image.cmd
    if not cmd.set_in_file:
        return folder_of_postgres(stage)
    word = cmd.value.words[0] if cmd.value and cmd.value.form == "exec" else ""
    return folder_of_postgres(stage) if word == "postgres" or word.startswith("-") else None
