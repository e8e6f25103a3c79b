"""See build_host_network.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule


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
                    "builder's own addresses, other builds' included, and the builder must allow it. If it asks "
                    "nothing of that machine, neither a service nor its way to the network, drop the flag.",
                    instruction=run.instruction,
                    stage=stage.key,
                    decision="network=host",
                )
