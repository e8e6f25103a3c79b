"""Calls of `docker run` in scripts, Make files and workflows: which image, with a terminal or not, and what is started.

docker-run(1).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.nodes import is_dockerfile
from rules.lazily import once
from rules.repository.built_images import OPEN, built_images, images_called, value_of, without_blanks
from rules.repository.yamls import SIZE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.repository.tree import Repository

RUNS = re.compile(r"\b(?:docker|podman|nerdctl)[ \t]+(?:container[ \t]+)?run(?=[ \t\\])(?:[^\n\\;&|]|\\\n|\\)*")
"""A call with its arguments, which may go over several lines."""
_HEAD = re.compile(r"\A\w+[ \t]+(?:container[ \t]+)?run\b")
_IMAGE = re.compile(r"[\w$][\w$./:@{}()%\[\]-]*")
_SUBSTITUTION = re.compile(r"\$?\$\([^()\n]*[ \t][^()\n]*\)|`[^`\n]*`")
"""`$(id -u)`: more than a variable of Make, which has no blank."""
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_BLANK = "\1"
_ALONE = frozenset(
    "--rm --init --privileged --read-only --detach --interactive --tty --publish-all --no-healthcheck "
    "--oom-kill-disable --quiet --sig-proxy --replace --tls-verify".split()
)
"""Long options of `docker run` that take no value; of the short ones see `_FLAGS`."""
_FLAGS = re.compile(r"-[ditPq]+")
_DOCUMENTS = (".md", ".rst", ".adoc", ".txt", ".lock")


class ContainerRun(NamedTuple):
    """One call.

    Attributes:
        path: The file.
        image: The image as it is written.
        name: The same with the variables that the file sets in their place, and a NUL for what is not known of it.
        has_terminal: Whether somebody is to type into it: `-it`.
        command: What is started in place of the image's own command; `--entrypoint` in front. Empty for none.
    """

    path: str
    image: str
    name: str
    has_terminal: bool
    command: str


@once
def container_runs(repository: Repository) -> tuple[ContainerRun, ...]:
    """Return the calls in whatever was read; documents and Dockerfiles are left out."""
    found: list[ContainerRun] = []
    for path in sorted(repository.files):
        data = repository.files[path]
        if b"run" not in data or len(data) > SIZE_LIMIT or is_dockerfile(path) or path.endswith(_DOCUMENTS):
            continue
        found += runs_in(path, data.decode("utf-8", "replace"))
    return tuple(found)


def runs_in(path: str, text: str) -> Iterator[ContainerRun]:
    """Yield the calls in a text."""
    text = without_blanks(text)
    for call in RUNS.findall(text):
        run = read_call(path, call)
        if run is not None:
            yield run._replace(name=value_of(run.image, text))


def read_call(path: str, call: str) -> ContainerRun | None:
    """Read a call; `None` where no image stands in it."""
    plain = _SUBSTITUTION.sub("$", call.replace("\\\n", " "))
    words = _QUOTED.sub(lambda found: found[0][1:-1].replace(" ", _BLANK), _HEAD.sub("", plain)).split()
    options: list[str] = []
    entrypoint, rest = "", iter(words)
    for word in rest:
        if not word.startswith("-"):
            if _IMAGE.fullmatch(word) is None:
                return None  # a sentence about the command
            command = " ".join((entrypoint, *rest)).replace(_BLANK, " ").strip()
            return ContainerRun(path, word, word, _has_terminal(options), command)
        options.append(word)
        if word.startswith("--entrypoint="):
            entrypoint = word.partition("=")[2]
        elif "=" not in word and word not in _ALONE and _FLAGS.fullmatch(word) is None:
            value = next(rest, "")
            entrypoint = value if word == "--entrypoint" else entrypoint
    return None


def _has_terminal(options: list[str]) -> bool:
    short = "".join(word for word in options if _FLAGS.fullmatch(word))
    return ("i" in short or "--interactive" in options) and ("t" in short or "--tty" in options)


def runs_of(repository: Repository, dockerfile: str) -> tuple[ContainerRun, ...]:
    """Return the calls that run what is built from a Dockerfile, as the name tells under which a file builds it."""
    return tuple(run for run in container_runs(repository) if dockerfile in dockerfiles_of(repository, run))


def dockerfiles_of(repository: Repository, run: ContainerRun) -> frozenset[str]:
    """Return the Dockerfiles whose image a call runs; empty where that is not known, or it is another one's."""
    own = {
        built.dockerfile for built in images_called(repository) if (built.path, built.written) == (run.path, run.image)
    }
    if not own and OPEN not in run.name:
        own = {built.dockerfile for built in built_images(repository) if _whole(built.name) == _whole(run.name)}
    return frozenset(own - {""})


def _whole(name: str) -> str:
    return name if ":" in posixpath.basename(name) else f"{name}:latest"
