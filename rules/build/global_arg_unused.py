"""See global_arg_unused.md."""

import re
from collections import Counter
from collections.abc import Iterator

from rules.api import (
    OF_THE_BUILDER,
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.quoting import listed

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
"""What can be a name: in `ARG TAG = 13` the builder takes `13` for one as well, of which invalid-syntax speaks."""
_READ_BY = {
    "DEBIAN_FRONTEND": "apt",
    **dict.fromkeys(("CGO_ENABLED", "GOFLAGS", "GOPRIVATE", "GOPROXY"), "go"),
    **dict.fromkeys(("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_NO_CACHE_DIR"), "pip"),
}
"""Variables that a package manager reads out of its environment (debconf(7), `go help environment`, pip's manual)."""


@rule(
    "global-arg-unused",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG above the first FROM is used by no FROM and taken by no stage, so it does nothing."""
    if not change.stages or not change.after.global_args:
        return
    words = Counter(_WORD.findall(change.after.code))
    for argument in change.after.global_args:
        given = [name.text for name, _ in argument.pairs if _NAME.fullmatch(name.text)]
        names = [name for name in given if words[name] == 1 and not _is_of_the_builder(name)]
        for name in [name for name in names if name in _READ_BY]:
            stage = _stage_with(change, _READ_BY[name])
            if stage is not None:
                names.remove(name)
                yield _not_reached(argument, name, stage)
        if names:
            yield _unused(argument, names)


def _is_of_the_builder(name: str) -> bool:
    return name in OF_THE_BUILDER or name.startswith("BUILDKIT_")


def _stage_with(change: DockerfileChange, manager: str) -> Stage | None:
    """Return the first stage in which a package manager runs."""
    calls = ((stage, call) for stage in change.stages for run in stage.runs for call in run.package_calls)
    return next((stage for stage, call in calls if call.manager == manager), None)


def _not_reached(argument: Instruction, name: str, stage: Stage) -> Problem:
    manager = _READ_BY[name]
    return Problem(
        argument.span,
        f"{quote(f'ARG {name}')} stands above the first `FROM` and ends there: {quote(manager)} runs in {stage.label} "
        f"without it. Declare it in each stage that is meant: {quote(f'ARG {name}')}, which takes over the value.",
        Confidence.LIKELY,
        doubt="the base image may set it",
        key=name,
    )


def _unused(argument: Instruction, names: list[str]) -> Problem:
    shown, one = listed(map(quote, names), None), len(names) == 1
    verb, it = ("stands", "it") if one else ("stand", "them")
    return Problem(
        argument.span,
        f"{shown} {verb} above the first `FROM`, and no `FROM` uses {it} and no stage declares {it}: what a build "
        f"passes for {it} changes nothing. Declare {it} in the stage that is meant, or take {it} out, unless something "
        "outside the build reads the line.",
        Confidence.POSSIBLE,
        key=" ".join(names),
    )
