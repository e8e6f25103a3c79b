"""Paths that are given away and are links: `chmod -R` follows one that it is given, `chown -R` does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from rules.model.stage import Stage
    from rules.user.modes.granted import Grant

_LINKS = {
    "/var/run": "/run",
    "/var/lock": "/run/lock",
    "/var/mail": "/var/spool/mail",
    "/bin": "/usr/bin",
    "/sbin": "/usr/sbin",
    "/lib": "/usr/lib",
    "/lib64": "/usr/lib64",
}
"""Links in the images of Debian, Ubuntu, Fedora and Red Hat (base-files, filesystem); the first of Alpine, too."""


def paths_of(found: list[Grant]) -> list[str | None]:
    """Return the paths that are given, absolute; `None` for one that is not known."""
    return [grant.full(path) for grant in found for path in grant.paths]


def by_link(found: list[Grant]) -> str:
    """Say where a path leads that is a link: `chmod -R` follows one that it is given, and `chown -R` does not."""
    deep = [grant for grant in found if grant.recursive and grant.command is not None]
    links = dict.fromkeys(path for path in paths_of(deep) if path is not None and is_link(found[0].step.stage, path))
    if not links:
        return ""
    what = "is a link" if len(links) == 1 else "are links"
    places = dict.fromkeys(_LINKS.get(path, "") for path in links)
    real = f": name {listed(map(quote, places), None)}" if all(places) else ": name what it leads to"
    most = " in most images" if all(places) else ""
    named = listed(map(quote, links), None)
    return f" {named} {what}{most}, which `chown -R` and `chgrp -R` do not follow{real}."


def is_link(stage: Stage, path: str) -> bool:
    """Tell whether a path is a link in most images, or made one by the file."""
    return path in _LINKS or path in _links_made(stage)


@once
def _links_made(stage: Stage) -> frozenset[str]:
    """The links that RUNs of the chain make by name."""
    made = ((put.path, put.command) for put in stage.files.puts if put.command is not None)
    return frozenset(path for path, command in made if command.name == "ln" and command.has("-s", "--symbolic"))
