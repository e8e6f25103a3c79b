"""See failure_ignored.md."""

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    changes_by,
    insert,
    once,
    quote,
    rule,
)
from rules.build.failures.consequences import ALWAYS_THERE, outcome, stood
from rules.build.failures.ignored import (
    all_blind,
    bringing,
    checks_a_file,
    cleans_up,
    is_ignored,
    matters,
    takes_along,
    unguarded,
)
from rules.build.failures.in_loops import loops_over, problem_of_loop
from rules.build.failures.pipes import caught_by, caught_with, is_caught, is_conditional, pipelines
from rules.build.failures.shown_logs import problem_of_log
from rules.build.failures.stopping import is_passed_over, stops_for, way_to_stop, with_set_e
from rules.model.command_lists import catching
from rules.model.run_writes import is_opaque

_FETCHES = frozenset("curl wget tar unzip gcc g++".split())
"""What else makes a step, where the step's end hides that it failed."""
_OPTIONS = re.compile(r"(?=[uxfvo]*e)(?=.{2})[euxfv]+o?")
"""Letters of options of which `-e` is one, as people write them behind `set`."""
_ARGUMENT = re.compile(r"\$\{?[@*#1-9]|shift(?<!\wshift)\b")
_DECIDES = frozenset({"exit", "return", "trap", "kill", "false"})
"""What a script decides by itself with whether it goes on."""


