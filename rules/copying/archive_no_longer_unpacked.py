"""See archive_no_longer_unpacked.md.

The Dockerfile reference ("ADD") says that ADD unpacks a local archive, and that COPY does not.
"""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Model,
    Note,
    Problem,
    Severity,
    Stage,
    once,
    quote,
    replace,
    rule,
)

_UNPACKERS = ("tar", "bsdtar", "unzip", "gunzip", "gzip", "xz", "unxz", "bunzip2", "7z", "python", "python3", "busybox")


@rule(
    "archive-no-longer-unpacked",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("COPY",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change makes an ADD of an archive a COPY, which does not unpack it."""
    for stage in change.stages:
        was = change.was(stage)
        then = _unpacked(was) if was is not None else {}
        for copy in stage.copies if then else ():
            if copy.is_add or not copy.from_context or copy.deferred:
                continue
            for source in copy.sources:
                added = then.get(copy.source_path(source) or "")
                name = posixpath.basename(source.path or "")
                if added is not None and not _is_handled(stage, name) and not _is_meant_packed(copy, name):
                    yield _problem(change, stage, copy, added, source.word.text)


def _unpacked(was: Stage) -> dict[str, Copy]:
    """Return the ADDs that unpack an archive of the build context, by its path."""
    return {
        copy.source_path(source) or "": copy
        for copy in was.copies
        if copy.is_add and copy.from_context and not copy.deferred and copy.option("unpack") != "false"
        for source in copy.sources
        if source.is_archive and not source.is_remote
    }


def _is_handled(stage: Stage, name: str) -> bool:
    """Whether a command of the file may unpack it, or a command or a variable takes it as it is."""
    return _unpacks(stage.model) or any(name in text for text in _texts(stage.model))


def _is_meant_packed(copy: Copy, name: str) -> bool:
    """Whether the destination is the archive's own name, or another of the same kind: `/models/base.tar.gz`."""
    word = copy.destination_word
    return word is not None and word.text.endswith(posixpath.splitext(name)[1])


@once
def _texts(model: Model) -> list[str]:
    """What the instructions say that may use an archive: `pip install /tmp/shop.tar.gz`."""
    keywords = ("RUN", "CMD", "ENTRYPOINT", "ENV")
    return [s.instruction.text for stage in model.stages for s in stage.steps if s.instruction.keyword in keywords]


@once
def _unpacks(model: Model) -> bool:
    runs = [run for stage in model.stages for run in stage.runs]
    return any(not run.is_read or bool(run.calls(*_UNPACKERS)) for run in runs)


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, added: Copy, written: str) -> Problem:
    keyword = copy.instruction.keyword_span
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {quote(written)} as it is: `COPY` does not unpack archives, and {quote('ADD')}, which "
        "stood here before this change, did. Nothing in the file unpacks it, so what it holds is not in the image. "
        "Keep `ADD` for it.",
        Confidence.LIKELY,
        doubt="a script may unpack it",
        instruction=copy.instruction,
        stage=stage.key,
        key=written,
        notes=(Note(added.instruction.span, "unpacked here before", before=True),),
        fix=Fix("Keep ADD", (replace(change.source, keyword, "ADD"),)),
    )
