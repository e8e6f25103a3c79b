"""Versions of databases of which one does not open the data folder of another.

PostgreSQL's manual ("Upgrading a PostgreSQL Cluster"): the storage format differs between major versions. MySQL's and
MariaDB's ("Downgrading") and MongoDB's ("Downgrade"): an older server does not start on what a newer one has written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Problem, meet, quote

if TYPE_CHECKING:
    from rules.api import DockerfileChange, ImageReference, Stage

_PG = re.compile(r"(?:^|-)pg(\d+)(?=$|\D)")
_NUMBERS = re.compile(r"(\d+)(?:\.(\d+))?(?=$|[.-])")


class _Server(NamedTuple):
    """A database.

    Attributes:
        name: As people write it.
        folder: Where its images keep the data, or the folder above.
        either_way: Whether a newer version refuses the data of an older one, too.
        programs: What starts it.
    """

    name: str
    folder: str
    either_way: bool
    programs: tuple[str, ...]


_POSTGRES = _Server("PostgreSQL", "/var/lib/postgresql", either_way=True, programs=("postgres",))
_IMAGES = {
    **dict.fromkeys(("postgres", "postgis/postgis", "pgvector/pgvector", "timescale/timescaledb"), _POSTGRES),
    "mysql": _Server("MySQL", "/var/lib/mysql", either_way=False, programs=("mysqld",)),
    "mariadb": _Server("MariaDB", "/var/lib/mysql", either_way=False, programs=("mariadbd", "mysqld")),
    "mongo": _Server("MongoDB", "/data/db", either_way=False, programs=("mongod",)),
}


def data_left_behind(change: DockerfileChange, stage: Stage, was: Stage) -> Problem | None:
    """Say that what ships runs a database that does not open the data which the one before has written."""
    server = _server(stage.reference)
    if server is None or server is not _server(was.reference) or stage.base_word is None or not _starts(stage, server):
        return None
    old, new = _version(was.reference), _version(stage.reference)
    if old is None or new is None or not (old[0] != new[0] if server.either_way else new < old):
        return None
    assert stage.reference is not None, "it has a server"
    assert was.reference is not None, "it has a server"
    path = _volume(change, server)
    kept = f"{quote(path)} keeps its data in a volume" if path is not None else "If a volume keeps its data"
    then = ", and" if path is not None else ","
    return Problem(
        stage.base_word.span,
        f"{stage.label} moves from {quote(was.reference.text)} to {quote(stage.reference.text)}. {kept}{then} "
        f"{server.name} {_shown(server, new)} does not start on what {_shown(server, old)} has written. Take the data "
        "over with a dump, or with the upgrade tool, into a new volume, and say so with this change.",
        Confidence.LIKELY if path is not None else Confidence.POSSIBLE,
        doubt="the data may have been taken over already" if path is not None else "",
        stage=stage.key,
        key=server.name,
    )


def _server(reference: ImageReference | None) -> _Server | None:
    return _IMAGES.get(reference.familiar) if reference is not None else None


def _version(reference: ImageReference | None) -> tuple[int, int] | None:
    """Return major and minor of the server that a tag names; `None` where it names none."""
    tag = (reference.tag if reference is not None else None) or ""
    found = _PG.search(tag)
    if found is not None:
        return int(found[1]), 0
    numbers = _NUMBERS.match(tag)
    if numbers is None or (reference is not None and reference.familiar == "timescale/timescaledb"):
        return None
    if numbers[2] is None and _is_short(reference):
        return None
    return int(numbers[1]), int(numbers[2] or 0)


def postgres_major(reference: ImageReference | None) -> int | None:
    """Return the major version of PostgreSQL that an image's tag names; `None` for other images."""
    version = _version(reference) if _server(reference) is _POSTGRES else None
    return version[0] if version is not None else None


def _is_short(reference: ImageReference | None) -> bool:
    """Whether a tag of one number leaves open which release it is, of a server whose minor releases count."""
    server = _server(reference)
    return server is not None and not server.either_way


def _shown(server: _Server, version: tuple[int, int]) -> str:
    return str(version[0]) if server.either_way else f"{version[0]}.{version[1]}"


def _starts(stage: Stage, server: _Server) -> bool:
    """Whether the container runs the server: the base image's own start, or one that names it."""
    written = [setting for setting in stage.image.start_command if setting.set_in_file]
    texts = [setting.value.text for setting in written if setting.value is not None]
    return not written or any(name in text for text in texts for name in (*server.programs, "docker-entrypoint"))


def _volume(change: DockerfileChange, server: _Server) -> str | None:
    """Return the file of the repository that mounts a volume at the data folder."""
    for build in change.repository.builds_of(change.path):
        if any(meet(mount, server.folder) for mount in build.mounts):
            return build.path
    return None
