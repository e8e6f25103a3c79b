"""A Dockerfile whose RUNs name the shell that is theirs anyway. By itself, as it is held to more than other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.judging import OF_TEXT
from tests.restating.pieces import Piece, plain_runs, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.model import Model

UNSEEN = OF_TEXT | {"empty-continuation", "positional-parameter-empty", "undefined-variable"}
"""Rules of the text as it is written, and of what the shell around the quotes fills in."""


def as_named_shell(model: Model) -> Iterator[Piece]:
    """A RUN as the command that the builder makes of it, in quotes within which nothing is filled in."""
    for run in plain_runs(model):
        value = run.instruction.value
        if "'" not in value and value[:1] not in ("$", "`"):
            flags = "".join(f"{run.instruction.source.cut(flag.span)} " for flag in run.instruction.flags)
            yield whole(run.instruction, f"RUN {flags}sh -c '{value}'")
