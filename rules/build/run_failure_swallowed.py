"""See run_failure_swallowed.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.build.pipe_failures import is_caught, pipelines
from rules.packages.options import spelled

_MATTERS = frozenset("curl wget make cmake ninja configure tar unzip gcc g++ cargo go mvn gradle dotnet tsc".split())
"""Programs that fetch, unpack or build what the step is there for."""
_INSTALLS = frozenset({"install", "sync", "build"})
_CLEANING = {**dict.fromkeys(("apt-get", "apt"), ("clean", "autoclean")), **dict.fromkeys(("yum", "dnf"), ("clean",))}
_DECIDES = frozenset({"exit", "return", "trap", "kill", "false"})
"""What a script decides by itself with whether it goes on."""
_GOES_ON = (";", "\n")


@rule(
    "run-failure-swallowed",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("rm", "clean", "-delete"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A step ends well although what it is there for may have failed before."""
    for stage in change.stages:
        for run in stage.runs if stage.index in change.after.needed_by_shipped else ():
            found = _unseen(run)
            if found:
                yield _problem(stage, run, found)


def _unseen(run: Run) -> list[Command]:
    """Return the commands that matter and whose failure the end of the step hides."""
    commands = [command for command in run.commands if not command.nested]
    decided = any(command.errexit or command.name in _DECIDES for command in commands)
    if decided or not run.is_read or run.deferred or run.stage.runtime.is_windows:
        return []
    last = next((at for at in range(len(commands) - 1, 0, -1) if commands[at].before in _GOES_ON), 0)
    made = {word.value.rstrip("/") for command in commands if command.name == "mkdir" for word in command.operands()}
    if not last or not all(_ends_well(command, made) for command in commands[last:]):
        return []
    calls = {call.command.start: call for call in run.package_calls}
    return [
        command
        for command in commands[:last]
        if not command.conditional
        and _matters(command, calls.get(command.start))
        and pipelines(run)[command.pipeline].last is command
        and not is_caught(run, command)
    ]


def _ends_well(command: Command, made: set[str]) -> bool:
    """Whether a command only cleans up and cannot but succeed; `rm` without `-f` of what the step has `made`.

    `true`, `exit 0` and `echo "no luck"` say that a failure is meant to be passed over.
    """
    if command.conditional:
        return False
    own = all(word.value.rstrip("/") in made for word in command.operands())
    forced = command.name == "rm" and (command.has("-f", "--force") or own)
    deletes = command.name == "find" and any(word.value == "-delete" for word in command.args)
    return forced or deletes or command.subcommand in _CLEANING.get(command.name, ())


def _matters(command: Command, call: PackageCall | None) -> bool:
    clones = command.name == "git" and command.subcommand == "clone"
    return clones or command.name in _MATTERS or (call is not None and call.action in _INSTALLS)


def _problem(stage: Stage, run: Run, found: list[Command]) -> Problem:
    first, last = found[0], [command for command in run.commands if not command.nested][-1]
    call = next((call for call in run.package_calls if call.command.start == first.start), None)
    name = spelled(call) if call is not None else "git clone" if first.name == "git" else first.name
    more = f", and so may {len(found) - 1} more" if len(found) > 1 else ""
    lines = first.after == "\n" or last.before == "\n"
    return Problem(
        first.span,
        f"{quote(name)} may fail unseen in {stage.label}{more}: the script goes on, and {quote(last.name)} at its end "
        "succeeds whatever came before. The builder then takes the step for done and caches its layer. "
        f"{'Begin with `set -e`.' if lines else 'Join the commands with `&&`, or begin with `set -e`.'}",
        Confidence.LIKELY,
        doubt="a failure may be meant to be passed over",
        stage=stage.key,
        key=name,
    )
