"""See echo_option_printed.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, quote, rule

_OPTIONS = re.compile(r"-[neE]*e[neE]*")
_WRITES = frozenset({">", ">>", ">|"})
_LOGS = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/proc/1/fd/1", "/proc/1/fd/2"})


@rule(
    "echo-option-printed",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("echo",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file begins with `-e`, because the shell's `echo` knows no such option."""
    for stage in change.stages:
        if stage.runtime.distribution not in ("debian", "ubuntu") or "/bin/sh" in change.after.code:
            continue
        for run in stage.runs:
            if run.script.dialect != "sh" or not run.is_read or run.deferred:
                continue
            command = next((command for command in run.calls("echo") if _prints_option(run, command)), None)
            if command is not None:
                yield _problem(stage, run, command)


def _prints_option(run: Run, command: Command) -> bool:
    """Whether a file gets what dash prints: its `echo` knows `-n` alone, and reads backslashes anyway."""
    first = command.args[0].value if command.args else ""
    if not _OPTIONS.fullmatch(first) or _is_of_bash(run, command):
        return False
    return _target(run, command) is not None


def _is_of_bash(run: Run, command: Command) -> bool:
    """Whether another shell or another `echo` runs it: `bash -c`, `/bin/echo`."""
    others = (other for other in run.calls("bash", "su", "env", "zsh") if other.start <= command.start < other.end)
    return command.program is None or command.program.value != "echo" or any(others)


def _target(run: Run, command: Command) -> str | None:
    """Return the file that the text goes to; `None` where it goes to the log, or to another program."""
    for redirect in command.redirects:
        target = redirect.target.value if redirect.target is not None else ""
        if redirect.operator in _WRITES and redirect.fd in (None, 1) and target not in _LOGS:
            return target
    if command.after != "|":
        return None
    behind = next((other for other in run.commands if other.start > command.start), None)
    files = [word.value for word in behind.args if not word.value.startswith("-")] if behind is not None else []
    return files[0] if behind is not None and behind.name == "tee" and files else None


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    option, target = quote(command.args[0].value), quote(_target(run, command) or "")
    return Problem(
        command.span,
        f"{stage.label} writes {option} into {target}: `/bin/sh` is dash here, whose `echo` knows no such option and "
        "prints it as the first word. It reads `\\n` without it. Leave the option out, or use `printf`.",
        Confidence.LIKELY,
        doubt="the base image's `/bin/sh` may be another shell than is usual there",
        instruction=run.instruction,
        stage=stage.key,
        key=f"{option} {target}",
    )
