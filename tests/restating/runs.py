"""Restatements of RUN: joined, split, as a here-document, in a script."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rules.model.steps import Run
from tests.restating.pieces import Piece, neighbours, plain_runs, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.shell.script import Command
    from rules.model.model import Model

_STATE = frozenset(
    ". alias cd declare enable eval exec exit export local popd pushd read readonly set shopt source trap typeset "
    "ulimit umask unset".split()
)
"""What changes the shell that the following commands run in."""


def _is_chain(run: Run) -> bool:
    return all(
        command.nested or (not command.conditional and command.before in ("", "&&", "|") and not command.negated)
        for command in run.commands
    ) and not any(command.after in ("&", ";") for command in run.commands if not command.nested)


def _keeps_state(command: Command) -> bool:
    return command.name in _STATE or (not command.name and bool(command.assignments))


def _links(run: Run) -> list[tuple[int, int]]:
    """Return the places of the `&&` of a chain, as offsets in the value; none where it has brackets around any."""
    value = run.instruction.value
    places = [found.span() for found in re.finditer(r"\s*&&\s*", value)]
    tops = [command for command in run.commands if not command.nested and command.before == "&&"]
    return places if len(places) == len(tops) else []


def _commands(run: Run) -> list[str]:
    """Return the commands of a chain one by one; the chain as a whole where it cannot be taken apart surely."""
    value, links = run.instruction.value, _links(run) if _is_chain(run) else []
    if not links or re.search(r"[(){}`]|\$\(", re.sub(r"\$\{\w+\}", "", value)) or "'" in value or "\\" in value:
        return [value]
    ends = [0, *(end for _, end in links)]
    starts = [*(start for start, _ in links), len(value)]
    found = [value[begin:stop] for begin, stop in zip(ends, starts, strict=True)]
    even = all(part.count('"') % 2 == 0 and part for part in found)
    return found if even else [value]


def _flags(one: Instruction) -> str:
    return "".join(f"{one.source.cut(flag.span)} " for flag in one.flags)


def joined(model: Model) -> Iterator[Piece]:
    """Two RUNs as one, where the first leaves the shell as it was and the second is a chain."""
    runs = {id(run.instruction): run for run in plain_runs(model)}
    for first, second in neighbours(model, ("RUN",)):
        one, other = runs.get(id(first)), runs.get(id(second))
        if one is None or other is None or _flags(first) != _flags(second) or not _is_chain(other):
            continue
        if any(_keeps_state(command) for command in one.commands) or one.commands[-1].after or not _is_chain(one):
            continue
        text = model.source.text
        if "#" in text[first.span.start : second.span.end]:
            continue
        tail = text[second.value_span.start : second.value_span.end]
        yield Piece(
            first.span.start, second.span.end, f"{text[first.span.start : first.value_span.end]} \\\n && {tail}"
        )


def _split_at(run: Run, *, every: bool) -> Iterator[Piece]:
    found = _commands(run)
    if len(found) < 2 or any(_keeps_state(command) for command in run.commands):
        return
    groups = [[part] for part in found] if every else [found[: len(found) // 2], found[len(found) // 2 :]]
    flags = _flags(run.instruction)
    yield whole(run.instruction, "\n".join(f"RUN {flags}{' && '.join(group)}" for group in groups))


def split_in_two(model: Model) -> Iterator[Piece]:
    """A chain as two RUNs."""
    for run in plain_runs(model):
        yield from _split_at(run, every=False)


def split_in_many(model: Model) -> Iterator[Piece]:
    """A chain as a RUN for each command."""
    for run in plain_runs(model):
        yield from _split_at(run, every=True)


def as_heredoc(model: Model) -> Iterator[Piece]:
    """A chain as a here-document with `set -e`."""
    for run in plain_runs(model):
        found = _commands(run)
        if len(found) > 1:
            body = "\n".join(found)
            yield whole(run.instruction, f"RUN {_flags(run.instruction)}<<'EOF'\nset -e\n{body}\nEOF")


def as_list(model: Model) -> Iterator[Piece]:
    """A chain as `set -e; …; …`."""
    for run in plain_runs(model):
        found = _commands(run)
        if len(found) > 1:
            body = "; \\\n    ".join(["set -e", *found])
            yield whole(run.instruction, f"RUN {_flags(run.instruction)}{body}")


def as_inner_shell(model: Model) -> Iterator[Piece]:
    """A RUN as the array that the builder makes of it."""
    for run in plain_runs(model):
        array = json.dumps(["/bin/sh", "-c", run.instruction.value], ensure_ascii=False)
        yield whole(run.instruction, f"RUN {_flags(run.instruction)}{array}")


def _on_lines(model: Model, operator: str) -> Iterator[Piece]:
    for run in plain_runs(model):
        found = _commands(run)
        if len(found) > 1:
            yield Piece(run.instruction.value_span.start, run.instruction.value_span.end, operator.join(found))


def operators_first(model: Model) -> Iterator[Piece]:
    """Each command of a chain on a line of its own that begins with `&&`."""
    return _on_lines(model, " \\\n    && ")


def operators_last(model: Model) -> Iterator[Piece]:
    """Each command of a chain on a line of its own, `&&` at the ends."""
    return _on_lines(model, " && \\\n    ")


def as_script(model: Model) -> Iterator[Piece]:
    """A RUN as a script that is copied and called."""
    for number, run in enumerate(plain_runs(model)):
        found = _commands(run)
        if len(found) < 2 or run.user.set_in_file:
            continue
        name = f"build-{number}.sh"
        text = f"COPY {name} /tmp/{name}\nRUN {_flags(run.instruction)}sh /tmp/{name}"
        body = "\n".join(["#!/bin/sh", "set -e", *found, ""])
        yield whole(run.instruction, text)._replace(file=(name, body))


def as_mounted_script(model: Model) -> Iterator[Piece]:
    """A RUN as a script that is mounted and called."""
    for number, run in enumerate(plain_runs(model)):
        found = _commands(run)
        if len(found) < 2:
            continue
        name = f"build-{number}.sh"
        mount = f"--mount=type=bind,source={name},target=/tmp/{name}"
        body = "\n".join(["#!/bin/sh", "set -e", *found, ""])
        text = f"RUN {_flags(run.instruction)}{mount} sh /tmp/{name}"
        yield whole(run.instruction, text)._replace(file=(name, body))


def cd_as_workdir(model: Model) -> Iterator[Piece]:
    """`RUN cd /x && …` as a WORKDIR, and one back."""
    for run in plain_runs(model):
        found = _commands(run)
        back = run.workdir.value
        if len(found) < 2 or not run.workdir.set_in_file or back is None or run.user.set_in_file:
            continue
        place = re.fullmatch(r"cd (/[\w./-]+)", found[0])
        if place and not any(command.name in ("cd", "pushd") for command in run.commands[1:]):
            rest = " && ".join(found[1:])
            flags = _flags(run.instruction)
            yield whole(run.instruction, f"WORKDIR {place[1]}\nRUN {flags}{rest}\nWORKDIR {back}")


def made_by_workdir(model: Model) -> Iterator[Piece]:
    """No `RUN mkdir -p /x` right above `WORKDIR /x`."""
    for stage in model.stages:
        for run, after in zip(stage.steps, stage.steps[1:], strict=False):
            if not isinstance(run, Run) or after.instruction.keyword != "WORKDIR" or run.user.set_in_file:
                continue
            if run.stage is stage and run.instruction.value == f"mkdir -p {after.instruction.value}":
                yield Piece(run.instruction.span.start, after.instruction.span.start, "")
