"""See cd_without_effect.md."""

from collections.abc import Iterator
from itertools import takewhile

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    ShellWord,
    Step,
    delete_command,
    fix,
    quote,
    replace,
    rule,
    within,
)

_QUOTES = "'\""
_CHANGES = ("cd", "pushd")
_GIVES_UP = frozenset({"exit", "false", "true", ":"})
"""What stands behind `cd … ||` and does nothing of its own."""
_BACK = ("-", "..", "~", "$OLDPWD", "/tmp")  # noqa: S108 - where one goes to leave a folder


@rule(
    "cd-without-effect",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("cd", "pushd"),
    aliases=("DL3003", "DS-0013"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN does nothing but change the folder, which the next instruction does not see."""
    for stage in change.stages:
        found = [(run, folder) for run in stage.runs if (folder := _only_changes_folder(run)) is not None]
        leaving = [one for one in found if not _is_there(*one)]
        for run, folder in leaving or found:  # what comes back is needed as soon as the other is a WORKDIR
            yield _problem(change, run, folder, alone=len(found) == 1)


def _is_there(run: Run, folder: ShellWord) -> bool:
    """Whether it enters the folder of WORKDIR."""
    return folder.literal and run.workdir.value is not None and run.resolve(folder.value) == run.workdir.value


def _problem(change: DockerfileChange, run: Run, folder: ShellWord, *, alone: bool) -> Problem:
    commands = _acting(run)
    whole = all(command.name in _CHANGES for command in commands)
    there = _is_there(run, folder)
    itself = _goes_there_itself(run, folder)
    severity: Severity | None = Severity.INFO
    if there:
        why = f"`WORKDIR` is {quote(run.workdir.value or '')} already. Take it out."
    elif itself is not None:
        why = (
            f"every instruction starts again in `WORKDIR`{_current(run)}, and line {itself.instruction.line} names the "
        )
        why += "folder itself. Take it out."
    else:
        why = (
            f"every instruction starts again in `WORKDIR`{_current(run)}. What follows runs there, not in "
            f"{quote(folder.text.strip(_QUOTES))}; write `WORKDIR` where something has to run in a folder, and take it "
            "out elsewhere."
        )
        severity = None
    return Problem(
        run.instruction.span if whole else commands[-1].span,
        f"{_named(run, folder)} has no effect: {why}",
        Confidence.CERTAIN if run.script.understood else Confidence.POSSIBLE,
        instruction=run.instruction,
        stage=run.stage.key,
        severity=severity,
        fix=_taken_out(run) if there or itself else _as_workdir(change, run, folder) if alone else None,
    )


def _current(step: Step) -> str:
    folder = step.workdir.value
    return f", which is {quote(folder)}" if folder is not None else ""


def _named(run: Run, folder: ShellWord) -> str:
    alone = len(run.commands) == 1 and not run.instruction.heredocs and run.script.shell is None
    name = _acting(run)[-1].name
    return f"`RUN {name} {folder.text}`" if alone else f"the `{name} {folder.text}` at the end of this `RUN`"


def _acting(run: Run) -> list[Command]:
    """Return the commands that do something: neither `set -e` nor the `exit` of `cd … || exit`."""
    commands = [command for command in run.commands if command.name != "set"]
    gives_up = len(commands) > 1 and commands[-1].before == "||" and commands[-1].name in _GIVES_UP
    return commands[:-1] if gives_up else commands


def _only_changes_folder(run: Run) -> ShellWord | None:
    """Return where to, when changing the folder is the last thing the RUN does and nothing in it gains by it."""
    commands = _acting(run)
    if run.instruction.exec_form is not None or not commands:
        return None
    *others, last = commands
    if last.name not in _CHANGES or last.nested or last.conditional or last.redirects or len(last.operands()) != 1:
        return None
    (folder,) = last.operands()
    if all(command.name in _CHANGES and not command.nested for command in others):
        return folder
    goes_back = any(command.name in _CHANGES for command in others) or folder.value.startswith(_BACK)
    made = any(_ends_in(word.value, folder.value) for command in others for word in command.args)
    return folder if made and not goes_back and last.before in ("&&", ";", "\n") and _matters(run) else None


def _ends_in(path: str, folder: str) -> bool:
    """Whether a command names the folder: `mkdir /srv/shop`, `git clone https://…/shop.git`."""
    name = folder.rstrip("/").rpartition("/")[2]
    return bool(name) and path.rstrip("/").removesuffix(".git").rpartition("/")[2] == name


def _matters(run: Run) -> bool:
    """Whether the next instruction runs or writes in the folder that it finds."""
    following = run.stage.steps[run.index + 1 : run.index + 2]
    return any(step.instruction.keyword in ("RUN", "COPY", "ADD", "CMD", "ENTRYPOINT") for step in following)


def _is_alone(run: Run) -> bool:
    """Whether the instruction is nothing but the one command."""
    return len(run.commands) == 1 and not run.instruction.heredocs and not run.instruction.flags


def _goes_there_itself(run: Run, folder: ShellWord) -> Step | None:
    """Return the first step below that names the folder, so that it would be led astray by a WORKDIR of that name."""
    target, here = run.resolve(folder.value), run.workdir.value
    if target is None or here is None or not folder.literal or within(here, target):
        return None
    below = takewhile(lambda step: step.instruction.keyword != "WORKDIR", run.stage.steps[run.index + 1 :])
    return next((step for step in below if _names(step, target)), None)


def _names(step: Step, target: str) -> bool:
    """Whether a step copies into a folder, or enters it."""
    if isinstance(step, Copy):
        return step.destination is not None and within(step.destination, target)
    if not isinstance(step, Run) or _only_changes_folder(step) is not None:
        return False
    entered = (word for command in step.calls("cd") for word in command.operands()[:1])
    return any(word.literal and step.resolve(word.value) == target for word in entered)


def _has_files(run: Run) -> bool:
    """Whether files were copied into the folder that a WORKDIR of the file names: what follows may need them there."""
    here = run.workdir.value if run.workdir.set_in_file else None
    above = (copy.destination for copy in run.stage.copies if copy.at < run.at)
    return here is not None and any(folder is not None and within(folder, here) for folder in above)


def _taken_out(run: Run) -> Fix | None:
    return fix("Delete it", delete_command(run, _acting(run)[-1]))


def _as_workdir(change: DockerfileChange, run: Run, folder: ShellWord) -> Fix | None:
    """Write it as WORKDIR, which is in force for all that follows: none where another `cd` goes on or back."""
    absolute = folder.value.startswith("/") or run.workdir.set_in_file
    if not _is_alone(run) or not folder.literal or not absolute or _has_files(run):
        return None
    return Fix("Use WORKDIR", (replace(change.source, run.instruction.span, f"WORKDIR {folder.text}"),))