@rule(
    "failure-ignored",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN goes on after an install, a build or a check that failed, and the build passes."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        for run in stage.runs:
            if not _may_go_on(run) or run.script.is_array or not run.is_read or run.deferred:
                continue
            slip = _without_dash(run)
            if slip is not None:
                yield _of_slip(stage, run, slip)
                continue
            ignored = [command for command in run.commands if is_ignored(run, command)]
            stopped = unguarded(change, stage) if ignored else frozenset()
            lost = [c for c in ignored if str(c) in stopped and (matters(run, c) or is_opaque(c))]
            found = lost or [c for c in ignored if _is_unseen(run, c)]
            if found:
                yield _problem(stage, run, next(filter(checks_a_file, found), found[0]), lost=bool(lost))
                continue
            shown = problem_of_log(stage, run)
            if shown is not None:
                yield shown
                continue
            looped = [c for c in run.commands if matters(run, c) and loops_over(run, c)]
            if looped:
                yield problem_of_loop(stage, run, looped[0], lost=str(looped[0]) in unguarded(change, stage))


def _may_go_on(run: Run) -> bool:
    """Whether there is anything behind which a script goes on: most RUNs are one list of `&&`."""
    return bool(run.instruction.heredocs) or any(mark in run.instruction.value for mark in (";", "||", "\n"))


def _without_dash(run: Run) -> Command | None:
    """Return a `set eux` that sets the script's arguments, which nothing in it reads, in place of options."""
    first = next((command for command in run.commands if command.name), None)
    if first is None or first.name != "set" or not first.args or _ARGUMENT.search(run.instruction.whole_value):
        return None
    words = [word.text for word in first.args]
    options = words == [words[0], "pipefail"] if words[0].endswith("o") else len(words) == 1
    return first if options and _OPTIONS.fullmatch(words[0]) else None


def _of_slip(stage: Stage, run: Run, command: Command) -> Problem:
    word = command.args[0]
    return Problem(
        command.span,
        f"{quote(str(command))} sets no option: without the dash it gives the script the argument {quote(word.text)}, "
        f"and the build goes on behind each command that fails. Write {quote(f'set -{word.text}')}.",
        instruction=run.instruction,
        stage=stage.key,
        key="set",
        fix=Fix("Write it as options", (insert(run.instruction.source, word.span.start, "-"),)),
    )


def _is_unseen(run: Run, command: Command) -> bool:
    """Whether nothing behind it fails with it: a check, or an install that only cleaning up follows."""
    if checks_a_file(command):
        # behind `&&` what would use the file is not run either
        return command.after in (";", "\n") or caught_with(run, command) is not None
    if takes_along(run, command):
        return not _says_so(run)
    if command.start in bringing(run) and (all_blind(run, command) or caught_with(run, command) is not None):
        return not _says_so(run)
    return _makes_the_step(run, command) and (_ends_by_cleaning(run) or _fetches_for_nothing(run, command))


def _makes_the_step(run: Run, command: Command) -> bool:
    if is_conditional(run, command) or is_caught(run, command) or pipelines(run)[command.pipeline].last is not command:
        return False
    clones = command.name == "git" and command.subcommand == "clone"
    return clones or command.name in _FETCHES or command.start in bringing(run)


@once
def _ends_by_cleaning(run: Run) -> bool:
    """Whether the last list of a RUN cannot but succeed, and no command decides what a failure means.

    It deletes, makes folders, links into one that stood there before the RUN, or gives what did an owner or a mode.

    `true`, `exit 0` and `echo "no luck"` say that a failure is meant to be passed over.
    """
    commands = [command for command in run.commands if not command.nested]
    last = _start_of_last_list(commands)
    if not last or run.stage.runtime.is_windows or any(one.errexit or one.name in _DECIDES for one in commands):
        return False
    made = {word.value.rstrip("/") for one in commands if one.name == "mkdir" for word in one.operands()}
    return all(
        (cleans_up(one, made) or _makes_folders(one) or _links_there(run, one) or _changes_whatstood(run, one))
        and not is_conditional(run, one)
        for one in commands[last:]
    )


def _fetches_for_nothing(run: Run, command: Command) -> bool:
    """Whether a command fetches what the end of its RUN does without."""
    return command.name in _FETCHES and _ends_with_its_own(run)


@once
def _ends_with_its_own(run: Run) -> bool:
    """Whether the last list of a RUN fetches and unpacks other files than what stands above it, and no more."""
    commands = [one for one in run.commands if not one.nested]
    last = _start_of_last_list(commands)
    if any(one.errexit or one.name in _DECIDES for one in commands):
        return False
    own: set[str] = set()
    for one in commands[last:]:
        if one.conditional or one.after == "||":
            return False
        if one.name in ("curl", "wget"):
            own |= {path for path in (word.value for word in one.args) if path.startswith("/")}
        elif one.name in ("tar", "unzip"):
            if own.isdisjoint(word.value for word in one.args):
                return False
        elif not (_makes_folders(one) or cleans_up(one) or _deletes(one, own)):
            return False
    return bool(own) and not own & {word.value for one in commands[:last] for word in one.args}


def _deletes(command: Command, own: Collection[str]) -> bool:
    """Whether `rm` finds files of its own to delete, so that it does not fail."""
    paths = [word.value for word in command.operands()]
    return command.name == "rm" and all(any(fnmatchcase(file, path) for file in own) for path in paths)


def _start_of_last_list(commands: Sequence[Command]) -> int:
    return next((at for at in range(len(commands) - 1, 0, -1) if commands[at].before in (";", "\n")), 0)


def _makes_folders(command: Command) -> bool:
    return command.name == "mkdir" and command.has("-p", "--parents")


def _links_there(run: Run, command: Command) -> bool:
    """Whether a command makes a symbolic link, which asks for no target, in a folder that was there before the RUN."""
    words = [word.value for word in command.operands()]
    if command.name != "ln" or not command.has("-s", "--symbolic") or len(words) != 2:  # noqa: PLR2004 - target, name
        return False
    folder = posixpath.dirname(words[1])
    return folder in ALWAYS_THERE or (bool(folder) and stood(run, folder))


def _changes_whatstood(run: Run, command: Command) -> bool:
    """Whether a command gives what was there before the RUN another owner or mode."""
    if command.name not in ("chown", "chgrp", "chmod"):
        return False
    changed = list(changes_by(run, command))
    return bool(changed) and all(one.path is not None and stood(run, one.path) for one in changed)


def _says_so(run: Run) -> bool:
    """Whether the RUN ends with a word for the reader, or with `true`: who wrote that knew that it may fail."""
    last = next(command for command in reversed(run.commands) if not command.nested)
    closes = last.name in ("true", ":") and last.before in (";", "\n") and not last.wrappers
    return closes or last.name in ("echo", "printf")


def _problem(stage: Stage, run: Run, command: Command, *, lost: bool) -> Problem:
    heredoc, end = bool(run.instruction.heredocs), caught_with(run, command)
    ends = "each line of a here-document" if heredoc else "what stands behind `;`"
    why = f"without `set -e`, {ends} is run all the same, and only the last command's status counts"
    way_out = way_to_stop(run, command, heredoc=heredoc)
    if end is not None:
        why, way_out = caught_by(catching(run, end))
    elif is_passed_over(command):
        why = why.removeprefix("without `set -e`, ")
    before = " Before the change it stopped." if lost else ""
    then = outcome(run, command)
    return Problem(
        command.span,
        f"the build goes on when {quote(str(command), 60)} fails: {why}.{before} {then} {way_out}",
        # the list may be forgiven on purpose, though its last command is what such a `||` is mostly written for
        Confidence.POSSIBLE if end is not None and not lost and not checks_a_file(command) else Confidence.LIKELY,
        doubt="a failure may be meant to be passed over",
        instruction=run.instruction,
        stage=stage.key,
        key=command.name,
        severity=Severity.ERROR if checks_a_file(command) else None,
        fix=with_set_e(run) if (lost or heredoc) and end is None and stops_for(run, command) else None,
    )
