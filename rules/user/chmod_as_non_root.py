"""See chmod_as_non_root.md."""

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
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
    Step,
    once,
    outcome_of_failure,
    quote,
    rule,
    runs_apart,
    within,
    written_by,
)
from rules.user.accounts.running import changes_user, is_of_argument, runs_as_root
from rules.user.copy_chmod_separate_layer import set_by_copy
from rules.user.owners.kept import leaves_nothing, may_keep_owner

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
        asked = command.conditional or runs_apart(run, command) or outcome_of_failure(run, command) == "caught"
        if asked or changes_user(run, command) or command.wrappers or command.has("--reference"):
            continue
        operands = command.operands()
        moved = any(other.name in ("cd", "pushd") and other.start < command.start for other in run.commands)
        for word in operands[1:]:
            known = "$" not in word.value and "*" not in word.value and (word.value.startswith("/") or not moved)
            path = run.resolve(word.value) if known else None
            find = _below_of_root if command.has("-R", "--recursive") else _of_root
            put = find(stage, run, path) if path is not None else None
            if put is not None and path is not None and not _is_replaced(run, command, path):
                yield command, put
                break


def _is_replaced(run: Run, command: Command, path: str) -> bool:
    """Whether a command further up in the RUN takes the file away, or makes it anew."""
    taken = (one for one in run.calls("rm", "mv", "unlink") if one.start < command.start)
    made = any(write.path == path and write.command.start < command.start for write in written_by(run))
    return made or any(run.resolve(word.value) == path for one in taken for word in one.operands())


def _of_root(stage: Stage, run: Run, path: str) -> Put | None:
    """Return the COPY above a RUN that puts this file there and leaves it to root; `None` when unsure."""
    puts = [put for put in stage.files.covering(path) if put.kind != "workdir" and put.step.at < run.at]
    last = puts[-1] if puts else None
    if last is None or not isinstance(last.step, Copy) or last.step.instruction.flag("chown"):
        return None
    if may_keep_owner(last.step):
        return None
    if not (_is_new(stage, last) if last.path == path else _is_only_copied(stage, run, last, path)):
        return None
    given = _any_between(_owning(stage), last.step, run) or any(map(_writes_anew, run.commands))
    return None if given else last


def _below_of_root(stage: Stage, run: Run, path: str) -> Put | None:
    """Return the COPY above a RUN that puts files of root's below a folder, as its own owner: `COPY . /app`."""
    puts = (put for put in stage.files.below(path) if put.step.at < run.at and isinstance(put.step, Copy))
    last = next(reversed(list(puts)), None)
    if last is None or not isinstance(last.step, Copy) or not last.step.from_context:
        return None
    if last.step.instruction.flag("chown") or last.step.is_add or last.step.index + 1 != run.index:
        return None
    return None if may_keep_owner(last.step) or any(map(_writes_anew, run.commands)) else last


def _is_new(stage: Stage, put: Put) -> bool:
    """Whether a COPY makes what it puts there: not the folder of the account, or one that was there to be filled."""
    if not put.tree:
        return True
    there = any(other.path == put.path and other.step.at < put.step.at for other in stage.files.covering(put.path))
    own = stage.facts is not None and put.path == stage.facts.workdir
    return not (put.whole or there or own or posixpath.dirname(put.path) == "/home")


def _any_between(places: list[tuple[int, int]], first: Step, last: Step) -> bool:
    at = bisect_right(places, first.at)
    return at < len(places) and places[at] < last.at


def _is_only_copied(stage: Stage, run: Run, put: Put, path: str) -> bool:
    """Whether a file can come from nothing but the tree that a COPY puts above it: no program ran in between."""
    if not put.tree or not within(path, put.path) or (isinstance(put.step, Copy) and put.step.is_add):
        return False
    if not stage.base_known or _any_between(_writers(stage), put.step, run):
        return False
    first = next(i for i, command in enumerate(run.commands) if command.name in _CHANGERS)
    made = any(made.step is run for made in stage.files.covering(path))
    return not made and all(map(leaves_nothing, run.commands[:first]))


@once
def _writers(stage: Stage) -> list[tuple[int, int]]:
    """The places of the RUNs that may leave files anywhere."""
    return sorted(run.at for run in stage.done_runs if not all(map(leaves_nothing, run.commands)))


@once
def _owning(stage: Stage) -> list[tuple[int, int]]:
    """The places of the RUNs that change an owner, or write a file anew."""
    runs = (run for run in stage.done_runs if any(c.name == "chown" or _writes_anew(c) for c in run.commands))
    return sorted(run.at for run in runs)


def _writes_anew(command: Command) -> bool:
    """Whether it replaces files by ones of its own, as `sed -i` does."""
    return command.name in ("dos2unix", "perl") or (
        command.name == "sed" and any(word.value.startswith(("-i", "--in-place")) for word in command.args)
    )


def _problem(stage: Stage, run: Run, command: Command, put: Put) -> Problem:
    user = quote(run.user.value or "")
    line = run.user.instruction.line if run.user.instruction is not None else 0
    keyword = put.step.instruction.keyword
    stops = outcome_of_failure(run, command) == "stops"
    then = "The build stops here with" if stops else "The step goes on without it, after"
    by_argument = is_of_argument(stage, run.user)
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command), 80)} as {user} (line {line}), and the file belongs to root: "
        f"`{keyword}` in line {put.step.instruction.line} brings it without `--chown`, and `USER` does not change "
        f"that. {then} “Operation not permitted”. {_way_out(run, command, put)}",
        Confidence.CERTAIN if stage.base_known and not by_argument else Confidence.LIKELY,
        doubt=BY_ARGUMENT if by_argument else "the base image is not known, and may give its account root's rights",
        instruction=run.instruction,
        stage=stage.key,
        key=str(command),
        notes=(Note(put.step.instruction.span, "root's from here"),),
        fix=set_by_copy(stage, run) if command.name == "chmod" and not (_closes(command) or _is_fetched(put)) else None,
    )


def _way_out(run: Run, command: Command, put: Put) -> str:
    if command.name == "chmod" and _closes(command):
        return f"Bring it with {quote(f'--chown={run.user.value}')}: that mode keeps everybody else out."
    switched = run.user.instruction
    both = switched is not None and put.step.instruction.line > switched.line  # there is no file above the USER yet
    moved = f"Put {'both' if both else 'the command'} above the `USER`"
    if command.name != "chmod" and command.has("-R", "--recursive"):
        return f"{moved}."  # the folder itself is root's as well
    flag = "--chmod=…" if command.name == "chmod" else "--chown=…"
    return f"{moved}, or say {quote(flag)} at the `{put.step.instruction.keyword}`."


def _is_fetched(put: Put) -> bool:
    """Whether an ADD fetches it, with a mode of 600: what `+x` makes of that, the account may not read."""
    return isinstance(put.step, Copy) and any(source.is_remote for source in put.step.sources)


def _closes(command: Command) -> bool:
    """Whether a mode leaves nothing to others than owner and group, so that the file has to be the account's own."""
    mode = command.operands()[0].value
    return mode[-1] == "0" if mode.isdecimal() else bool(re.search(r"(?:^|,)(?:o|go|og)(?:=(?:,|$)|-\w*r)", mode))
