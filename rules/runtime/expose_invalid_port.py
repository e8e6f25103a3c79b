"""See expose_invalid_port.md."""

from collections.abc import Iterator

from rules.api import BY_ARGUMENT, Category, Confidence, DockerfileChange, Problem, Severity, quote, rule
from rules.runtime.ports.exposed import HIGHEST, HOST_MAPPING, Exposed, exposed


@rule(
    "expose-invalid-port",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("EXPOSE",),
    aliases=("DL3011", "DS-0008", "DF040", "ExposePortOutOfRange"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`EXPOSE` names something that is no port."""
    for item in exposed(change):
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
