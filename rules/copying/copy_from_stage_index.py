"""See copy_from_stage_index.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Edit, Fix, Problem, Severity, Stage, insert, replace, rule


@rule(
    "copy-from-stage-index",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("COPY",),
    mentions=("from=",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY --from names a stage by its number."""
    for stage in change.stages:
        for copy in stage.copies:
            source = copy.from_stage
            flag = copy.instruction.flag("from")
            if source is None or flag is None or not (flag.value or "").isdecimal():
                continue
            edits = _named(change, source)
            fix = None
            if edits is not None:
                name = source.name or _name(change, source)
                fix = Fix("Name the stage", (*edits, replace(change.source, flag.value_span, name)))
            yield Problem(
                flag.value_span,
                f"{stage.label} copies from stage {flag.value}, counted from 0. A stage put in above shifts the "
                "number, and the line then copies from another stage, or fails. Give the stage a name.",
                instruction=copy.instruction,
                stage=stage.key,
                fix=fix,
            )


def _named(change: DockerfileChange, source: Stage) -> tuple[Edit, ...] | None:
    """Return what names the stage; nothing when it has a name, `None` when the name is taken."""
    if source.name is not None:
        return ()
    name = _name(change, source)
    if any(stage.name == name for stage in change.stages) or source.base_word is None:
        return None
    return (insert(change.source, source.base_word.span.end, f" AS {name}"),)


def _name(change: DockerfileChange, source: Stage) -> str:
    """Return `build`, with the stage's number where several nameless stages are copied from."""
    sources = [copy.from_stage for stage in change.stages for copy in stage.copies]
    nameless = {one.index for one in sources if one is not None and one.name is None}
    return "build" if len(nameless) == 1 else f"build-{source.index}"
