"""See healthcheck_starts_program.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Note, Problem, Severity, Stage, Start, quote, rule
from rules.runtime.starts.instructions import Written, behind_init, executes_cmd, shipped, started_words

_ENDS = frozenset({"true", ":", "echo", "exit", "test", "["})
"""What ends at once: no program that a probe would start beside itself."""
_MOST = 2
"""Commands of a probe: what it runs, and the `exit 1` behind it."""


@rule(
    "healthcheck-starts-program",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("HEALTHCHECK",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The health check runs the very command that starts the container."""
    for found in shipped(change, "HEALTHCHECK"):
        probe = _probe(found.start)
        if probe and probe[0].rpartition("/")[2] not in _ENDS and probe in _started(found.stage):
            yield _problem(found)


def _probe(start: Start) -> tuple[str, ...]:
    """Return the words of what a probe runs; none where it is more than one command."""
    if start.form == "exec":
        return behind_init(start.words)
    commands = start.commands
    alone = len(commands) == 1 or (len(commands) == _MOST and commands[0].after == "||" and commands[1].name == "exit")
    if not alone or commands[0].program is None or commands[0].redirects:
        return ()
    return behind_init(tuple(word.value for word in (commands[0].program, *commands[0].args)))


def _started(stage: Stage) -> tuple[tuple[str, ...], ...]:
    """Return the words of what starts the container, also those that its start script executes."""
    image = stage.image
    if any(setting.value is None or setting.value.is_prompt for setting in image.start_command):
        return ()
    cmd = image.cmd.value
    return (started_words(stage), *((cmd.words,) if cmd and cmd.form == "exec" and executes_cmd(stage) else ()))


def _problem(found: Written) -> Problem:
    starts = [setting for setting in found.stage.image.start_command if setting.instruction is not None]
    last = starts[-1].instruction if starts else None
    return Problem(
        found.instruction.span,
        f"{quote(str(found.instruction))} of {found.stage.label} runs what starts the container: each probe starts the "
        "program once more, beside the one that runs. It stops at a port that is taken, or runs until the probe's time "
        "is over, and the container counts as unhealthy although it is well. Ask the program that runs, such as by an "
        "address that it answers.",
        Confidence.LIKELY,
        doubt="the program may notice the one that runs, and answer for it",
        instruction=found.instruction,
        stage=found.stage.key,
        notes=(Note(last.span, "the container starts by this"),) if last is not None else (),
    )
