"""See add_instead_of_copy.md."""

import re
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    replace,
    rule,
)

_ARCHIVE = re.compile(
    r"\.(?:tar|tgz|tbz2?|txz|tlz|t[gbx]z2?|tar\.(?:gz|bz2|xz|zst|lz\w*|Z)|gz|bz2|xz|zst|lzma|Z)$", re.IGNORECASE
)
_ONLY_ADD = ("checksum", "unpack", "keep-git-dir")


@rule(
    "add-instead-of-copy",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("ADD",),
    aliases=("DL3020", "DS-0005", "CKV_DOCKER_4", "S7029"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """ADD copies local files that are no archives."""
    for stage in change.stages:
        for copy in stage.copies:
            if copy.is_add and _is_plain_copy(copy):
                yield _problem(change, stage, copy)


def _is_plain_copy(copy: Copy) -> bool:
    """Whether every source is a local file or folder that ADD treats as COPY does."""
    if any(copy.instruction.flag(name) is not None for name in _ONLY_ADD) or not copy.sources:
        return False
    return all(
        source.path is not None
        and not source.is_remote
        and not _ARCHIVE.search(source.path)
        and "*.tar" not in source.path
        for source in copy.sources
    )


def _problem(change: DockerfileChange, stage: Stage, copy: Copy) -> Problem:
    what = ", ".join(quote(source.word.text.strip("\"'")) for source in copy.sources[:3])
    written = [source.word.text.lstrip("\"'") for source in copy.sources]
    by_argument = any(text.startswith("$") and copy.scope.decided_by_argument(text) for text in written)
    span = copy.instruction.keyword_span
    lower = change.source.cut(span).islower()
    folders = all((source.path or "").endswith(("/", ".")) for source in copy.sources)
    why = (
        "For a folder the two do the same; `COPY` spares readers the question what is unpacked or fetched here."
        if folders
        else "`ADD` also unpacks archives and fetches URLs, so what lands in the image depends on what the file "
        "happens to be; `COPY` takes it as it is."
    )
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {what} with `ADD`. {why}",
        Confidence.LIKELY if by_argument else Confidence.CERTAIN,
        doubt=BY_ARGUMENT if by_argument else "",
        stage=stage.key,
        severity=Severity.INFO if folders else None,
        fix=Fix("Use COPY", (replace(change.source, span, "copy" if lower else "COPY"),)),
    )
