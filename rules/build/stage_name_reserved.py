"""See stage_name_reserved.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule

_RESERVED = {"scratch": "the empty image", "context": "the build context"}


@rule(
    "stage-name-reserved",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("FROM",),
    mentions=("scratch", "context"),
    aliases=("DL3063", "ReservedStageName"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage has a name that stands for something else.

    BuildKit looks a name up among the stages first (`addState` and `findStateByName` in dockerfile2llb), and warns.
    """
    for stage in change.stages:
        if stage.name in _RESERVED and stage.name_word is not None:
            yield Problem(
                stage.name_word.span,
                f"a stage is called {stage.label}, a word that stands for {_RESERVED[stage.name]}. Below it, "
                f"`FROM {stage.name}` and `COPY --from={stage.name}` mean this stage instead, and whoever reads them "
                "takes them for the other; give the stage another name.",
                stage=stage.key,
            )
