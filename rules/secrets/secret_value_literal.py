"""See secret_value_literal.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, Span, Stage, quote, rule
from rules.secrets.credentials import Credential, credentials


@rule(
    "secret-value-literal",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    aliases=("S6437",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A credential stands in the file."""
    source = change.source
    for found in credentials(source.text):
        yield _problem(found, source.span(found.start, found.end), _stage_at(change, found.start))


def _stage_at(change: DockerfileChange, offset: int) -> Stage | None:
    return next((stage for stage in reversed(change.stages) if stage.from_.span.start <= offset), None)


def _problem(found: Credential, span: Span, stage: Stage | None) -> Problem:
    place = f"in {stage.label}" if stage is not None else "above the first stage"
    url = found.kind == "a password in a URL"
    return Problem(
        span,
        f"{found.kind} stands {place}: {quote(found.masked)}. Everyone who can read the repository or pull the image "
        "has it, and deleting the line does not take it out of the history. Replace the credential where it was "
        "issued, then hand the new one to the build as a secret mount: `RUN --mount=type=secret,id=…`.",
        Confidence.LIKELY if url or found.kind == "a registry token" else Confidence.CERTAIN,
        doubt="it may be an example that opens nothing",
        stage=stage.key if stage is not None else "",
        key=f"{found.kind} {found.text[:4]}",
    )
