"""See shell_relinked.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Fix, Problem, Severity, quote, replace, rule


@rule(
    "shell-relinked",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("/bin/sh",),
    aliases=("DL4005",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN replaces /bin/sh by another shell."""
    for stage in change.stages:
        for run in stage.runs:
            for command in run.calls("ln", "mv", "cp"):
                operands = command.operands(("-t", "-S"))
                if len(operands) == 2 and operands[1].value in ("/bin/sh", "/usr/bin/sh"):  # noqa: PLR2004 - from, to
                    alone = len(run.commands) == 1 and "bash" in operands[0].value and run.instruction.exec_form is None
                    shell = 'SHELL ["/bin/bash", "-c"]'
                    yield Problem(
                        command.span,
                        f"{stage.label} makes `/bin/sh` {quote(operands[0].value)} for every script of the image, "
                        "those of the distribution's packages included. If only this file needs that shell, say "
                        f"{quote(shell)}.",
                        stage=stage.key,
                        fix=Fix("Use SHELL", (replace(change.source, run.instruction.span, shell),)) if alone else None,
                    )
