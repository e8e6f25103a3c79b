"""See from_platform_redundant.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, Stage, delete_word, quote, rule


@rule(
    "from-platform-redundant",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("FROM",),
    mentions=("--platform",),
    aliases=("DL3065", "RedundantTargetPlatform", "DF083"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """FROM asks for the target platform, which it gets anyway."""
    if any("BUILDPLATFORM" in (_platform(stage) or "") for stage in change.stages):
        return  # a cross-build: beside stages for the builder's platform the flag marks the others
    for stage in change.stages:
        flag = stage.from_.flag("platform")
        if flag is None or _platform(stage) not in ("$TARGETPLATFORM", "${TARGETPLATFORM}"):
            continue
        if any("platform" in comment.text.lower() for comment in stage.from_.comments):
            continue  # its author says what it is there for
        if change.after.global_scope.expand("$TARGETPLATFORM"):
            continue  # an ARG gives it a value of its own, which is platform-arg-default's matter
        yield Problem(
            flag.span,
            f"{stage.label} asks for {quote(flag.value or '')}, which is what `FROM` takes when nothing is said. "
            "Drop the flag: where it stands, readers look for a cross-build that is not there.",
            stage=stage.key,
            fix=Fix("Drop the flag", (delete_word(change.source, flag.span),)),
        )


def _platform(stage: Stage) -> str | None:
    """Return what the flag of a stage's FROM says, its quotes left out; `None` without one."""
    flag = stage.from_.flag("platform")
    return (flag.value or "").strip("\"'") if flag is not None else None
