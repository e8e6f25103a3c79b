"""See expose_repeated.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Note, Problem, Severity, quote, rule
from rules.runtime.ports import Exposed, exposed


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
    for item in exposed(change):
        if item.numbers is None:
            continue
        protocol = (item.protocol or "tcp").lower()
        chosen = item.word.text if item.by_argument else ""  # a build may pass another port
        key = item.stage.index, item.numbers, protocol, chosen
        if key in first:
            yield _problem(item, first[key], protocol)
        else:
            first[key] = item


def _problem(item: Exposed, first: Exposed, protocol: str) -> Problem:
    text, together = item.word.text, first.instruction is item.instruction
    fix = None if together else item.without()
    other = f"{text.partition('/')[0]}/{'tcp' if protocol == 'udp' else 'udp'}"
    way = f"Where the other protocol was meant, write {quote(other)}; else delete one."
    return Problem(
        item.word.span,
        f"`EXPOSE` of {item.stage.label} names {quote(text)}"
        f"{' twice' if together else f', as line {first.word.span.line} does'}: that exposes it once. "
        f"{way if together else 'Delete one.'}",
        stage=item.stage.key,
        key=text,
        notes=() if together else (Note(first.word.span, "named here"),),
        fix=fix,
    )
