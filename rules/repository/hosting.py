"""What hosting platforms build of a repository, and what they start: `heroku.yml`, `fly.toml`, `railway.json`."""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.repository import composes, yamls
from rules.repository.contexts import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOSTING = re.compile(r"heroku\.ya?ml|render\.ya?ml|fly(?:\.[\w-]+)?\.toml|railway\.(?:toml|json)")
"""Those in the root alone: further down nobody knows from which folder the platform is called."""
RAILWAY = "railway."
"""How the names of Railway's files begin."""
_TARGET = re.compile(rb"(?m)^[ \t]*build-target\b")
_BUILD = re.compile(rb"(?m)^[ \t]*\[build\b")


class Hosted(NamedTuple):
    """A build that a platform makes.

    Attributes:
        dockerfile: The Dockerfile's path in the repository.
        context: The context folder, `` for the root.
        target: The stage, empty for the last.
        args: Build arguments that are given, by name.
        command: What is started instead of the image's own command; empty for that.
        line: Where it is described, from 1.
    """

    dockerfile: str
    context: str
    target: str
    args: dict[str, str | None]
    command: str
    line: int


def is_hosting(path: str) -> bool:
    """Tell whether a file is one of a platform's."""
    return _HOSTING.fullmatch(path) is not None


def hosted(path: str, data: bytes) -> Iterator[Hosted]:
    """Yield the builds of a platform's file; none for another file, and for one that cannot be read."""
    if not is_hosting(path):
        return
    if path.startswith(RAILWAY):
        yield from _railway(path, data)
    elif path.endswith(".toml"):
        yield from _fly(data)
    elif path.startswith("heroku"):
        yield from _heroku(yamls.read(data))
    else:
        yield from _render(yamls.read(data))


def _heroku(document: Any) -> Iterator[Hosted]:
    """Read a Heroku manifest: each process builds in its Dockerfile's folder (Dev Center, "heroku.yml")."""
    top = yamls.mapping(document)
    build, run = yamls.mapping(top.get("build")), yamls.mapping(top.get("run"))
    args = composes.pairs(build.get("config"))
    for name, each in yamls.mapping(build.get("docker")).items():
        given = yamls.mapping(each)
        dockerfile = joined("", yamls.text(given.get("dockerfile")) or yamls.text(each))
        if dockerfile:
            starts = run.get(name)
            command = _command(yamls.mapping(starts).get("command", starts))
            target, context = yamls.text(given.get("target")), posixpath.dirname(dockerfile)
            line = yamls.line_of(given, "target") if target else yamls.line_of(build.get("docker"), name)
            yield Hosted(dockerfile, context, target, args, command, line)


def _render(document: Any) -> Iterator[Hosted]:
    """Read Render's services that are built by Docker (Render's documentation, "Blueprint YAML Reference")."""
    for each in yamls.sequence(yamls.mapping(document).get("services")):
        service = yamls.mapping(each)
        root = joined("", yamls.text(service.get("rootDir")) or ".")
        if "docker" not in (service.get("runtime"), service.get("env")) or root is None:
            continue
        dockerfile = joined(root, yamls.text(service.get("dockerfilePath")) or "Dockerfile")
        context = joined(root, yamls.text(service.get("dockerContext")) or ".")
        if dockerfile is not None and context is not None:
            command = _command(service.get("dockerCommand"))
            yield Hosted(dockerfile, context, "", {}, command, yamls.line_of(each, "type"))


def _railway(path: str, data: bytes) -> Iterator[Hosted]:
    """Read Railway's settings, which take the root's Dockerfile unless they name another builder.

    docs.railway.com, "Config as Code" and "Dockerfiles".
    """
    text = data.decode("utf-8", "replace")
    try:
        top = yamls.mapping(tomllib.loads(text) if path.endswith(".toml") else json.loads(text))
    except (ValueError, RecursionError):
        return
    build = yamls.mapping(top.get("build"))
    builder = yamls.text(build.get("builder")).upper()
    dockerfile = joined("", yamls.text(build.get("dockerfilePath")).lstrip("/") or "Dockerfile")
    if dockerfile is not None and builder in ("", "DOCKERFILE"):
        yield Hosted(dockerfile, "", "", {}, _command(yamls.mapping(top.get("deploy")).get("startCommand")), 1)


def _fly(data: bytes) -> Iterator[Hosted]:
    """Read Fly's settings: each process has its command, the image's where none is named (fly.io, "fly.toml")."""
    try:
        top = tomllib.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return
    build = yamls.mapping(top.get("build"))
    dockerfile = joined("", yamls.text(build.get("dockerfile")) or "Dockerfile")
    if dockerfile is None or not {"image", "builder", "buildpacks"}.isdisjoint(build):
        return
    args = composes.pairs(build.get("args"))
    own = _command(yamls.mapping(top.get("experimental")).get("cmd"))
    commands = [_command(one) for one in yamls.mapping(top.get("processes")).values()] or [own]
    place = _TARGET.search(data) or _BUILD.search(data)
    line = data.count(b"\n", 0, place.start()) + 1 if place is not None else 1
    for command in commands:
        yield Hosted(dockerfile, "", yamls.text(build.get("build-target")), args, command, line)


def _command(node: Any) -> str:
    """Return a command as a shell has it: a text, or the lines of one."""
    return yamls.text(node) or "; ".join(map(yamls.text, yamls.sequence(node)))
