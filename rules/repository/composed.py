"""What the build of a compose service is put together from: the service that it extends, the file that it overrides.

Compose specification, "Extends" and "Merge".
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.repository import composes, yamls
from rules.repository.contexts import joined

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 5
"""Services that stand upon each other; more are a circle."""
_OVER = re.compile(r"(?P<base>(?:docker-)?compose)[.-].+\.ya?ml")
"""`compose.override.yaml`, and what is named in front of it: `docker-compose.prod.yml`."""


class Described(NamedTuple):
    """A service in its file.

    Attributes:
        path: The compose file.
        name: Its name.
        service: Its settings.
    """

    path: str
    name: str
    service: dict[str, Any]


def whole_build(one: Described, files: Mapping[str, bytes], most: int = _MOST) -> tuple[str, dict[str, Any]] | None:
    """Return the folder that a service's context is relative to, and its `build` with what it takes over.

    The `build` is empty where nothing is built; `None` where the service that is extended was not read.
    """
    folder, own = posixpath.dirname(one.path), composes.build_settings(one.service)
    if "context" in own or (not own and "extends" not in one.service):
        return folder, own
    base = _base(one, files)
    if base is None:
        return None if "extends" in one.service else (folder, own)
    below = whole_build(base, files, most - 1) if most else None
    if below is None:
        return None
    folder, inherited = below
    merged: dict[str, Any] = {
        key: {**composes.pairs(inherited[key]), **composes.pairs(own[key])}
        for key in ("args", "additional_contexts")
        if key in inherited and key in own
    }
    return folder, {**inherited, **own, **merged}


def _base(one: Described, files: Mapping[str, bytes]) -> Described | None:
    """Return the service that one extends, or that of its name in the file which its own overrides."""
    folder, file = posixpath.split(one.path)
    extended = one.service.get("extends")
    long = yamls.mapping(extended)
    if extended is not None:
        name = yamls.text(long.get("service")) if long else yamls.text(extended)
        place = joined(folder, yamls.text(long["file"])) if "file" in long else one.path
        return _service(place, name, files)
    over = _OVER.fullmatch(file)
    names = [f"{over['base']}.{end}" for end in ("yaml", "yml")] if over is not None else []
    return next((found for name in names if (found := _service(posixpath.join(folder, name), one.name, files))), None)


def _service(path: str | None, name: str, files: Mapping[str, bytes]) -> Described | None:
    data = files.get(path) if path is not None else None
    if path is None or data is None or len(data) > yamls.SIZE_LIMIT:
        return None
    services = yamls.mapping(yamls.mapping(yamls.read(data)).get("services"))
    return Described(path, name, yamls.mapping(services[name])) if name in services else None


def started_by_overrides(files: Mapping[str, bytes]) -> frozenset[str]:
    """Return the Dockerfiles of services to which a file that is laid over theirs gives a command.

    `docker-compose.prod.yml` may say no more of a service than what it starts.
    """
    found: set[str] = set()
    for path in (path for path in files if composes.IS_COMPOSE.search(path) and len(files[path]) <= yamls.SIZE_LIMIT):
        for name, each in yamls.mapping(yamls.mapping(yamls.read(files[path])).get("services")).items():
            service = yamls.mapping(each)
            if not composes.command_of(service) or not {"build", "image", "extends"}.isdisjoint(service):
                continue
            base = _base(Described(path, yamls.text(name), service), files)
            below = whole_build(base, files) if base is not None else None
            places = composes.build_places(*below) if below is not None else None
            found.update(places[:1] if places is not None else ())
    return frozenset(found)
