"""The repository's own `.hullcheck.yaml`: what the team wants said, where, and how loudly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import is_dockerfile
from rules.globs import matches
from rules.problem import Confidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.problem import Severity


@dataclass(frozen=True)
class Policy:
    """A team's settings; the defaults are what a repository without a file gets.

    Attributes:
        rules: Rule id to `on`, `off`, or a severity.
        fail_on: Findings of this severity or above fail the check; `None` never fails it.
        paths: Globs of files to review besides those named like Dockerfiles.
        ignore_paths: Globs of files never reviewed.
        targets: Dockerfile path or `*` to names of stages that ship.
        registries: Registries that images may come from; empty allows all.
        required_labels: Label keys that a shipped image must carry.
        secret_commands: Commands that must use a secret mount (`secret-mount-required`).
        comment_cap: Most inline comments in one review.
        comments_from: How sure a finding is at least that gets a comment; the summary tells the others.
    """

    rules: Mapping[str, str | Severity] = field(default_factory=dict)
    fail_on: Severity | None = None
    paths: tuple[str, ...] = ()
    ignore_paths: tuple[str, ...] = ()
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    registries: tuple[str, ...] = ()
    required_labels: tuple[str, ...] = ()
    secret_commands: tuple[str, ...] = ()
    comment_cap: int = 30
    comments_from: Confidence = Confidence.LIKELY

    def reviews(self, path: str) -> bool:
        """Tell whether a file is a Dockerfile that the team wants reviewed."""
        if self.ignore_paths and matches(path, self.ignore_paths):
            return False
        return is_dockerfile(path) or (bool(self.paths) and matches(path, self.paths))


DEFAULT = Policy()
