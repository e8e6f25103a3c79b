"""Builds that other files of the repository describe: which Dockerfile, which context, which target."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.model.audience import is_development_name
from rules.repository import bake, composes, hosting, kaniko, workflows, yamls
from rules.repository.composed import Described, whole_build
from rules.repository.contexts import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORKFLOW = re.compile(r"^\.github/workflows/[^/]+\.ya?ml$|(?:^|/)\.gitlab-ci\.ya?ml$")
_SKAFFOLD = re.compile(r"(?:^|/)skaffold[^/]*\.ya?ml$")
_BAKE = re.compile(r"(?:^|/)docker-bake[^/]*\.(?:hcl|json)$")
_SCRIPT = re.compile(r"(?:^|/)(?:GNU)?[Mm]akefile$|\.mk$|(?:^|/)[Jj]ustfile$|(?:^|/)Taskfile\.ya?ml$")


class Build(NamedTuple):
    """One build of one Dockerfile.

    Attributes:
        dockerfile: Its path in the repository.
        context: The context folder, `` for the root.
        target: The stage, empty for the last; with a `$` where a variable without a default names it.
        args: Build arguments that are given, by name; `None` where the value comes from the environment.
        path: The file that describes the build.
        line: Where, from 1: the line of the target if one is named.
        contexts: Names of additional contexts, which `COPY --from` may use.
        command: What the file starts instead of the image's own command, as a shell has it (compose `entrypoint` and
            `command`); empty for none.
        platforms: How many platforms are built; 0 when not said.
        init: Whether the container gets an init as process 1 (compose `init: true`).
        environment: Names of the variables that the container gets (compose `environment`).
        mounts: Absolute paths in the container where volumes and folders are mounted (compose `volumes`, `tmpfs` not).
        memory: Paths in the container where file systems in memory are mounted (compose `tmpfs`).
        folders: Those of the mounts that are folders of the host, with the owner that they have there.
        volumes: Those of the mounts that are named volumes, which Docker makes out of the image's folder.
        probe: What the container's health is asked with, as a shell has it (compose `healthcheck`); empty for none.
        probe_line: Where it is written, from 1.
        images: What the image is called: compose `image`, `docker build --tag`, `tags` of a workflow.
        user: The account that the container gets, as it is written (compose `user`); empty for none.
        stop_signal: The signal that ends the container in place of the image's own (compose `stop_signal`).
        has_terminal: Whether somebody is to type into the container (compose `stdin_open` and `tty`).
        development: Whether it is for the one who writes the program: a compose file or service that says so by its
            name, by what it starts, or by its `NODE_ENV` and the like; a target of that name that a default or a
            matrix chooses.
    """

    dockerfile: str
    context: str
    target: str
    args: dict[str, str | None]
    path: str
    line: int
    contexts: tuple[str, ...] = ()
    command: str = ""
    platforms: int = 0
    init: bool = False
    environment: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    probe: str = ""
    probe_line: int = 1
    images: tuple[str, ...] = ()
    user: str = ""
    stop_signal: str = ""
    has_terminal: bool = False
    development: bool = False


def builds_in(path: str, data: bytes, files: Mapping[str, bytes] | None = None) -> tuple[Build, ...]:
    """Return the builds that one file describes; empty for other files and for what cannot be read.

    Args:
        path: The file.
        data: What it holds.
        files: Those around it, in which a compose file may have what its services stand upon.
    """
    if len(data) > yamls.SIZE_LIMIT:
        return ()
    if composes.IS_COMPOSE.search(path):
        return tuple(_compose(path, yamls.read(data), {**(files or {}), path: data}))
    if _SKAFFOLD.search(path):
        return tuple(_skaffold(path, yamls.read(data)))
    if _BAKE.search(path):
        text = data.decode("utf-8", "replace")
        return tuple(_bake(path, text))
    if _WORKFLOW.search(path):
        text = data.decode("utf-8", "replace")
        return (*_workflow(path, yamls.read(data)), *builds_by_command(path, text), *_kaniko(path, text))
    by_command = builds_by_command(path, data.decode("utf-8", "replace")) if _SCRIPT.search(path) else None
    return tuple(_hosted(path, data) if by_command is None else by_command)


def _compose(path: str, document: Any, files: Mapping[str, bytes]) -> Iterator[Build]:
    """Read a compose file (Compose specification, "Build")."""
    for name, each in yamls.mapping(yamls.mapping(document).get("services")).items():
        service = yamls.mapping(each)
        folder, settings = whole_build(Described(path, yamls.text(name), service), files) or ("", {})
        places = composes.build_places(folder, settings)
        if places is None:
            continue
        yield Build(
            *places,
            composes.target_of(settings),
            composes.pairs(settings.get("args")),
            path,
            composes.build_line(service),
            tuple(composes.pairs(settings.get("additional_contexts"))),
            command=composes.command_of(service),
            platforms=len(yamls.sequence(settings.get("platforms"))),
            init=service.get("init") is True,
            environment=tuple(composes.pairs(service.get("environment"))),
            mounts=tuple(target for target, _ in composes.mounts_of(service.get("volumes"))),
            memory=composes.memory_of(service.get("tmpfs")),
            folders=tuple(target for target, host in composes.mounts_of(service.get("volumes")) if host),
            volumes=tuple(composes.volumes_of(service, yamls.mapping(document).get("volumes"))),
            probe=composes.probe_of(service),
            probe_line=yamls.line_of(yamls.mapping(service.get("healthcheck")), "test"),
            images=tuple(filter(None, (yamls.text(service.get("image")),))),
            user=yamls.text(service.get("user")),
            stop_signal=yamls.text(service.get("stop_signal")),
            has_terminal=composes.has_terminal(service),
            development=composes.is_for_developers(path, yamls.text(name), service),
        )


def _hosted(path: str, data: bytes) -> Iterator[Build]:
    """Read what a hosting platform builds and starts."""
    for one in hosting.hosted(path, data):
        yield Build(one.dockerfile, one.context, one.target, one.args, path, one.line, command=one.command)


def _kaniko(path: str, text: str) -> Iterator[Build]:
    """Read the calls of Kaniko's executor in a pipeline."""
    for call in kaniko.calls_in(text):
        line = text.count("\n", 0, call.start) + 1
        args = composes.pairs(call.args)
        yield Build(call.dockerfile, call.context, call.target, args, path, line, images=call.images)


