"""See remote_archive_not_unpacked.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    add_flag,
    fix,
    once,
    quote,
    rule,
)

_TAR = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz|zst))$", re.IGNORECASE)
_UNPACKS = re.compile(
    r"\b(?:tar|bsdtar|unzip|gunzip|unxz|bunzip2|zcat|xzcat|zstd|cpio|7z|pip3?|npm|helm|python3?|install)\b"
)
_NEWEST = re.compile(r"(?:docker\.io/)?docker/dockerfile:(?:1|latest|1\.(?:1[7-9]|[2-9]\d)[\w.-]*)(?:@\S+)?")
"""Frontends that know `--unpack`: since 1.17 (its release notes)."""
_ARCHIVES = re.compile(r"\*\.?\*?(?:tar|t[gbx]z|gz|xz)")


@rule(
    "remote-archive-not-unpacked",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ADD",),
    mentions=("http://", "https://"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """ADD downloads an archive, which it does not unpack, and nothing else does."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        for copy in stage.copies:
            if not copy.is_add or copy.deferred or copy.has_flag("unpack") or not copy.lands_in_folder:
                continue
            for source in copy.sources:
                path = (source.path or "").partition("?")[0]
                if source.is_remote and _TAR.search(path) and not _is_used(stage, copy, posixpath.basename(path)):
                    yield _problem(change, stage, copy, path)


def _is_used(stage: Stage, copy: Copy, name: str) -> bool:
    """Whether a later instruction of the file names the archive, or unpacks something."""
    later = [text for start, text in _texts(stage) if start > copy.instruction.span.start]
    return any(name in text or _UNPACKS.search(text) or _ARCHIVES.search(text) for text in later)


@once
def _texts(stage: Stage) -> list[tuple[int, str]]:
    """The texts of the file's instructions that may use the archive, each with where it starts."""
    steps = (step for other in stage.model.stages if other is stage or other.needs(stage) for step in other.steps)
    kept = (step.instruction for step in steps if step.instruction.keyword in ("RUN", "COPY", "CMD", "ENTRYPOINT"))
    return [(one.span.start, one.text) for one in kept]


def _is_looked_into(stage: Stage, copy: Copy) -> bool:
    """Whether something later names a path below the folder, which only the unpacked archive can have."""
    below = (copy.destination or "").rstrip("/") + "/"
    values = [setting.value or "" for setting in stage.image.env.values() if setting.instruction is not None]
    later = [text for start, text in _texts(stage) if start > copy.instruction.span.start]
    return below != "/" and any(below in text for text in (*later, *values))


def _knows_unpack(change: DockerfileChange) -> bool:
    """Whether the file asks for a frontend that is new enough, whatever the builder brings."""
    asked = (one.value for one in change.after.dockerfile.directives if one.name == "syntax")
    return any(_NEWEST.fullmatch(value.strip()) for value in asked)


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, path: str) -> Problem:
    name, folder = quote(posixpath.basename(path), 60), quote(copy.destination or "")
    return Problem(
        copy.instruction.span,
        f"{stage.label} gets {name} as one file in {folder}: `ADD` unpacks archives of the context, not those that it "
        "downloads, and no later instruction does. `--unpack` asks for it (Dockerfile frontend 1.17); or unpack it in "
        "a `RUN`.",
        Confidence.LIKELY if _is_looked_into(stage, copy) else Confidence.POSSIBLE,
        doubt="what the container starts may unpack it",
        instruction=copy.instruction,
        stage=stage.key,
        key=posixpath.basename(path),
        fix=fix("Unpack it", add_flag(copy.instruction, "--unpack")) if _knows_unpack(change) else None,
    )
