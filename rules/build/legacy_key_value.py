"""See legacy_key_value.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    Source,
    Word,
    fix,
    insert,
    quote,
    replace,
    rule,
)

_ONE_WORD = re.compile(r"""[^\s"']+|"[^"]*"|'[^']*'""")
"""What may stand behind an equals sign as it is."""
_LAYOUT = re.compile(r"[ \t]+|[ \t]*[\\`][ \t]*\r?\n[ \t]*")
"""What may stand between name and value: blanks, and one continued line without a comment behind it."""


@rule(
    "legacy-key-value",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("ENV", "LABEL", "ONBUILD"),
    aliases=("LegacyKeyValueFormat", "DF082"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ENV or a LABEL has a blank where the equals sign belongs."""
    for written in change.after.dockerfile.instructions:
        instruction = written.trigger or written
        if instruction.keyword not in ("ENV", "LABEL") or len(instruction.pairs) != 1:
            continue
        name, value = instruction.pairs[0]
        if value is None or "=" in change.source.text[name.span.end : value.span.start]:
            continue
        yield Problem(
            written.span,
            f"`{instruction.keyword}` sets {quote(name.text)} without an equals sign. In this old form everything "
            "behind the name is its value, so a second variable written there becomes part of the first. Write "
            f"{quote(f'{name.text}=…')}.",
            key=name.text,
            fix=_fix(change.source, instruction, name, value),
        )


def _fix(source: Source, instruction: Instruction, name: Word, value: Word) -> Fix | None:
    """Put the equals sign, and quotes around a value of several words; none where it has quotes or escapes within."""
    gap = source.span(name.span.end, value.span.start)
    if not _LAYOUT.fullmatch(source.cut(gap)):
        return None
    title = f"Write {name.text}=…"
    if _ONE_WORD.fullmatch(value.text):
        return fix(title, replace(source, gap, "="))
    if any(mark in value.text for mark in ('"', "'", instruction.escape)):
        return None
    return fix(title, replace(source, gap, '="'), insert(source, value.span.end, '"'))
