"""Names in `--from` that no stage above has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Copy, Run, image_facts, once, parse_reference
from rules.repository.builds import builds_of_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Instruction, Span, Stage


_TOLD = re.compile(
    r"--build-context|additional_contexts|\bbuildx? bake\b|\bdocker-bake\b"
    r"|\b(?:named|additional|extra) (?:build )?contexts?\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[\w.-]+")
_CONTEXT = re.compile(r"\bcontexts?\b", re.IGNORECASE)


def given_contexts(change: DockerfileChange) -> frozenset[str]:
    """Return the names of the contexts that the repository's builds give; one takes the place of a stage, too."""
    return frozenset(name for build in change.repository.builds_of(change.path) for name in build.contexts)


def tells_of_contexts(change: DockerfileChange) -> bool:
    """Tell whether a comment says that the build is given contexts."""
    return any(_TOLD.search(comment.text) for comment in change.after.dockerfile.comments)


@once
def told_contexts(change: DockerfileChange) -> frozenset[str]:
    """Return the words, in lower case, of the comment lines that speak of a context: its name is among them."""
    texts = (comment.text.lower() for comment in change.after.dockerfile.comments if _CONTEXT.search(comment.text))
    return frozenset(word.strip(".-") for text in texts for word in _WORDS.findall(text))


def named_sources(stage: Stage) -> Iterator[tuple[Instruction, str, Span]]:
    """Yield what COPYs and mounts name that is no stage above: the instruction, the name and its place.

    What ONBUILD names is looked for in the file that builds upon the image (Dockerfile frontend 1.11).
    """
    for step in stage.steps:
        if step.deferred:
            continue
        if isinstance(step, Copy) and step.from_text and step.from_stage is None:
            flag = step.instruction.flag("from")
            assert flag is not None
            yield step.instruction, step.from_text, flag.value_span
        elif isinstance(step, Run) and step.instruction.flags:
            for mount in step.mounts:
                text = mount.options.get("from", "")
                if text and stage.model.copied_stage(text, stage.index) is None:
                    yield step.instruction, text, mount.flag.value_span


def can_be_something(change: DockerfileChange, stage: Stage, text: str) -> bool:
    """Tell whether a name can be an image, or is another rule's: its own stage, a circle."""
    own = text.lower() in (stage.name, str(stage.index))
    below = [other for other in change.stages[stage.index :] if other.name == text.lower()]
    if own or below:
        return own or any(other.needs(stage) for other in below)
    return any(mark in text for mark in "/:@.$") or is_official(text) or text in _tagged(change)


@once
def _tagged(change: DockerfileChange) -> frozenset[str]:
    """Return the names that the repository's builds give to images: one of them may be built before."""
    builds = (*change.repository.builds, *builds_of_scripts(change.repository.files))
    return frozenset(image.removesuffix(":latest") for build in builds for image in build.images)


def is_official(text: str) -> bool:
    """Tell whether a name is that of an image of which the tables know something, `scratch` among them."""
    if text == "scratch":
        return True
    reference = parse_reference(text)
    return reference is not None and image_facts(reference) is not None


def undefined_names(change: DockerfileChange) -> frozenset[str]:
    """Return the names that neither a stage, nor an image, nor a context of the repository's builds has."""
    contexts = given_contexts(change)
    return frozenset(
        text
        for stage in change.stages
        for _, text, _ in named_sources(stage)
        if text not in contexts and not can_be_something(change, stage, text)
    )
