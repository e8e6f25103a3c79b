"""See copy_from_self.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule


@rule(
    "copy-from-self",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("from=",),
    aliases=("DL3023", "DS-0006"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY --from names its own stage."""
    for stage in change.stages:
        for copy in stage.copies:
            text = copy.from_text
            if text and copy.from_stage is None and text.lower() in (stage.name, str(stage.index)):
                yield Problem(
                    copy.instruction.span,
                    f"{stage.label} copies from itself: `--from={text}` is the stage that this line stands in, and a "
                    "stage can only copy from those above it. Name the stage that has the files, or use `RUN cp`.",
                    stage=stage.key,
                )
