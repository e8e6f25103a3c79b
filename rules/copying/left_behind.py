"""Files of the project that an image had before a change, still asks for, and does not get any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.copying.context.origins import holds, inner, is_named_by_run, origin
from rules.copying.needs import Need, needs_of
from rules.model.puts import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, DockerfileChange, Stage


class LeftBehind(NamedTuple):
    """Something that does not come along.

    Attributes:
        need: Where it is asked for.
        source: Where it lies in the build context.
        was: The COPY that brought it before.
        ignored: Whether `.dockerignore` keeps it out now.
    """

    need: Need
    source: str
    was: Copy
    ignored: bool


def left_behind(change: DockerfileChange, stage: Stage, was: Stage) -> Iterator[LeftBehind]:
    """Yield what a shipped stage asks for, had before the change, and has no more, each path once.

    Said only of files that the repository is known to hold, so that none of them is made by the build.
    """
    context, files = change.repository.context_of(change.path), change.repository.context_files(change.path)
    if files is None or context is None or not _is_known(stage):
        return
    everything = _below(change, context)
    had = change.repository_before.context_files(was.model.path)
    mounts = [mount for build in change.repository.builds_of(change.path) for mount in build.mounts]
    seen: set[str] = set()
    for need in sorted(needs_of(change, stage), key=lambda one: not one.sure):
        if need.forgiven or need.path in seen or any(within(need.path, mount) for mount in mounts):
            continue
        seen.add(need.path)
        came = (path for path in sorted(origin(was, need.path).paths) if had is None or holds(had, path))
        source = next((path for path in came if holds(everything, path)), None)
        now = origin(stage, need.path)
        if source is None or now.unknown or any(holds(files, path) for path in now.paths):
            continue
        copy = _brought_by(was, need.path, source)
        if copy is not None and not is_named_by_run(stage, need.path):
            yield LeftBehind(need, source, copy, any(holds(everything, path) for path in now.paths))


def _is_known(stage: Stage) -> bool:
    """Whether the base brings no application."""
    facts = stage.facts
    plain = facts is not None and facts.is_plain
    return (stage.root.is_scratch or plain) and not stage.files.has_unreadable_run


def _below(change: DockerfileChange, context: str) -> tuple[str, ...]:
    """Return the repository's files relative to the build context, whatever `.dockerignore` says, sorted."""
    prefix = f"{context}/" if context else ""
    return tuple(sorted(path[len(prefix) :] for path in change.repository.listing or () if path.startswith(prefix)))


def _brought_by(was: Stage, path: str, source: str) -> Copy | None:
    """Return the COPY that brought a path: of several into one folder the last that takes the file of that name."""
    puts = [put for put in was.files.covering(path) if put.kind in ("context", "stage")]
    named = [put for put in puts if put.kind == "context" and source in inner(put, path)]
    steps = (put.step for put in reversed(named or puts))
    return next((copy for step in steps for copy in was.all_copies if copy is step), None)
