"""See arg_value_without_equals.md."""

import re
from collections import Counter
from collections.abc import Iterator

from rules.api import (
    OF_THE_BUILDER,
    PREDEFINED_ARGS,
    Category,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    quote,
    replace,
    rule,
)

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
"""How people name arguments; what is written otherwise was meant for a value."""
_NAME = re.compile(r"\w+")


@rule(
    "arg-value-without-equals",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG has a blank between its name and its value, and so declares two names."""
    words: Counter[str] | None = None
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ARG" or [value for _, value in instruction.pairs] != [None, None]:
            continue
        first, second = (name.text for name, _ in instruction.pairs)
        if words is None:
            words = Counter(_NAME.findall(change.after.code))
        if words[first] == 1 or not _VARIABLE.fullmatch(first) or may_be_name(change, second):
            continue
        above = any(name.text == first and value for one in change.after.global_args for name, value in one.pairs)
        so = "keeps the value that the `ARG` above the first `FROM` gives it" if above else "is empty"
        names = [name for name, _ in instruction.pairs]
        gap = change.source.span(names[0].span.end, names[1].span.start)
        yield Problem(
            instruction.span,
            f"{quote(f'ARG {first} {second}')} declares two arguments and gives none a value: what `ENV` takes with a "
            f"blank, `ARG` reads as another name. {quote(first)} {so} where no build passes it. Write "
            f"{quote(f'{first}={second}')}.",
            key=first,
            fix=Fix("Give it the value", (replace(change.source, gap, "="),)),
        )


def may_be_name(change: DockerfileChange, word: str) -> bool:
    """Tell whether something may read a variable of that name: it is named like one, or the file uses it as one."""
    if _VARIABLE.fullmatch(word) or word in PREDEFINED_ARGS or word in OF_THE_BUILDER:
        return True
    name = re.escape(word)
    if re.search(rf"\$\{{?{name}\b|^\s*(?:ARG|ENV)\s+{name}\b", change.after.code, re.MULTILINE) is not None:
        return True
    read = re.compile(rf"(?:\$\{{?|\benviron\W{{1,6}}|\bgetenv\W{{1,4}}|\bprocess\.env\.){name}\b")
    others = (path for path in change.repository.files if path != change.path)
    return word.isidentifier() and any(read.search(change.repository.text(path) or "") for path in others)
