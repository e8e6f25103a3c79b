"""See scratch_without_ca_or_tzdata.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    fix,
    insert_line_before,
    quote,
    rule,
)
from rules.copying.outputs.scratch_programs import (
    brings_certificates,
    loses_certificates,
    mounts_certificates,
    needs_none,
    without_certificates,
)

_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_WITH_CERTIFICATES = frozenset({"golang", "rust"})
"""Images that bring the bundle at Debian's and Alpine's path."""


@rule(
    "scratch-without-ca-or-tzdata",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("COPY",),
    mentions=("scratch",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program ships on `scratch` without the certificates of the authorities."""
    told: set[int] = set()
    for stage in change.after.shipped:
        found = without_certificates(stage)
        if found is None or id(found[0]) in told or brings_certificates(change) or mounts_certificates(change):
            continue
        told.add(id(found[0]))
        if not needs_none(change, found[0]):
            yield _problem(stage, *found, had=loses_certificates(change, stage))


def _problem(stage: Stage, copy: Copy, path: str, *, had: bool) -> Problem:
    builder = copy.from_stage
    assert builder is not None
    facts = builder.facts
    line = f"COPY --from={copy.from_text} {_CERTIFICATES} /etc/ssl/certs/"
    offered = fix("Copy the certificates", insert_line_before(copy.instruction, line))
    before = ", which it had before this change" if had else ""
    return Problem(
        copy.instruction.span,
        f"{stage.label} ships {quote(posixpath.basename(path))} on `scratch` without the certificates of the "
        f"authorities{before}. Unless it brings its own, an HTTPS request fails with "
        '"certificate signed by unknown authority", and time zones by name are missing. If it makes such requests, '
        f"add {quote(line)}.",
        Confidence.LIKELY if had else Confidence.POSSIBLE,
        doubt="the program may make no HTTPS request, or bring its own certificates",
        instruction=copy.instruction,
        stage=stage.key,
        fix=offered if facts is not None and facts.name in _WITH_CERTIFICATES else None,
    )
