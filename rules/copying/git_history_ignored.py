"""See git_history_ignored.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Mount,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    outcome_of_failure,
    quote,
    rule,
)
from rules.copying.context.contents import brings_whole_context
from rules.copying.context.ignore_file import IgnoreFile, ignore_file, lies_beside
from rules.model.work_folders import folder_of

_ASKING = frozenset("describe log rev-list rev-parse shortlog show status".split())
_MAKING = frozenset({"clone", "init", "fetch", "worktree"})
_HISTORY = ".git"
_ELSEWHERE = ("-C", "--git-dir", "--work-tree")
_CONDITION = re.compile(r"(?<![\w-])(?:if|elif|while|until)[ \t]+(?:![ \t]+)?\Z")
"""What stands before a command that is asked whether there is a history."""
_DEFAULT = re.compile(r"\$\{(\w+):?[-=][\"']?\$\([ \t]*\Z")
"""What stands before a command whose answer is taken where a variable has none."""
_EMPTY = "what it is asked for stays empty"
_STOPS = "the build stops here"
_GOES_ON = "the script goes on without"


@rule(
    "git-history-ignored",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("git",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN asks git about the project, and `.dockerignore` keeps the history out of the build."""
    ignore = ignore_file(change)
    if ignore is None or not ignore.patterns.excludes(f"{_HISTORY}/HEAD") or not lies_beside(change, ignore):
        return
    if change.repository.context_of(change.path) != "":
        return  # the history lies in the repository's root
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or _has_history(stage):
            continue
        found = next(((run, command) for run in stage.runs for command in _asked(stage, run)), None)
        if found is not None:
            yield _problem(stage, *found, ignore)


def _has_history(stage: Stage) -> bool:
    """Whether a history may come from elsewhere: git makes or fetches it, or an instruction names it."""
    made = any(command.subcommand in _MAKING for run in stage.all_runs for command in run.calls("git"))
    named = any(_HISTORY in str(copy.instruction).split("/")[-1] for copy in stage.all_copies)
    return made or named or any(step.instruction.keyword == "ADD" for step in stage.all_steps)


def _asked(stage: Stage, run: Run) -> Iterator[Command]:
    """Yield the calls that read the history where the whole context is copied or mounted, and cannot do without."""
    binds = [mount for mount in run.mounts if mount.type == "bind"]
    if run.deferred or not run.is_read or any("from" in one.options or _is_part(one) for one in binds):
        return
    mounted = [run.resolve(one.target) for one in binds]
    for command in run.calls("git"):
        quiet = any(
            redirect.target is not None and "/dev/null" in redirect.target.value for redirect in command.redirects
        )
        if command.subcommand not in _ASKING or command.conditional or quiet or command.has(*_ELSEWHERE):
            continue
        if _CONDITION.search(command.source.text, 0, command.start) or _effect(run, command) is None:
            continue
        if _stands_in(stage, command):
            continue
        folder = folder_of(run, command)
        copies = (copy for copy in stage.all_copies if brings_whole_context(copy) and copy.at < run.at)
        if folder in mounted or any(copy.destination == folder for copy in copies):
            yield command


def _stands_in(stage: Stage, command: Command) -> bool:
    """Whether git is asked only where the build gives no value: `ARG VERSION`, `${VERSION:-$(git describe)}`."""
    found = _DEFAULT.search(command.source.text, 0, command.start)
    arguments = (step.instruction for step in stage.all_steps if step.instruction.keyword == "ARG")
    return found is not None and any(found[1] in re.split(r"[\s=]+", str(one)) for one in arguments)


def _is_part(mount: Mount) -> bool:
    """Whether a mount brings a part of the context, which may be the history itself, and not the whole of it."""
    return mount.options.get("source", ".") not in (".", "./", "/", "")


def _effect(run: Run, command: Command) -> str | None:
    """Say what follows where git fails; `None` where the script has an answer to it."""
    own = outcome_of_failure(run, command)
    if command.nested and own != "caught":
        around = (one for one in run.commands if one.start < command.start and one.end >= command.end)
        outer = next((one for one in around if not one.nested), None)
        if outer is None or outer.program is not None:
            return _EMPTY  # its own failure counts, and not that of what is filled in
        outcome = outcome_of_failure(run, outer)
        return {"stops": _STOPS, "goes on": _EMPTY}.get(outcome)
    return {"stops": _STOPS, "goes on": _GOES_ON}.get(own)


def _problem(stage: Stage, run: Run, command: Command, ignore: IgnoreFile) -> Problem:
    line = ignore.patterns.matching_line(_HISTORY)
    where = f"line {line} of {quote(ignore.path)}" if line is not None else quote(ignore.path)
    effect = _effect(run, command) or _EMPTY
    notes = (Note(ignore.source.line_span(line), "keeps the history out", ignore.path),) if line is not None else ()
    return Problem(
        command.span,
        f"{stage.label} asks {quote(str(command))}, and {where} keeps `.git` out of the build: git finds no "
        f"repository, and {effect}. Ask git outside the build, and give the value as a build argument.",
        Confidence.LIKELY,
        doubt="the builder may be given another context",
        instruction=run.instruction,
        stage=stage.key,
        key=command.subcommand or "",
        notes=notes,
    )
