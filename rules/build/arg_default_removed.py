"""See arg_default_removed.md."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from rules.api import (
    PLATFORM_ARGS,
    PREDEFINED_ARGS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Model,
    Problem,
    Severity,
    insert,
    parse_reference,
    quote,
    rule,
)
from rules.build.variable_uses import is_asked_for, with_default
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
    defaulted = with_default(change.after)
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ARG":
            continue
        for name, value in instruction.pairs:
            was = old.get(name.text)
            if value is not None or not was or name.text in given | defaulted or names_a_secret(name.text):
                continue  # a secret's default is better gone
            if _begins_one(name.text, names) and not is_asked_for(name.text, change.after.code):
                yield Problem(
                    instruction.span,
                    f"`ARG {name.text}` had the default {quote(was)} and has none any more, and no build in the "
                    f"repository passes it. {_outcome(change, name.text)}",
                    Confidence.LIKELY,
                    doubt="a build outside the repository may pass it",
                    key=name.text,
                    fix=Fix("Restore the default", (insert(change.source, name.span.end, f"={was}"),)),
                )


def _outcome(change: DockerfileChange, name: str) -> str:
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
        if value is not None
        and "$" not in value.text
        and value.text.strip("\"'")
        and name.text not in PLATFORM_ARGS | PREDEFINED_ARGS
    }


def _begins_one(name: str, names: Sequence[str]) -> bool:
    """Whether one of some sorted names begins with a name."""
    at = bisect_left(names, name)
    return at < len(names) and names[at].startswith(name)
