"""The ports on which the nginx of its official images listens by IPv4 alone, where all of its configuration was read.

nginx's "Module ngx_http_core_module" says of `listen` that an address of IPv6 stands in brackets; the images' start
script adds one to the configuration that they bring, and to no other (`10-listen-on-ipv6-by-default.sh`).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.brought import unedited
from rules.numbers import number_of
from rules.runtime.ports.nginx_text import FOLDER, INCLUDED, MAIN, directives, is_included

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.api import DockerfileChange, Put, Stage

_STOCK = {"nginx": 80, "nginxinc/nginx-unprivileged": 8080}
"""The port of the configuration that an image brings."""
_TEMPLATES = f"{FOLDER}/templates"
_SCRIPTS = "/docker-entrypoint.d"
_HARMLESS = frozenset({"rm", "mkdir", "chown", "chmod", "chgrp", "touch", "nginx"})
"""Commands that name nginx' folder and leave what its files say."""
_WITHOUT_PORTS = re.compile(r"(?:/etc/nginx/)?(?:mime\.types|\w+_params|modules/[\w*.]+)")
"""Files of the image's own that a configuration includes."""
_OF_IPV4 = re.compile(r"(?:(?:\*|0\.0\.0\.0|127\.0\.0\.1):)?(?P<port>\d+)")
_ANY_PORT = re.compile(r"\d+$")


class Listen(NamedTuple):
    """A port, and where a file of the project has nginx listen on it."""

    text: str
    path: str


def ipv4_alone(change: DockerfileChange, stage: Stage) -> Mapping[int, Listen]:
    """Return the ports that no address of IPv6 is listened on; none where something else may say so."""
    name = stage.facts.name if stage.facts is not None else ""
    if name not in _STOCK or _is_told_otherwise(change, stage):
        return {}
    texts = _texts(change, stage)
    if texts is None:
        return {}
    main = texts.get(MAIN)
    parted = main is None or _includes(main[1], INCLUDED)
    of_ipv4: dict[int, Listen] = {}
    others = {_STOCK[name]} if parted and _keeps_stock(stage, texts) else set[int]()
    for target, (path, text) in texts.items():
        if target != MAIN and not parted:
            continue
        if _reads_more(text):
            return {}
        for words in (one.words[1:] for one in directives(text) if one.words[0] == "listen"):
            match = _OF_IPV4.fullmatch(words[0]) if words else None
            port = _ANY_PORT.search(words[0]) if words else None
            if match is not None:
                of_ipv4.setdefault(number_of(match["port"]), Listen(f"listen {' '.join(words)};", path))
            elif port is not None and "$" not in words[0]:
                others.add(number_of(port[0]))
            else:
                return {}
    return {port: listen for port, listen in of_ipv4.items() if port not in others}


def _is_told_otherwise(change: DockerfileChange, stage: Stage) -> bool:
    """Whether something else than the files that a COPY brings may say what nginx reads."""
    image, files = stage.image, stage.files
    cmd = image.cmd.value.words if image.cmd.set_in_file and image.cmd.value is not None else ("nginx",)
    if image.entrypoint.set_in_file or posixpath.basename(cmd[0]) != "nginx" or "-c" in cmd:
        return True
    if files.has_unreadable_run or files.covering(_SCRIPTS):
        return True
    commands = [command for run in stage.done_runs for command in run.commands]
    if any(FOLDER in str(command) and command.name not in _HARMLESS for command in commands):
        return True
    builds = change.repository.builds_of(change.path)
    return any(mount.startswith(FOLDER) for build in builds for mount in build.mounts)


def _texts(change: DockerfileChange, stage: Stage) -> dict[str, tuple[str, str]] | None:
    """Return the files below nginx' folder by where they are read: each with its path in the repository, and its text.

    `None` where one was not read, or what is copied may be more than one file.
    """
    found: dict[str, tuple[str, str]] = {}
    for put in stage.files.covering(FOLDER):
        if put.makes_folder or (put.kind == "run" and put.command is not None and put.command.name in _HARMLESS):
            continue
        target = _read_as(put)
        file = unedited(change, stage, put.path) if target is not None else None
        if target is None or file is None:
            return None
        found[target] = (file.path, file.text)
    return found


def _read_as(put: Put) -> str | None:
    """Return where nginx reads a file that is put, a template as what the start script makes of it."""
    if posixpath.dirname(put.path) == _TEMPLATES and put.path.endswith(".conf.template"):
        return posixpath.join(INCLUDED, posixpath.basename(put.path).removesuffix(".template"))
    return put.path if put.path == MAIN or is_included(put.path) else None


def _keeps_stock(stage: Stage, texts: Mapping[str, tuple[str, str]]) -> bool:
    """Whether the configuration that the image brings may still be read."""
    stock = f"{INCLUDED}/default.conf"
    gone = {stock, INCLUDED, f"{INCLUDED}/*", f"{INCLUDED}/*.conf"}
    return stock not in texts and not any(deletion.path.rstrip("/") in gone for deletion in stage.files.deletions)


def _includes(text: str, folder: str) -> bool:
    return any(one.words[0] == "include" and folder in " ".join(one.words) for one in directives(text))


def _reads_more(text: str) -> bool:
    """Whether a configuration includes files that are not known."""
    included = [word for one in directives(text) if one.words[0] == "include" for word in one.words[1:]]
    return any(_WITHOUT_PORTS.fullmatch(one) is None and one != f"{INCLUDED}/*.conf" for one in included)
