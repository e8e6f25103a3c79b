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

_QUOTES = "'\""
_CHANGES = ("cd", "pushd")
_BACK = ("-", "..", "~", "$OLDPWD", "/tmp")  # noqa: S108 - where one goes to leave a folder


@rule(
    "cd-without-effect",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("cd ", "pushd "),
    aliases=("DL3003", "DS-0013"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN does nothing but change the folder, which the next instruction does not see."""
    for stage in change.stages:
        for run in stage.runs:
            folder = _only_changes_folder(run)
            if folder is not None:
                alone = all(command.name in (*_CHANGES, "set") for command in run.commands)
                yield Problem(
                    run.instruction.span if alone else run.commands[-1].span,
                    f"{_named(run, folder)} has no effect: every instruction starts again in `WORKDIR`"
                    f"{_current(run)}. What follows runs there, not in {quote(folder.text.strip(_QUOTES))}; "
                    "write `WORKDIR`.",
                    Confidence.CERTAIN if run.script.understood else Confidence.POSSIBLE,
                    instruction=run.instruction,
                    stage=stage.key,
                    fix=_fix(change, run, folder),
                )


def _current(step: Step) -> str:
    folder = step.workdir.value
    return f", which is {quote(folder)}" if folder is not None else ""


def _named(run: Run, folder: ShellWord) -> str:
    alone = len(run.commands) == 1 and not run.instruction.heredocs
    name = run.commands[-1].name
    return f"`RUN {name} {folder.text}`" if alone else f"the `{name} {folder.text}` at the end of this `RUN`"


def _only_changes_folder(run: Run) -> ShellWord | None:
    """Return where to, when changing the folder is the last thing the RUN does and nothing in it gains by it."""
    commands = [command for command in run.commands if command.name != "set"]
    if run.instruction.exec_form is not None or not commands:
        return None
    *others, last = commands
    if last.name not in _CHANGES or last.nested or last.conditional or last.redirects or len(last.args) != 1:
        return None
    folder = last.args[0]
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


def _fix(change: DockerfileChange, run: Run, folder: ShellWord) -> Fix | None:
    absolute = folder.value.startswith("/") or run.workdir.set_in_file
    if (
        len(run.commands) != 1
        or run.instruction.heredocs
        or not folder.literal
        or not absolute
        or run.instruction.flags
    ):
        return None
    return Fix("Use WORKDIR", (replace(change.source, run.instruction.span, f"WORKDIR {folder.text}"),))
