"""See stage_name_duplicate.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Note, Problem, Severity, Stage, rule


@rule(
    "stage-name-duplicate",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
    aliases=("DL3024", "DuplicateStageName", "DS-0012", "CKV_DOCKER_11"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Two stages have the same name."""
    first: dict[str, Stage] = {}
    for stage in change.stages:
        if stage.name is None or stage.name_word is None:
            continue
        earlier = first.setdefault(stage.name, stage)
        if earlier is not stage:
            yield Problem(
                stage.name_word.span,
                f"two stages are called {stage.label}: this one and line {earlier.from_.line}. Names do not tell "
                "upper from lower case, and `--target` or `COPY --from` of that name takes one of them, depending on "
                "the builder. Rename one.",
                stage=stage.key,
                notes=(Note(earlier.from_.span, "the first one"),),
            )
