"""See copy_from_empty_scratch.md.

BuildKit copies with `AllowEmptyWildcard` (convert.go, `dispatchCopy`): a pattern that matches nothing, in a folder that
is there, copies nothing, as the root of an empty stage does.
"""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Instruction,
    Problem,
    Severity,
    Span,
    Stage,
    Step,
    quote,
    rule,
)
from rules.copying.stages.mounts import mounted_stages
from rules.copying.stages.undefined_names import given_contexts, tells_of_contexts
from rules.quoting import listed


@rule(
    "copy-from-empty-scratch",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "RUN"),
    mentions=("scratch",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage copies from one that starts from scratch and puts nothing there."""
    if tells_of_contexts(change):
        return
    given = given_contexts(change)
    for stage in change.stages:
        for copy in stage.copies:
            builder = copy.from_stage
            if builder is None or copy.deferred or not _is_empty(builder, given):
                continue
            missing = [source for source in copy.sources if _is_missed(copy, source, builder)]
            if missing:
                names = listed([quote(source.word.text) for source in missing])
                span = copy.instruction.span
                yield _problem(change, stage, builder, f"copies {names}", copy.instruction, span)
        for run, mount, builder in mounted_stages(stage):
            named = mount.options.get("source", "").strip("/.")  # the whole of an empty stage is an empty folder
            if named and not builder.files.below(f"/{named}") and _is_empty(builder, given):
                what = f"mounts {quote(mount.options['source'])}"
                yield _problem(change, stage, builder, what, run.instruction, mount.flag.span)


def _is_missed(copy: Copy, source: CopySource, builder: Stage) -> bool:
    """Whether the build stops for a source: not at the root or a folder that WORKDIR made, or a pattern in either."""
    path = copy.source_path(source)
    if path is None or path == "/":
        return False
    folder = posixpath.dirname(path) if source.has_wildcard else path
    return folder != "/" and not builder.files.below(folder)


def _is_empty(source: Stage, given: frozenset[str]) -> bool:
    """Whether a stage starts from nothing and puts nothing there, and no context takes its place."""
    if not source.root.is_scratch or source.all_copies or source.all_runs:
        return False
    if not given.isdisjoint(link.name for link in source.chain if link.name is not None):
        return False
    return not any(_is_unknown_folder(step) for step in source.all_steps)


def _is_unknown_folder(step: Step) -> bool:
    return step.instruction.keyword == "WORKDIR" and step.scope.expand(step.instruction.value) is None


def _problem(
    change: DockerfileChange, stage: Stage, source: Stage, what: str, instruction: Instruction, span: Span
) -> Problem:
    was = change.was(source)
    had_files = was is not None and bool(was.all_copies or was.all_runs)
    stands_in = not source.all_steps and not had_files  # a stage of one line is there for a context to take its place
    return Problem(
        span,
        f"{stage.label} {what} out of {source.label}, which is empty: it starts from `scratch` and puts no file there. "
        "The build stops here.",
        Confidence.POSSIBLE if stands_in else Confidence.LIKELY,
        doubt="a context of that name may take the place of the stage",
        instruction=instruction,
        stage=stage.key,
    )
