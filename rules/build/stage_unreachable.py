"""See stage_unreachable.md."""

import re
from collections.abc import Iterator, Sequence

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Model,
    Problem,
    Severity,
    Stage,
    is_development_name,
    quote,
    rule,
)
from rules.copying.stages.undefined_names import is_official, undefined_names

_TARGET = re.compile(r"(?m)^[ \t]*#.*--target[= ]([\w.-]+)")
"""A comment that says how a stage is built: `docker build --target tools .`."""
_OPEN_TARGET = re.compile(rb"^[ \t-]*target:[ \t]*[\"']?\$", re.MULTILINE)
"""A pipeline's target that only its run knows, such as the name of the repository."""
_BARE = re.compile(r"[\w-]+")
_DIGITS = 6
"""More than the number of any stage has."""


@rule(
    "stage-unreachable",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage is part of no image that ships."""
    if len(change.stages) < 2:  # noqa: PLR2004 - one stage is the image
        return
    told = _told(change)
    meant = _may_be_meant(change, told)
    needed = change.after.needed_by_shipped
    used = _used(change.stages)
    for stage in change.stages:
        if stage.index in needed or is_development_name(stage.name) or _is_an_image(stage) or stage.index in used:
            continue
        if (
            stage.name in told
            or str(stage.index) in told
            or _lost_its_number(change, stage)
            or _was_the_default(change, stage)
        ):
            continue
        yield Problem(
            stage.from_.span,
            f"{stage.label} is not part of any image that ships: no stage starts from it or copies out of it, and "
            f"no build that was read names it as its target. {_way_out(change, stage)}",
            Confidence.POSSIBLE if stage.name is not None else Confidence.LIKELY,
            doubt="a build outside the repository may make it",
            stage=stage.key,
            untold=meant,
        )


def _way_out(change: DockerfileChange, stage: Stage) -> str:
    """Say what to do: an image in which nothing is done lacks what the stage makes, rather than that it makes it."""
    last = change.stages[-1]
    if (stage.runs or stage.copies) and not last.instructions and last.base_stage is None:
        name = stage.label.strip("`") if stage.name else str(stage.index)
        copy, base = quote(f"COPY --from={name} …"), quote((last.base_text or "").partition("@")[0])
        return (
            f"The image that ships, {last.label} (line {last.from_.line}), is {base} and nothing more: "
            f"copy into it what is made here ({copy})."
        )
    return "If something else builds it, say so in the policy; else it can go."


def _may_be_meant(change: DockerfileChange, told: set[str]) -> bool:
    """Whether a variable chooses among the stages, or a name that nothing has may mean any of them.

    Of such a name in a COPY, copy-from-undefined-stage speaks.
    """
    bases = (stage.base_word.text for stage in change.stages[1:] if stage.base_word is not None)
    sources = (copy.from_text or "" for stage in change.stages for copy in stage.copies)
    if any("$" in text for text in (*bases, *sources, *told)):
        return True
    if any(_OPEN_TARGET.search(data) for data in change.repository.files.values()):
        return True
    return bool(undefined_names(change)) or any(map(_names_nothing, change.stages[1:]))


def _told(change: DockerfileChange) -> set[str]:
    """Return the targets that builds and comments name, those of services for developers too."""
    built = (build.target for build in change.repository.builds_of(change.path))
    return {name.lower() for name in (*_TARGET.findall(change.source.text), *built)}


def _names_nothing(stage: Stage) -> bool:
    """Whether a FROM has a bare name that is no stage's above and no official image's: a slip, or a local image."""
    text = stage.base_text
    return stage.base_stage is None and text is not None and bool(_BARE.fullmatch(text)) and not is_official(text)


def _lost_its_number(change: DockerfileChange, stage: Stage) -> bool:
    """Whether a COPY named the stage by a number before the change that means another stage now.

    The stage is meant all the same, and `copy-from-stage-index` says so.
    """
    then = change.before
    if then is None or stage.name is not None or not any(map(_numbers, change.stages)):
        return False
    return any(number < len(then.stages) and _from(then.stages[number]) == _from(stage) for number in _numbered(then))


def _was_the_default(change: DockerfileChange, stage: Stage) -> bool:
    """Whether it is the alias that the file ended with before the change, of which `default-target-changed` speaks."""
    last = change.before.stages[-1] if change.before is not None and change.before.stages else None
    return last is not None and stage.is_alias and last.is_alias and stage.base_text == last.base_text


def _numbered(model: Model) -> set[int]:
    return {number for stage in model.stages for number in _numbers(stage)}


def _numbers(stage: Stage) -> set[int]:
    return {int(text) for copy in stage.copies if (text := copy.from_text or "").isdecimal() and len(text) < _DIGITS}


def _from(stage: Stage) -> str:
    return stage.base_word.text if stage.base_word is not None else ""


def _is_an_image(stage: Stage) -> bool:
    """Whether a stage is built by its name: it starts something, varies another one, or holds files to be taken out."""
    own_start = any(instruction.keyword in ("CMD", "ENTRYPOINT") for instruction in stage.instructions)
    return stage.name is not None and (own_start or stage.base_stage is not None or stage.is_scratch)


def _used(stages: Sequence[Stage]) -> set[int]:
    """Return the stages on which another is built, even one for developers: then that one is the root."""
    sources = (source for stage in stages for source in (stage.base_stage, *(copy.from_stage for copy in stage.copies)))
    return {source.index for source in sources if source is not None}
