"""See copy_glob_flattens.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    replace,
    rule,
)

_PATTERN = re.compile(r"[^*?\[$\"']+/\*")
"""All entries of one folder."""


@rule(
    "copy-glob-flattens",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    mentions=("*",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY takes `*`, which empties every folder of the context into the destination."""
    files = change.repository.context_files(change.path)
    for stage in change.stages:
        for copy in stage.copies:
            for source in copy.sources if not _keeps_folders(copy) else ():
                text = source.word.text
                if text in ("*", "./*"):
                    if files is None or any("/" in name for name in files):
                        yield _problem(change, stage, copy, source, ".", certain=files is not None)
                elif files is not None and _PATTERN.fullmatch(text) and _has_folders(files, text):
                    yield _problem(change, stage, copy, source, text.removesuffix("*"), certain=True)


def _has_folders(files: tuple[str, ...], text: str) -> bool:
    """Whether a folder whose entries are matched has folders in it."""
    folder = posixpath.normpath(text.removesuffix("*").lstrip("/")) + "/"
    return any(name.startswith(folder) and "/" in name[len(folder) :] for name in files)


def _problem(
    change: DockerfileChange, stage: Stage, copy: Copy, source: CopySource, instead: str, *, certain: bool
) -> Problem:
    edit = replace(change.source, source.word.span, instead)
    return Problem(
        source.word.span,
        f"{stage.label} copies {quote(source.word.text)}: each match is a source of its own, and of a folder "
        "`COPY` takes the contents, not the folder. All sub-folders end up poured into one. Write "
        f"{quote(instead)} to keep them.",
        Confidence.CERTAIN if certain else Confidence.LIKELY,
        doubt="the folders of the build context are not known",
        instruction=copy.instruction,
        stage=stage.key,
        fix=Fix("Copy the folder itself", (edit,)) if len(copy.sources) == 1 else None,
    )


def _keeps_folders(copy: Copy) -> bool:
    return copy.has_flag("parents") or not copy.from_context
