"""Where the image of a database keeps its data, as a variable says that its start script reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.quoting import quote

if TYPE_CHECKING:
    from rules.api import Stage

_OF_POSTGRES = re.compile(
    r"(?:^|/)(?:postgres|postgis|pgvector|timescaledb(?:-ha)?|citus|pgrouting|supabase-postgres)$"
)
"""Images whose start script is that of the official one, by their names (docker-library/postgres, `PGDATA`)."""


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
