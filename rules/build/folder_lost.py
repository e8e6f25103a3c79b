"""See folder_lost.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    once,
    outcome_of_failure,
    quote,
    rule,
    runs_apart,
)
from rules.build.folder_needs import is_made_by, needed_by
from rules.build.folder_origins import Place, is_plain, is_proved, may_be_there, place_of
from rules.copying.unseen import builds_anew, new_packages


class _Need(NamedTuple):
    """A command that fails without a folder."""

    folder: str
    run: Run
    command: Command

    @property
    def at(self) -> Place:
        """Where the command stands."""
        return place_of(self.run, self.command)


@rule(
    "folder-lost",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away what made a folder, which a later command still needs."""
    for stage, was in change.compared():
        if not _is_comparable(stage, was):
            continue
        told: set[str] = set()
        for need in _needs(stage) if _first_needs(was) else ():
            maker = _maker(was, need) if need.run.stage is stage and need.folder not in told else None
            if maker is None:
                continue
            told.add(need.folder)  # what comes behind fails for the same reason, or shows that the folder is there
            if not may_be_there(stage, maker, need.folder, need.at):
                yield _problem(stage, need, maker)


def _is_comparable(stage: Stage, was: Stage) -> bool:
    """Whether nothing but what was there before can make a folder now."""
    same = stage.root.base_text == was.root.base_text and stage.root.from_.value == was.root.from_.value
    if stage.runtime.is_windows or not (same or all(is_plain(one) for one in (stage, was))):
        return False
    return not builds_anew(stage, was) and not new_packages(stage, was)


@once
def _needs(stage: Stage) -> list[_Need]:
    """The commands of a stage's chain that stop the build where a folder is not there, in order."""
    return [
        _Need(folder, run, command)
        for run in stage.done_runs
        for command in run.commands
        if not command.conditional and not runs_apart(run, command)
        for folder in needed_by(run, command)
        if outcome_of_failure(run, command) == "stops"
    ]


@once
def _first_needs(was: Stage) -> dict[tuple[str, str], Place]:
    """Where each folder is needed first, by the name of the command that needs it."""
    found: dict[tuple[str, str], Place] = {}
    for need in _needs(was):
        found.setdefault((need.folder, need.command.name), need.at)
    return found


def _maker(was: Stage, need: _Need) -> Put | None:
    """Return what made the folder for a command of the same name before the change, the surest of them."""
    until = _first_needs(was).get((need.folder, need.command.name))
    if until is None:
        return None
    puts = (put for put in was.files.below(need.folder) if is_made_by(put, need.folder))
    makers = [put for put in puts if place_of(put.step, put.command) < until]
    return next((put for put in makers if is_proved(put, need.folder)), makers[0] if makers else None)


def _shown(command: Command) -> str:
    """Return a command with its redirections, on one line."""
    if not command.redirects:
        return str(command)
    return " ".join(command.source.cut(command.span).replace("\\\n", " ").split())


def _problem(stage: Stage, need: _Need, maker: Put) -> Problem:
    made = maker.command if maker.command is not None else maker.step.instruction
    later = next((put for put in stage.files.below(need.folder) if is_made_by(put, need.folder)), None)
    if later is None:
        else_, way_out = "Nothing else does", "Make it again, or take this out too."
    else:
        line = (later.command or later.step.instruction).line
        else_, way_out = f"Line {line} makes it too late", "Make it first."
    proved = is_proved(maker, need.folder)
    return Problem(
        need.command.span,
        f"{stage.label} runs {quote(_shown(need.command), 80)}, which needs the folder {quote(need.folder)}, and this "
        f"change takes away {quote(str(made), 80)} above it, which made it. {else_}, so this fails, and the "
        f"build stops here. {way_out}",
        Confidence.CERTAIN if proved else Confidence.LIKELY,
        doubt="" if proved else "the base image may have it",
        instruction=need.run.instruction,
        stage=stage.key,
        key=need.folder,
        cause=f"{stage.key}: no WORKDIR {maker.path}" if maker.kind == "workdir" else "",
        notes=(Note(made.span, "made here before", before=True),),
    )
