"""Names of the images that the repository's own files build: described builds, and those that scripts call."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.nodes import is_dockerfile
from rules.dockerfile.reference import parse_reference
from rules.facts.names import table_name
from rules.lazily import once
from rules.repository.builds import COMMAND, builds_by_command
from rules.repository.yamls import SIZE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.reference import ImageReference
    from rules.repository.tree import Repository

_CALLS = re.compile(rb"\b(?:docker|podman|buildah|nerdctl)\s")
_NAMED = re.compile(r"(?:--tag|-t)(?:=|\s+)(?P<quote>[\"']?)(?P<name>(?:\$\([^()\s]*\)|[^\s\"'`()])+)(?P=quote)")
_BY_WORKFLOW = re.compile(r"\$\{\{[^{}\n]*\}\}")
_VARIABLE = re.compile(r"\$\$?(?:\{(?P<braced>\w+)(?::?[-=](?P<default>[^{}$]*))?\}|\((?P<made>\w+)\)|(?P<plain>\w+))")
_SET = re.compile(
    r"^[ \t]*(?:export[ \t]+|readonly[ \t]+)?(\w+)[ \t]*[:?]{0,2}=[ \t]*[\"']?([\w./:-]+)[\"']?[ \t]*$", re.MULTILINE
)
_GOES = re.compile(r"(?<![\w-])(?:cd|pushd)[ \t]")
_DOCUMENTS = (".md", ".rst", ".adoc", ".txt")
"""What shows calls of other repositories as well."""
OPEN = "\0"
"""What stands for a part of a name that only a build knows."""


class Built(NamedTuple):
    """The name that a build gives its image.

    Attributes:
        dockerfile: The Dockerfile; empty where a script calls from a folder that it went to before.
        name: As it is written, its variables filled in; a NUL for what is not known of it.
    """

    dockerfile: str
    name: str


class Called(NamedTuple):
    """The name that a call of `docker build` gives its image.

    Attributes:
        path: The file with the call.
        dockerfile: As in `Built`.
        written: The name as it is written.
        name: As in `Built`.
    """

    path: str
    dockerfile: str
    written: str
    name: str


@once
def built_images(repository: Repository) -> tuple[Built, ...]:
    """Return the names under which files of a repository build images, scripts of any name included, documents not."""
    described = (Built(build.dockerfile, _filled_in(name, {})) for build in repository.builds for name in build.images)
    called = (Built(one.dockerfile, one.name) for one in images_called(repository))
    return tuple(dict.fromkeys((*described, *called)))


@once
def images_called(repository: Repository) -> tuple[Called, ...]:
    """Return the images of calls in whatever was read."""
    return tuple(_called(repository))


def value_of(name: str, text: str) -> str:
    """Return a name with the values that a text gives its variables; a NUL for what is not known of it."""
    return _filled_in(name, dict(_SET.findall(text)))


def without_blanks(text: str) -> str:
    """Return a text whose expressions of a workflow are one word each: `${{ github.sha }}`."""
    return _BY_WORKFLOW.sub(lambda found: "".join(found[0].split()), text)


def _called(repository: Repository) -> Iterator[Called]:
    for path in sorted(repository.files):
        data = repository.files[path]
        if len(data) > SIZE_LIMIT or is_dockerfile(path) or path.endswith(_DOCUMENTS) or not _CALLS.search(data):
            continue
        text = without_blanks(data.decode("utf-8", "replace"))
        given = dict(_SET.findall(text))
        for call in COMMAND.finditer(text):
            goes = _GOES.search(text, 0, call.start()) is not None
            dockerfile = _dockerfile_of(repository, path, call[0]) if not goes else ""
            for found in _NAMED.finditer(call["rest"].replace("\\\n", " ")):
                yield Called(path, dockerfile, found["name"], _filled_in(found["name"], given))


def _dockerfile_of(repository: Repository, path: str, call: str) -> str:
    """Return the Dockerfile that a call builds: as seen from the folder of its file, or from the root."""
    places = dict.fromkeys((path, posixpath.basename(path)))
    found = (build.dockerfile for place in places for build in builds_by_command(place, call))
    return next((dockerfile for dockerfile in found if repository.exists(dockerfile)), "")


def _filled_in(name: str, given: dict[str, str]) -> str:
    """Return a name with the values of its variables, as the same file sets them: `$(ORG)/base`, `${ORG:-example}`."""

    def value(found: re.Match[str]) -> str:
        known = given.get(found["braced"] or found["made"] or found["plain"] or "", found["default"])
        return known or OPEN

    return _VARIABLE.sub(value, _BY_WORKFLOW.sub("$_", name))


def names(built: Built, reference: ImageReference) -> bool:
    """Tell whether a build's image is the one that a reference means.

    Of a registry or an owner that only the build knows, the last part of the name decides, where it is known what is
    built; and of such a tag the name.
    """
    head, _, last = built.name.rpartition("/")
    own, colon, tag = last.partition(":")
    if OPEN not in head + own:
        one = parse_reference(f"{head}/{own}" if head else own)
        same = one is not None and table_name(one) == table_name(reference)
    else:
        path = reference.path.split("/")
        same = bool(built.dockerfile) and OPEN not in own and path[-1] == own and path[0] != "library"
    return same and (OPEN in tag or (tag if colon else "latest") == reference.effective_tag)
