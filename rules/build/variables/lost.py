"""Variables that a stage had before the change, and that a RUN still reads although nothing sets them any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.api import (
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Note,
    Problem,
    Stage,
    insert_line_before,
    move_below,
    names_read,
    nearest,
    quote,
)
from rules.build.variables.of_base import is_set_by_base
from rules.build.variables.of_scripts import setting_stages
from rules.lazily import once
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules.api import Step


def lost_variables(change: DockerfileChange, stage: Stage) -> Mapping[str, Instruction]:
    """Return the `ARG` or `ENV` that a stage, or one below it, had for each name that nothing in the file sets now."""
    return _by_stage(change)[stage.index]


@once
def _by_stage(change: DockerfileChange) -> dict[int, dict[str, Instruction]]:
    return {stage.index: _lost(change, stage) for stage in change.stages}


def _lost(change: DockerfileChange, stage: Stage) -> dict[str, Instruction]:
    was = change.was(stage)
    if was is None or (not stage.base_known and stage.root.base_text != was.root.base_text):
        return {}
    named = {word.text for arg in change.after.global_args for word, _ in arg.pairs}
    return {
        word.text: instruction
        for link in was.chain
        for instruction in link.instructions
        if instruction.keyword in ("ARG", "ENV")
        for word, _ in instruction.pairs
        if word.text not in named and word.text not in setting_stages(change.after)
    }


def set_before(change: DockerfileChange, step: Step, name: str) -> Instruction | None:
    """Return the `ARG` or `ENV` that gave a variable to the same instruction of the same stage before the change."""
    was = change.was(step.stage)
    if was is None or _base(was) != _base(step.stage):
        return None
    then = _by_text(was).get(step.instruction.text)
    variable = then.scope.get(name) if then is not None else None
    return variable.instruction if variable is not None else None


def _base(stage: Stage) -> str | None:
    word = stage.root.base_word
    return stage.root.base_text or (word.text if word is not None else None)


@once
def _by_text(stage: Stage) -> dict[str, Step]:
    """The steps of a stage by what they say; the first of those that say the same."""
    return {step.instruction.text: step for step in reversed(stage.steps)}


def is_of_base(change: DockerfileChange, step: Step, name: str) -> bool:
    """Whether the base image sets a variable; what the file itself set for the step before, it sets only by table."""
    if not is_set_by_base(step.stage, name):
        return False
    facts = step.stage.facts
    return (facts is not None and name in facts.env_names) or set_before(change, step, name) is None


def of_lost(stage: Stage, where: Instruction, name: str, setter: Instruction) -> Problem:
    """Say that a RUN reads what the change took away."""
    line = _line(setter, name)
    return Problem(
        where.span,
        f"`${name}` is empty in {stage.label}: this change takes away the {quote(line)} that set it, and nothing else "
        f"does. `{where.keyword}` gets the text without it. Restate it, or take the variable out of the command.",
        Confidence.LIKELY,
        doubt="it may be meant to be empty" if stage.base_known else "the base image may set it as well",
        stage=stage.key,
        key=name,
        notes=(Note(setter.span, "set here before", before=True),),
        fix=Fix(f"Restate {name}", (insert_line_before(where, line),)) if "\n" not in line else None,
    )


def restated(
    change: DockerfileChange, stage: Stage, where: Instruction, names: Sequence[str]
) -> tuple[tuple[Note, ...], str, Fix | None]:
    """Return where variables that an instruction reads were set before the change, the way out, and its edits.

    All is empty where one of them was never set: what it should be is not known then.
    """
    setters = lost_variables(change, stage)
    if any(name not in setters for name in names):
        return (), "", None
    lines = dict.fromkeys(_line(setters[name], name) for name in names)
    notes = {id(one): Note(one.span, "set here before", before=True) for one in (setters[name] for name in names)}
    shown = listed(map(quote, lines), None)
    edits = tuple(insert_line_before(where, line) for line in lines)
    fix = Fix(f"Restate {', '.join(names)}", edits) if not any("\n" in line for line in lines) else None
    taken = "it" if len(names) == 1 else "them"
    return tuple(notes.values()), f" Restate {shown} in this stage, or take {taken} out.", fix


def as_elsewhere(change: DockerfileChange, stage: Stage, where: Instruction, name: str) -> Fix | None:
    """Declare it as the other stages do, when all of them give it the same value, and the value is plain.

    An argument that only one other stage declares, and does not read, goes there: it stands in the wrong stage.
    """
    setters = [
        (one, i, value.text if value is not None else "")
        for one in change.stages
        for i in one.instructions
        if i.keyword in ("ARG", "ENV")
        for word, value in i.pairs
        if word.text == name
    ]
    values = {text for _, _, text in setters}
    if len(values) != 1 or "$" in (text := next(iter(values))) or "\n" in text:
        return None
    title, (owner, setter, _) = f"Declare {name} in this stage", setters[0]
    alone = len(setters) == len(setter.pairs) == 1 and setter.keyword == "ARG"
    if alone and _is_astray(change, owner, setter, stage, name):
        return Fix(title, move_below(setter, stage.from_))
    return Fix(title, (insert_line_before(where, f"ARG {name}={text}" if text else f"ARG {name}"),))


def _is_astray(change: DockerfileChange, owner: Stage, argument: Instruction, stage: Stage, name: str) -> bool:
    """Whether nothing but another stage, and those upon it, reads an ARG, also by a name that is misspelt."""
    if nearest(name, names_read(" ".join(i.text for i in owner.instructions))) is not None:
        return False
    naming = (one for one in change.stages for i in one.instructions if name in i.text and i is not argument)
    return all(stage in one.chain for one in naming)


def _line(setter: Instruction, name: str) -> str:
    value = next((value for word, value in setter.pairs if word.text == name), None)
    return f"{setter.keyword} {name}={value.text}" if value is not None else f"{setter.keyword} {name}"
