"""See copy_from_root_filesystem.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, rule


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
        for copy in stage.copies:
            whole = any(source.path == "/" for source in copy.sources)
            if copy.from_text and whole and copy.destination == "/":
                origin = copy.from_stage.label if copy.from_stage is not None else f"`{copy.from_text}`"
                yield Problem(
                    copy.instruction.span,
                    f"{stage.label} copies the whole file system of {origin} over its own. Both systems' files end "
                    "up in the "
                    "image, package databases and all, and neither is whole. Start `FROM` it, or copy what is needed.",
                    Confidence.CERTAIN,
                    stage=stage.key,
                )
