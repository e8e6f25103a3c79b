"""See copy_source_outside_context.md."""

import posixpath
from collections.abc import Iterator

from rules.api import Category, Copy, CopySource, DockerfileChange, Fix, Problem, Severity, Stage, quote, replace, rule

_ELSE = "build with a context further up, or name another one with `--build-context`."


@rule(
    "copy-source-outside-context",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    mentions=("..",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY or ADD takes a file from outside the build context."""
    for stage in change.stages:
        for copy in stage.copies:
            for source in copy.sources if copy.from_context else ():
                if source.path is not None and _leaves(source.path):
                    yield _problem(change, stage, copy, source, _cut(source.path))


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, source: CopySource, cut: str) -> Problem:
    there = _lies_in_context(change, cut)
    meant = bool(there) and _is_meant(change, source.path or "", cut)
    what = "the whole context" if cut == "." else f"{quote(cut)} from the context's root"
    if there is False:
        then = f"finds no {quote(cut)} in the context's root, so the build stops. {_ELSE[0].upper()}{_ELSE[1:]}"
    elif meant:
        then = f"copies {what}. Write {quote(cut)}, so that readers do not look above."
    elif there and cut == ".":
        then = f"copies {what}, not what lies above it. For that, {_ELSE}"
    else:
        then = f"copies {what}. If that is meant, write {quote(cut)}; if not, {_ELSE}"
    return Problem(
        source.word.span,
        f"{stage.label} copies {quote(source.word.text)}, but `..` does not lead out of the build context: the builder "
        f"cuts it off and {then}",
        decision="" if there is False else "..",
        instruction=copy.instruction,
        stage=stage.key,
        key=source.word.text,
        fix=Fix(f"Write {cut}", (replace(change.source, source.word.span, cut),)) if meant else None,
        severity=Severity.ERROR if there is False else None,
    )


def _lies_in_context(change: DockerfileChange, path: str) -> bool | None:
    """Tell whether the build context has a path; `None` where its files are not known."""
    context = change.repository.context_of(change.path)
    if context is None or change.repository.listing is None:
        return None
    return path == "." or any(mark in path for mark in "*?[") or change.repository.exists(posixpath.join(context, path))


def _is_meant(change: DockerfileChange, path: str, cut: str) -> bool:
    """Tell whether what the context has there is what a reader finds who starts from the Dockerfile's own folder.

    So it is where the context lies further up, and where the repository has nothing else of that name.
    """
    repository = change.repository
    found = posixpath.normpath(posixpath.join(repository.context_of(change.path) or "", cut))
    read = posixpath.normpath(posixpath.join(posixpath.dirname(change.path), path))
    return read == found or read.startswith("..") or (cut != "." and repository.exists(read) is False)


def _leaves(path: str) -> bool:
    depth = 0
    for part in path.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return True
    return False


def _cut(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or "."
