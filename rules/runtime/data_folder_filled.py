"""See data_folder_filled.md.

docker-library/postgres, `docker-entrypoint.sh`: where `$PGDATA/PG_VERSION` is missing it calls `initdb`, which refuses
a folder that is not empty.
"""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Put,
    Severity,
    Stage,
    quote,
    rule,
    within,
)
from rules.runtime.database_folders import folder_of_postgres

_IS_DATA = ("PG_VERSION", "/base", "/global")
"""Parts of the paths of a database that was made before."""
_SETTINGS = {"postgresql.conf": "config_file", "pg_hba.conf": "hba_file", "pg_ident.conf": "ident_file"}
"""The settings that say where a file lies (PostgreSQL, "File Locations")."""


@rule(
    "data-folder-filled",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    mentions=("postgres", "postgis", "pgvector", "timescale"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file is put into PostgreSQL's data folder, which has to be empty for the database to be made."""
    for stage in change.after.shipped:
        folder = folder_of_postgres(stage)
        if not folder or _is_elsewhere(change, folder):
            continue
        put = next((one for one in stage.files.puts if _fills(one, folder)), None)
        if put is not None:
            yield _problem(stage, put, folder, may_hold_data=_may_hold_data(stage, folder))


def _is_elsewhere(change: DockerfileChange, folder: str) -> bool:
    """Whether a compose file names another folder, or mounts one of the host there, which gets nothing of the image."""
    builds = change.repository.builds_of(change.path)
    return any("PGDATA" in build.environment or folder in build.folders for build in builds)


def _fills(put: Put, folder: str) -> bool:
    """Whether a COPY puts a file there, other than a whole database that was made before."""
    brought = put.kind in ("context", "remote", "heredoc") and put.path != folder and within(put.path, folder)
    return brought and not any(mark in put.path for mark in _IS_DATA)


def _may_hold_data(stage: Stage, folder: str) -> bool:
    """Whether something else fills the folder itself, such as a copy of a whole database: then none is made."""
    return any(put.path == folder and put.kind in ("context", "stage", "remote", "run") for put in stage.files.puts)


def _problem(stage: Stage, put: Put, folder: str, *, may_hold_data: bool) -> Problem:
    setting = _SETTINGS.get(posixpath.basename(put.path))
    named = f" and name it in `CMD`: `postgres -c {setting}=<path>`;" if setting is not None else ","
    return Problem(
        put.step.instruction.span,
        f"{stage.label} puts {quote(put.path)} into PostgreSQL's data folder. At the first start the image's "
        f"entrypoint makes the database there, and `initdb` refuses a folder that holds something: “directory "
        f'"{folder}" exists but is not empty”. A volume that has a database hides the file. Copy it to another '
        f"folder{named} or write what is needed in a script below `/docker-entrypoint-initdb.d`.",
        Confidence.POSSIBLE if may_hold_data else Confidence.LIKELY,
        doubt="what is brought to the folder may be a whole database"
        if may_hold_data
        else "the container may start on a data folder of its own",
        instruction=put.step.instruction,
        stage=stage.key,
        key=put.path,
    )
