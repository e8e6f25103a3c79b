"""The services of a compose file: what each is built from, for whom it is, how it is started, mounted and probed.

Compose specification, "Services" and "Build".
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING, Any

from rules.model.audience import is_development_file, is_development_name, is_development_start, is_production_name
from rules.repository import yamls
from rules.repository.contexts import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

IS_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose[^/]*\.ya?ml$")
_ENVIRONMENTS = ("NODE_ENV", "RAILS_ENV", "RACK_ENV", "APP_ENV", "FLASK_ENV", "ASPNETCORE_ENVIRONMENT", "MIX_ENV")
_DEFAULT = re.compile(r"\$\{\w+:?-(?P<value>[^{}$]*)\}")
"""A variable with a default, as compose files have them (Compose specification, "Interpolation")."""
_DEVELOPERS = frozenset({"development", "dev", "test", "testing"})
"""Values of those variables outside production."""


def pairs(node: Any) -> dict[str, str | None]:
    """Return names with their values, of a mapping or a list of `NAME=value`; `None` for a name alone."""
    if isinstance(node, dict):
        return {str(key): None if value is None else str(value) for key, value in node.items()}
    items = (str(item).partition("=") for item in yamls.sequence(node))
    return {name: value if equals else None for name, equals, value in items}


def memory_of(node: Any) -> tuple[str, ...]:
    """Return where `tmpfs` mounts file systems in memory: one path or several, options behind a colon."""
    written = [node] if isinstance(node, str) else yamls.sequence(node)
    return tuple(str(one).partition(":")[0].rstrip("/") for one in written)


def build_settings(service: dict[str, Any]) -> dict[str, Any]:
    """Return the `build` of a compose service in its long form; empty where it builds no Dockerfile."""
    build = service.get("build")
    settings = {"context": build} if isinstance(build, str) else yamls.mapping(build)
    return {} if "dockerfile_inline" in settings else settings


def build_line(service: dict[str, Any]) -> int:
    """Return where a service's build is written, from 1: the line of the target if one is named."""
    own = build_settings(service)
    return yamls.line_of(own, "target" if "target" in own else "context")


def build_places(folder: str, settings: dict[str, Any]) -> tuple[str, str] | None:
    """Return the Dockerfile and the context of a `build` in a compose file's folder; `None` where they are unknown."""
    context = joined(folder, _plain(settings.get("context")) or ".") if settings else None
    dockerfile = joined(context, _plain(settings.get("dockerfile")) or "Dockerfile")
    return (dockerfile, context) if dockerfile is not None and context is not None else None


def target_of(settings: dict[str, Any]) -> str:
    """Return the stage that a `build` names; empty for the last."""
    return _plain(settings.get("target"))


def _plain(node: Any) -> str:
    """Return a scalar of a compose file with the defaults of its variables in their place."""
    return with_defaults(yamls.text(node))


def with_defaults(text: str) -> str:
    """Return a value of a compose file with the defaults of its variables in their place."""
    return _DEFAULT.sub(lambda found: found["value"], text)


def is_for_developers(path: str, name: str, service: dict[str, Any]) -> bool:
    """Whether a service is for the one who writes the program; not where its image is called the one for production.

    A target for developers says so where it is the default of a variable, which production sets.
    """
    settings = build_settings(service)
    target = target_of(settings)
    if is_production_name(target):
        return False
    if target != yamls.text(settings.get("target")) and is_development_name(target):
        return True
    started = _started(service.get("command"))
    environment = pairs(service.get("environment"))
    return (
        is_development_name(name)
        or is_development_file(path)
        or is_development_start(started)
        or any((environment.get(variable) or "").lower() in _DEVELOPERS for variable in _ENVIRONMENTS)
    )


def command_of(service: dict[str, Any]) -> str:
    """Return what a service starts instead of its image's own command: `entrypoint`, then `command`."""
    return " ".join(filter(None, (_started(service.get(key)) for key in ("entrypoint", "command"))))


def has_terminal(service: dict[str, Any]) -> bool:
    """Tell whether somebody is to type into a service's container."""
    return service.get("stdin_open") is True and service.get("tty") is True


