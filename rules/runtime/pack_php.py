"""See pack_php.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, rule
from rules.runtime.languages.php_opcache import missing_opcache

_THEN = "Every request compiles all its files anew, which costs more than it takes to run them"


@rule(
    "pack-php",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    default="off",
    mentions=("php",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An image that serves PHP has no OPcache, so each request compiles the program anew."""
    if change.is_for_developers:
        return
    for stage in change.after.shipped:
        if change.after.is_for_developers(stage):
            continue
        found = missing_opcache(change, stage)
        if found is not None:
            yield Problem(
                found.span,
                f"{found.fact}. {_THEN}. {found.way_out}.",
                found.confidence,
                doubt=found.doubt if found.confidence is not Confidence.CERTAIN else "",
                instruction=found.instruction,
                stage=stage.key,
                key="opcache",
                fix=found.fix,
            )
