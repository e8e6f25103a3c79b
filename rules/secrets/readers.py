"""Who takes what an ARG or ENV sets: other variables, and steps of the build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import once

if TYPE_CHECKING:
    from rules.api import Model, Stage

_REFERENCE = re.compile(r"\$\{?(\w+)")
_WHOLE = re.compile(r"\$(?:\w+|\{\w+(?::?-[^}]*)?\})")
"""A variable's value and nothing else, or a default in its place."""


@once
def handed_on(stage: Stage) -> dict[str, list[tuple[int, str, bool]]]:
    """Return where an ENV takes each variable, into which other, and whether that is nothing but its value."""
    handed: dict[str, list[tuple[int, str, bool]]] = {}
    pairs = ((one, *pair) for one in stage.instructions if one.keyword == "ENV" for pair in one.pairs)
    for one, taker, value in pairs:
        if value is not None and "$" in value.text:
            whole = _WHOLE.fullmatch(value.text.strip('"')) is not None
            for name in dict.fromkeys(_REFERENCE.findall(value.text)):
                handed.setdefault(name, []).append((one.span.start, taker.text, whole))
    return handed


def runs_below(stage: Stage, start: int) -> bool:
    """Tell whether a RUN sees what is set at a place: one behind it in the stage, or one of a stage upon that."""
    behind = bool(stage.runs) and stage.runs[-1].instruction.span.start > start
    return behind or stage.index in _built_upon(stage.model)


@once
def _built_upon(model: Model) -> frozenset[int]:
    """The stages upon which others run something."""
    return frozenset(link.index for stage in model.stages if stage.runs for link in stage.chain if link is not stage)
