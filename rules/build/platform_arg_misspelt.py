"""See platform_arg_misspelt.md."""

import re
from collections.abc import Iterator

from rules.api import PLATFORM_ARGS, Category, Confidence, DockerfileChange, Problem, Severity, quote, rule
from rules.build.variables.uses import is_asked_for, with_default

_MEANT = [*sorted(name for name in PLATFORM_ARGS if name.startswith("TARGET")), "BUILDPLATFORM"]
"""Those that only BuildKit has: `BUILD_ARCH` is Home Assistant's own, `BUILD_OS` anybody's."""
_LONG = 10


@rule(
    "platform-arg-misspelt",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
    mentions=("build", "target", "targt", "traget", "taget"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG is called almost like one of BuildKit's platform values, and nothing fills it in."""
    told = {name for build in change.repository.builds_of(change.path) for name in build.args}
    told |= with_default(change.after)
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword != "ARG":
            continue
        for name, value in instruction.pairs:
            meant = _meant(name.text)
            if value is not None or meant is None or name.text == meant or name.text in told:
                continue
            if not _is_read(change, name.text) or _has_its_own_values(change, name.text):
                continue
            told.add(name.text)
            yield Problem(
                name.span,
                f"`ARG {name.text}` stays empty unless somebody passes it: BuildKit fills in {quote(meant)}, in this "
                "spelling only.",
                Confidence.LIKELY if _is_meant(change, name.text) else Confidence.POSSIBLE,
                doubt="a build outside the repository may pass it",
                instruction=instruction,
                key=name.text,
            )


def _is_read(change: DockerfileChange, name: str) -> bool:
    return re.search(rf"\$\{{?{name}\b", change.after.code) is not None


def _has_its_own_values(change: DockerfileChange, name: str) -> bool:
    """Whether the file says what happens without it, or compares it with a name that BuildKit never fills in."""
    compared = rf"\$\{{?{name}\b[}}\"' ]*(?:==?|in\b)[\s\"'\\]*(?:x86_64|aarch64|armv7l|i[36]86)\b"
    return is_asked_for(name, change.after.code) or re.search(compared, change.after.code) is not None


def _is_meant(change: DockerfileChange, name: str) -> bool:
    """Whether it can hardly be an argument of one's own: a slip of the pen, or the file knows BuildKit's values."""
    declared = {word.text for one in change.after.dockerfile.instructions for word, _ in one.pairs}
    return "_" not in name or not PLATFORM_ARGS.isdisjoint(declared)


def _meant(name: str) -> str | None:
    """Return the platform value that a name is without its underscores, or with one letter missing or two swapped.

    In small letters it is an argument of one's own: BuildKit's are in capitals.
    """
    if not name.isupper():
        return None
    plain = name.replace("_", "")
    return next((one for one in _MEANT if plain == one or (len(one) >= _LONG and _is_slip(plain, one))), None)


def _is_slip(name: str, meant: str) -> bool:
    if len(name) == len(meant):
        at = next((i for i in range(len(name) - 1) if name[i] != meant[i]), 0)
        return at > 0 and name == meant[:at] + meant[at + 1] + meant[at] + meant[at + 2 :]
    return len(name) == len(meant) - 1 and any(meant[:i] + meant[i + 1 :] == name for i in range(1, len(meant)))
