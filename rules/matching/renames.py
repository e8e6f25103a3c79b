"""Tell what a change only calls otherwise, stages and build arguments, so that an old fault is not a new one for it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.secrets.named.names import names_a_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rules.change import DockerfileChange
    from rules.dockerfile.nodes import Instruction
    from rules.matching.fingerprint import Raised
    from rules.model.stage import Stage

_WORD = re.compile(r"(?<!\w)[A-Za-z_]\w*(?!\w)")
_STAGE = re.compile(r"(?P<before>(?:^|[ ,])(?:--)?from=|^FROM (?:--\S+ )*|^FROM .* AS )(?P<name>[\w.-]+)(?=$|[\s,])")


class Renames(NamedTuple):
    """Names before a change to those after it.

    Attributes:
        stages: Of stages, as fingerprints call them.
        arguments: Of build arguments.
    """

    stages: Mapping[str, str]
    arguments: Mapping[str, str]


def in_new_names(raised: Sequence[Raised], change: DockerfileChange) -> Sequence[Raised]:
    """Return the problems before a change as they would read if it had renamed its stages and arguments already."""
    if not raised:
        return raised
    renames = _renames(change)
    return [_renamed(one, renames) for one in raised] if any(renames) else raised


@once
def _renames(change: DockerfileChange) -> Renames:
    return Renames(dict(_stages(change)), dict(_arguments(change)))


def in_stages_above(raised: Sequence[Raised], change: DockerfileChange) -> Sequence[Raised]:
    """Return problems as they would read if what a change put into a stage below another were still in that one."""
    if change.before is None or not raised:
        return raised
    old = {stage.key for stage in change.before.stages}
    users: defaultdict[int, list[Stage]] = defaultdict(list)
    for stage in change.stages:
        for source in stage.sources:
            users[source.index].append(stage)
    above: dict[str, str] = {}
    for stage in reversed(change.stages):
        upon = users[stage.index]
        if stage.key not in old and change.was(stage) is None and len(upon) == 1 and upon[0].parent is stage:
            above[stage.key] = above.get(upon[0].key, upon[0].key)
    return [
        one._replace(problem=replace(one.problem, stage=above.get(one.problem.stage, one.problem.stage)))
        for one in raised
    ]


def _stages(change: DockerfileChange) -> Iterator[tuple[str, str]]:
    """Yield the keys of stages that are another one now; a name that both files have means what it did."""
    if change.before is None:
        return
    old, new = {stage.key for stage in change.before.stages}, {stage.key for stage in change.stages}
    for stage in change.stages:
        was = change.was(stage)
        if was is not None and was.key not in new and stage.key not in old:
            yield was.key, stage.key


def _arguments(change: DockerfileChange) -> Iterator[tuple[str, str]]:
    """Yield the arguments that only one of the two files knows, and that stand in the same place with one default."""
    if change.before is None:
        return
    pairs = [(change.before.global_args, change.after.global_args)]
    stages = ((change.was(stage), stage) for stage in change.stages)
    pairs += [(was.instructions, stage.instructions) for was, stage in stages if was is not None]
    pairs = [pair for pair in pairs if all(any(one.keyword == "ARG" for one in side) for side in pair)]
    if not pairs:
        return
    old, new = set(_WORD.findall(change.before.source.text)), set(_WORD.findall(change.source.text))
    gone, come = old - new, new - old
    for before, after in pairs:
        left, right = _declared(before, gone), _declared(after, come)
        if len(left) == len(right):
            for (name, default), (now, default_now) in zip(left, right, strict=True):
                if default == default_now and not names_a_secret(now):  # another name is another secret
                    yield name, now


def _declared(arguments: Sequence[Instruction], names: set[str]) -> list[tuple[str, str | None]]:
    return [
        (name.text, value.text if value is not None else None)
        for argument in arguments
        if argument.keyword == "ARG"
        for name, value in argument.pairs
        if name.text in names
    ]


def _renamed(raised: Raised, renames: Renames) -> Raised:
    problem = raised.problem
    arguments = partial(_WORD.sub, lambda found: renames.arguments.get(found[0], found[0]))
    return raised._replace(
        normal=_in_text(raised.normal, renames.stages, arguments),
        problem=replace(
            problem,
            stage=renames.stages.get(problem.stage, problem.stage),
            key=renames.stages.get(problem.key, arguments(problem.key)),
            items=tuple(map(arguments, problem.items)),
        ),
    )


def _in_text(text: str, stages: Mapping[str, str], arguments: Callable[[str], str]) -> str:
    """Rename stages where an instruction names one, and arguments wherever they stand."""
    return arguments(_STAGE.sub(lambda found: found["before"] + stages.get(found["name"].lower(), found["name"]), text))