def _workflow(path: str, document: Any) -> Iterator[Build]:
    """Read what a GitHub workflow builds by `docker/build-push-action`."""
    for given, chosen, line in workflows.image_builds(document):
        context = joined("", given.get("context") or ".")
        file = given.get("file")
        dockerfile = joined("", file) if file else joined(context, "Dockerfile")
        if dockerfile is None or context is None:
            continue
        target = given.get("target", "")
        yield Build(
            dockerfile,
            context,
            target,
            composes.pairs(given.get("build-args", "").splitlines()),
            path,
            line,
            _names(given.get("build-contexts", "")),
            platforms=len([p for p in given.get("platforms", "").split(",") if p.strip()]),
            images=tuple(filter(None, map(str.strip, given.get("tags", "").replace(",", "\n").splitlines()))),
            development=chosen and is_development_name(target),
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(line.partition("=")[0].strip() for line in text.splitlines() if "=" in line)


def _skaffold(path: str, document: Any) -> Iterator[Build]:
    """Read the artefacts of a skaffold file (skaffold.yaml reference, "build.artifacts.docker")."""
    folder = posixpath.dirname(path)
    for artifact in yamls.sequence(yamls.mapping(yamls.mapping(document).get("build")).get("artifacts")):
        item = yamls.mapping(artifact)
        docker = yamls.mapping(item.get("docker"))
        context = joined(folder, yamls.text(item.get("context")) or ".")
        dockerfile = joined(context, yamls.text(docker.get("dockerfile")) or "Dockerfile")
        if dockerfile is not None and context is not None and "image" in item:
            line = yamls.line_of(docker, "target") if "target" in docker else yamls.line_of(item, "image")
            target, args = yamls.text(docker.get("target")), composes.pairs(docker.get("buildArgs"))
            yield Build(dockerfile, context, target, args, path, line)


def _bake(path: str, text: str) -> Iterator[Build]:
    """Read the targets of a bake file."""
    folder = posixpath.dirname(path)
    for each in bake.targets_in(path, text):
        context = joined(folder, each.context or ".")
        dockerfile = joined(context, each.dockerfile or "Dockerfile")
        if dockerfile is not None and context is not None:
            yield Build(
                dockerfile, context, each.target, each.args, path, each.line, each.contexts, platforms=each.platforms
            )


COMMAND = re.compile(
    r"\b(?:docker|podman|buildah|nerdctl)\s+(?:buildx\s+|image\s+)?(?:build|bud)\b(?P<rest>(?:[^\n\\;&|]|\\\n|\\)*)"
)
_OPTION = re.compile(r"(?P<name>--target|--tag|--file|-f|-t|--build-arg|--build-context)[= ]\s*(?P<value>[^\s\"']+)")
_AROUND = re.compile(r"\s\d*>>?\s*\S+|\s\d>(?=\s)|\s#.*")
"""What a shell takes for itself: `> build.log`, what is left of `2>&1`, a comment."""
_QUOTES = "\"'`()"
"""What may stand around a call: `IMAGE=$(docker build -q .)`."""
_ALONE = r"--(?:load|push|pull|no-cache|rm|force-rm|quiet|squash|compress|check|debug|layers)|-q"
"""Options that take no value as the next word (docker-buildx-build(1), podman-build(1))."""
_VALUED = re.compile(rf"\s(?:(?:{_ALONE})(?:=\S+)?(?!\S)|(?:--[\w-]+|-[a-z])(?:=\S+|\s+(?!-|\.{{1,2}}(?!\S))\S+)?)")


def builds_of_scripts(files: Mapping[str, bytes]) -> Iterator[Build]:
    """Yield the builds that shell scripts call: of their own folder, and of the root, whichever has the Dockerfile.

    A script may go anywhere before it builds, so its contexts tell nothing, but the arguments that it passes do.
    """
    for path in sorted(files):
        if path.endswith((".sh", ".bash")):
            for place in dict.fromkeys((path, posixpath.basename(path))):
                yield from builds_by_command(place, files[path].decode("utf-8", "replace"))


def builds_by_command(path: str, text: str) -> Iterator[Build]:
    """Yield the builds of `docker build` calls of scripts, Make files and workflows, as far as literal options go."""
    folder = posixpath.dirname(path) if not path.startswith(".github/") else ""
    for match in COMMAND.finditer(text):
        rest = match["rest"].replace("\\\n", " ")
        options = [(option["name"], option["value"]) for option in _OPTION.finditer(rest)]
        target = next((value for name, value in options if name == "--target"), "")
        file = next((value for name, value in options if name in ("--file", "-f")), "")
        words = _VALUED.sub(" ", _AROUND.sub(" ", f" {rest} ")).split()
        if any(word[:1] in "-<" for word in words):
            continue  # the Dockerfile or the context comes in by a pipe
        context = joined(folder, words[-1].strip(_QUOTES) if words else ".")
        dockerfile = joined(folder, file) if file else joined(context, "Dockerfile")
        if dockerfile is None or context is None:
            continue
        args = composes.pairs([value for name, value in options if name == "--build-arg"])
        contexts = tuple(value.partition("=")[0] for name, value in options if name == "--build-context")
        images = tuple(value for name, value in options if name in ("--tag", "-t"))
        line = text.count("\n", 0, match.start()) + 1
        yield Build(dockerfile, context, target, args, path, line, contexts, images=images)
