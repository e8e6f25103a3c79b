"""A Dockerfile as the images it makes."""

from __future__ import annotations

import re
from bisect import bisect_left
from operator import attrgetter
from typing import TYPE_CHECKING

from rules.lazily import cached_property
from rules.model.audience import (
    is_development_name,
    is_development_start,
    is_production_name,
    is_workshop_name,
)
from rules.model.layers import Layers
from rules.model.prefixes import behind_prefix
from rules.model.scope import USUAL_PLATFORM, global_scope
from rules.model.stage import Stage
from rules.model.variants import VARIABLE, names_like

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from rules.dockerfile.nodes import Dockerfile, Instruction
    from rules.dockerfile.source import Source
    from rules.model.scope import Scope

MOST_DEPTH = 50
"""Stages that a stage may inherit from, one from the other."""
MOST_INHERITED = 4_000_000
"""Characters that all stages together may inherit: a file of 50 KB whose fifty stages all start from its longest."""
_STARTS = frozenset({"CMD", "ENTRYPOINT"})
_LONGEST_NUMBER = 10
_MOST_CHOICES = 200
"""Stages of a file in which an argument of the build is thought to choose among them: each is compared with each."""


class Model:
    """A Dockerfile as the images it makes.

    Attributes:
        dockerfile: The parsed file.
        stages: In the order of the file.
        targets: Names of stages that are known to be built, lower case.
    """

    def __init__(
        self, dockerfile: Dockerfile, targets: Collection[str] = (), bases: Mapping[str, str | None] | None = None
    ) -> None:
        self.dockerfile = dockerfile
        self.targets = frozenset(target.lower() for target in targets)
        self._bases = bases or {}
        self._named: dict[str, list[Stage]] = {}
        self._inherited = 0
        stages: list[Stage] = []
        for index, (from_, rest) in enumerate(_stage_groups(dockerfile)):
            stage = Stage(self, index, from_, tuple(rest))
            stages.append(stage)
            if stage.name is not None:
                self._named.setdefault(stage.name, []).append(stage)
        self.stages = tuple(stages)

    @property
    def path(self) -> str:
        """The file's path."""
        return self.dockerfile.source.path

    @property
    def source(self) -> Source:
        """The file's text."""
        return self.dockerfile.source

    @cached_property
    def layers(self) -> Layers:
        """The RUNs and package manager calls behind the images that ship."""
        return Layers(self)

    @cached_property
    def code(self) -> str:
        """The text of all instructions with flags and here-documents, comment lines left out: for cheap searches.

        A flag has a line of its own in front of the value.
        """
        texts: list[str] = []
        for one in self.dockerfile.instructions:
            texts += [one.source.cut(flag.span) for flag in one.flags]
            texts.append(one.whole_value)
        return "\n".join(texts)

    @cached_property
    def global_args(self) -> tuple[Instruction, ...]:
        """The instructions above the first FROM: ARGs, where the file is right."""
        found = []
        for instruction in self.dockerfile.instructions:
            if instruction.keyword == "FROM":
                break
            found.append(instruction)
        return tuple(found)

    @cached_property
    def global_scope(self) -> Scope:
        """The variables that FROM lines see."""
        return global_scope(self.global_args, self.dockerfile.escape)

    @cached_property
    def _usual_scope(self) -> Scope:
        """The variables that FROM lines see in a build for the usual platform."""
        return global_scope(self.global_args, self.dockerfile.escape, USUAL_PLATFORM)

    def base_of(self, word: str) -> str | None:
        """Return what the word of a FROM means with the defaults above; a prefix that none need give counts as empty.

        Of `${ARCH}ubuntu:focal`, where `ARG ARCH` has no default, a plain build takes `ubuntu:focal`.
        """
        if word in self._bases:
            return self._bases[word]
        known = self.global_scope.expand(word)
        rest = behind_prefix(self.global_scope, word) if known is None else None
        return self.global_scope.expand(rest) if rest is not None else known

    def has_open_prefix(self, word: str) -> bool:
        """Tell whether a name begins with a variable that only the build may give a value: a registry, a platform."""
        return behind_prefix(self.global_scope, word) is not None

    def stage_of_usual_platform(self, word: str, before: int) -> Stage | None:
        """Return the stage above stage `before` that a FROM such as `base-$TARGETARCH` means on the usual platform."""
        name = self._usual_scope.expand(word) if "$" in word else None
        return self.earlier_stage(name, before) if name else None

    def earlier_stage(self, name: str, before: int) -> Stage | None:
        """Return the stage that a name in FROM means: the last one of that name above stage `before`, if any."""
        named = self._named.get(name.lower(), ())
        above = bisect_left(named, before, key=attrgetter("index"))
        return named[above - 1] if above else None

    def inherits(self, base: Stage) -> bool:
        """Tell whether one more stage may start from another: not where chains have become long beyond all reason.

        Whoever looks at all that a stage inherits takes time for it, for each stage anew. Nobody writes a chain of
        fifty stages, nor a base of many pages for a thousand stages; but a file may be there to do harm.
        """
        if base.depth >= MOST_DEPTH or self._inherited + base.weight > MOST_INHERITED:
            return False
        self._inherited += base.weight
        return True

    def copied_stage(self, name: str, before: int) -> Stage | None:
        """Return the stage that `--from` means: by name, or by number from 0, above stage `before`."""
        found = self.earlier_stage(name, before)
        if found is None and name.isdecimal() and len(name) < _LONGEST_NUMBER and int(name) < before:
            return self.stages[int(name)]
        return found

    @cached_property
    def shipped(self) -> tuple[Stage, ...]:
        """The stages that ship: the known targets, and the last stage.

        Where no target is known, those count that can only be one: see `_images`. The last stage counts unless its
        name says that it is for developers or tests and the known targets leave it out, or, where none is known, an
        earlier one is called the one for production and starts something, or can only be a target.
        """
        if not self.stages:
            return ()
        last = self.stages[-1]
        named = tuple(s for s in self.stages if s.name in self.targets or str(s.index) in self.targets)
        if not is_development_name(last.name) or last in named:
            named = named or self._images
            return named if last in named else (*named, last)
        return named or self._for_production or self._images or (last,)

    def shipping(self, indexes: Collection[int], bases: Mapping[str, str | None] | None = None) -> Model:
        """Return the same file as if just these of its stages shipped.

        Args:
            indexes: Of the stages.
            bases: Images that words of FROM lines are to mean; `None` is one that cannot be known.
        """
        twin = Model(self.dockerfile, self.targets, self._bases if bases is None else bases)
        twin.__dict__["shipped"] = tuple(stage for stage in twin.stages if stage.index in indexes)
        return twin

    def with_bases(self, bases: Mapping[str, str | None]) -> Model:
        """Return the same file, of which the same ships, as if some words of FROM lines meant other images."""
        return self.shipping({stage.index for stage in self.shipped}, bases)

    @property
    def _images(self) -> tuple[Stage, ...]:
        """The stages in front of the last that nothing in the file uses and that say themselves what they start.

        Nobody writes a start command for a stage that no build names. Those for developers are left out, and all of
        them where the last stage is called the one for production: then they are variants of it for other purposes.
        """
        if is_production_name(self.stages[-1].name):
            return ()
        used = {source.index for stage in self.stages for source in (*stage.sources, *self.may_start_from(stage))}
        return tuple(
            stage
            for stage in self.stages[:-1]
            if stage.name is not None and stage.index not in used and not is_workshop_name(stage.name)
            if any(one.keyword in _STARTS for one in stage.instructions)
            and not any(one.keyword in _STARTS and is_development_start(one.value) for one in stage.instructions)
        )

    @property
    def _for_production(self) -> tuple[Stage, ...]:
        """The stages called the ones for production that start something and that at most developers' stages extend."""
        extended = {s.base_stage.index for s in self.stages if s.base_stage and not is_development_name(s.name)}
        found = (s for s in self.stages if is_production_name(s.name) and s.index not in extended)
        return tuple(s for s in found if s.image.start_in_file)

    @cached_property
    def in_shipped_images(self) -> frozenset[int]:
        """Indexes of the stages whose layers are, or may be, in an image that ships: itself and what it stands on."""
        own = (stage for shipped in self.shipped for stage in shipped.chain)
        return _reached(own, lambda stage: (link for one in self.may_start_from(stage) for link in one.chain))

    @cached_property
    def in_shipped_files(self) -> frozenset[int]:
        """Indexes of the stages whose files are all in an image that ships: those above, and what they squash."""
        layered = (self.stages[index] for index in self.in_shipped_images)
        squashed = (one for stage in layered if stage.squashed is not None for one in stage.squashed.chain)
        return self.in_shipped_images | {one.index for one in squashed}

    def is_for_developers(self, stage: Stage, *, copied: bool = False) -> bool:
        """Tell whether a stage is called one for developers or tests, and nothing else that ships stands upon it.

        For rules that are silent of such a stage. What is said of a file for developers is only small: `weight.py`.

        Args:
            stage: One of the file's; `dev_base` is for all where `prod` starts from it.
            copied: Whether it is for all, too, where something else that ships copies out of it.
        """
        products = self._copied_by_products if copied else self._under_products
        return is_development_name(stage.name) and stage.index not in products

    @property
    def _products(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in self.shipped if not is_development_name(stage.name))

    @cached_property
    def _under_products(self) -> frozenset[int]:
        return frozenset(link.index for stage in self._products for link in stage.chain)

    @cached_property
    def _copied_by_products(self) -> frozenset[int]:
        return _reached(self._products, lambda stage: (*stage.sources, *self.may_start_from(stage)))

    def may_start_from(self, stage: Stage) -> tuple[Stage, ...]:
        """Return the stages that a FROM may mean whose variable the file leaves open: `FROM ${VARIANT}-install`."""
        word = stage.base_word
        if word is None or "$" not in word.text or (self.global_scope.expand(word.text) or "-")[0].isalnum():
            return ()
        if len(self.stages) > _MOST_CHOICES or not re.search(r"\w", VARIABLE.sub("", word.text)):
            return ()  # a variable alone may as well name an image
        named = names_like(word.text)
        return tuple(one for one in self.stages[: stage.index] if one.name is not None and named.fullmatch(one.name))

    @cached_property
    def needed_by_shipped(self) -> frozenset[int]:
        """Indexes of the stages that a shipped image is built from or copies out of, itself included."""
        return _reached(self.shipped, lambda stage: (*stage.sources, *self.may_start_from(stage)))

    @cached_property
    def needed(self) -> tuple[int, ...]:
        """For each stage a number whose bits are the stages that it needs, over any number of steps."""
        found: list[int] = []
        for stage in self.stages:  # what a stage needs stands above it
            bits = 0
            for source in stage.sources:
                bits |= found[source.index] | 1 << source.index
            found.append(bits)
        return tuple(found)


def _reached(start: Iterable[Stage], onward: Callable[[Stage], Iterable[Stage]]) -> frozenset[int]:
    """Return the indexes of some stages and of all that a step, taken any number of times, leads to from them."""
    found = {stage.index: stage for stage in start}
    waiting = list(found.values())
    while waiting:
        new = {stage.index: stage for stage in onward(waiting.pop()) if stage.index not in found}
        found.update(new)
        waiting += new.values()
    return frozenset(found)


def _stage_groups(dockerfile: Dockerfile) -> Iterator[tuple[Instruction, list[Instruction]]]:
    current: tuple[Instruction, list[Instruction]] | None = None
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM":
            if current is not None:
                yield current
            current = (instruction, [])
        elif current is not None:
            current[1].append(instruction)
    if current is not None:
        yield current
