"""See arg_default_removed.md."""

from collections.abc import Iterator

from rules.api import (
    PLATFORM_ARGS,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Model,
    Problem,
    Severity,
    insert,
    quote,
    rule,
)


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
    old = _defaults(change.before)
    code = change.after.code.replace("{", "")
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ARG":
            continue
        for name, value in instruction.pairs:
            was = old.get(name.text)
            used = f"${name.text}" in code and name.text not in PLATFORM_ARGS
            if value is None and was and used and name.text not in given and _is_bare(change, name.text):
                yield Problem(
                    instruction.span,
                    f"`ARG {name.text}` had the default {quote(was)} and has none any more, and no build in the "
                    "repository passes it. A plain `docker build .` now fills in nothing where it is used.",
                    Confidence.LIKELY,
                    doubt="a build outside the repository may pass it",
                    key=name.text,
                    fix=Fix("Restore the default", (insert(change.source, name.span.end, f"={was}"),)),
                )


def _defaults(model: Model) -> dict[str, str]:
    return {
        name.text: value.text
        for instruction in model.dockerfile.instructions
        if instruction.keyword == "ARG"
        for name, value in instruction.pairs
        if value is not None and "$" not in value.text
    }


def _is_bare(change: DockerfileChange, name: str) -> bool:
    """Whether every ARG of that name is without default now: a bare one in a stage takes over a global default."""
    arguments: list[Instruction] = [i for i in change.after.dockerfile.instructions if i.keyword == "ARG"]
    return all(value is None for i in arguments for word, value in i.pairs if word.text == name)
