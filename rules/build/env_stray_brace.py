"""See env_stray_brace.md."""

import re
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, quote, replace, rule

_STRAY = re.compile(r"\$\{[A-Za-z_]\w*\}(\})")


@rule(
    "env-stray-brace",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ENV", "ARG", "LABEL"),
    mentions=("}}",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A value has one closing brace too many behind a variable."""
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword not in ("ENV", "ARG", "LABEL"):
            continue
        for name, value in instruction.pairs:
            match = _STRAY.search(value.text) if value is not None else None
            if value is None or match is None or value.text.count("{") >= value.text.count("}"):
                continue
            plain = value.span.end - value.span.start == len(value.text)
            at = value.span.start + match.start(1)
            edit = replace(change.source, change.source.span(at, at + 1), "")
            yield Problem(
                value.span,
                f"{quote(name.text)} ends in a brace that opens nowhere: {quote(value.text)}. The brace becomes part "
                "of the value; delete it.",
                instruction=instruction,
                key=name.text,
                fix=Fix("Delete the brace", (edit,)) if plain else None,
            )
