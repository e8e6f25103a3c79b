"""See secret_mount_required.md."""

import re
from collections.abc import Iterator, Sequence

from rules.api import Category, Command, DockerfileChange, Problem, Run, Severity, ShellWord, Stage, quote, rule
from rules.secrets.tls.words import PIP

_PYTHON = re.compile(r"python\d*(?:\.\d+)*")


@rule(
    "secret-mount-required",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    default="config",
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A command that the policy names runs without a secret mount."""
    wanted = tuple(entry.split() for entry in change.policy.secret_commands if entry.strip())
    for stage in change.stages if wanted else ():
        for run in stage.runs:
            if any(mount.type in ("secret", "ssh") for mount in run.mounts):
                continue
            command = next((c for c in run.commands if any(_is(c, words) for words in wanted)), None)
            if command is not None:
                yield _problem(stage, run, command)


def _is(command: Command, words: list[str]) -> bool:
    """Whether a command begins with the words of an entry, options between them left out."""
    name, args = command.name, command.args
    if _PYTHON.fullmatch(name) and len(args) > 1 and args[0].value == "-m":
        name, args = args[1].value, args[2:]
    name = "pip" if PIP.fullmatch(name) and words[0] == "pip" else name
    if name != words[0]:
        return False
    at = 0
    for wanted in words[1:]:
        while at < len(args) and args[at].value != wanted and _is_option(args, at):
            at += 1
        if at == len(args) or args[at].value != wanted:
            return False
        at += 1
    return True


def _is_option(args: Sequence[ShellWord], at: int) -> bool:
    """Whether a word is an option, or stands where the value of one may."""
    return args[at].value.startswith("-") or (at > 0 and args[at - 1].value.startswith("-"))


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command))} without a secret mount, which the policy asks for. It then finds no "
        "credentials, or takes them from a file or a variable that stays in the image. Add "
        f"{quote('--mount=type=secret,id=…')} to the `RUN`.",
        instruction=run.instruction,
        stage=stage.key,
        key=str(command)[:80],
    )
