"""The ignore file in force for a Dockerfile, as a file that findings and fixes point into."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.dockerignore import Dockerignore
from rules.dockerfile.source import Source
from rules.problem import Edit

if TYPE_CHECKING:
    from rules.api import DockerfileChange
    from rules.repository import Repository

_TEMPLATE = re.compile(
    r"(?:[._]|dot[._-]?)?dockerignore\.(?:template|tmpl|tpl|j2|jinja2?|mustache|hbs|handlebars|ejs|erb|in)"
    r"|(?:_|dot[._-]?)?dockerignore"
)
"""What a program writes an ignore file from: a template, or a copy without the dot that npm and others pack."""


class IgnoreFile(NamedTuple):
    """A `.dockerignore`, or a `<Dockerfile>.dockerignore`.

    Attributes:
        path: In the repository.
        text: As it stands.
        patterns: As the builder reads it.
    """

    path: str
    text: str
    patterns: Dockerignore

    @property
    def source(self) -> Source:
        """The text with places."""
        return Source(self.path, self.text)

    @property
    def is_allow_list(self) -> bool:
        """Whether it keeps out everything that it does not let in by name."""
        return self.patterns.excludes("any-file-at-all")

    def append(self, *lines: str) -> Edit:
        """Append lines at the end, after a line end if the last line has none."""
        source = self.source
        end = len(source.text)
        joint = "" if not source.text or source.text.endswith("\n") else "\n"
        return Edit(source.span(end, end), joint + "".join(f"{line}\n" for line in lines), self.path)

    def without(self, number: int) -> Edit:
        """Delete a line, counted from 1, with its line end."""
        source = self.source
        span = source.line_span(number)
        end = span.end + (source.text[span.end : span.end + 1] == "\n")
        return Edit(source.span(span.start, end), "", self.path)


def ignore_file(change: DockerfileChange) -> IgnoreFile | None:
    """Return the ignore file in force after the change; `None` without one that was read."""
    return ignore_file_of(change.repository, change.path)


def ignore_file_of(repository: Repository, dockerfile: str) -> IgnoreFile | None:
    """Return the ignore file in force in a repository."""
    path = repository.dockerignore_path(dockerfile)
    data = repository.files.get(path) if path is not None else None
    if path is None or data is None:
        return None
    text = Source.decode(path, data).text
    return IgnoreFile(path, text, Dockerignore.parse(text))


def lies_beside(change: DockerfileChange, ignore: IgnoreFile) -> bool:
    """Tell whether the ignore file is in force for certain: it is the Dockerfile's own, or the context is known."""
    return ignore.path == f"{change.path}.dockerignore" or change.repository.context_of(change.path) is not None


def has_surely_none(change: DockerfileChange) -> bool:
    """Tell whether all files are known, and none of them says what stays out of the build context."""
    return _has_surely_none(change.repository, change.path)


def had_surely_none(change: DockerfileChange) -> bool:
    """Tell the same of the files before the change."""
    return change.before is not None and _has_surely_none(change.repository_before, change.path)


def _has_surely_none(repository: Repository, dockerfile: str) -> bool:
    context = repository.context_of(dockerfile)
    if context is None or repository.listing is None:
        return False
    names = (".dockerignore", ".containerignore")  # Buildah reads the second first
    paths = (f"{dockerfile}.dockerignore", *(posixpath.join(context, name) for name in names))
    beside = (posixpath.split(path) for path in repository.listing if "dockerignore" in path)
    homes = (context, posixpath.dirname(dockerfile))  # a template has another context than the file that comes of it
    if any(folder in homes and _TEMPLATE.fullmatch(name) for folder, name in beside):
        return False
    return all(repository.exists(path) is False for path in paths)
