"""Builds that other files of the repository describe: which Dockerfile, which context, which target."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from rules import bake, yamls
from rules.model.audience import is_development_file, is_development_name, is_development_start, is_production_name

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose[^/]*\.ya?ml$")
_WORKFLOW = re.compile(r"^\.github/workflows/[^/]+\.ya?ml$|(?:^|/)\.gitlab-ci\.ya?ml$")
_SKAFFOLD = re.compile(r"(?:^|/)skaffold[^/]*\.ya?ml$")
_BAKE = re.compile(r"(?:^|/)docker-bake[^/]*\.(?:hcl|json)$")
_SCRIPT = re.compile(r"(?:^|/)(?:GNU)?[Mm]akefile$|\.mk$|(?:^|/)[Jj]ustfile$|(?:^|/)Taskfile\.ya?ml$")
_ENVIRONMENTS = ("NODE_ENV", "RAILS_ENV", "RACK_ENV", "APP_ENV", "FLASK_ENV", "ASPNETCORE_ENVIRONMENT", "MIX_ENV")
_DEVELOPERS = frozenset({"development", "dev", "test", "testing"})
"""Values of those variables outside production."""


class Build(NamedTuple):
    """One build of one Dockerfile.

    Attributes:
        dockerfile: Its path in the repository.
        context: The context folder, `` for the root.
        target: The stage, empty for the last; with a `$` where a variable or a matrix names it.
        args: Build arguments that are given, by name; `None` where the value comes from the environment.
        path: The file that describes the build.
        line: Where, from 1: the line of the target if one is named.
        contexts: Names of additional contexts, which `COPY --from` may use.
        command: Whether the file gives its own command for the image (compose `command` or `entrypoint`).
        platforms: How many platforms are built; 0 when not said.
        init: Whether the container gets an init as process 1 (compose `init: true`).
        environment: Names of the variables that the container gets (compose `environment`).
        mounts: Absolute paths in the container where volumes and folders are mounted (compose `volumes`, `tmpfs` not).
        folders: Those of the mounts that are folders of the host, with the owner that they have there.
        probe: What the container's health is asked with, as a shell has it (compose `healthcheck`); empty for none.
        probe_line: Where it is written, from 1.
        images: What the image is called: compose `image`, `docker build --tag`, `tags` of a workflow.
        development: Whether it is for the one who writes the program: a compose file or service that says so by its
            name, by what it starts, or by its `NODE_ENV` and the like.
    """

    dockerfile: str
    context: str
    target: str
    args: dict[str, str | None]
    path: str
    line: int
    contexts: tuple[str, ...] = ()
    command: bool = False
    platforms: int = 0
    init: bool = False
    environment: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    probe: str = ""
    probe_line: int = 1
    images: tuple[str, ...] = ()
    development: bool = False


def builds_in(path: str, data: bytes) -> tuple[Build, ...]:
    """Return the builds that one file describes; empty for other files and for what cannot be read."""
    if len(data) > yamls.SIZE_LIMIT:
        return ()
    if COMPOSE.search(path):
        return tuple(_compose(path, yamls.read(data)))
    if _SKAFFOLD.search(path):
        return tuple(_skaffold(path, yamls.read(data)))
    if _BAKE.search(path):
        text = data.decode("utf-8", "replace")
        return tuple(_bake(path, text))
    if _WORKFLOW.search(path):
        return (*_workflow(path, yamls.read(data)), *_commands(path, data.decode("utf-8", "replace")))
    return tuple(_commands(path, data.decode("utf-8", "replace"))) if _SCRIPT.search(path) else ()


def _join(folder: str, path: str) -> str | None:
    """Join a relative path of a file; `None` for what leaves the repository, a URL or a variable."""
    if "://" in path or "$" in path or path.startswith(("git@", "/", "~", "{{")):
        return None
    joined = posixpath.normpath(posixpath.join(folder, path)) if path else folder
    if joined.startswith(".."):
        return None
    return "" if joined == "." else joined


def _dockerfile(context: str, name: str) -> str | None:
    return _join(context, name or "Dockerfile")


def _args(node: Any) -> dict[str, str | None]:
    if isinstance(node, dict):
        return {str(key): None if value is None else str(value) for key, value in node.items()}
    pairs = (str(item).partition("=") for item in yamls.sequence(node))
    return {name: value if equals else None for name, equals, value in pairs}


def _compose(path: str, document: Any) -> Iterator[Build]:
    """Read a compose file (Compose specification, "Build")."""
    folder = posixpath.dirname(path)
    for name, each in yamls.mapping(yamls.mapping(document).get("services")).items():
        service = yamls.mapping(each)
        settings = build_settings(service)
        places = build_places(folder, settings)
        if places is None:
            continue
        yield Build(
            *places,
            yamls.text(settings.get("target")),
            _args(settings.get("args")),
            path,
            yamls.line_of(settings, "target" if "target" in settings else "context"),
            tuple(_args(settings.get("additional_contexts"))),
            command=any(service.get(key) for key in ("command", "entrypoint")),
            platforms=len(yamls.sequence(settings.get("platforms"))),
            init=service.get("init") is True,
            environment=tuple(_args(service.get("environment"))),
            mounts=tuple(target for target, _ in _mounts(service.get("volumes"))),
            folders=tuple(target for target, host in _mounts(service.get("volumes")) if host),
            probe=_probe(service),
            probe_line=yamls.line_of(yamls.mapping(service.get("healthcheck")), "test"),
            images=tuple(filter(None, (yamls.text(service.get("image")),))),
            development=is_for_developers(path, yamls.text(name), service),
        )


def lines_of_other_images(data: bytes) -> tuple[range, ...]:
    """Return the lines of a compose file's services that run an image which no service of the file builds."""
    document = yamls.mapping(yamls.read(data))
    services = yamls.mapping(document.get("services"))
    built = {yamls.text(one.get("image")) for one in map(yamls.mapping, services.values()) if one.get("build")}
    starts = sorted(yamls.line_of(node, key) for node in (document, services) for key in node)
    found = []
    for name, each in services.items():
        service, start = yamls.mapping(each), yamls.line_of(services, name)
        if "image" in service and not service.get("build") and yamls.text(service["image"]) not in built:
            found.append(range(start, next((line for line in starts if line > start), len(data) + 1)))
    return tuple(found)


