"""See build_sandbox_disabled.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule


@rule(
    "build-sandbox-disabled",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("--security",),
    aliases=("S6502",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN switches the builder's sandbox off."""
    for stage in change.stages:
        for run in stage.runs:
            flag = run.instruction.flag("security")
            if flag is not None and flag.value == "insecure":
                yield Problem(
                    flag.span,
                    f"a `RUN` of {stage.label} is not sandboxed: with `--security=insecure` it has the builder's own "
                    "rights, as a privileged container has. A dependency that was tampered with owns the build "
                    "machine. Drop the flag where the step does without; else build on a machine that is thrown away.",
                    instruction=run.instruction,
                    stage=stage.key,
                    decision="security=insecure",
                )
