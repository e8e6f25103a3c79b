"""Services of compose files whose containers are given what root alone has use for."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.repository import composes, yamls

if TYPE_CHECKING:
    from collections.abc import Iterator

_HINT = re.compile(
    rb"\b(?:privileged|cap_add|network_mode|pid|user|devices)[\"']?:|/(?:docker|podman|containerd)\.sock\b"
)
"""What a compose file must hold to be read once more."""
OF_ROOT = re.compile(r"(?:root|0+)(?::.*)?")
"""How a compose file writes root's account: by name or number, with a group or without."""
_SOCKET = re.compile(r"/(?:docker|podman|containerd)\.sock$")
"""The socket of the host's engine, which belongs to root and to a group whose number is another on each host."""
_SHARED = {"network_mode": "network", "pid": "processes"}


class Service(NamedTuple):
    """A service that somebody runs in production, with one thing of those.

    Attributes:
        path: The compose file.
        line: Where it stands, from 1.
        setting: As it is written: `privileged: true`.
        why: What root has to do with it, as a clause behind a comma; empty where it is plain.
        dockerfile: What its image is built from, where it says so.
        target: The stage that it builds, empty for the last.
        image: What its image is called.
    """

    path: str
    line: int
    setting: str
    why: str
    dockerfile: str | None
    target: str
    image: str


def services_in(path: str, data: bytes) -> tuple[Service, ...]:
    """Return those of one file; none for other files, and for what cannot be read."""
    if composes.IS_COMPOSE.search(path) is None or _HINT.search(data) is None:
        return ()
    return tuple(_services(path, yamls.read(data)))


def image_name(image: str) -> str:
    """Return an image's own name, without registry, folder, tag and digest; empty where a variable holds it."""
    name = re.split(r"[:@]", posixpath.basename(image.partition("@")[0]))[0].lower()
    return name if re.fullmatch(r"[\w.-]+", name) else ""


def _services(path: str, document: Any) -> Iterator[Service]:
    folder = posixpath.dirname(path)
    for name, each in yamls.mapping(yamls.mapping(document).get("services")).items():
        service = yamls.mapping(each)
        found = _of_root(service)
        if found is None or composes.is_for_developers(path, yamls.text(name), service):
            continue
        key, setting, why = found
        settings = composes.build_settings(service)
        places = composes.build_places(folder, settings)
        target, image = composes.target_of(settings), yamls.text(service.get("image"))
        line = yamls.line_of(service, key)
        yield Service(path, line, setting, why, places[0] if places else None, target, image)


def _of_root(service: dict[str, Any]) -> tuple[str, str, str] | None:
    """Return the setting's name, the setting as written, and what root has to do with it.

    Docker gives the capabilities of a container to its processes of root alone (moby/moby#38664).
    """
    if service.get("privileged") is True:
        return "privileged", "privileged: true", ", whose capabilities only root gets"
    added = [name for item in yamls.sequence(service.get("cap_add")) if (name := yamls.text(item))]
    if added:
        return "cap_add", f"cap_add: [{', '.join(added)}]", ", which only root gets"
    if OF_ROOT.fullmatch(yamls.text(service.get("user"))):
        return "user", f"user: {yamls.text(service.get('user'))}", ""
    if (owned := _of_hosts_root(service)) is not None:
        return *owned, ", which on the host belongs to root"
    shared = (key for key in ("pid", "network_mode") if yamls.text(service.get(key)) == "host")
    key = next(shared, None)
    return (key, f"{key}: host", f", and root may be needed for the host's {_SHARED[key]}") if key else None


def _of_hosts_root(service: dict[str, Any]) -> tuple[str, str] | None:
    """Return a device, or the socket of the host's engine, that a service is given, behind the setting's name."""
    for item in yamls.sequence(service.get("devices")):
        if (device := yamls.text(item).partition(":")[0]).startswith("/dev/"):
            return "devices", device
    for item in yamls.sequence(service.get("volumes")):
        long = yamls.mapping(item)
        source = yamls.text(long.get("source")) if long else yamls.text(item).partition(":")[0]
        if _SOCKET.search(source):
            return "volumes", source
    return None
