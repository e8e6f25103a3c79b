"""See secret_mount_required.md."""

from collections.abc import Iterator

from rules.api import Category, Command, DockerfileChange, Problem, Run, Severity, Stage, quote, rule


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
    said = [command.name, *(word.value for word in command.args if not word.value.startswith("-"))]
    return said[: len(words)] == words


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
