"""What a COPY or an ADD takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.model.filenames import is_pattern

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Word

_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz|zst|lzma))$")
_GIT = re.compile(r"git@|(?:git|ssh)://|https?://[^\s?#]+\.git(?:[?#]|\Z)")


class CopySource(NamedTuple):
    """One source of a COPY or ADD.

    Attributes:
        word: As written.
        path: Expanded; `None` when unknown. Context sources have no leading slash or `./`; `.` is the root.
    """

    word: Word
    path: str | None

    @property
    def is_root(self) -> bool:
        """Whether it is the whole context (or, with `--from`, the whole file system)."""
        return self.path is not None and self.path.strip("/") in ("", ".", "*", "./*")

    @property
    def has_wildcard(self) -> bool:
        """Whether it is a pattern (Go `filepath.Match`)."""
        return self.path is not None and is_pattern(self.path)

    @property
    def is_archive(self) -> bool:
        """Whether it has the name of an archive, which ADD unpacks when it is of the context."""
        return self.path is not None and _ARCHIVE.search(self.path) is not None

    @property
    def is_git(self) -> bool:
        """Whether it is a repository, which ADD clones (Docker reference, "Adding files from a Git repository")."""
        return self.path is not None and _GIT.match(self.path) is not None

    @property
    def is_remote(self) -> bool:
        """Whether it is a URL or a git reference, which only ADD fetches."""
        return self.path is not None and self.path.startswith(
            ("http://", "https://", "ftp://", "git@", "git://", "ssh://")
        )
