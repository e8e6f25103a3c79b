"""See vex_as_attestation.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import Category, Copy, DockerfileChange, Problem, Severity, quote, rule
from rules.quoting import listed

_VEX = re.compile(r"\.(?:open)?vex\.json$", re.IGNORECASE)
"""How files with statements in the form of OpenVEX are called (its specification, and what `vexctl` writes)."""


@rule(
    "vex-as-attestation",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="off",
    keywords=("COPY", "ADD"),
    mentions=("vex.json",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Statements about vulnerabilities are copied into the image that they are about."""
    for stage in change.stages:
        for copy in stage.copies if stage.files_ship else ():
            found = _statements(copy)
            if found:
                yield _problem(change, copy, found)


def _problem(change: DockerfileChange, copy: Copy, found: tuple[str, ...]) -> Problem:
    names = change.fresh("vex-as-attestation", copy.stage, found)
    return Problem(
        copy.instruction.span,
        f"{copy.stage.label} copies {listed(map(quote, names))} into the image. There a VEX statement stays as it was "
        "at the build: what is found out about a vulnerability later needs another image. Attach it to the image "
        "instead, by `docker scout attestation add` or `cosign attest --type openvex`.",
        instruction=copy.instruction,
        stage=copy.stage.key,
        items=found,
    )


def _statements(copy: Copy) -> tuple[str, ...]:
    """Return the files of a COPY with such statements, as written, and those whose text stands in it."""
    written = [source.word.text.strip("\"'") for source in copy.sources if _VEX.search(source.path or source.word.text)]
    if copy.heredocs and _VEX.search(copy.destination or ""):
        written.append(posixpath.basename(copy.destination or ""))
    return tuple(dict.fromkeys(written))
