"""See platform_arg_misspelt.md."""

from collections.abc import Iterator

from rules.api import PLATFORM_ARGS, Category, Confidence, DockerfileChange, Problem, Severity, quote, rule

_BY_LETTERS = {name: name for name in PLATFORM_ARGS if name.startswith("TARGET")}  # BUILD_ARCH is Home Assistant's own


@rule(
    "platform-arg-misspelt",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
    mentions=("target",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG is called almost like one of BuildKit's platform values, and nothing fills it in."""
    given = {name for build in change.repository.builds_of(change.path) for name in build.args}
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ARG":
            continue
        for name, value in instruction.pairs:
            meant = _BY_LETTERS.get(name.text.upper().replace("_", ""))
            if value is not None or meant is None or name.text == meant or name.text in given:
                continue
            yield Problem(
                name.span,
                f"`ARG {name.text}` stays empty unless somebody passes it: BuildKit fills in {quote(meant)}, in this "
                "spelling only. Names that are built from it lose a part, and downloads miss.",
                Confidence.LIKELY,
                doubt="a build outside the repository may pass it",
                instruction=instruction,
                key=name.text,
            )
