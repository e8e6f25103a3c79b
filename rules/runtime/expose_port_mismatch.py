"""See expose_port_mismatch.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    Port,
    Problem,
    Severity,
    fix,
    quote,
    replace,
    rule,
)
from rules.runtime.listening import Listening, listening
from rules.runtime.start_instructions import Written, shipped


@rule(
    "expose-port-mismatch",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("EXPOSE", "ENV"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The start command listens on another port than `EXPOSE` or `PORT` says."""
    for found in shipped(change):
        told = listening(found.start)
        if told is None:
            continue
        exposed = _only_port(found)
        if exposed is not None and exposed.number != told.port:
            yield _other_exposed(found, told, exposed)
        elif _port_is_set(found):
            yield _variable_without_effect(found, told)


def _only_port(found: Written) -> Port | None:
    """Return the one port that the file exposes; `None` with several, or when the base exposes some."""
    ports = found.stage.image.ports
    return ports[0] if len(ports) == 1 and ports[0].number is not None and ports[0].instruction is not None else None


def _other_exposed(found: Written, told: Listening, exposed: Port) -> Problem:
    assert exposed.instruction is not None
    return Problem(
        exposed.instruction.span,
        f"{found.stage.label} starts {quote(told.server)} on port {told.port} ({quote(told.text)}) and exposes "
        f"{quote(exposed.text)}. `docker run -P`, proxies and people who read the file then send requests to a "
        "port where "
        f"nothing listens. Expose {told.port}, or listen on {exposed.number}.",
        Confidence.LIKELY,
        doubt="the program's own settings may name another port",
        stage=found.stage.key,
        notes=(Note(found.instruction.span, "started here"),),
        key=str(told.port),
        fix=_fix(told, exposed),
    )


def _fix(told: Listening, exposed: Port) -> Fix | None:
    instruction = exposed.instruction
    words = instruction.words if instruction is not None else ()
    if instruction is None or len(words) != 1 or words[0].text != str(exposed.number):
        return None
    return fix(f"Expose {told.port}", replace(instruction.source, words[0].span, str(told.port)))


def _port_is_set(found: Written) -> bool:
    setting = found.stage.image.env.get("PORT")
    return setting is not None and setting.set_in_file and "PORT" not in found.start.text


def _variable_without_effect(found: Written, told: Listening) -> Problem:
    setting = found.stage.image.env["PORT"]
    value = f" to {quote(setting.value)}" if setting.value else ""
    same = "the same number, " if setting.value == str(told.port) else ""
    assert setting.instruction is not None
    return Problem(
        setting.instruction.span,
        f"{found.stage.label} sets `PORT`{value} and starts {quote(told.server)} with {quote(told.text)}, "
        f"{same}written out. "
        "Whoever sets `PORT` to something else at run time changes nothing. Use the variable in the command, or "
        "drop it.",
        Confidence.POSSIBLE,
        stage=found.stage.key,
        notes=(Note(found.instruction.span, "started here"),),
        key="PORT",
    )