def build_settings(service: dict[str, Any]) -> dict[str, Any]:
    """Return the `build` of a compose service in its long form; empty where it builds no Dockerfile."""
    build = service.get("build")
    settings = {"context": build} if isinstance(build, str) else yamls.mapping(build)
    return {} if "dockerfile_inline" in settings else settings


def build_places(folder: str, settings: dict[str, Any]) -> tuple[str, str] | None:
    """Return the Dockerfile and the context of a `build` in a compose file's folder; `None` where they are unknown."""
    context = _join(folder, yamls.text(settings.get("context")) or ".") if settings else None
    dockerfile = _dockerfile(context, yamls.text(settings.get("dockerfile"))) if context is not None else None
    return (dockerfile, context) if dockerfile is not None and context is not None else None


def is_for_developers(path: str, name: str, service: dict[str, Any]) -> bool:
    """Whether a service is for the one who writes the program; not where its image is called the one for production."""
    if is_production_name(yamls.text(yamls.mapping(service.get("build")).get("target"))):
        return False
    command = service.get("command")
    started = yamls.text(command) or " ".join(map(yamls.text, yamls.sequence(command)))
    environment = _args(service.get("environment"))
    return (
        is_development_name(name)
        or is_development_file(path)
        or is_development_start(started)
        or any((environment.get(variable) or "").lower() in _DEVELOPERS for variable in _ENVIRONMENTS)
    )


def _probe(service: dict[str, Any]) -> str:
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


def _mounts(node: Any) -> Iterator[tuple[str, bool]]:
    """Yield the targets of a service's volumes, and whether the host's folder is mounted there.

    They have a short form (`source:/target:ro`) and a long one.
    """
    for item in yamls.sequence(node):
        long = yamls.mapping(item).get("target")
        parts = re.sub(r"\$\{[^}]*\}", "_", "" if long is not None else yamls.text(item)).split(":")
        target = yamls.text(long) or (parts[1] if len(parts) > 1 else parts[0])
        host = yamls.text(yamls.mapping(item).get("type")) == "bind" if long is not None else parts[0][:1] in "./~"
        if target.startswith("/"):
            yield posixpath.normpath(target), host and (long is not None or len(parts) > 1)


