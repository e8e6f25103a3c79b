"""Images that a change makes in other stages, and not otherwise: nothing in them is new, and nothing repaired.

Rules look at a stage, or at what stands beside a step in it. So an image may look like another one where its stage was
split, or joined with the one below it, or where what its containers are started with stands elsewhere.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.nodes import is_dockerfile
from rules.matching.wording import normalised
from rules.model.audience import is_development_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.change import DockerfileChange
    from rules.dockerfile.nodes import Instruction
    from rules.matching.fingerprint import Raised
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.repository import Repository

_TAKEN_FROM = re.compile(r"(?<=from=)[\w.-]+(?=[\s,]|$)")
_NAME = re.compile(r" AS \S+$")
_OF_THE_CONTAINER = frozenset("CMD ENTRYPOINT EXPOSE HEALTHCHECK STOPSIGNAL".split())
"""Instructions that no step of the build goes by: where they stand among those does not matter."""
_OF_NOTHING_ELSE = frozenset({"LABEL", "MAINTAINER"})
"""Instructions that neither a step nor a container goes by: an image with another one is made as before."""


class _Images(NamedTuple):
    """Images of one version of a file that the other version makes as well.

    Attributes:
        stages: The keys of the stages that make them.
        words: The instructions there, without their layout.
        borders: Those of them by which one stage stands upon another.
    """

    stages: frozenset[str]
    words: frozenset[str]
    borders: frozenset[str]


def in_same_images(
    change: DockerfileChange, old: Mapping[int, Raised], new: Mapping[int, Raised]
) -> tuple[set[int], set[int]]:
    """Return which problems were there before, and which still are, since their image is made by the same steps.

    The instruction must be there in both versions word for word: what is wrong with its own words may be new.

    Args:
        change: The change.
        old: What seems to be repaired, by its index.
        new: What seems to be new.
    """
    asked = {index: item for index, item in new.items() if not item.rule.compares}
    if change.before is None or not (old or asked) or not _is_same_around(change, change.before):
        return set(), set()
    numbers: dict[object, int] = {}
    then, now = _numbers(change.before, numbers), _numbers(change.after, numbers)
    before, after = _common(change.before, then, now), _common(change.after, now, then)
    return _in_both(asked, after, before), _in_both(old, before, after)


def _in_both(items: Mapping[int, Raised], here: _Images, there: _Images) -> set[int]:
    return {
        index
        for index, item in items.items()
        if item.problem.stage in here.stages and (_nameless(item.normal) in there.words or _is_of_border(item, here))
    }


def _is_of_border(item: Raised, images: _Images) -> bool:
    """Whether a problem of what a stage inherits is told at the FROM by which it stands upon another one."""
    whole = item.instruction is not None and item.instruction.span == item.problem.span
    return whole and _nameless(item.normal) in images.borders


def _nameless(text: str) -> str:
    """Return what an instruction says, a FROM without the name that it gives the stage."""
    return _NAME.sub("", text) if text.startswith("FROM ") else text


def _is_same_around(change: DockerfileChange, before: Model) -> bool:
    """Whether a change leaves all that the rules know besides Dockerfiles as it was, the file's own name included."""
    if posixpath.basename(before.path) != posixpath.basename(change.path) or before.targets != change.after.targets:
        return False
    return _around(change.repository_before) == _around(change.repository)


def _around(repository: Repository) -> tuple[object, object]:
    known = (repository.files, repository.listing or {})
    files, listing = ({path: kept[path] for path in kept if not is_dockerfile(path)} for kept in known)
    return files, listing


def _common(model: Model, numbers: Mapping[int, int], others: Mapping[int, int]) -> _Images:
    """Return what the images of a file have that the other version makes as well, with the stages below them.

    A stage below that ships is an image of its own.
    """
    theirs = set(others.values())
    same = [stage for stage in model.stages if numbers.get(stage.index) in theirs]
    ours = {stage.index for stage in same}
    chains = {link.index: link for stage in same for link in stage.chain if link.index in ours or not link.ships}
    said = [one for stage in chains.values() for one in (stage.from_, *stage.instructions)]
    borders = [stage.from_ for stage in chains.values() if stage.parent is not None]
    words, upon = ({_nameless(normalised(one)) for one in ones} for ones in (said, borders))
    return _Images(frozenset(stage.key for stage in chains.values()), frozenset(words), frozenset(upon))


def _numbers(model: Model, numbers: dict[object, int]) -> dict[int, int]:
    """Return a number for the image of each stage that is needed: the same one where it is made by the same steps.

    Args:
        model: The file.
        numbers: Those that were given already, by how the image is made.
    """
    found: dict[int, int] = {}
    for stage in model.stages:  # what a stage takes files out of stands above it
        if not any(one.keyword == "ONBUILD" for link in stage.chain for one in link.instructions):
            found[stage.index] = numbers.setdefault(_form(stage, found), len(numbers))
    return {index: number for index, number in found.items() if index in model.needed_by_shipped}


def _form(stage: Stage, known: Mapping[int, int]) -> object:
    """Return how an image is made, by its base, its ordered steps and what it says of containers; and for whom."""
    steps: list[str] = []
    settings: defaultdict[str, set[str]] = defaultdict(set)
    for link in stage.chain:
        for one in link.instructions:
            if one.keyword in _OF_NOTHING_ELSE:
                continue
            if one.keyword in _OF_THE_CONTAINER and "$" not in one.value:
                settings[one.keyword].add(normalised(one))
            else:
                steps.append(_step(link, one, known))
    image, base = stage.image, stage.root.base_word
    starts = (image.entrypoint.value, image.cmd.value)
    return (
        stage.root.base_text or (base.text if base is not None else ""),
        stage.root.platform,
        tuple(steps),
        frozenset((keyword, frozenset(said)) for keyword, said in settings.items()),
        tuple(start and (start.form, start.words) for start in starts),
        stage.ships,
        stage.ships and is_development_name(stage.name),
    )


def _step(stage: Stage, instruction: Instruction, known: Mapping[int, int]) -> str:
    """Return a step with the images that it takes files out of, whatever they are called, and what ARG takes over."""

    def taken(name: re.Match[str]) -> str:
        source = stage.model.copied_stage(name[0], stage.index)
        return name[0] if source is None else f"#{known.get(source.index, source.key)}"

    text = _TAKEN_FROM.sub(taken, normalised(instruction))
    if instruction.keyword != "ARG":
        return text
    defaults = (
        stage.model.global_scope.expand(f"${{{name.text}}}") for name, value in instruction.pairs if value is None
    )
    return " ".join((text, *map(str, defaults)))
