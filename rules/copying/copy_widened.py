"""See copy_widened.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
    within,
)
from rules.copying.context.ignore_file import ignore_file

_CHEAP = frozenset(
    {"", "set", "cd", "mkdir", "chmod", "chown", "touch", "rm", "mv", "cp", "ln", "echo", "true", "export"}
)

_MANIFESTS = frozenset("go.mod go.work package.json Cargo.toml pyproject.toml tsconfig.json composer.json".split())
"""Files of a project that may point to folders beside it."""
_ABOVE = re.compile(r"(?<![\w.])\.\.(?![\w.])")


@rule(
    "copy-widened",
    severity=Severity.WARNING,
    category=Category.BUILD_CACHE,
    compares=True,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change copies the whole context where the stage copied one folder of it, and works in that folder still."""
    for stage, was in change.compared():
        wide = next((copy for copy in stage.copies if copy.brings_context_root), None)
        if wide is None or any(copy.brings_context_root for copy in was.all_copies):
            continue
        narrow = _folder(was)
        worked = narrow is not None and any(_is_work(run) for run in was.runs if run.index > narrow[0].index)
        run = _works_in(stage, wide, narrow[1]) if narrow is not None and worked else None
        if narrow is not None and run is not None and not _is_needed(change, stage, wide, narrow[1]):
            yield _problem(stage, wide, narrow, run)


def _folder(was: Stage) -> tuple[Copy, str] | None:
    """Return the one folder of the context that a stage copied, with the COPY; `None` when it copied more."""
    found = [
        (copy, posixpath.normpath(source.path))
        for copy in was.copies
        if copy.from_context
        for source in copy.sources
        if source.path is not None and not source.has_wildcard and not source.is_remote
        if "." not in posixpath.basename(source.path.rstrip("/"))
    ]
    return found[0] if len(found) == 1 and found[0][1] != "." else None


def _is_work(run: Run) -> bool:
    return any(command.name not in _CHEAP for command in run.commands)


def _works_in(stage: Stage, wide: Copy, folder: str) -> Run | None:
    """Return the first RUN behind the COPY that works in the folder, when no other RUN there does real work."""
    name = re.compile(rf"(?:^|[\s/\"'=]){re.escape(folder)}(?:[\s/\"';&]|$)")
    for run in stage.runs:
        if run.index < wide.index or not _is_work(run):
            continue
        entered = (run.workdir.value or "").endswith(f"/{folder}") or any(map(name.search, map(str, run.calls("cd"))))
        at_work = (command for command in run.commands if command.name not in _CHEAP and not command.nested)
        inside = name.search(run.instruction.whole_value) and all(name.search(str(command)) for command in at_work)
        return run if entered or inside else None
    return None


def _is_needed(change: DockerfileChange, stage: Stage, wide: Copy, folder: str) -> bool:
    """Whether the folder is all that the context has, or what builds it reaches out of it."""
    ignore = ignore_file(change)
    files = change.repository.context_files(change.path)
    if (ignore is not None and ignore.is_allow_list) or (files and all(within(name, folder) for name in files)):
        return True
    below = (run.instruction.whole_value for run in stage.runs if run.at > wide.at)
    inside = (path for path in change.repository.files if f"/{folder}/" in f"/{path}")
    texts = (change.repository.text(path) or "" for path in inside if posixpath.basename(path) in _MANIFESTS)
    return any(map(_ABOVE.search, (*below, *texts)))


def _problem(stage: Stage, wide: Copy, narrow: tuple[Copy, str], run: Run) -> Problem:
    copy, folder = narrow
    return Problem(
        wide.instruction.span,
        f"{stage.label} now copies the whole context, where it copied {quote(folder)} alone. What follows works in "
        f"that folder (line {run.instruction.line}), and now runs again after an edit of any file of the repository. "
        f"Copy {quote(folder)}, and by name what else it needs.",
        Confidence.LIKELY,
        doubt="what the build needs of the repository is not known",
        instruction=wide.instruction,
        stage=stage.key,
        notes=(Note(copy.instruction.span, "copied before", before=True),),
    )
