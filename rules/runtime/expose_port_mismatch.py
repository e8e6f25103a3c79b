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
    Stage,
    fix,
    quote,
    replace,
    rule,
)
from rules.repository.other_starts import runs_otherwise
from rules.runtime.ports.listening import SAYS_WHERE, Listening, OfBase, listening, listening_of_base
from rules.runtime.ports.listening_in_files import listening_in_files
from rules.runtime.ports.listening_otherwise import PROXIES, has_proxy
from rules.runtime.ports.parted import parted_ports
from rules.runtime.starts.instructions import Written, shipped
from rules.runtime.starts.outside import given_by_builds

_HTTP = 80
_USUAL = (_HTTP, 443)


@rule(
    "expose-port-mismatch",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("EXPOSE", "ENV"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What starts listens on another port than `EXPOSE` or `PORT` says."""
    seen: set[tuple[str, Listening]] = set()
    for found in shipped(change):
        if _has_another(found) or runs_otherwise(change.repository, found.stage):
            continue
        told = listening(found) or listening_in_files(change, found)
        if told is None or (found.stage.key, told) in seen:
            continue
        seen.add((found.stage.key, told))
        exposed = found.stage.image.only_port
        if exposed is not None and exposed.number != told.port:
            yield _other_exposed(found, told, exposed)
        elif not told.place and _port_is_set(found):
            yield _variable_without_effect(found, told)
    for stage in change.after.shipped:
        base = listening_of_base(stage) if not runs_otherwise(change.repository, stage) else None
        wrong = _exposed_of_old(stage, base) if base is not None else None
        if base is not None and wrong is not None and not _is_told(change):
            yield _base_listens_elsewhere(stage, base, wrong)
    otherwise = {stage.key for stage in change.after.shipped if runs_otherwise(change.repository, stage)}
    yield from parted_ports(change, {key for key, _ in seen} | otherwise)


def _has_another(found: Written) -> bool:
    """Whether a server stands in front of the program: in the image, or among the commands of the start."""
    return has_proxy(found.stage) or any(command.name in PROXIES for command in found.start.commands)


def _exposed_of_old(stage: Stage, base: OfBase) -> Port | None:
    """Return the port 80 that the file exposes, where it exposes the usual ones and not the server's own.

    A program with further ports, or with datagrams, opens them itself, and has settings for all of them.
    """
    ports = [port for port in stage.image.ports if port.instruction is not None]
    if any(port.number not in _USUAL or port.protocol != "tcp" or port.number == base.port for port in ports):
        return None
    return next((port for port in ports if port.number == _HTTP), None)


def _is_told(change: DockerfileChange) -> bool:
    """Whether a compose file gives the container a variable that may say the port."""
    return any(map(SAYS_WHERE.search, given_by_builds(change)))


def _base_listens_elsewhere(stage: Stage, base: OfBase, exposed: Port) -> Problem:
    instruction = exposed.instruction
    assert instruction is not None
    word = next((word for word in instruction.words if word.text == exposed.text), None)
    edit = replace(instruction.source, word.span, str(base.port)) if word is not None else None
    return Problem(
        instruction.span,
        f"{stage.label} exposes {quote(exposed.text)}, and {base.server} listens on {base.port}: {base.why}, and "
        "nothing in the file says another port. `docker run -P`, proxies and people who read the file then send "
        f"requests to a port where nothing listens. Expose {base.port}, or {base.way_out.format(exposed.number)}.",
        Confidence.LIKELY,
        doubt="the program's own settings may name another port",
        stage=stage.key,
        key=str(base.port),
        fix=fix(f"Expose {base.port}", edit),
    )


def _other_exposed(found: Written, told: Listening, exposed: Port) -> Problem:
    assert exposed.instruction is not None
    return Problem(
        exposed.instruction.span,
        f"{found.stage.label} starts {quote(told.server)} on port {told.port} ({quote(told.text)}{told.place}) and "
        f"exposes {quote(exposed.text)}. `docker run -P`, proxies and people who read the file then send requests to a "
        f"port where nothing listens. Expose {told.port}, or listen on {exposed.number}.",
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
