"""What made the images that ship: each RUN once, however many stages inherit it, with its package manager calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import cached_property

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.model.steps import Run, Step


class Called(NamedTuple):
    """A package manager's call and whose image it is made for.

    Attributes:
        stage: The stage that ships; for a builder of one, the builder.
        run: The RUN.
        call: The call.
    """

    stage: Stage
    run: Run
    call: PackageCall


class Layers:
    """The RUNs behind the images that a file ships."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @cached_property
    def shipped_steps(self) -> tuple[tuple[Stage, Step], ...]:
        """The steps behind the images that ship, deferred ones (ONBUILD) included, with the first shipped stage."""
        seen: dict[int, tuple[Stage, Step]] = {}
        for stage in self.model.shipped:
            for step in stage.all_steps:
                seen.setdefault(id(step.instruction), (stage, step))
        return tuple(seen.values())

    @cached_property
    def shipped_runs(self) -> tuple[tuple[Stage, Run], ...]:
        """The RUNs whose layers ship, deferred ones (ONBUILD) included, with the first shipped stage that has each."""
        seen: set[int] = set()
        found: list[tuple[Stage, Run]] = []
        for stage in self.model.shipped:
            for run in stage.all_runs:
                if id(run.instruction) not in seen:
                    seen.add(id(run.instruction))
                    found.append((stage, run))
        return tuple(found)

    @cached_property
    def needed_runs(self) -> tuple[tuple[Stage, Run], ...]:
        """The RUNs of shipped stages, of those they are built from, and of those they copy out of."""
        needed = self.model.needed_by_shipped
        return tuple((stage, run) for stage in self.model.stages if stage.index in needed for run in stage.runs)

    @cached_property
    def all_runs(self) -> tuple[tuple[Stage, Run], ...]:
        """The RUNs of every stage."""
        return tuple((stage, run) for stage in self.model.stages for run in stage.runs)

    @cached_property
    def shipped_calls(self) -> tuple[Called, ...]:
        """The package manager calls of `shipped_runs`."""
        return _calls(self.shipped_runs)

    @cached_property
    def held_calls(self) -> tuple[Called, ...]:
        """Those, and the calls of the stages whose files a shipped image squashes into one layer."""
        seen = {id(run.instruction) for _, run in self.shipped_runs}
        squashed = {one.squashed.index: one.squashed for one in self.model.shipped if one.squashed is not None}
        runs = tuple((stage, run) for stage in squashed.values() for run in stage.all_runs)
        return (*self.shipped_calls, *_calls(tuple(each for each in runs if id(each[1].instruction) not in seen)))

    @cached_property
    def needed_calls(self) -> tuple[Called, ...]:
        """The package manager calls of `needed_runs`."""
        return _calls(self.needed_runs)

    @cached_property
    def all_calls(self) -> tuple[Called, ...]:
        """The package manager calls of the whole file."""
        return _calls(self.all_runs)


def _calls(runs: tuple[tuple[Stage, Run], ...]) -> tuple[Called, ...]:
    return tuple(Called(stage, run, call) for stage, run in runs for call in run.package_calls)
