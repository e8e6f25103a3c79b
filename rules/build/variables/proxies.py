"""The proxy variables of a build, which reach a RUN without an ARG, and no other instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import Problem, quote
from rules.model.lineage import built_upon
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Instruction, Stage


def proxies(stage: Stage, where: Instruction, names: list[str]) -> Iterator[Problem]:
    """Say that the proxies of a build reach nothing but RUN without an ARG (reference, "Predefined ARGs")."""
    if names and stage.base_known and (where.keyword != "ENV" or _is_read(stage)):
        are, them = ("are", "them") if len(names) > 1 else ("is", "it")
        shown = listed((quote(f"${name}") for name in names), 2)
        yield Problem(
            where.span,
            f"{shown} {are} empty in {stage.label}: the builder gives {them} to `RUN` alone where no `ARG` of the "
            f"stage asks for {them}. `{where.keyword}` gets the text without {them}.",
            stage=stage.key,
            key=" ".join(names),
            decision=f"{where.keyword} {' '.join(names)}",
        )


def _is_read(stage: Stage) -> bool:
    """Whether anything meets what an ENV sets: an image that ships, or a RUN of the stage or of one upon it."""
    return stage.layers_ship or any(other.runs for other in built_upon(stage))
