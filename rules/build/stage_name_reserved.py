"""See stage_name_reserved.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule

_RESERVED = {"scratch": "the empty image", "context": "the build context"}


@rule(
    "stage-name-reserved",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
    mentions=("scratch", "context"),
    aliases=("DL3063", "ReservedStageName"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage has a name that means something else to the builder."""
    for stage in change.stages:
        if stage.name in _RESERVED and stage.name_word is not None:
            yield Problem(
                stage.name_word.span,
                f"a stage is called {stage.label}, which the builder keeps for {_RESERVED[stage.name]}. "
                f"`FROM {stage.name}` and `COPY --from={stage.name}` will not mean this stage; give it another name.",
                stage=stage.key,
            )
