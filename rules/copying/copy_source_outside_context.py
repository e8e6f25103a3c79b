"""See copy_source_outside_context.md."""

import dataclasses
import posixpath
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from rules.api import Category, Copy, CopySource, DockerfileChange, Fix, Problem, Severity, Stage, quote, replace, rule
from rules.model.filenames import is_pattern
from rules.quoting import listed

_SEVERAL = 2
"""Lines that make a way of writing the file's own."""
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
    usual = _is_usual(change)
    for stage in change.stages:
        for copy in stage.copies:
            outside = [_judged(change, source, _cut(source.path or "")) for source in _leaving(copy)]
            for kind in dict.fromkeys((one.there, one.meant) for one in outside):
                problem = _problem(change, stage, copy, [one for one in outside if (one.there, one.meant) == kind])
                stops = problem.severity is Severity.ERROR
                yield dataclasses.replace(problem, held_before=usual and not stops)


def _leaving(copy: Copy) -> list[CopySource]:
    """Return the sources of a COPY that are sought above the context."""
    return [source for source in copy.sources if copy.from_context and source.path and _leaves(source.path)]


def _is_usual(change: DockerfileChange) -> bool:
    """Whether the file copies so in several lines that the change leaves alone: one more follows them."""
    then = change.before.stages if change.before is not None else ()
    before = {str(copy.instruction) for stage in then for copy in stage.copies if _leaving(copy)}
    now = (copy for stage in change.stages for copy in stage.copies if str(copy.instruction) in before)
    return len(list(islice(now, _SEVERAL))) == _SEVERAL


class _Outside(NamedTuple):
    """A source above the context.

    Attributes:
        source: The source.
        cut: What the builder makes of its path.
        there: Whether the context has that, `None` where its files are not known.
        meant: Whether that is what a reader looks for.
    """

    source: CopySource
    cut: str
    there: bool | None
    meant: bool


def _judged(change: DockerfileChange, source: CopySource, cut: str) -> _Outside:
    there = _lies_in_context(change, cut)
    return _Outside(source, cut, there, bool(there) and _is_meant(change, source.path or "", cut))


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, outside: list[_Outside]) -> Problem:
    """Speak once of the sources of one COPY of which the same is known."""
    first = outside[0]
    cuts = listed(quote(one.cut) for one in outside)
    what = "the whole context" if first.cut == "." else f"{cuts} from the context's root"
    if first.there is False:
        none = " or ".join(cuts.rsplit(" and ", 1)) if len(outside) > 1 else cuts
        then = f"finds no {none} in the context's root, so the build stops. {_ELSE[0].upper()}{_ELSE[1:]}"
    elif first.meant:
        then = f"copies {what}. Write {cuts}, so that readers do not look above."
    elif first.there and first.cut == ".":
        then = f"copies {what}, not what lies above it. For that, {_ELSE}"
    else:
        then = f"copies {what}. If that is meant, write {cuts}; if not, {_ELSE}"
    edits = tuple(replace(change.source, one.source.word.span, one.cut) for one in outside)
    return Problem(
        first.source.word.span,
        f"{stage.label} copies {listed(quote(one.source.word.text) for one in outside)}, but `..` does not lead out of "
        f"the build context: the builder cuts it off and {then}",
        decision="" if first.there is False else "..",
        instruction=copy.instruction,
        stage=stage.key,
        key="..",
        items=tuple(one.source.word.text for one in outside),
        fix=Fix(f"Write {listed(one.cut for one in outside)}", edits) if first.meant else None,
        severity=Severity.ERROR if first.there is False else None,
    )


def _lies_in_context(change: DockerfileChange, path: str) -> bool | None:
    """Tell whether the build context has a path; `None` where its files are not known."""
    context = change.repository.context_of(change.path)
    if context is None or change.repository.listing is None:
        return None
    return path == "." or is_pattern(path) or change.repository.exists(posixpath.join(context, path))


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
