"""Calls of Kaniko's executor in pipelines (GoogleContainerTools/kaniko, README, "Additional Flags")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.repository.contexts import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALL = re.compile(r"(?<!\S)/kaniko/executor\b(?P<rest>(?:[^\n\\;&|]|\\\n|\\|\n[ \t]+(?=--))*)")
_OPTION = re.compile(
    r"(?<!\S)(?P<name>--context|--dockerfile|--target|--build-arg|--destination|-c|-f|-d)"
    r"[=\s]\s*(?P<value>(?:\"[^\"\n]*\"|'[^'\n]*'|\$\{\{[^}\n]*\}\}|[^\s\"'])+)"
)
_NAMES = {"-c": "--context", "-f": "--dockerfile", "-d": "--destination"}
_PROJECT = re.compile(r"(?:dir://)?\$(?:\{?(?:CI_PROJECT_DIR|GITHUB_WORKSPACE)\b\}?|\{\{ *github\.workspace *\}\})/?")
"""The folder that a pipeline checks the repository out into."""


class Call(NamedTuple):
    """A call whose Dockerfile and context are known.

    Attributes:
        start: Where it stands in the text.
        dockerfile: The Dockerfile's path in the repository.
        context: The context folder, `` for the root.
        target: The stage, empty for the last.
        args: Build arguments as they are given: `NAME=value`.
        images: What the image is called.
    """

    start: int
    dockerfile: str
    context: str
    target: str
    args: list[str]
    images: tuple[str, ...]


def calls_in(text: str) -> Iterator[Call]:
    """Yield the calls of a pipeline, as far as literal options go.

    A Dockerfile's relative path is one from the working folder where that has the file, and else one from the context:
    both are the same only where the context is the root.
    """
    for match in _CALL.finditer(text):
        given: dict[str, list[str]] = {}
        for option in _OPTION.finditer(match["rest"].replace("\\\n", " ")):
            value = re.sub(r"[\"']", "", option["value"])
            given.setdefault(_NAMES.get(option["name"], option["name"]), []).append(value)
        context = joined("", _PROJECT.sub("./", given.get("--context", ["."])[-1], count=1))
        written = given.get("--dockerfile", [""])[-1]
        if context and written and not _PROJECT.match(written):
            continue
        dockerfile = joined("", _PROJECT.sub("./", written, count=1)) if written else joined(context, "Dockerfile")
        if context is not None and dockerfile is not None:
            images = tuple(given.get("--destination", ()))
            target = given.get("--target", [""])[-1]
            yield Call(match.start(), dockerfile, context, target, given.get("--build-arg", []), images)
