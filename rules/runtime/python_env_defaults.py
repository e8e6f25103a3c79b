"""See python_env_defaults.md."""

import posixpath
import re
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

_TAKES_REST = re.compile(r"[cmWX]")
"""Letters of the interpreter's options that take what follows (docs.python.org/3/using/cmdline.html)."""


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
    line = stage.image.start_line(own=True)
    if any(name in line for name in (*_LOGS_BY_ITSELF, "PYTHONUNBUFFERED")):
        return False
    return any(
        posixpath.basename(name).startswith("python")
        and args
        and not _is_unbuffered(args)
        and (args[0].startswith("-") or may_print(change, stage, args[0]))
        for name, args in _started(stage)
    )


def _started(stage: Stage) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the programs that the file's own start commands call, with arguments: of an ENTRYPOINT, CMD is one."""
    starts = [setting.value for setting in stage.image.start_command if setting.set_in_file]
    for command in (command for start in starts if start is not None for command in start.commands):
        yield command.name, tuple(word.value for word in command.args)
    arrays = [start.words for start in starts if start is not None and start.form == "exec"]
    if len(arrays) == 2 and arrays[0]:  # noqa: PLR2004 - an ENTRYPOINT and a CMD
        yield arrays[0][0], (*arrays[0][1:], *arrays[1])


def _is_unbuffered(args: tuple[str, ...]) -> bool:
    """Whether `-u` is among the interpreter's own options, alone or in a cluster (`-um app`)."""
    words = iter(args)
    for word in words:
        if not word.startswith("-"):
            return False
        letters = _TAKES_REST.split(word[1:], maxsplit=1)[0]
        if "u" in letters and not word.startswith("--"):
            return True
        rest = word[1 + len(letters) :]
        if rest in ("W", "X"):
            next(words, None)
        elif rest[:1] in ("c", "m"):
            return False
    return False


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
