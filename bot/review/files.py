"""The files of a pull request as the review sees them: both texts and the lines that a comment may name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bot.review import hunks
from bot.review.diffing import diff
from rules.dockerfile.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.forges.base import ChangedFile, PullRequest


@dataclass(frozen=True, eq=False)
class File:
    """One file of the diff.

    Attributes:
        changed: What the forge says of it.
        before: Its text at the merge base, `None` when it was not there or not read.
        after: Its text at the head, `None` when it is gone or was not read.
    """

    changed: ChangedFile
    before: Source | None
    after: Source | None

    @property
    def path(self) -> str:
        """The path at head."""
        return self.changed.path

    @property
    def old_path(self) -> str:
        """The path at the merge base; the same unless renamed."""
        return self.changed.old_path

    @property
    def removed(self) -> bool:
        """Whether the change deletes the file: then nothing of it can be named on the right side."""
        return self.changed.status == "removed"

    @cached_property
    def patch(self) -> hunks.Patch:
        """The file's hunks: the forge's own, or computed here when it gives none or gives others than the texts say."""
        if self.changed.patch is not None:
            given = hunks.parse(self.changed.patch)
            if self.after is None or given.agrees(self.after.text):
                return given
        if self.after is None or (self.before is None and self.changed.status != "added"):
            return hunks.Patch()
        return hunks.parse(diff(self.before.text if self.before else "", self.after.text))

    def unchanged(self, line: int) -> int | None:
        """Return the old number of an unchanged line of the new file, checked against both texts."""
        if self.before is None or self.after is None or not 1 <= line <= self.after.line_count:
            return None
        old = self.patch.old_line(line)
        return old if old is not None and self.before.line(old) == self.after.line(line) else None


@dataclass(frozen=True, eq=False)
class Files:
    """All files of a review.

    Attributes:
        changed: The diff's files by their path at head.
        before: Contents at the merge base by the path there; what was not read is missing.
        after: Contents at head.
    """

    changed: Mapping[str, File]
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]

    @classmethod
    def of(cls, pull_request: PullRequest, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Files:
        """Bring the forge's diff and the texts together."""
        changed = {
            file.path: File(
                file,
                _source(before, file.old_path) if file.status != "added" else None,
                _source(after, file.path) if file.status != "removed" else None,
            )
            for file in pull_request.files
        }
        return cls(changed, before, after)

    def get(self, path: str) -> File | None:
        """Return a file of the diff by its path at head."""
        return self.changed.get(path)

    def source(self, path: str, *, before: bool = False) -> Source | None:
        """Return a file's text at head, or at the merge base by its path there."""
        return _source(self.before if before else self.after, path)


def _source(tree: Mapping[str, bytes], path: str) -> Source | None:
    data = tree.get(path)
    return None if data is None else Source.decode(path, data)
