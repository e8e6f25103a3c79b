"""Stages and images that the value of an argument puts into the image: `FROM runtime-${VARIANT}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import image_facts, names_read, once
from rules.model.variants import VARIABLE, names_like

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Model, Stage

_FOREIGN = re.compile(r"[/:@]")
"""What the name of an image may have and the name of a stage has not."""


def is_argued(stage: Stage) -> bool:
    """Tell whether a variable stands in what the FROM at the bottom of a stage names."""
    word = stage.root.base_word
    return word is not None and "$" in word.text


def is_given(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether a build of the repository passes an argument that the FROM at the bottom of a stage names."""
    return any(True for _ in _given(change, stage))


def is_given_otherwise(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether one passes another value than the default."""
    declared = stage.model.global_scope.get
    return any((one := declared(name)) is None or value != one.value for name, value in _given(change, stage))


def _given(change: DockerfileChange, stage: Stage) -> Iterator[tuple[str, str | None]]:
    word = stage.root.base_word
    names = set(names_read(word.text)) if word is not None else set()
    for args in change.repository.arguments_of(change.path) if names else ():
        yield from ((name, value) for name, value in args.items() if name in names)


def may_be_chosen(stage: Stage) -> bool:
    """Tell whether another value of an argument lets an image start from a stage, or from one that stands on it."""
    return stage.index in _chosen(stage.model)


@once
def _chosen(model: Model) -> frozenset[int]:
    copied = {copy.from_stage.index for stage in model.stages for copy in stage.copies if copy.from_stage is not None}
    found: set[int] = set()
    for pattern, place in _patterns(model):
        for stage in model.stages[:place]:
            if stage.name and stage.index not in copied and pattern.fullmatch(stage.name):
                found.update(link.index for link in stage.chain)
    return frozenset(found)


def _patterns(model: Model) -> Iterator[tuple[re.Pattern[str], int]]:
    """Yield what the names look like that a FROM with a variable may take, each once, and where the FROM stands.

    Only of what ships: a builder that an argument chooses is still a builder.
    """
    last: dict[re.Pattern[str], int] = {}
    for stage in model.stages:
        text = stage.base_word.text if stage.base_word is not None else ""
        parts = VARIABLE.split(text)
        values = (model.global_scope.expand(variable) or "" for variable in VARIABLE.findall(text))
        if not stage.layers_ship or len(parts) == 1 or any(_FOREIGN.search(part) for part in (*parts, *values)):
            continue
        if any(parts) or not _is_image(stage):
            last[names_like(text)] = stage.index
    yield from last.items()


def _is_image(stage: Stage) -> bool:
    """Whether the default that stands alone for a variable is an image, so that its other values are."""
    reference = stage.reference
    if stage.base_stage is not None or reference is None:
        return stage.is_scratch
    return "/" in reference.written_name or reference.tag is not None or image_facts(reference) is not None
