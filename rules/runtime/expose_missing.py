"""See expose_missing.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Problem,
    Severity,
    fix,
    insert_line_before,
    quote,
    rule,
)
from rules.runtime.ports.listening import Listening, listening
from rules.runtime.ports.listening_in_files import listening_in_files
from rules.runtime.ports.loopback import bound_to_loopback
from rules.runtime.starts.instructions import Written, commands_of, shipped


@rule(
    "expose-missing",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("CMD", "ENTRYPOINT"),
    aliases=("DF022",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A server that ships listens on a port, and the file exposes none."""
    seen: set[int] = set()
    for found in shipped(change):
        stage = found.stage
        if stage.image.ports or not stage.base_known or stage.index in seen:
            continue
        told = listening(found) or listening_in_files(change, found)
        if told is not None and not _is_on_loopback(found):
            seen.add(stage.index)
            yield _problem(found, told)


def _is_on_loopback(found: Written) -> bool:
    commands = (tuple(word.value for word in command.words) for command in commands_of(found))
    return any(bound_to_loopback(words) is not None for words in commands)


def _problem(found: Written, told: Listening) -> Problem:
    stage = found.stage
    here = found.instruction in stage.instructions
    line = f"EXPOSE {told.port}"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(told.server)} on port {told.port} ({quote(told.text)}{told.place}), and the "
        f"image exposes none. `docker run -P` then publishes nothing, and proxies that look for the port, such as "
        f"Traefik, find none. Add {quote(line)}.",
        Confidence.LIKELY,
        doubt="the program's own settings may name another port",
        stage=stage.key,
        key=str(told.port),
        fix=fix(f"Expose {told.port}", insert_line_before(found.instruction, line)) if here else None,
    )
