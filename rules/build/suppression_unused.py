"""See suppression_unused.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, quote, rule
from rules.suppression import Suppression


@rule(
    "suppression-unused",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    mentions=("hullcheck",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A comment silences a rule that has nothing to say there."""
    del change  # the engine knows what the other rules said, and asks `problem` for each comment that silenced none
    yield from ()


def problem(suppression: Suppression) -> Problem:
    """Say of a comment that it silences nothing."""
    names = ", ".join(quote(name) for name in suppression.names)
    if suppression.rules:
        fact = (
            f"this comment silences {names}, which has nothing to say here. Delete it, or the next finding goes unseen."
        )
    else:
        fact = f"this comment silences nothing: no rule is called {names}. `hullcheck rules` lists them."
    return Problem(suppression.comment.span, fact, key=" ".join(suppression.names))
