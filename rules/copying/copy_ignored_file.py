"""See copy_ignored_file.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Note,
    Problem,
    Severity,
    Span,
    Stage,
    quote,
    rule,
)
from rules.copying.context.ignore_file import IgnoreFile, ignore_file, lies_beside
from rules.copying.stages.mounts import mounted_context
from rules.globs import matches
from rules.model.filenames import folder_looked_into, is_pattern
from rules.repository.elsewhere import is_built_elsewhere
from rules.secrets.named.files import Kind, secret_file


@rule(
    "copy-ignored-file",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD", "RUN"),
    aliases=("CopyIgnoredFile",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file is copied that `.dockerignore` keeps out of the build."""
    ignore = ignore_file(change)
    if ignore is None or not ignore.patterns.patterns or is_built_elsewhere(change.repository, change.path):
        return
    for stage in change.stages:
        for span, path, instruction in _sources(stage):
            line = _ignoring_line(ignore, path)
            if line is not None and (lies_beside(change, ignore) or _is_from_root(change, ignore, path)):
                yield _problem(change, ignore, stage, span, path, instruction, line)


def _sources(stage: Stage) -> Iterator[tuple[Span, str, Instruction]]:
    """Yield what a stage takes out of the context by its name: not what ONBUILD takes, out of another one."""
    for copy in stage.copies:
        for source in copy.sources if copy.from_context and not copy.deferred else ():
            path = copy.source_path(source)
            if path is not None and path != "." and ".." not in (source.path or ""):
                yield source.word.span, path, copy.instruction
    for run, mount in mounted_context(stage):
        path = mount.options.get("source", "").strip("/").removeprefix("./")
        if path not in ("", ".") and "$" not in path:
            yield mount.flag.span, path, run.instruction


def _ignoring_line(ignore: IgnoreFile, path: str) -> int | None:
    """Return the line that keeps a file out, or a folder with all that may lie in it."""
    patterns = ignore.patterns
    if is_pattern(path):  # without the folder that it looks into, a pattern stops the build too (buildkit #2933)
        path = folder_looked_into(path)
    if not path or not patterns.excludes(path):
        return None
    if any(pattern.negated and _may_lie_in(pattern.text, path) for pattern in patterns.patterns):
        return None
    return patterns.matching_line(path)


def _is_from_root(change: DockerfileChange, ignore: IgnoreFile, path: str) -> bool:
    """Whether the listing says that the context is the ignore file's folder, and not the Dockerfile's own."""
    here, there = posixpath.dirname(ignore.path), posixpath.dirname(change.path)
    exists = change.repository.exists
    return exists(posixpath.join(here, path)) is True and exists(posixpath.join(there, path)) is False


def _may_lie_in(pattern: str, folder: str) -> bool:
    """Whether a pattern may bring back something below a folder."""
    if not is_pattern(pattern):
        return pattern.startswith(f"{folder}/")
    for part, name in zip(pattern.split("/"), folder.split("/"), strict=False):
        if "**" in part:
            return True
        if not matches(name, (part,)):
            return False  # `!target/*-runner` brings nothing into `target/quarkus-app`
    return True


def _problem(
    change: DockerfileChange,
    ignore: IgnoreFile,
    stage: Stage,
    span: Span,
    path: str,
    instruction: Instruction,
    line: int,
) -> Problem:
    pattern = ignore.source.line(line).strip()
    kind = secret_file(path)
    by_argument = "$" in change.source.cut(span)
    return Problem(
        span,
        f"{stage.label} takes {quote(path)} out of the build context, and {quote(ignore.path)} keeps it out "
        f"({quote(pattern)}, line {line}). The build stops here: the builder does not find it. "
        f"{_way_out(kind, path, instruction)}",
        Confidence.CERTAIN if lies_beside(change, ignore) and not by_argument else Confidence.LIKELY,
        doubt=BY_ARGUMENT if by_argument else "the build may have another context than the folder of that file",
        instruction=instruction,
        stage=stage.key,
        key=path,
        notes=(Note(ignore.source.line_span(line), "kept out here", ignore.path),),
        fix=Fix("Let it into the build", (ignore.append(f"!{path}"),)) if kind is None else None,
    )


def _way_out(kind: Kind | None, path: str, instruction: Instruction) -> str:
    if kind is None:
        return f"Let it in with {quote('!' + path)}."
    if kind == "client configuration" or instruction.keyword == "RUN":
        return "That keeps a secret out of the build: mount it where it is needed (`RUN --mount=type=secret`)."
    return (
        "That keeps a secret out of the image: take this line away, and give the program what it needs of the file "
        "when it starts."
    )
