"""See expose_invalid_port.md."""

import re
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Severity,
    fix,
    quote,
    replace,
    rule,
)
from rules.runtime.ports.exposed import HIGHEST, HOST_MAPPING, Exposed, exposed

_SEPARATORS = re.compile(r"[\s,;\[\]\"']+")
"""What a list of ports is written with elsewhere."""
_LISTED = re.compile(r"\d{1,5}(?:/(?:tcp|udp|sctp))?")


@rule(
    "expose-invalid-port",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("EXPOSE",),
    aliases=("DL3011", "DS-0008", "DF040", "ExposePortOutOfRange"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`EXPOSE` names something that is no port."""
    told: set[int] = set()
    for item in exposed(change):
        ports = _listed(item.instruction)
        if ports:
            if _fault(item) is not None and id(item.instruction) not in told:
                told.add(id(item.instruction))
                yield _of_list(item, ports)
            continue
        if item.word.text.startswith("#"):
            yield Problem(
                item.word.span,
                f"`EXPOSE` of {item.stage.label} takes this comment for ports, and the build stops there: "
                "a comment needs a line of its own.",
                stage=item.stage.key,
                key="#",
            )
            continue
        why = _fault(item)
        if why is not None:
            value = f", which is {quote(item.text or '')} here" if item.from_variable else ""
            yield Problem(
                item.word.span,
                f"`EXPOSE` of {item.stage.label} names {quote(item.word.text)}{value}: {why}. The build stops there. "
                f"Write the port that the program listens on, from 1 to {HIGHEST}.",
                Confidence.LIKELY if item.by_argument else Confidence.CERTAIN,
                doubt=BY_ARGUMENT,
                stage=item.stage.key,
                key=item.word.text,
            )


def _listed(instruction: Instruction) -> str:
    """Return the ports of a list that is written with commas or brackets, as EXPOSE takes them; else nothing."""
    ports = [part for part in _SEPARATORS.split(instruction.value) if part]
    written = re.search(r"[,;\[]", instruction.value) is not None and "\n" not in instruction.text
    fits = all(_LISTED.fullmatch(port) and int(port.partition("/")[0]) <= HIGHEST for port in ports)
    return " ".join(dict.fromkeys(ports)) if written and fits else ""


def _of_list(item: Exposed, ports: str) -> Problem:
    instruction = item.instruction
    return Problem(
        instruction.span,
        f"`EXPOSE` of {item.stage.label} names {quote(item.word.text)}: it is not a port number. The build stops "
        f"there. Ports have spaces alone between them: write {quote(f'EXPOSE {ports}')}.",
        stage=item.stage.key,
        key=item.word.text,
        fix=fix("Leave spaces alone between them", replace(instruction.source, instruction.value_span, ports)),
    )


def _fault(item: Exposed) -> str | None:
    if item.text is None or not item.text or HOST_MAPPING.match(item.text):
        return None
    numbers = item.numbers
    if numbers is None:
        return "it is not a port number"
    first, last = numbers
    if max(numbers) > HIGHEST:
        return f"{max(numbers)} is beyond the highest port, {HIGHEST}"
    return "the range ends before it begins" if last < first else None
