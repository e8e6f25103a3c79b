"""See arg_default_removed.md."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from rules.api import (
    OF_THE_BUILDER,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Model,
    Problem,
    Severity,
    Stage,
    insert,
    once,
    parse_reference,
    quote,
    rule,
)
from rules.build.variable_uses import is_asked_for, is_read_by_name, with_default
from rules.secrets.secret_names import names_a_secret

_VARIABLE = re.compile(r"\$(\w+)")


@rule(
    "arg-default-removed",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    compares=True,
    keywords=("ARG",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away an ARG's default, and no build of the repository passes a value."""
    assert change.before is not None
    given = {name for build in change.repository.builds_of(change.path) for name in build.args}
    old = plain_defaults(change.before)
    names = sorted(set(_VARIABLE.findall(change.after.code.replace("{", ""))))
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ARG":
            continue
        for name, value in instruction.pairs:
            was = old.get(name.text) if _had_one(change, instruction, name.text) else None
            if value is not None or not was or name.text in given or names_a_secret(name.text):
                continue  # a secret's default is better gone
            if _is_given_in_file(change.after, instruction, name.text):
                continue
            used = _begins_one(name.text, names) or is_read_by_name(name.text)
            if used and not is_asked_for(name.text, change.after.code):
                yield Problem(
                    instruction.span,
                    f"`ARG {name.text}` had the default {quote(was)} and has none any more, and no build in the "
                    f"repository passes it. {_outcome(change, name.text, named=_begins_one(name.text, names))}",
                    Confidence.LIKELY,
                    doubt="a build outside the repository may pass it",
                    key=name.text,
                    fix=Fix("Restore the default", (insert(change.source, name.span.end, f"={was}"),)),
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


def _outcome(change: DockerfileChange, name: str, *, named: bool) -> str:
    if not named:
        return "What a build script reads from its environment is then empty."
    used = re.compile(rf"\$(?:{re.escape(name)}\b|\{{{re.escape(name)}\}})")
    bases = (stage.base_word.text for stage in change.stages if stage.base_word is not None)
    without = [used.sub("", text) for text in bases if used.search(text)]
    if any("$" not in text and parse_reference(text) is None for text in without):
        return f"A plain `docker build .` now stops at the `FROM` that `${name}` is a part of."
    return "A plain `docker build .` now fills in nothing where it is used."


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
