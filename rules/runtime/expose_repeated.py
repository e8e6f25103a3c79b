"""See expose_repeated.md."""

from collections import defaultdict
from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Note,
    Problem,
    Severity,
    delete_instruction,
    fix,
    quote,
    rule,
)
from rules.matching.gathering import named_lines
from rules.quoting import listed
from rules.runtime.ports.exposed import Exposed, exposed


@rule(
    "expose-repeated",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("EXPOSE",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage exposes the same port twice."""
    first: dict[tuple[int, tuple[int, int], str, str], Exposed] = {}
    repeated: defaultdict[int, list[tuple[Exposed, Exposed]]] = defaultdict(list)
    for item in exposed(change):
        if item.numbers is None:
            continue
        chosen = item.word.text if item.by_argument else ""  # a build may pass another port
        key = item.stage.index, item.numbers, _protocol(item), chosen
        if key in first:
            repeated[id(item.instruction)].append((item, first[key]))
        else:
            first[key] = item
    for found in repeated.values():
        yield from _problems(found)


def _protocol(item: Exposed) -> str:
    return (item.protocol or "tcp").lower()


def _problems(found: list[tuple[Exposed, Exposed]]) -> Iterator[Problem]:
    """Speak of each repeated port of an instruction, and of one that names nothing else as a whole."""
    instruction = found[0][0].instruction
    known = all(other.instruction is not instruction for _, other in found)
    words = [word.span for word in instruction.words]
    if known and len(words) > 1 and {item.word.span for item, _ in found} == set(words):
        yield _whole(found)
    else:
        yield from (_problem(item, other, _protocol(item)) for item, other in found)


def _whole(found: list[tuple[Exposed, Exposed]]) -> Problem:
    instruction, stage = found[0][0].instruction, found[0][0].stage
    lines = dict.fromkeys(str(other.word.span.line) for _, other in found)
    do = f"as {named_lines(list(lines))} {'does' if len(lines) == 1 else 'do'}"
    return Problem(
        instruction.span,
        f"`EXPOSE` of {stage.label} names {listed(quote(item.word.text) for item, _ in found)}, {do}: that exposes "
        "each once. Delete it.",
        stage=stage.key,
        key=" ".join(item.word.text for item, _ in found),
        notes=tuple(Note(other.word.span, "named here") for _, other in found),
        fix=fix("Delete the instruction", delete_instruction(instruction)),
    )


def _problem(item: Exposed, first: Exposed, protocol: str) -> Problem:
    text, together = item.word.text, first.instruction is item.instruction
    repair = None if together else item.without()
    other = f"{text.partition('/')[0]}/{'tcp' if protocol == 'udp' else 'udp'}"
    way = f"Where the other protocol was meant, write {quote(other)}; else delete one."
    if any(word.text == other for word in item.instruction.words):
        way = "Delete one."
    return Problem(
        item.word.span,
        f"`EXPOSE` of {item.stage.label} names {quote(text)}"
        f"{' twice' if together else f', as line {first.word.span.line} does'}: that exposes it once. "
        f"{way if together else 'Delete one.'}",
        stage=item.stage.key,
        key=text,
        notes=() if together else (Note(first.word.span, "named here"),),
        fix=repair,
    )
