"""See shell_relinked.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, DockerfileChange, Fix, Problem, Run, Severity, Stage, quote, replace, rule

_SH = ("/bin/sh", "/usr/bin/sh")
_ANSWER = re.compile(r"\bdash/sh\s+boolean\s+false\b")
"""What debconf is told, so that the package dash leaves `/bin/sh` to bash."""


@rule(
    "shell-relinked",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("bin", "dash/sh"),
    aliases=("DL4005",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN replaces /bin/sh by another shell."""
    for stage in change.stages:
        for run in stage.runs:
            for command, shell in _relinked(run):
                if _has_none(stage):
                    continue
                alone = len(run.commands) == 1 and "bash" in shell and run.instruction.exec_form is None
                line = 'SHELL ["/bin/bash", "-c"]'
                yield Problem(
                    command.span,
                    f"{stage.label} makes `/bin/sh` {quote(shell)} for every script of the image, "
                    "those of the distribution's packages included. If only this file needs that shell, say "
                    f"{quote(line)}.",
                    instruction=run.instruction,
                    stage=stage.key,
                    fix=Fix("Use SHELL", (replace(change.source, run.instruction.span, line),)) if alone else None,
                )


def _has_none(stage: Stage) -> bool:
    """Whether the base has no `/bin/sh`, so that the link makes one: distroless, with its busybox elsewhere."""
    return stage.root.is_scratch or (stage.facts is not None and stage.facts.has_shell is False)


def _relinked(run: Run) -> Iterator[tuple[Command, str]]:
    """Yield the commands that put another program at /bin/sh, and which."""
    if not run.calls("ln", "mv", "cp", "dpkg-reconfigure"):
        return
    folder = run.workdir.value or ""
    for command in run.calls("cd", "ln", "mv", "cp", "dpkg-reconfigure"):
        operands = command.operands(("-t", "-S"))
        match command.name:
            case "cd" if len(operands) == 1:
                folder = operands[0].value
            case "ln" | "mv" | "cp" if len(operands) == 2 and _in(folder, operands[1].value) in _SH:  # noqa: PLR2004 - from, to
                yield command, operands[0].value
            case "dpkg-reconfigure" if "dash" in [o.value for o in operands] and _ANSWER.search(run.instruction.text):
                yield command, "bash"


def _in(folder: str, path: str) -> str:
    return path if path.startswith("/") else f"{folder.rstrip('/')}/{path}"
