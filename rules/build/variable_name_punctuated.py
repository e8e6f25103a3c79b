"""See variable_name_punctuated.md."""

import re
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Instruction, Problem, Severity, Word, quote, replace, rule

_PUNCTUATED = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<marks>[,;:]+)")
_CALLED = {",": "comma", ";": "semicolon", ":": "colon"}


@rule(
    "variable-name-punctuated",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ARG", "ENV"),
    mentions=(",", ";", ":"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A variable's name ends in a comma, a semicolon or a colon, so that nothing can read it."""
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword not in ("ARG", "ENV"):
            continue
        found = [(word, shape) for word, _ in instruction.pairs if (shape := _PUNCTUATED.fullmatch(word.text))]
        if found:
            yield _problem(change, instruction, found)


def _problem(change: DockerfileChange, instruction: Instruction, found: list[tuple[Word, re.Match[str]]]) -> Problem:
    """Speak of all names of an instruction at once."""
    first, shape = found[0]
    name, mark = shape["name"], _CALLED[shape["marks"][0]]
    more = len(found) - 1
    others = f" and {more} more like it" if more else ""
    told = f"no {quote(f'--build-arg {name}=…')} sets it" if instruction.keyword == "ARG" else "no program finds it"
    plain = all(change.source.cut(word.span) == word.text for word, _ in found)
    edits = [replace(change.source, word.span, one["name"]) for word, one in found]
    return Problem(
        first.span,
        f"`{instruction.keyword}` takes the {mark} of {quote(first.text)}{others} for part of the name: "
        f"{quote(f'${name}')} does not read it, and {told}. Leave the {mark} out.",
        instruction=instruction,
        key=name,
        fix=Fix(f"Delete the {mark}", tuple(edits)) if plain else None,
    )
