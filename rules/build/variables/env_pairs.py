"""Variables that an ENV builds from others that the same ENV sets: the builder knows the values from above alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.build.variables.uses import declarable_uses, is_own_value, uses
from rules.lazily import once
from rules.model.scope import Scope, Variable
from rules.problem import Confidence, Edit, Fix, Problem
from rules.quoting import listed, quote
from rules.repairs import fix, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Stage, Step, Word

_NAME = re.compile(r"\w+")


class _Place(NamedTuple):
    """The first and the last pair of an ENV that set a variable; the last one holds."""

    first: int
    last: int


class _Built(NamedTuple):
    """A pair that is built from others of its ENV.

    Attributes:
        at: Which pair it is.
        name: The variable that it sets.
        value: What it is set to.
        used: The variables in that, which the ENV sets.
        old: These as they are above the ENV.
    """

    at: int
    name: str
    value: Word
    used: tuple[str, ...]
    old: tuple[Variable | None, ...]

    @property
    def item(self) -> str:
        """What a pair is known by: built from another variable, it is another mistake."""
        return f"{self.name}<{','.join(self.used)}"


def built_in_one(change: DockerfileChange, stage: Stage, step: Step) -> Iterator[Problem]:
    """Speak of the pairs of an ENV that are built from others of it, at once of those that are equally sure."""
    alike: dict[tuple[Confidence, bool], list[_Built]] = {}
    for built in _built(step):
        sure = Confidence.CERTAIN if all(built.old) or stage.base_known else Confidence.LIKELY
        alike.setdefault((sure, _is_set_again(stage, step, built)), []).append(built)
    for (sure, untold), found in alike.items():
        items = tuple(built.item for built in found)
        fresh = change.fresh("env-self-reference", stage, items)
        told = [built for built in found if built.item in fresh]
        yield Problem(
            told[0].value.span,
            _too_early(told),
            sure,
            doubt="the base image is not known, and may set it to the same",
            stage=stage.key,
            items=items,
            fix=_split(change, step, told),
            untold=untold,
        )


def _built(step: Step) -> Iterator[_Built]:
    names = {name.text for name, _ in step.instruction.pairs}
    for index, (name, value) in enumerate(step.instruction.pairs):
        if value is None or "$" not in value.text or names.isdisjoint(_NAME.findall(value.text)):
            continue
        used = tuple(_set_here(step, index, value.text))
        if used:
            yield _Built(index, name.text, value, used, tuple(step.scope.get(one) for one in used))


def _is_set_again(stage: Stage, step: Step, built: _Built) -> bool:
    """Whether a later ENV sets the variable once more, to the same words, before anything else speaks of it.

    It then has the value that was meant where it is used.
    """
    for later in stage.steps:
        if later.index <= step.index:
            continue
        said = [value for name, value in later.instruction.pairs if name.text == built.name]
        if later.instruction.keyword == "ENV" and said:
            return said[-1] is not None and said[-1].text.strip("\"'") == built.value.text.strip("\"'")
        if re.search(rf"\b{re.escape(built.name)}\b", later.instruction.text):
            return False
    return False


def _too_early(told: list[_Built]) -> str:
    """Say once of pairs what they are built from, and what that is before the ENV."""
    old = {name: _old(variable) for built in told for name, variable in zip(built.used, built.old, strict=True)}
    if len(set(old.values())) == 1:
        value = next(iter(old.values()))
    else:
        value = "; ".join(f"{what} for `${name}`" for name, what in old.items())
    if len(told) == 1 and len(old) == 1:
        way_out = "Set the two in separate `ENV` instructions"
    else:
        way_out = (
            f"Set {'it' if len(told) == 1 else 'them'} in an `ENV` of {'its' if len(told) == 1 else 'their'} own, below"
        )
    return (
        f"{_sentence(told)}, which the same `ENV` sets. The builder fills in the "
        f"value{'s' if len(old) > 1 else ''} from before this instruction: {value}. {way_out}."
    )


def _sentence(told: list[_Built]) -> str:
    """Say which variables are built from which; those from the same ones together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for built in told:
        alike.setdefault(built.used, []).append(quote(built.name))
    parts: list[str] = []
    for used, names in alike.items():
        verb = "" if parts else " is built" if len(names) == 1 else " are built"
        parts.append(f"{listed(names, None)}{verb} from {listed([f'`${one}`' for one in used], None)}")
    return listed(parts, None) if all(" and " not in part for part in parts) else ", and ".join(parts)


def _set_here(step: Step, index: int, text: str) -> Iterator[str]:
    """Yield the variables in a pair that the same ENV gives another value, below it too if it has none."""
    pairs = step.instruction.pairs
    places = _places(step)
    used = uses(text, step.scope.escape)
    declarable = declarable_uses(text, step.scope.escape) if used else ()
    for name in dict.fromkeys(used):
        old = step.scope.get(name)
        place = places.get(name)
        if place is None or (place.first >= index and (old is not None or place.last <= index)):
            continue
        if name == "PATH" and pairs[index][0].text != "PATH":
            continue
        if old is not None and is_own_value(name, pairs[place.last][1]):
            continue  # an ARG becomes an ENV, and both pairs have what it gives
        if name not in declarable and not _differs(step, text):
            continue  # a default or an alternative that comes to the same
        if old is None or not isinstance(old.value, str) or old.value != _new_value(step, place.last):
            yield name


def _new_value(step: Step, index: int) -> str | None:
    value = step.instruction.pairs[index][1]
    return step.scope.expand(value.text) if value is not None else None


def _differs(step: Step, text: str) -> bool:
    """Whether the text is known to be another one with the new values than with those from before."""
    scope, new_scope = _scopes(step)
    old, new = scope.expand(text), new_scope.expand(text)
    return old is not None and new is not None and old != new


@once
def _scopes(step: Step) -> tuple[Scope, Scope]:
    """Return the variables from before an ENV, and those with the values that it sets."""
    scope = Scope(step.scope.variables, complete=step.stage.base_known, escape=step.scope.escape)
    values = ((name, _new_value(step, place.last)) for name, place in _places(step).items())
    return scope, scope.with_(Variable(name, value, "env") for name, value in values if value is not None)


@once
def _places(step: Step) -> dict[str, _Place]:
    """Return where an ENV sets each of its variables."""
    found: dict[str, _Place] = {}
    for index, (name, _) in enumerate(step.instruction.pairs):
        found[name.text] = _Place(found[name.text].first if name.text in found else index, index)
    return found


def _old(variable: Variable | None) -> str:
    if variable is not None and isinstance(variable.value, str) and variable.value:
        return quote(variable.value)
    given = variable is not None and variable.kind == "arg"
    return "what the build argument gives" if given else "nothing, or whatever the base image has"


def _split(change: DockerfileChange, step: Step, told: list[_Built]) -> Fix | None:
    """Begin another ENV in front of each pair that is built from one of the ENV that it stands in."""
    begin, edits = 0, []
    for built in told:
        if any(_places(step)[name].last >= begin for name in built.used):
            begin = built.at
            edits.append(_break(change, step, begin))
    return fix("Set it in an ENV of its own", *edits)


def _break(change: DockerfileChange, step: Step, index: int) -> Edit | None:
    """Begin another ENV in front of the pair; the continuation above it ends."""
    if index == 0:
        return None
    source = change.source
    name = step.instruction.pairs[index][0]
    before, value_before = step.instruction.pairs[index - 1]
    end = value_before.span.end if value_before is not None else before.span.end
    if "#" in source.text[end : name.span.start]:
        return None
    return replace(source, source.span(end, name.span.start), "\nENV ")
