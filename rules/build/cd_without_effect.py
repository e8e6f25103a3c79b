"""See cd_without_effect.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    ShellWord,
    Step,
    quote,
    replace,
    rule,
)


@rule(
    "cd-without-effect",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("cd ",),
    aliases=("DS-0013",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN does nothing but change the folder, which the next instruction does not see."""
    for stage in change.stages:
        for run in stage.runs:
            folder = _only_changes_folder(run)
            if folder is not None:
                yield Problem(
                    run.instruction.span,
                    f"`RUN cd {folder.text}` has no effect: every instruction starts again in `WORKDIR`"
                    f"{_current(run)}. What follows runs there, not in {quote(folder.value)}; write `WORKDIR`.",
                    Confidence.CERTAIN if run.script.understood else Confidence.POSSIBLE,
                    stage=stage.key,
                    fix=_fix(change, run, folder),
                )


def _current(step: Step) -> str:
    folder = step.workdir.value
    return f", which is {quote(folder)}" if folder is not None else ""


def _only_changes_folder(run: Run) -> ShellWord | None:
    """Return where to, when changing the folder is the last thing the RUN does and nothing in it gains by it."""
    commands = run.commands
    if (
        not commands
        or any(command.name != "cd" or command.nested for command in commands)
        or len(commands[-1].args) != 1
    ):
        return None
    return commands[-1].args[0] if run.instruction.exec_form is None and not run.instruction.heredocs else None


def _fix(change: DockerfileChange, run: Run, folder: ShellWord) -> Fix | None:
    absolute = folder.value.startswith("/") or run.workdir.set_in_file
    if len(run.commands) != 1 or not folder.literal or not absolute or run.instruction.flags:
        return None
    return Fix("Use WORKDIR", (replace(change.source, run.instruction.span, f"WORKDIR {folder.text}"),))
