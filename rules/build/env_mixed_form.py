"""See env_mixed_form.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    fix,
    quote,
    replace,
    rule,
)

_SECOND = re.compile(r"""^(?:"[^"]*"|'[^']*'|[^\s"']+)\s+(?P<name>[A-Z][A-Z0-9_]*)(?:=|\s+\S)""")

_OWN_LINE = re.compile(r"\n[ \t]*(?P<name>[A-Z][A-Z0-9_]+(?==)|[A-Z][A-Z0-9_]{2,})(?:=\S|[ \t]+[\"'\w/$])")

_ONE_LINE = re.compile(r"[^\s\"'-]\S*[ \t]+(?P<name>[A-Z][A-Z0-9]*_[A-Z0-9_]+)[ \t]+[^\s=]\S*")
"""`en_US LC_CTYPE en_US.UTF-8`: a value, a name with an underscore, a value."""

_PAIRS = re.compile(r"[^\s\"'=-][^\s=]*+(?:[ \t]+(?P<name>[A-Z][A-Z0-9]*_[A-Z0-9_]*)=[^\s\"'\\]+)+")
"""`en_US.UTF-8 LC_ALL=en_US.UTF-8`: a value, and pairs of a name with an underscore and a value."""

_ANY_PAIRS = re.compile(r"[^\s\"'=-][^\s=]*+(?:[ \t]+[A-Z][A-Z0-9_]*=[^\s\"'\\]+)+")
_ONE_WORD = re.compile(
    r"(?:\w+_)?(?:PATH|HOME|DIR|VERSION|PORT)\Z|(?:LANG|LANGUAGE|LC_ALL|TZ|DEBIAN_FRONTEND|NODE_ENV|RAILS_ENV)\Z"
)
"""Names of variables whose values hold no blanks: a pair behind them is another variable, whatever its name."""

_OF_WORDS = re.compile(r"(?:CMD|COMMAND|ARG|OPT|OPTION|PARAM|FLAG|PROMPT)S?\Z")
"""How a variable's name ends whose value is a command line or options, which may hold such pairs."""

_SHELL_WORDS = frozenset({"if", "for", "while", "case", "export", "then"})


@rule(
    "env-mixed-form",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ENV",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ENV without equals sign is continued with a second variable, which becomes part of the first one's value."""
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ENV" or len(instruction.pairs) != 1:
            continue
        name, value = instruction.pairs[0]
        if name.text in _SHELL_WORDS:
            yield _shell_code(instruction, name.text)
            continue
        second = _second(instruction)
        if value is None or second is None:
            continue
        yield Problem(
            instruction.span,
            f"{quote(second)} is not set: `ENV {name.text} …` without an equals sign takes everything behind the name, "
            f"so {quote(name.text)} is {quote(' '.join(value.text.split()), 80)}. Write each variable as `NAME=value`.",
            Confidence.LIKELY,
            doubt="the value may be meant to hold the rest",
            key=name.text,
            fix=_fix(instruction),
        )


def _fix(instruction: Instruction) -> Fix | None:
    """Write the first pair with an equals sign where the others have one."""
    name, value = instruction.pairs[0]
    if value is None or not _has_pairs(name.text, value.text):
        return None
    gap = instruction.source.span(name.span.end, value.span.start)
    return fix("Write the first one with an equals sign", replace(instruction.source, gap, "="))


def _has_pairs(name: str, value: str) -> bool:
    """Whether a value goes on with pairs that are other variables."""
    if _ONE_WORD.match(name):
        return _ANY_PAIRS.fullmatch(value) is not None
    return _PAIRS.fullmatch(value) is not None and not _OF_WORDS.search(name)


def _shell_code(instruction: Instruction, name: str) -> Problem:
    return Problem(
        instruction.span,
        f"`ENV` runs no code: this sets a variable called {quote(name)} to "
        f"{quote(instruction.value[len(name) :].strip(), 80)}. "
        "Decide it in a `RUN`, or in the script that starts the container.",
        key=name,
    )


def _second(instruction: Instruction) -> str | None:
    """Return what seems to begin a second variable: on a line of its own, behind a quoted or a single value."""
    name, value = instruction.pairs[0]
    if value is None or value.text.startswith("=") or f"{name.text}=" in instruction.value[: len(name.text) + 1]:
        return None
    own_line = _OWN_LINE.search(instruction.text)
    if own_line is not None and own_line["name"] in value.text:
        return own_line["name"]
    if _has_pairs(name.text, value.text):
        return value.text.split()[1].partition("=")[0]
    one_line = _ONE_LINE.fullmatch(value.text)
    if one_line is not None:
        return one_line["name"]
    match = _SECOND.match(value.text)
    if match is None:
        return None
    quoted = value.text[0] in "\"'"
    return match["name"] if quoted else None
