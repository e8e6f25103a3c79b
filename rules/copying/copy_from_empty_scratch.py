"""See copy_from_empty_scratch.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Instruction, Problem, Severity, Span, Stage, quote, rule


@rule(
    "copy-from-empty-scratch",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "RUN"),
    mentions=("scratch",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage copies from one that starts from scratch and puts nothing there."""
    for stage in change.stages:
        for copy in stage.copies:
            if copy.from_stage is not None and _is_empty(copy.from_stage):
                names = ", ".join(quote(source.word.text) for source in copy.sources)
                yield _problem(stage, copy.from_stage, f"copies {names}", copy.instruction, copy.instruction.span)
        for run in stage.runs:
            for mount in run.mounts if run.instruction.flags else ():
                named = mount.options.get("source", "").strip("/.")  # the whole of an empty stage is an empty folder
                source = stage.model.copied_stage(mount.options.get("from", ""), stage.index) if named else None
                if mount.type == "bind" and source is not None and _is_empty(source):
                    what = f"mounts {quote(mount.options['source'])}"
                    yield _problem(stage, source, what, run.instruction, mount.flag.span)


def _is_empty(source: Stage) -> bool:
    """Whether a stage starts from nothing and puts nothing there."""
    if not source.root.is_scratch or source.all_copies or source.all_runs:
        return False
    return not any(step.instruction.keyword == "WORKDIR" for step in source.all_steps)


def _problem(stage: Stage, source: Stage, what: str, instruction: Instruction, span: Span) -> Problem:
    return Problem(
        span,
        f"{stage.label} {what} out of {source.label}, which is empty: it starts from `scratch` and puts no file there. "
        "The build stops here.",
        instruction=instruction,
        stage=stage.key,
    )
