"""Where the image of a database keeps its data, as its start script reads a variable that says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import ImageReference, Stage

_OF_POSTGRES = re.compile(
    r"(?:^|/)(?:postgres|postgis|pgvector|timescaledb(?:-ha)?|citus|pgrouting|supabase-postgres)$"
)
"""Images whose start script is that of the official one, by their names (docker-library/postgres, `PGDATA`)."""

_READ = frozenset({"postgres", "postgis/postgis", "pgvector/pgvector", "timescale/timescaledb"})
"""Those of them whose start script was read: the official one itself, in front of their own scripts."""
_FOLDER = "/var/lib/postgresql/data"
_MAJOR = re.compile(r"(?:^|pg)(\d+)(?=$|\D)")
_FIRST_ELSEWHERE = 18
"""The first major version whose images keep the data in a folder with its number (their README, `PGDATA`)."""


def folder_of_postgres(stage: Stage) -> str | None:
    """Return the folder in which the start script of PostgreSQL's images makes the database, closed to others.

    docker-library/postgres, `docker-entrypoint.sh`: `initdb` where `$PGDATA/PG_VERSION` is missing, and
    `chmod 00700 "$PGDATA"` at each start.

    Returns:
        The folder; `None` for another image, where the file has a start of its own, and where it is not known.
    """
    reference, entrypoint = stage.root.reference, stage.image.entrypoint
    if reference is None or reference.familiar not in _READ or (entrypoint.set_in_file and entrypoint.value):
        return None
    moved = stage.image.env.get("PGDATA")
    return moved.value if moved is not None and moved.set_in_file else _own_folder(reference)


def is_postgres_on_debian(stage: Stage) -> bool:
    """Tell whether it is one of PostgreSQL's own images with the packages of Debian; Timescale's is built on Alpine."""
    reference = stage.root.reference
    on_debian = _READ - {"timescale/timescaledb"}
    return reference is not None and reference.familiar in on_debian and "alpine" not in (reference.tag or "")


def _own_folder(reference: ImageReference) -> str | None:
    """Return the folder that an image of this tag fills by itself; `None` where that is another, or not known."""
    major = _MAJOR.search(reference.tag or "")
    return _FOLDER if major is not None and int(major[1]) < _FIRST_ELSEWHERE else None


def moved_data(stage: Stage, was: Stage, name: str) -> str | None:
    """Say that the database is looked for in another folder now, where a variable of the same image named it.

    Args:
        stage: The stage as it is now.
        was: The stage as it was.
        name: The variable that the file set before.
    """
    own, old = stage.image.env.get(name), was.image.env.get(name)
    image = stage.root.reference
    if name != "PGDATA" or image is None or was.root.reference is None or old is None or not old.value:
        return None
    if not all(_OF_POSTGRES.search(one.familiar) for one in (image, was.root.reference)):
        return None
    if (own is not None and own.set_in_file) or (stage.facts is not None and stage.facts.env.get(name) == old.value):
        return None
    return (
        f"the start script reads it: without it the database lies in the image's own folder, and with a volume at "
        f"{quote(old.value)} the container comes up with an empty one"
    )
