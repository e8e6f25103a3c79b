"""See python_env_defaults.md."""

import dataclasses
import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Setting,
    Severity,
    Stage,
    append_to_stage,
    fix,
    insert_line_before,
    is_development_name,
    quote,
    rule,
)
from rules.facts.installers import PYTHON_MANAGERS
from rules.runtime.languages.python_calls import PythonCall, python_call
from rules.runtime.languages.python_output import Output, output_of
from rules.user.root.docker_actions import is_action

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
    groups: dict[int, list[Stage]] = {}
    for stage in change.after.shipped:
        if is_development_name(stage.name) or _is_given(change) or is_action(change):
            continue
        env = stage.image.env
        known = stage.facts is not None and "python" in stage.runtime.languages
        if known and _buffers(env.get("PYTHONUNBUFFERED")) and _output(change, stage) is not Output.NONE:
            groups.setdefault(stage.root.index, []).append(stage)
    for stages in groups.values():
        if len(stages) > 1 and change.before is None:
            yield from _problems_upon(change, _shared(stages), stages)
        else:
            for stage in stages:
                yield dataclasses.replace(_problem(change, stage), held_before=_held(change, stage))


def _held(change: DockerfileChange, stage: Stage) -> bool:
    """Whether Python had no such variable before: by the same start command, or by another that ran Python too."""
    was = change.was(stage)
    if was is None or not _buffers(was.image.env.get("PYTHONUNBUFFERED")):
        return False
    line = was.image.start_line(own=True)
    return line == stage.image.start_line(own=True) or (not _logs_by_itself(line) and _ran_python(was))


def _ran_python(was: Stage) -> bool:
    """Whether the start command ran a Python program, buffered, itself or by the manager of its project."""
    managed = any(name in PYTHON_MANAGERS and args[:1] == ("run",) and "-u" not in args for name, args in _started(was))
    return managed or any(call.kind and not call.unbuffered for call in _calls(was))


def _is_given(change: DockerfileChange) -> bool:
    """Whether a file beside the Dockerfile names the variable: a compose file, a workflow, a start script."""
    return change.repository.is_named_beside(change.path, "PYTHONUNBUFFERED")


def _logs_by_itself(line: str) -> bool:
    return any(name in line for name in (*_LOGS_BY_ITSELF, "PYTHONUNBUFFERED"))


def _buffers(setting: Setting[str] | None) -> bool:
    """Whether Python buffers: an empty value counts as none (https://docs.python.org/3/using/cmdline.html)."""
    return setting is None or setting.value == ""


def _output(change: DockerfileChange, stage: Stage) -> Output:
    """What Python holds back of what the file's own start command prints, as far as that is known."""
    line = stage.image.start_line(own=True)
    if _logs_by_itself(line):
        return Output.NONE
    found = {output_of(change, stage, call) for call in _calls(stage) if call.kind and not call.unbuffered}
    return next((one for one in (Output.PRINTED, Output.SELDOM, Output.UNREAD) if one in found), Output.NONE)


def _calls(stage: Stage) -> Iterator[PythonCall]:
    """Yield the calls of Python in the start command."""
    return (python_call(args) for name, args in _started(stage) if posixpath.basename(name).startswith("python"))


def _started(stage: Stage) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the programs that the file's own start commands call, with arguments: of an ENTRYPOINT, CMD is one."""
    starts = [setting.value for setting in stage.image.start_command if setting.set_in_file]
    for command in (command for start in starts if start is not None for command in start.commands):
        yield command.name, tuple(word.value for word in command.args)
    arrays = [start.words for start in starts if start is not None and start.form == "exec"]
    if len(arrays) == 2 and arrays[0]:  # noqa: PLR2004 - an ENTRYPOINT and a CMD
        yield arrays[0][0], (*arrays[0][1:], *arrays[1])


def _shared(stages: list[Stage]) -> Stage:
    """Return the last stage that all of some stages with the same root start from, or are."""
    first, *others = stages
    return next(stage for stage in reversed(first.chain) if all(stage in other.chain for other in others))


def _problems_upon(change: DockerfileChange, base: Stage, stages: list[Stage]) -> Iterator[Problem]:
    """Yield a problem for each of some stages, all of which one line in the stage below them mends."""
    start = _start(base) if base in stages else None
    line = "ENV PYTHONUNBUFFERED=1"
    here = start is not None and start in base.instructions
    edit = insert_line_before(start, line) if start is not None and here else append_to_stage(base, line)
    repair = fix("Print without a buffer", edit)
    where = f" in {base.label}, which the others start from as well"
    problems = [_problem(change, stage, where) for stage in stages]
    minor = all(problem.minor for problem in problems)
    for problem in problems:
        yield dataclasses.replace(problem, decision=base.key, fix=repair, minor=minor)
        repair = None


def _start(stage: Stage) -> Instruction:
    return next(s.instruction for s in reversed(stage.image.start_command) if s.instruction is not None)


def _problem(change: DockerfileChange, stage: Stage, where: str = "") -> Problem:
    start = _start(stage)
    line = quote(stage.image.start_line(own=True))
    here = start in stage.instructions
    output = _output(change, stage)
    return Problem(
        start.span,
        f"{stage.label} starts {line} without `PYTHONUNBUFFERED`. Python then holds what is printed in a buffer: "
        "`docker logs` shows it late, and what was printed last before a crash or a kill is lost. Set "
        f"`ENV PYTHONUNBUFFERED=1`{where}, or start Python with `-u`.",
        Confidence.LIKELY,
        doubt=f"the program may {'print nothing, or ' * (output is Output.UNREAD)}flush what it prints by itself",
        minor=output is not Output.PRINTED,
        stage=stage.key,
        instruction=stage.from_,  # what is missing is missing in the stage, whatever form the start command has
        fix=fix("Print without a buffer", insert_line_before(start, "ENV PYTHONUNBUFFERED=1")) if here else None,
    )
