"""See docker_socket_mounted.md."""

import posixpath
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Run, Severity, Step, delete_instruction, fix, quote, rule

_SOCKETS = frozenset(
    {"/run/docker.sock", "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/podman/podman.sock"}
)
"""Below `/run`, for which `/var/run` is another name."""


@rule(
    "docker-socket-mounted",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    keywords=("VOLUME", "RUN"),
    mentions=(".sock",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The container engine's socket is a volume of the image."""
    for stage in change.stages:
        for step in stage.steps:
            socket = _socket(step)
            if socket is not None:
                yield _problem(step, socket)


def _socket(step: Step) -> str | None:
    if isinstance(step, Run):
        texts = [mount.options.get(key, "") for mount in step.mounts for key in ("source", "target")]
    elif step.instruction.keyword == "VOLUME":
        texts = [step.scope.expand(word.text) or "" for word in step.instruction.words]
    else:
        return None
    return next((text for text in texts if any(_is_socket(part) for part in text.split(":"))), None)


def _is_socket(path: str) -> bool:
    return path.startswith("/") and posixpath.normpath(path).removeprefix("/var") in _SOCKETS


def _problem(step: Step, socket: str) -> Problem:
    instruction = step.instruction
    only = instruction.keyword == "VOLUME" and len(instruction.words) == 1
    if instruction.keyword == "VOLUME":
        way_out = "a `VOLUME` cannot bring the host's socket in, it only invites to mount it"
    else:
        way_out = "what is built in here belongs in a stage of this file"
    return Problem(
        instruction.span,
        f"`{instruction.keyword}` of {step.stage.label} names {quote(socket)}, the container engine's socket. "
        "Whoever can write to it starts containers with the host's file system in them, which is root on the host. "
        f"Leave it out: {way_out}.",
        stage=step.stage.key,
        key=socket,
        fix=fix("Delete the volume", delete_instruction(instruction)) if only else None,
    )
