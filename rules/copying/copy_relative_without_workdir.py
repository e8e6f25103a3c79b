"""See copy_relative_without_workdir.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Origin, Problem, Severity, Stage, quote, rule


@rule(
    "copy-relative-without-workdir",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    aliases=("DL3045",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY goes to a relative destination, and no WORKDIR says where that is."""
    for stage in change.stages:
        for copy in stage.copies:
            if copy.workdir.set_in_file or copy.destination_word is None or not _is_relative(copy):
                continue
            if copy.workdir.origin is Origin.UNKNOWN or copy.workdir.value not in ("/", None):
                continue  # the base image may have a folder of its own, or is known to have one
            yield _problem(stage, copy)


def _is_relative(copy: Copy) -> bool:
    assert copy.destination_word is not None
    text = copy.scope.expand(copy.destination_word.text)
    if text is None or copy.destination_word.text.startswith(("$", '"$')):
        return False
    return not text.startswith(("/", "\\")) and text[1:2] != ":"


def _problem(stage: Stage, copy: Copy) -> Problem:
    assert copy.destination_word is not None
    written = copy.destination_word.text
    empty = stage.root.is_scratch
    beside = "" if empty else ", among the system's own folders"
    return Problem(
        copy.destination_word.span,
        f"{stage.label} copies to {quote(written)}, and no `WORKDIR` says where that is. It lands in "
        f"{quote(copy.destination or '/')}{beside}. Set `WORKDIR` first, or write the whole path.",
        Confidence.CERTAIN,
        instruction=copy.instruction,
        stage=stage.key,
        key=written,
        severity=Severity.INFO if empty else None,
    )
