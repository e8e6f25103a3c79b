"""See service_started_in_build.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, quote, rule
from rules.model.lineage import built_upon

_STARTS = frozenset({"start", "restart"})
_INIT = re.compile(r"/etc/(?:init\.d|rc\.d)/[\w.-]+")
_SSH = frozenset({"ssh", "sshd", "/etc/init.d/ssh"})
_AFTER = frozenset({"echo", "sleep", "true", "rm", "printf", ":"})
"""What stands behind a start and does not use what was started."""


@rule(
    "service-started-in-build",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("service", "init.d", "rc.d", "systemctl", "pg_ctl"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN starts a service and uses it for nothing, so that it ends with the step."""
    for stage in change.stages:
        if stage.runtime.is_windows:
            continue
        for run in stage.runs:
            commands = [command for command in run.commands if command.name]
            while commands and commands[-1].name in _AFTER:
                commands.pop()
            last = commands[-1] if commands else None
            if last is None or not _starts(last) or last.conditional or last.nested or last.after == "||":
                continue
            if not _makes_folder_of_sshd(stage, last):
                yield _problem(stage, run, last)


def _starts(command: Command) -> bool:
    """Whether a command starts a service by the system's own means."""
    words = [word.value for word in command.args]
    if command.name == "service" or _INIT.fullmatch(command.called):
        return bool(words) and words[-1] in _STARTS
    if command.name == "systemctl":
        return bool(_STARTS.intersection(words[:2]))
    return command.name in ("pg_ctl", "pg_ctlcluster") and bool(_STARTS.intersection(words))


def _makes_folder_of_sshd(stage: Stage, command: Command) -> bool:
    """Whether the start makes `/run/sshd`, without which the `sshd` that the container starts gives up.

    Debian's and Ubuntu's package leaves the folder to the service (`check_privsep_dir` of its `/etc/init.d/ssh`).
    """
    if not {word.value for word in (command.program, *command.args) if word is not None} & _SSH:
        return False
    here = built_upon(stage)
    starts = (one.value.text for other in here for one in other.image.start_command if one.value is not None)
    made = any(
        "run/sshd" in word.value
        for run in stage.done_runs
        for one in run.calls("mkdir", "install")
        for word in one.args
    )
    return not made and any("sshd" in start and "service" not in start for start in starts)


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} starts a service with {quote(str(command), 60)} as the last thing of a `RUN`. Its process ends "
        "with the step: an image holds files, and neither the next `RUN` nor the container has it running. What needs "
        "it belongs into the same `RUN`, behind it; what is to run in the container, into `CMD` or its start script.",
        Confidence.LIKELY,
        doubt="the first start may write files that are wanted",
        instruction=run.instruction,
        stage=stage.key,
        key=str(command),
    )
