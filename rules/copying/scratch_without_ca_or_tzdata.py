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
from rules.copying.binaries import program_of

_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_HINTS = ("cert", "ssl", "pki", "x509", ".pem", ".crt")
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
    for stage in change.after.shipped:
        if not stage.root.is_scratch or not stage.image.start_command or _has_certificates(stage):
            continue
        for copy in stage.copies:
            found = program_of(copy)
            if found is not None and found[1].language != "c":
                yield _problem(stage, copy, found[0])
                break


def _has_certificates(stage: Stage) -> bool:
    """Whether something brings them, or whatever it brings may hold them."""
    text = " ".join(step.instruction.value for step in stage.all_steps).lower()
    if any(hint in text for hint in _HINTS) or stage.all_runs:
        return True
    return any(put.tree and put.path in ("/", "/etc", "/usr", "/usr/share") for put in stage.files.puts)


def _problem(stage: Stage, copy: Copy, path: str) -> Problem:
    builder = copy.from_stage
    assert builder is not None
    facts = builder.facts
    line = f"COPY --from={copy.from_text} {_CERTIFICATES} /etc/ssl/certs/"
    offered = fix("Copy the certificates", insert_line_before(copy.instruction, line))
    return Problem(
        copy.instruction.span,
        f"{stage.label} ships {quote(posixpath.basename(path))} on `scratch` without the certificates of the "
        "authorities. "
        'Its first HTTPS request fails with "certificate signed by unknown authority"; time zones by name are '
        f"missing too. If it makes any, add {quote(line)}.",
        Confidence.POSSIBLE,
        instruction=copy.instruction,
        stage=stage.key,
        fix=offered if facts is not None and facts.name in _WITH_CERTIFICATES else None,
    )