def _workflow(path: str, document: Any) -> Iterator[Build]:
    """Read the steps of a GitHub workflow that use `docker/build-push-action`."""
    for job in yamls.mapping(yamls.mapping(document).get("jobs")).values():
        for step in yamls.sequence(yamls.mapping(job).get("steps")):
            if "docker/build-push-action" not in yamls.text(yamls.mapping(step).get("uses")):
                continue
            given = yamls.mapping(step.get("with"))
            context = _join("", yamls.text(given.get("context")) or ".")
            file = yamls.text(given.get("file"))
            dockerfile = _join("", file) if file else _dockerfile(context or "", "")
            if dockerfile is None or context is None:
                continue
            yield Build(
                dockerfile,
                context,
                yamls.text(given.get("target")),
                _args(yamls.text(given.get("build-args")).splitlines()),
                path,
                yamls.line_of(given, "target" if "target" in given else "file" if file else "context"),
                _names(yamls.text(given.get("build-contexts"))),
                platforms=len([p for p in yamls.text(given.get("platforms")).split(",") if p.strip()]),
                images=tuple(yamls.text(given.get("tags")).replace(",", " ").split()),
            )


def _names(text: str) -> tuple[str, ...]:
    return tuple(line.partition("=")[0].strip() for line in text.splitlines() if "=" in line)


def _skaffold(path: str, document: Any) -> Iterator[Build]:
    """Read the artefacts of a skaffold file (skaffold.yaml reference, "build.artifacts.docker")."""
    folder = posixpath.dirname(path)
    for artifact in yamls.sequence(yamls.mapping(yamls.mapping(document).get("build")).get("artifacts")):
        item = yamls.mapping(artifact)
        docker = yamls.mapping(item.get("docker"))
        context = _join(folder, yamls.text(item.get("context")) or ".")
        dockerfile = _dockerfile(context, yamls.text(docker.get("dockerfile"))) if context is not None else None
        if dockerfile is not None and context is not None and "image" in item:
            line = yamls.line_of(docker, "target") if "target" in docker else yamls.line_of(item, "image")
            yield Build(
                dockerfile, context, yamls.text(docker.get("target")), _args(docker.get("buildArgs")), path, line
            )


def _bake(path: str, text: str) -> Iterator[Build]:
    """Read the targets of a bake file."""
    folder = posixpath.dirname(path)
    for each in bake.targets_in(path, text):
        context = _join(folder, each.context or ".")
        dockerfile = _dockerfile(context, each.dockerfile) if context is not None else None
        if dockerfile is not None and context is not None:
            yield Build(
                dockerfile, context, each.target, each.args, path, each.line, each.contexts, platforms=each.platforms
            )


_COMMAND = re.compile(
    r"\b(?:docker|podman|buildah|nerdctl)\s+(?:buildx\s+|image\s+)?(?:build|bud)\b(?P<rest>(?:[^\n\\;&|]|\\\n|\\)*)"
)
_OPTION = re.compile(r"(?P<name>--target|--tag|--file|-f|-t|--build-arg|--build-context)[= ]\s*(?P<value>[^\s\"']+)")
_VALUED = re.compile(r"\s(?:--[\w-]+|-[a-z])(?:=\S+|\s+(?![-.])\S+)?")


def _commands(path: str, text: str) -> Iterator[Build]:
    """Read `docker build` calls of scripts, Make files and workflows, as far as literal options go."""
    folder = posixpath.dirname(path) if not path.startswith(".github/") else ""
    for match in _COMMAND.finditer(text):
        rest = match["rest"].replace("\\\n", " ")
        options = [(option["name"], option["value"]) for option in _OPTION.finditer(rest)]
        target = next((value for name, value in options if name == "--target"), "")
        file = next((value for name, value in options if name in ("--file", "-f")), "")
        words = _VALUED.sub(" ", f" {rest}").split()
        context = _join(folder, words[-1] if words else ".")
        dockerfile = _join(folder, file) if file else _dockerfile(context or "", "")
        if dockerfile is None or context is None:
            continue
        args = _args([value for name, value in options if name == "--build-arg"])
        contexts = tuple(value.partition("=")[0] for name, value in options if name == "--build-context")
        images = tuple(value for name, value in options if name in ("--tag", "-t"))
        line = text.count("\n", 0, match.start()) + 1
        yield Build(dockerfile, context, target, args, path, line, contexts, images=images)
