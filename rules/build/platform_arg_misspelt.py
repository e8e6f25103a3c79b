"""See platform_arg_misspelt.md."""

from collections.abc import Iterator

from rules.api import PLATFORM_ARGS, Category, Confidence, DockerfileChange, Problem, Severity, quote, rule

_MEANT = [*sorted(name for name in PLATFORM_ARGS if name.startswith("TARGET")), "BUILDPLATFORM"]
"""Those that only BuildKit has: `BUILD_ARCH` is Home Assistant's own, `BUILD_OS` anybody's."""
_LONG = 10


@rule(
    "platform-arg-misspelt",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
    mentions=("target", "targt", "traget", "taget", "build"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG is called almost like one of BuildKit's platform values, and nothing fills it in."""
    given = {name for build in change.repository.builds_of(change.path) for name in build.args}
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ARG":
            continue
        for name, value in instruction.pairs:
            meant = _meant(name.text)
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


def _meant(name: str) -> str | None:
    """Return the platform value that a name is without its underscores, or with one letter missing or two swapped."""
    plain = name.upper().replace("_", "")
    return next((one for one in _MEANT if plain == one or (len(one) >= _LONG and _is_slip(plain, one))), None)


def _is_slip(name: str, meant: str) -> bool:
    if len(name) == len(meant):
        at = next((i for i in range(len(name) - 1) if name[i] != meant[i]), 0)
        return at > 0 and name == meant[:at] + meant[at + 1] + meant[at] + meant[at + 2 :]
    return len(name) == len(meant) - 1 and any(meant[:i] + meant[i + 1 :] == name for i in range(1, len(meant)))
