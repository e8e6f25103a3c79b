"""See build_host_network.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, delete_word, rule


@rule(
    "build-host-network",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("--network",),
    aliases=("S6431",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN uses the host's network."""
    for stage in change.stages:
        for run in stage.runs:
            flag = run.instruction.flag("network")
            if flag is not None and flag.value == "host":
                yield Problem(
                    flag.span,
                    f"a `RUN` of {stage.label} is in the host's network: it reaches services that listen on the "
                    "builder's own addresses, other builds' included, and the builder must allow it. Drop the flag; "
                    "the default network reaches the internet all the same.",
                    instruction=run.instruction,
                    stage=stage.key,
                    fix=Fix("Drop the flag", (delete_word(change.source, flag.span),)),
                )
