"""Where a problem of a base image stands: at the ARG that names the image, where the change wrote that and no FROM."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.problem import Note

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.source import Span
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.problem import Problem


def at_its_cause(change: DockerfileChange, problem: Problem) -> Problem:
    """Move a problem from the name in a FROM that stayed as it was to the ARG whose default the change replaced."""
    if change.before is None or problem.path is not None:
        return problem
    stage = _named_by_arguments(change.after).get(problem.span)
    default = _replaced_default(change, stage) if stage is not None else None
    if stage is None or default is None:
        return problem
    notes = (*problem.notes, Note(problem.span, "used here"))
    return replace(problem, span=default.span, instruction=problem.instruction or stage.from_, notes=notes)


@once
def _named_by_arguments(model: Model) -> dict[Span, Stage]:
    """Return the stages whose image an argument names, by where that stands.

    A digest in the FROM itself wins over the tag, and is what has to be written anew.
    """
    words = ((stage.base_word, stage) for stage in model.stages)
    return {word.span: stage for word, stage in words if word is not None and "$" in word.text and "@" not in word.text}


def _replaced_default(change: DockerfileChange, stage: Stage) -> Instruction | None:
    """Return the ARG above the stages whose default the change replaced, where the FROM itself stays as it was."""
    was, word = change.was(stage), stage.base_word
    if was is None or word is None or was.base_word is None or was.base_word.text != word.text:
        return None
    before = _defaults(was.model)
    return next(
        (
            argument
            for name, (argument, value) in _defaults(stage.model).items()
            if re.search(rf"\$\{{?{re.escape(name)}\b", word.text) and before.get(name, (argument, value))[1] != value
        ),
        None,
    )


def _defaults(model: Model) -> dict[str, tuple[Instruction, str]]:
    return {
        name.text: (argument, value.text if value is not None else "")
        for argument in model.global_args
        for name, value in argument.pairs
    }
