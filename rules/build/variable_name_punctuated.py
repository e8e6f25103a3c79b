"""See variable_name_punctuated.md."""

import re
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Instruction, Problem, Severity, Word, quote, replace, rule
from rules.build.arg_value_without_equals import may_be_name

_PUNCTUATED = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<marks>[,;:]+)")
_ENDED = re.compile(r"(?:\"[^\"\\]*\"|'[^']*')[;,]|[\w./-]*\w;")
"""A value as it is written with a mark behind its quotes, or a plain word with a semicolon."""
_CALLED = {",": "comma", ";": "semicolon", ":": "colon"}


@rule(
    "variable-name-punctuated",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ARG", "ENV", "LABEL"),
    mentions=(":", ",", ";"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A variable's name or value ends in a comma, a semicolon or a colon that was meant to part it from the next."""
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword not in ("ARG", "ENV", "LABEL"):
            continue
        listed = _listed(change, instruction) or _ended(change, instruction)
        if listed:
            yield _of_values(change, instruction, listed)
        if instruction.keyword == "LABEL":
            continue
        found = [(word, shape) for word, _ in instruction.pairs if (shape := _PUNCTUATED.fullmatch(word.text))]
        if found:
            yield _problem(change, instruction, found)


def _listed(change: DockerfileChange, instruction: Instruction) -> list[tuple[Word, Word]]:
    """Return the pairs with a comma or a semicolon behind the value, where every pair but the last has the same."""
    if not instruction.pairs:
        return []
    *others, (_, last) = instruction.pairs
    pairs = [(name, value) for name, value in others if value is not None]
    marks = {change.source.cut(value.span)[-1:] for _, value in pairs}
    ends = change.source.cut(last.span)[-1:] if last is not None else ""
    return pairs if len(pairs) == len(others) and len(marks) == 1 and marks <= {",", ";"} - {ends} else []


def _ended(change: DockerfileChange, instruction: Instruction) -> list[tuple[Word, Word]]:
    """Return all pairs where each has a mark behind it that ends nothing: `ENV DEBUG="0";`.

    A list of folders may end in a semicolon, as those of Lua do.
    """
    source = change.source
    pairs = [(name, value) for name, value in instruction.pairs if value is not None]
    written = all(
        source.text[name.span.end : name.span.end + 1] == "="
        and _ENDED.fullmatch(source.cut(value.span)) is not None
        and "PATH" not in name.text.upper()
        for name, value in pairs
    )
    return pairs if written and len(pairs) == len(instruction.pairs) else []


def _of_values(change: DockerfileChange, instruction: Instruction, listed: list[tuple[Word, Word]]) -> Problem:
    name, value = listed[0]
    text = change.source.cut(value.span)
    mark = _CALLED[text[-1]]
    others = f", and {len(listed) - 1} more like it" if len(listed) > 1 else ""
    edits = [replace(change.source, one.span, change.source.cut(one.span)[:-1]) for _, one in listed]
    ends = "blanks separate the pairs" if len(instruction.pairs) > 1 else "the end of the line ends it"
    return Problem(
        value.span,
        f"`{instruction.keyword}` takes the {mark} behind {quote(f'{name.text}={text[:-1]}')} for part of the value, "
        f"which is {quote(text)}{others}: {ends}, and nothing else. Leave the {mark} out.",
        instruction=instruction,
        key=name.text,
        fix=Fix(f"Delete the {mark}", tuple(edits)),
    )


def _problem(change: DockerfileChange, instruction: Instruction, found: list[tuple[Word, re.Match[str]]]) -> Problem:
    """Speak of all names of an instruction at once."""
    first, shape = found[0]
    name, mark = shape["name"], _CALLED[shape["marks"][0]]
    more = len(found) - 1
    others = f" and {more} more like it" if more else ""
    told = f"no {quote(f'--build-arg {name}=…')} sets it" if instruction.keyword == "ARG" else "no program finds it"
    plain = all(change.source.cut(word.span) == word.text for word, _ in found)
    value = _value_behind(change, instruction) if plain and not more else None
    if value is None:
        edits, way_out = (
            [replace(change.source, word.span, one["name"]) for word, one in found],
            f"Leave the {mark} out",
        )
    else:
        gap = change.source.span(first.span.start, value.span.start)
        edits, way_out = [replace(change.source, gap, f"{name}=")], f"Write {quote(f'{name}={value.text}')}"
    return Problem(
        first.span,
        f"`{instruction.keyword}` takes the {mark} of {quote(first.text)}{others} for part of the name: "
        f"{quote(f'${name}')} does not read it, and {told}. {way_out}.",
        instruction=instruction,
        key=name,
        fix=Fix("Give it the value" if value is not None else f"Delete the {mark}", tuple(edits)) if plain else None,
    )


def _value_behind(change: DockerfileChange, instruction: Instruction) -> Word | None:
    """Return the word that was meant for the value in `ARG NAME: value`, which declares two arguments."""
    if instruction.keyword != "ARG" or [value for _, value in instruction.pairs] != [None, None]:
        return None
    (name, _), (value, _) = instruction.pairs
    return value if name.text.endswith(":") and not may_be_name(change, value.text) else None
