"""See chmod_as_non_root.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    quote,
    rule,
    within,
)
from rules.user.accounts import runs_as_root
from rules.user.ownership import leaves_nothing

_CHANGERS = ("chmod", "chown", "chgrp")


@rule(
    "chmod-as-non-root",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("USER",),
    mentions=_CHANGERS,
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN changes mode or owner of files that belong to root, as an ordinary user."""
    for stage in change.stages:
        if stage.runtime.is_windows:
            continue
        for run in stage.runs:
            found = next(_failing(stage, run), None)
            if found is not None:
                yield _problem(stage, run, *found)
                break  # the build gets no further


def _failing(stage: Stage, run: Run) -> Iterator[tuple[Command, Put]]:
    """Yield the commands that root's files refuse, with the COPY that brought them."""
    if runs_as_root(run) is not False or run.deferred or not run.is_read or run.user.instruction is None:
        return
    for command in run.calls(*_CHANGERS):
        asked = command.conditional or command.negated or command.nested or command.after == "||"
        if asked or command.wrappers or command.has("-R", "--recursive", "--reference"):
            continue
        operands = command.operands()
        for word in operands[1:]:
            path = run.resolve(word.value) if "$" not in word.value and "*" not in word.value else None
            put = _of_root(stage, run, path) if path is not None else None
            if put is not None:
                yield command, put
                break


def _of_root(stage: Stage, run: Run, path: str) -> Put | None:
    """Return the COPY above a RUN that puts exactly this file there and leaves it to root; `None` when unsure."""
    puts = [put for put in stage.files.covering(path) if put.kind != "workdir" and put.step.at < run.at]
    last = puts[-1] if puts else None
    if last is None or not isinstance(last.step, Copy) or last.step.instruction.flag("chown"):
        return None
    if last.path != path and not _is_only_copied(stage, run, last, path):
        return None
    changed = any(
        command.name == "chown" and earlier.at < run.at
        for earlier in stage.done_runs
        if earlier.at > last.step.at
        for command in earlier.commands
    )
    return None if changed else last


def _is_only_copied(stage: Stage, run: Run, put: Put, path: str) -> bool:
    """Whether a file can come from nothing but the tree that a COPY puts above it: no program ran in between."""
    if not put.tree or not within(path, put.path) or (isinstance(put.step, Copy) and put.step.is_add):
        return False
    if any(made.step is run for made in stage.files.covering(path)):
        return False
    between = (other for other in stage.done_runs if put.step.at < other.at < run.at)
    before = [command for other in between for command in other.commands]
    first = next(i for i, command in enumerate(run.commands) if command.name in _CHANGERS)
    return stage.base_known and all(map(leaves_nothing, [*before, *run.commands[:first]]))


def _problem(stage: Stage, run: Run, command: Command, put: Put) -> Problem:
    user = quote(run.user.value or "")
    line = run.user.instruction.line if run.user.instruction is not None else 0
    keyword = put.step.instruction.keyword
    flag = quote("--chmod=…" if command.name == "chmod" else "--chown=…")
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command), 80)} as {user} (line {line}), and the file belongs to root: "
        f"`{keyword}` in line {put.step.instruction.line} brings it without `--chown`, and `USER` does not change "
        f"that. The build stops here with “Operation not permitted”. Put the command above the `USER`, or say {flag} "
        "there.",
        Confidence.CERTAIN if stage.base_known else Confidence.LIKELY,
        doubt="the base image is not known, and may give its account root's rights",
        instruction=run.instruction,
        stage=stage.key,
        key=str(command),
        notes=(Note(put.step.instruction.span, "root's from here"),),
    )
