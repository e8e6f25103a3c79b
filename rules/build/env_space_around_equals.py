"""See env_space_around_equals.md."""

import re
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, quote, replace, rule

_BLANKS = re.compile(r"\s{0,9}=\s{0,9}")
_PAIRS = re.compile(r"[^\s=]{1,99}(?:\s{1,9}[A-Za-z_]\w{0,60}=[^\s=]{1,99})+")
"""A value, and pairs of a name and a value behind it."""


@rule(
    "env-space-around-equals",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENV",),
    mentions=("=",),
    aliases=("S6574",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ENV has a blank before its equals sign, which becomes part of the value."""
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ENV" or len(instruction.pairs) != 1:
            continue
        name, value = instruction.pairs[0]
        if value is None or not value.text.startswith("=") or change.source.text[name.span.end] == "=":
            continue  # `NAME==value` has no blank
        rest = value.text[1:].strip()
        simple = rest and " " not in rest and instruction.line == instruction.end_line
        edit = replace(change.source, instruction.value_span, f"{name.text}={rest}")
        yield Problem(
            instruction.span,
            f"the value of {quote(name.text)} is {quote(' '.join(value.text.split()), 60)}, equals sign included: "
            "with a blank before it, `ENV` takes everything behind the name. Write "
            f"{quote(f'{name.text}={_several(rest) or _first(rest)}', 60)}.",
            key=name.text,
            fix=Fix("Close the gap", (edit,)) if simple else None,
        )


def _several(rest: str) -> str:
    """Return the rest of what was meant for several pairs, without the blanks: `A = 1 B = 2`; empty for one."""
    closed = _BLANKS.sub("=", rest)
    return closed if _PAIRS.fullmatch(closed) else ""


def _first(rest: str) -> str:
    """Return what the value is without the sign: all of it where it is quoted, else its first word."""
    return rest if rest[:1] in ("'", '"') else rest.partition(" ")[0]
