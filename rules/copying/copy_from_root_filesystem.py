"""See copy_from_root_filesystem.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, Stage, rule


@rule(
    "copy-from-root-filesystem",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("COPY",),
    mentions=("from=",),
    aliases=("DL3067",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage copies the whole file system of another one."""
    for stage in change.stages:
        if stage.is_scratch:
            continue  # into the empty image: the way to squash layers
        for copy in stage.copies if stage.index in change.after.needed_by_shipped else ():
            whole = any(source.path == "/" for source in copy.sources)
            if whole and copy.destination == "/" and copy.from_stage is not None and _is_a_system(copy.from_stage):
                yield Problem(
                    copy.instruction.span,
                    f"{stage.label} copies the whole file system of {copy.from_stage.label} over its own. Both "
                    "systems' files end up in the "
                    "image, package databases and all, and neither is whole. Start `FROM` it, or copy what is needed.",
                    Confidence.CERTAIN if copy.from_stage.facts is not None else Confidence.LIKELY,
                    doubt="what the other stage is built on is not known",
                    stage=stage.key,
                )


def _is_a_system(stage: Stage) -> bool:
    """Whether a stage holds a distribution, rather than files that were put together to be copied."""
    facts = stage.facts
    if facts is None:
        return not stage.root.is_scratch
    return facts.distro != "scratch" and facts.kind != "copy-from"
