"""One Dockerfile as a rule sees it: after the change, before it, and the repository around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rules.matching.fingerprint import ANY
from rules.matching.overlaps import ONE_MATTER
from rules.model.audience import is_development_file
from rules.model.lineage import built_as

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from rules.dockerfile.source import Source
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.policy import Policy
    from rules.repository import Repository
    from rules.repository.builds import Build


@dataclass(eq=False)
class DockerfileChange:
    """One changed Dockerfile.

    Attributes:
        after: The file as it is now.
        before: The file as it was; `None` when it is new, and when a rule is run on the old file for the baseline.
        repository: What is around it now.
        repository_before: What was around it.
        policy: The team's settings.
        today: The date that end-of-life rules go by; `None` allows no statement that depends on one.
        later: The change itself, where this is the file before it, on which rules are run for the baseline.
        listed: What findings before the change listed (`Problem.items`), by matter and stage; see `fingerprint.listed`.
    """

    after: Model
    before: Model | None
    repository: Repository
    repository_before: Repository
    policy: Policy
    today: date | None
    later: DockerfileChange | None = None
    listed: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The Dockerfile's path."""
        return self.after.path

    @property
    def identity(self) -> str:
        """What fingerprints call the file: its path before the change when it had one."""
        return self.before.path if self.before is not None else self.path

    @cached_property
    def is_for_developers(self) -> bool:
        """Whether the file's name, a folder around it, or an editor's settings say that its image is to work in.

        An editor may build what ships, too: not so where it starts nothing, and nothing else builds it.
        """
        if is_development_file(self.path):
            return True
        if self.path not in self.repository.built_by_editors:
            return False
        starts = any(setting.set_in_file for stage in self.after.shipped for setting in stage.image.start_command)
        return not starts and all(build.development for build in self.repository.builds_of(self.path))

    @property
    def source(self) -> Source:
        """The Dockerfile's text."""
        return self.after.source

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages, in the order of the file."""
        return self.after.stages

    def shipped(self) -> Iterator[tuple[Stage, Stage | None]]:
        """Yield each stage that ships, with the same stage before the change (`None`: new, or no file before)."""
        for stage in self.after.shipped:
            yield stage, self.was(stage)

    def compared(self) -> Iterator[tuple[Stage, Stage]]:
        """Yield each stage that what ships is made of and that was there before the change, with it as it was."""
        for stage in self.stages:
            was = self.was(stage)
            if was is not None and stage.index in self.after.needed_by_shipped:
                yield stage, was

    def builds_of(self, stage: Stage) -> tuple[Build, ...]:
        """Return the builds of the repository that make a stage, of the file as it is or as it was."""
        builds = self.repository.builds_of(self.path)
        return tuple(build for build in builds if built_as(stage.model, build.target) is stage)

    def was(self, stage: Stage) -> Stage | None:
        """Return the stage as it was: of the same name or text, else the last for the last, else of the same place."""
        return self._pairs.get(stage.index)

    def as_it_ships_now(self, stage: Stage) -> tuple[DockerfileChange, Stage]:
        """Return a stage of the file before as it ships after the change; any other one, and one that is gone, itself.

        Of it is to be asked what an image is for, where that keeps a rule silent: a `--reload` that comes or goes makes
        nothing new, and repairs nothing, of what else is in there.
        """
        now = self.later.heirs.get(stage.index) if self.later is not None else None
        return (self.later, now) if self.later is not None and now is not None and now.ships else (self, stage)

    @cached_property
    def heirs(self) -> dict[int, Stage]:
        """The stages as they are now by the index that they had; the first, where one is several now."""
        return {was.index: self.stages[index] for index, was in sorted(self._pairs.items(), reverse=True)}

    def found_again(self, old: Stage) -> Stage | None:
        """Return the stage in which one without a name, of the file as it was, still stands word for word."""
        text = texts_of(old)
        same = [stage for stage in self.stages if texts_of(stage) == text] if text else []
        if sum(texts_of(stage) == text for stage in old.model.stages) > 1:  # twins differ in their FROM
            same = [stage for stage in same if stage.base_text == old.base_text]
        return same[0] if same else None

    def fresh(self, rule: str, stage: Stage, names: Iterable[str]) -> tuple[str, ...]:
        """Return the names that a rule did not list for this stage before the change; all of them where it did all.

        For a stage that is new, or called otherwise, it counts what the rule listed in any, where that is one decision
        in all of them.

        Args:
            rule: The rule's id.
            stage: The stage as it is now.
            names: What the rule lists now.
        """
        names, known = tuple(names), self.listed_before(rule, stage)
        return tuple(name for name in names if name not in known) or names

    def listed_before(self, rule: str, stage: Stage) -> frozenset[str]:
        """Return the names that a rule listed for a stage before the change; see `fresh`."""
        rule, was = ONE_MATTER.get(rule, rule), self.was(stage)
        known = self.listed.get((rule, was.key), frozenset()) if was is not None else frozenset()
        if was is None or was.key != stage.key:
            known |= self.listed.get((rule, ANY), frozenset())
        return known

    def _is_collapsed(self, pairs: dict[int, Stage], old: Sequence[Stage], taken: set[int]) -> bool:
        """Whether the last stage is gone, and a builder that it took files from ships in its place."""
        if not self.stages or not old or old[-1].index in taken:
            return False
        was = pairs.get(self.stages[-1].index)
        return was is not None and old[-1].needs(was)

    @cached_property
    def _pairs(self) -> dict[int, Stage]:
        if self.before is None:
            return {}
        old = self.before.stages
        named = {stage.name: stage for stage in old if stage.name is not None}
        pairs = {stage.index: named[stage.name] for stage in self.stages if stage.name in named}
        again = self.found_again(old[-1]) if old and old[-1].name is None and len(self.stages) > len(old) else None
        if again is not None and again.index not in pairs and not _is_like(self.stages[-1], old[-1]):
            pairs[again.index] = old[-1]  # what stands below it now is another image
        taken = {stage.index for stage in pairs.values()}
        if self._is_collapsed(pairs, old, taken):
            pairs[self.stages[-1].index] = old[-1]
        for stage in self.stages:
            if stage.index in pairs:
                continue
            if stage.is_last and old and old[-1].index not in taken:
                pairs[stage.index] = old[-1]
            elif len(old) == len(self.stages) and stage.index not in taken and not stage.is_last:
                pairs[stage.index] = old[stage.index]
        return pairs


def texts_of(stage: Stage) -> tuple[str, ...]:
    """Return the instructions of a stage as they are written, its FROM left out."""
    return tuple(str(instruction) for instruction in stage.instructions)


def _is_like(new: Stage, old: Stage) -> bool:
    """Whether a stage is one of before, or is built upon that: what ships goes on then."""
    return texts_of(new) == texts_of(old) or any(texts_of(one) == texts_of(old) for one in new.chain)
