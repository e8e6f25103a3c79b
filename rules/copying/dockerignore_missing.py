"""See dockerignore_missing.md."""

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
    quote,
    rule,
)
from rules.copying.context.contents import context_leaks, root_copies
from rules.copying.context.ignore_file import has_surely_none
from rules.copying.context.version_by_git import may_need_history
from rules.copying.served_folders import served_folder


@rule(
    "dockerignore-missing",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The whole context is copied into an image that ships, and there is no `.dockerignore`."""
    context = change.repository.context_of(change.path)
    if context is None or not has_surely_none(change) or change.is_for_developers:
        return
    for stage in change.after.shipped:
        copy = next(root_copies(stage), None)
        if copy is None:
            continue
        leaks = [leak.name for leak in context_leaks(change) or ()]
        names = ([".git"] if not context and not may_need_history(change, copy) else []) + leaks
        if not names:
            continue
        named = ", ".join(quote(name) for name in names[:4])
        path = posixpath.join(context, ".dockerignore")
        yield Problem(
            copy.instruction.span,
            f"{stage.label} copies the whole context, and there is no {quote(path)}: {named} and whatever else lies in "
            "the folder of the build go into the image. "
            f"{_served(change, stage, copy)}{_unread(change)}Add the file, with a line for each thing that the image "
            "does not need.",
            Confidence.LIKELY,
            doubt="what lies in the folder when it is built is not known",
            instruction=copy.instruction,
            stage=copy.stage.key,
        )
        return


def _served(change: DockerfileChange, stage: Stage, copy: Copy) -> str:
    folder = served_folder(change, stage, copy)
    return f"They lie in {quote(folder)} then, which the image's web server serves to visitors. " if folder else ""


def _unread(change: DockerfileChange) -> str:
    """Tell of a file beside the Dockerfile, which is not where builders look: that is the context's root."""
    beside = posixpath.join(posixpath.dirname(change.path), ".dockerignore")
    there = change.repository.exists(beside)
    return f"{quote(beside)} is not read: builders look in the context's root. " if there else ""
