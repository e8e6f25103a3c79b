"""See global_arg_unused.md."""

import re
from collections import Counter
from collections.abc import Iterator

from rules.api import (
    OF_THE_BUILDER,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Severity,
    Stage,
    names_read,
    quote,
    rule,
)
from rules.build.variables.environment_readers import readers_of, reads
from rules.quoting import listed

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
"""What can be a name: in `ARG TAG = 13` the builder takes `13` for one as well, of which invalid-syntax speaks."""


@rule(
    "global-arg-unused",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG above the first FROM is used by no FROM and taken by no stage, so it does nothing."""
    if not change.stages or not change.after.global_args or _runs_triggers(change):
        return
    words = Counter(word for one in change.after.dockerfile.instructions for word in _WORD.findall(one.whole_value))
    flags = (flag.value or "" for one in change.after.dockerfile.instructions for flag in one.flags)
    words.update(name for value in flags for name in names_read(value))  # the id of a secret is no variable
    for argument in change.after.global_args:
        given = [name.text for name, _ in argument.pairs if _NAME.fullmatch(name.text)]
        names = [name for name in given if words[name] == 1 and not _is_of_the_builder(name)]
        for name in [name for name in names if readers_of(name)]:
            found = _reader(change, name)
            if found is not None:
                names.remove(name)
                yield _not_reached(argument, name, *found)
        if names:
            yield _unused(argument, names)


def _runs_triggers(change: DockerfileChange) -> bool:
    """Whether a base image is known to bring instructions of its own, one of which may declare an argument."""
    return any(stage.facts is not None and stage.facts.onbuild for stage in change.stages)


def _is_of_the_builder(name: str) -> bool:
    return name in OF_THE_BUILDER or name.startswith("BUILDKIT_")


def _reader(change: DockerfileChange, name: str) -> tuple[Stage, Command] | None:
    """Return the first command that looks for a variable in its environment, and its stage."""
    commands = ((stage, command) for stage in change.stages for run in stage.runs for command in run.commands)
    return next((pair for pair in commands if reads(pair[1], name)), None)


def _not_reached(argument: Instruction, name: str, stage: Stage, command: Command) -> Problem:
    declaration = quote(f"ARG {name}")
    return Problem(
        argument.span,
        f"{declaration} stands above the first `FROM` and ends there: {quote(command.name)} runs in {stage.label} "
        f"without it. Declare it in each stage that is meant: {declaration}, which takes over the value.",
        Confidence.LIKELY,
        doubt="the base image may set it, or declare it for what is built upon it (`ONBUILD ARG`)",
        key=name,
    )


def _unused(argument: Instruction, names: list[str]) -> Problem:
    shown, one = listed(map(quote, names), None), len(names) == 1
    verb, it = ("stands", "it") if one else ("stand", "them")
    return Problem(
        argument.span,
        f"{shown} {verb} above the first `FROM`, and no `FROM` uses {it} and no stage declares {it}: what a build "
        f"passes for {it} changes nothing. Declare {it} in the stage that is meant, or take {it} out, unless something "
        "outside the build reads the line.",
        Confidence.POSSIBLE,
        key=" ".join(names),
    )
