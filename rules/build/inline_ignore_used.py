"""See inline_ignore_used.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, Suppression, quote, rule, suppressions

_ITSELF = frozenset({"dl1001", "df072", "inline-ignore-used"})


@rule(
    "inline-ignore-used",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    mentions=("ignore", "skip="),
    aliases=("DL1001", "DF072"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A comment in the file silences rules."""
    for suppression in suppressions(change.after.dockerfile):
        if not _ITSELF & {name.lower() for name in suppression.names}:
            names = ", ".join(map(quote, suppression.names))
            yield Problem(
                suppression.comment.span,
                f"this comment silences {names} {_where(suppression)}. The team keeps its exceptions in one place and "
                "not in comments: remedy what the rule says, or switch it off in the policy.",
                key=" ".join(suppression.names),
            )


def _where(suppression: Suppression) -> str:
    if suppression.last == 0:
        return "in the whole file"
    return "for the rest of the stage" if suppression.whole_stage else "for the instruction below"
