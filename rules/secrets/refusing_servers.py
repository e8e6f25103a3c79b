"""Database images whose own start refuses to run without a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.api import Stage

_REFUSING = {
    "postgres": (frozenset({"POSTGRES_PASSWORD"}), "POSTGRES_HOST_AUTH_METHOD"),
    "mysql": (frozenset({"MYSQL_ROOT_PASSWORD"}), "MYSQL_ALLOW_EMPTY_PASSWORD"),
    "mariadb": (frozenset({"MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"}), "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD"),
}
"""What each wants for a new database, and what lets it do without (`docker-entrypoint.sh` of the official images)."""


def refuses_without(stage: Stage | None, names: Iterable[str]) -> bool:
    """Tell whether a stage starts such a server, which wants all of the variables and has its own way to start."""
    facts = stage.facts if stage is not None else None
    known = _REFUSING.get(facts.name.removeprefix("library/")) if facts is not None else None
    if stage is None or known is None or stage.image.entrypoint.set_in_file:
        return False
    wanted, without = known
    return wanted.issuperset(names) and without not in stage.image.env
