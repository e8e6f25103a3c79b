"""See copy_from_empty_scratch.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, quote, rule


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
            source = copy.from_stage
            if source is None or not source.root.is_scratch or source.all_copies or source.all_runs:
                continue
            if any(step.instruction.keyword == "WORKDIR" for step in source.all_steps):
                continue
            names = ", ".join(quote(word.word.text) for word in copy.sources)
            yield Problem(
                copy.instruction.span,
                f"{stage.label} copies {names} out of {source.label}, which is empty: it starts from `scratch` and "
                "puts no file there. The build stops here.",
                stage=stage.key,
            )
