"""See python_env_defaults.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Setting,
    Severity,
    Stage,
    fix,
    insert_line_before,
    is_development_name,
    quote,
    rule,
)
from rules.runtime.python_output import may_print

_LOGS_BY_ITSELF = frozenset(
    "gunicorn uvicorn hypercorn granian celery daphne fastapi supervisord jupyter streamlit".split()
)
"""Servers that write their log to the unbuffered standard error, or flush it."""


@rule(
    "python-env-defaults",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("CMD", "ENTRYPOINT"),
    mentions=("python",),
    aliases=("DF032",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A Python program that ships keeps its output in a buffer."""
    for stage in change.after.shipped:
        if is_development_name(stage.name):
            continue
        env = stage.image.env
        known = stage.facts is not None and "python" in stage.runtime.languages
        if known and _buffers(env.get("PYTHONUNBUFFERED")) and _runs_python(change, stage):
            yield _problem(stage)


def _buffers(setting: Setting[str] | None) -> bool:
    """Whether Python buffers: an empty value counts as none (https://docs.python.org/3/using/cmdline.html)."""
    return setting is None or setting.value == ""


def _runs_python(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the start command runs a Python program of the file's own, buffered, and that may print."""
    starts = [setting for setting in stage.image.start_command if setting.set_in_file and setting.value is not None]
    commands = [command for setting in starts if setting.value is not None for command in setting.value.commands]
    line = stage.image.start_line(own=True)
    if any(name in line for name in (*_LOGS_BY_ITSELF, "PYTHONUNBUFFERED")):
        return False
    return any(
        posixpath.basename(command.name).startswith("python")
        and command.args
        and not any(word.value.startswith("-") and "u" in word.value.split("=")[0] for word in command.args[:1])
        and (command.args[0].value.startswith("-") or may_print(change, stage, command.args[0].value))
        for command in commands
    )


def _problem(stage: Stage) -> Problem:
    start = next(s.instruction for s in reversed(stage.image.start_command) if s.instruction is not None)
    line = quote(stage.image.start_line(own=True))
    here = start in stage.instructions
    return Problem(
        start.span,
        f"{stage.label} starts {line} without `PYTHONUNBUFFERED`. Python then holds what is printed in a buffer: "
        "`docker logs` shows it late, and what was printed last before a crash or a kill is lost. Set "
        "`ENV PYTHONUNBUFFERED=1`, or start Python with `-u`.",
        Confidence.LIKELY,
        doubt="the program may flush what it prints by itself",
        stage=stage.key,
        instruction=stage.from_,  # what is missing is missing in the stage, whatever form the start command has
        fix=fix("Print without a buffer", insert_line_before(start, "ENV PYTHONUNBUFFERED=1")) if here else None,
    )
