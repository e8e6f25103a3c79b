"""See copy_glob_flattens.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Fix, Problem, Severity, quote, replace, rule


@rule(
    "copy-glob-flattens",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    mentions=("*",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY takes `*`, which empties every folder of the context into the destination."""
    folders = change.repository.listing is None or _has_folders(change)
    for stage in change.stages:
        for copy in stage.copies:
            for source in copy.sources:
                if source.word.text not in ("*", "./*") or not folders or _keeps_folders(copy):
                    continue
                edit = replace(change.source, source.word.span, ".")
                yield Problem(
                    source.word.span,
                    f"{stage.label} copies {quote(source.word.text)}: each match is a source of its own, and of a "
                    "folder "
                    "`COPY` takes the contents, not the folder. All sub-folders end up poured into one. Write `.` to "
                    "keep them.",
                    Confidence.CERTAIN if change.repository.listing is not None else Confidence.LIKELY,
                    doubt="the folders of the build context are not known",
                    instruction=copy.instruction,
                    stage=stage.key,
                    fix=Fix("Copy the folder itself", (edit,))
                    if copy.from_context and len(copy.sources) == 1
                    else None,
                )


def _keeps_folders(copy: Copy) -> bool:
    return copy.has_flag("parents") or not copy.from_context


def _has_folders(change: DockerfileChange) -> bool:
    files = change.repository.context_files(change.path)
    return files is None or any("/" in name for name in files)
