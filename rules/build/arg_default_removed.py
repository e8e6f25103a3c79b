"""See arg_default_removed.md."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rules.api import (
    OF_THE_BUILDER,
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Model,
    Note,
    Problem,
    Severity,
    Stage,
    Word,
    fix,
    insert,
    once,
    quote,
    rule,
)
from rules.build.variables.empty_args import is_image, with_empty
from rules.build.variables.uses import is_asked_for, is_read_by_name, uses, with_default
from rules.quoting import listed
from rules.secrets.named.names import names_a_secret

_VARIABLE = re.compile(r"\$(\w+)")


class _Lost(NamedTuple):
    """An ARG that had a default."""

    instruction: Instruction
    name: Word
    was: str


@rule(
    "arg-default-removed",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    compares=True,
    keywords=("ARG",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away an ARG's default, and no build that was read passes a value."""
    names = sorted(set(_VARIABLE.findall(change.after.code.replace("{", ""))))
    broken: dict[str, Stage] = {}
    places: dict[str, list[_Lost]] = {}
    for lost in _without_default(change, names):
        stage = _first_broken(change.after, lost)
        if stage is not None:
            broken.setdefault(lost.name.text, stage)
        places.setdefault(lost.name.text, []).append(lost)
    together: dict[object, list[_Lost]] = {}
    for name, found in places.items():
        together.setdefault(broken[name].index if name in broken else name, []).extend(found)
    for found in together.values():
        name = found[0].name.text
        yield _problem(change, found, _of_from(broken[name]) if name in broken else _outcome(name, names))


def _without_default(change: DockerfileChange, names: Sequence[str]) -> Iterator[_Lost]:
    """Yield the ARGs that had a default, are used, and have no value now."""
    assert change.before is not None
    given = {name for build in change.repository.builds_of(change.path) for name in build.args}
    old = plain_defaults(change.before)
    for instruction in change.after.dockerfile.instructions:
        for name, value in instruction.pairs if instruction.keyword == "ARG" else ():
            was = old.get(name.text) if _had_one(change, instruction, name.text) else None
            if value is not None or not was or name.text in given or names_a_secret(name.text):
                continue  # a secret's default is better gone
            if _is_given_in_file(change.after, instruction, name.text):
                continue
            used = _begins_one(name.text, names) or is_read_by_name(name.text)
            asked = is_asked_for(name.text, change.after.code)
            if used and not asked and not change.repository.is_named_beside(change.path, name.text):
                yield _Lost(instruction, name, was)


def _problem(change: DockerfileChange, found: Sequence[_Lost], outcome: str) -> Problem:
    first = {lost.name.text: lost for lost in reversed(found)}
    told = [lost for lost in found if lost is first[lost.name.text]]
    names = listed((quote(f"ARG {lost.name.text}") for lost in told), None)
    had = listed((quote(lost.was) for lost in told), None)
    fact, passed = ("had the default {} and has none any more", "it")
    if len(told) > 1:
        fact, passed = ("had the defaults {} and have none any more", "them")
    return Problem(
        found[0].instruction.span,
        f"{names} {fact.format(had)}, and no build that was read passes {passed}. {outcome}",
        Confidence.LIKELY,
        doubt="a build that was not read may pass it",
        notes=tuple(Note(lost.instruction.span, "and here") for lost in found[1:]),
        key=found[0].name.text,
        fix=fix(
            "Restore the default" if len(found) == 1 else "Restore the defaults",
            *(insert(change.source, lost.name.span.end, f"={lost.was}") for lost in found),
        ),
    )


@once
def _stages(model: Model) -> dict[int, Stage]:
    """Return the stage of each instruction, by where it starts in the file."""
    return {instruction.span.start: stage for stage in model.stages for instruction in stage.instructions}


@once
def _given_above(model: Model) -> frozenset[str]:
    """Return the names that have a value above the first FROM."""
    return frozenset(key.text for line in model.global_args for key, value in line.pairs if value is not None)


@once
def _given(stage: Stage) -> dict[str, tuple[Instruction, ...]]:
    """Return the ARGs and ENVs of one stage that give a name a value."""
    found: dict[str, tuple[Instruction, ...]] = {}
    for line in stage.instructions:
        for key, value in line.pairs if line.keyword in ("ARG", "ENV") else ():
            if value is not None:
                found[key.text] = (*found.get(key.text, ())[-1:], line)  # two tell whether there is another one
    return found


def _had_one(change: DockerfileChange, argument: Instruction, name: str) -> bool:
    """Whether the same stage gave the argument a default before, or the part above the first FROM."""
    stage = _stages(change.after).get(argument.span.start)
    if stage is None:
        return True
    was = change.was(stage)
    return was is not None and any(line.keyword == "ARG" for line in _given(was).get(name, ()))


def _is_given_in_file(model: Model, argument: Instruction, name: str) -> bool:
    """Whether another line gives it a value: above the first FROM, in a stage that this one starts from, or in it.

    What a stage beside it declares has no effect here (Dockerfile reference, "Scope").
    """
    stage = _stages(model).get(argument.span.start)
    if stage is None:
        return name in with_default(model)
    return name in _given_above(model) or any(
        line is not argument for link in stage.chain for line in _given(link).get(name, ())
    )


def _outcome(name: str, names: Sequence[str]) -> str:
    if not _begins_one(name, names):
        return "What a build script reads from its environment is then empty."
    return "A plain `docker build .` now fills in nothing where it is used."


def _first_broken(model: Model, lost: _Lost) -> Stage | None:
    """Return the first stage whose FROM names no image for want of an argument."""
    if lost.instruction.span.start in _stages(model):
        return None
    empty = with_empty(model.global_scope)
    for stage in model.stages:
        text = stage.base_word.text if stage.base_word is not None else ""
        if lost.name.text in uses(text, empty.escape) and not is_image(empty.expand(text)):
            return stage
    return None


def _of_from(stage: Stage) -> str:
    """Say what stops at a FROM, with the name that it has where nothing is passed."""
    assert stage.base_word is not None
    left = with_empty(stage.model.global_scope).expand(stage.base_word.text)
    name = f"{quote(left)}, which is no valid name" if left else "no image at all"
    return f"A plain `docker build .` now stops at line {stage.from_.line}: its `FROM` says {name}."


def plain_defaults(model: Model) -> dict[str, str]:
    """Return the plain defaults that are no empty text, but for what the builder fills in itself."""
    return {
        name.text: value.text
        for instruction in model.dockerfile.instructions
        if instruction.keyword == "ARG"
        for name, value in instruction.pairs
        if value is not None and "$" not in value.text and value.text.strip("\"'") and name.text not in OF_THE_BUILDER
    }


def _begins_one(name: str, names: Sequence[str]) -> bool:
    """Whether one of some sorted names begins with a name."""
    at = bisect_left(names, name)
    return at < len(names) and names[at].startswith(name)
