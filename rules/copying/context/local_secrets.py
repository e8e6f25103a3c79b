"""Secrets that lie in a build context and in no listing: git ignores them, and Compose reads them there."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.api import is_development_file
from rules.copying.context.contents import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange

_COMPOSE = ("compose", ".yml", ".yaml")
_KEY = "env_file:"


class LocalSecret(NamedTuple):
    """A file of whoever builds.

    Attributes:
        path: Relative to the context.
        said_by: The file of the repository that names it.
        used: Whether Compose reads it, so that it is there; else git is only told to ignore it.
    """

    path: str
    said_by: str
    used: bool


def local_secrets(change: DockerfileChange) -> list[LocalSecret]:
    """Return the secrets of a context that the repository names and does not hold; none without a known context."""
    context = change.repository.context_of(change.path)
    if context is None:
        return []
    found: dict[str, LocalSecret] = {}
    for path, data in sorted(change.repository.files.items()):
        if posixpath.dirname(path) != context or is_development_file(path):
            continue
        name = posixpath.basename(path)
        if _COMPOSE[0] in name and name.endswith(_COMPOSE[1:]):
            for each in _env_files(data.decode("utf-8", "replace")):
                found[each] = LocalSecret(each, path, used=True)
        elif name == ".gitignore":
            for each in _ignored(data.decode("utf-8", "replace")):
                found.setdefault(each, LocalSecret(each, path, used=False))
    there = (one for one in found.values() if is_secret_name(one.path))
    return [one for one in there if not change.repository.exists(posixpath.join(context, one.path))]


def _env_files(text: str) -> Iterator[str]:
    """Yield what `env_file` of Compose names, in its short and its long form, relative to the file."""
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith(_KEY):
            value = stripped.removeprefix(_KEY).strip()
            inside = not value
            yield from _paths(value.strip("[]").split(","))
        elif inside and stripped.startswith("-"):
            yield from _paths([stripped.removeprefix("-").strip().removeprefix("path:")])
        elif stripped and not stripped.startswith(("#", "required:", "format:")):
            inside = False


def _paths(words: list[str]) -> Iterator[str]:
    for word in words:
        path = posixpath.normpath(word.partition(" #")[0].strip().strip("\"'") or "..")
        if not path.startswith(("/", "..")) and "$" not in path:
            yield path


def _ignored(text: str) -> Iterator[str]:
    """Yield the files that a `.gitignore` names without a pattern."""
    lines = [line.strip() for line in text.splitlines()]
    back = {line.removeprefix("!").strip("/") for line in lines if line.startswith("!")}
    for line in lines:
        if line and not line.startswith(("#", "!")) and not any(mark in line for mark in "*?[\\"):
            path = line.strip("/")
            if path not in back and not line.endswith("/"):
                yield path
