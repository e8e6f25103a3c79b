"""See copy_from_root_filesystem.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    image_facts,
    quote,
    rule,
)


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
            if copy.destination != "/" or copy.deferred or copy.instruction.flag("exclude") is not None:
                continue  # ONBUILD names a stage of another file; what is left out may be all but a few files
            if not any(_is_all(copy, source) for source in copy.sources):
                continue
            confidence = _holds_a_system(copy)
            if confidence is not None:
                of = copy.from_stage.label if copy.from_stage is not None else quote(copy.from_text or "")
                yield Problem(
                    copy.instruction.span,
                    f"{stage.label} copies the whole file system of {of} over its own. Both systems' files end up in "
                    "the image, package databases and all, and neither is whole. Start `FROM` it, or copy what is "
                    "needed.",
                    confidence,
                    doubt="what the other stage is built on is not known"
                    if copy.from_stage is not None
                    else "the image may hold only files that are made to be copied",
                    stage=stage.key,
                )


def _is_all(copy: Copy, source: CopySource) -> bool:
    """Whether a source is the root folder, or all that lies in it."""
    return copy.source_path(source) in ("/", "/*")


def _holds_a_system(copy: Copy) -> Confidence | None:
    """Return how sure it is that a distribution is copied; `None` where it may be files made to be copied."""
    if copy.from_stage is not None:
        if not _is_a_system(copy.from_stage) or _base(copy.from_stage) == _base(copy.stage):
            return None  # onto its own base, it is the way to flatten layers
        return Confidence.CERTAIN if copy.from_stage.facts is not None else Confidence.LIKELY
    facts = image_facts(copy.from_image) if copy.from_image is not None else None
    return Confidence.LIKELY if facts is not None and facts.kind != "copy-from" else None


def _base(stage: Stage) -> str | None:
    """Return what a stage starts from in the end, without a digest, which may be that of the same tag."""
    text = stage.root.base_text
    return text.partition("@")[0] if text is not None else None


def _is_a_system(stage: Stage) -> bool:
    """Whether a stage holds a distribution, rather than files that were put together to be copied."""
    facts = stage.facts
    if facts is None:
        return not stage.root.is_scratch and bool(stage.done_runs)  # a bare name for an image may be a tool's
    return facts.distro != "scratch" and facts.kind != "copy-from"