def _started(node: Any) -> str:
    """Return a command as a shell has it: a text, or a list of words."""
    return (yamls.text(node) or shlex.join(map(yamls.text, yamls.sequence(node)))).replace("$$", "$")


def probe_of(service: dict[str, Any]) -> str:
    """Return the command of a service's health check: `test` is a shell's text, `["CMD-SHELL", …]` or `["CMD", …]`."""
    check = yamls.mapping(service.get("healthcheck"))
    test = check.get("test")
    if check.get("disable") is True:
        return ""
    if not isinstance(test, list):
        text = yamls.text(test)
    elif [yamls.text(word) for word in test[:1]] == ["CMD"]:
        text = shlex.join(map(yamls.text, test[1:]))
    else:
        text = yamls.text(test[1]) if len(test) > 1 and test[0] == "CMD-SHELL" else ""
    return text.replace("$$", "$")


_FOLDERS_OF_HOST = re.compile(r"\A\$(?:\{(?:PWD|HOME)\}|(?:PWD|HOME)\b)")
"""Variables that every shell has, and that name a folder: a source behind another one may be a volume's name."""


def mounts_of(node: Any) -> Iterator[tuple[str, bool]]:
    """Yield the targets of a service's volumes, and whether the host's folder is mounted there.

    They have a short form (`source:/target:ro`) and a long one.
    """
    for item in yamls.sequence(node):
        long = yamls.mapping(item).get("target")
        parts = re.sub(
            r"\$\{[^}]*\}", "_", _FOLDERS_OF_HOST.sub("./", "" if long is not None else yamls.text(item))
        ).split(":")
        target = yamls.text(long) or (parts[1] if len(parts) > 1 else parts[0])
        host = yamls.text(yamls.mapping(item).get("type")) == "bind" if long is not None else parts[0][:1] in "./~"
        if target.startswith("/"):
            yield posixpath.normpath(target), host and (long is not None or len(parts) > 1)


_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_SHORT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*):(?P<target>/[^:$]*)(?::rw)?")
"""A named volume that may be written to, in the short form: `data:/var/lib/shop`."""


def volumes_of(service: dict[str, Any], declared: Any) -> Iterator[str]:
    """Yield the targets of a service's named volumes, which Docker makes by itself and the container may write to.

    Args:
        service: The service.
        declared: The file's own `volumes`: what another driver, its options or somebody else makes is left out.
    """
    for item in yamls.sequence(service.get("volumes")):
        short, long = _SHORT.fullmatch(yamls.text(item)), yamls.mapping(item)
        name, target = short.group("name", "target") if short is not None else ("", "")
        if not long.keys() - {"type", "source", "target"} and yamls.text(long.get("type")) == "volume":
            name, target = yamls.text(long.get("source")), yamls.text(long.get("target"))
        made_otherwise = yamls.mapping(yamls.mapping(declared).get(name)).keys() - {"name", "labels"}
        if _NAME.fullmatch(name) and target.startswith("/") and "$" not in target and not made_otherwise:
            yield posixpath.normpath(target)


def lines_of_other_images(path: str, data: bytes, dockerfile: str) -> tuple[range, ...]:
    """Return the lines of a compose file's services that run another image than the one that a Dockerfile makes.

    They name one that no service of the file builds, or build another Dockerfile.
    """
    document = yamls.mapping(yamls.read(data))
    services = yamls.mapping(document.get("services"))
    built = {yamls.text(one.get("image")) for one in map(yamls.mapping, services.values()) if one.get("build")}
    starts = sorted(yamls.line_of(node, key) for node in (document, services) for key in node)
    found = []
    for name, each in services.items():
        service, start = yamls.mapping(each), yamls.line_of(services, name)
        foreign = not service.get("build") and yamls.text(service.get("image")) not in built
        places = build_places(posixpath.dirname(path), build_settings(service)) if service.get("build") else None
        if (foreign and "image" in service) or (places is not None and places[0] != dockerfile):
            found.append(range(start, next((line for line in starts if line > start), len(data) + 1)))
    return tuple(found)
