"""Variables that a file of the repository gives a build, or its container, and that the client's build never sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Fix, Problem, fix, insert_line_before, quote
from rules.build.variables.client_builds import INLINED, client_builds, compiles_alone, has_variable, may_have_own
from rules.model.lineage import built_as
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Build, Command, DockerfileChange, Model, Run, Stage

_NAMED = 3


class _Given(NamedTuple):
    """Variables of one build, none of which reaches the client.

    Attributes:
        build: Who gives them.
        names: The variables.
        as_arguments: Whether the build gets them, and not the container alone.
    """

    build: Build
    names: tuple[str, ...]
    as_arguments: bool


def given_in_vain(change: DockerfileChange) -> Iterator[Problem]:
    """Yield for each stage that builds take the variables that its build of a client runs without.

    One that an ARG or an ENV of the file has is left to others; so is one whose ARG this change takes away.
    """
    told: set[int] = set()
    for build in change.repository.builds_of(change.path):
        stage = built_as(change.after, build.target)
        run, command = next(iter(client_builds(stage)), (None, None)) if stage is not None else (None, None)
        if stage is None or run is None or command is None or run.deferred or id(run) in told:
            continue
        given = _given(change, stage, build, run, command) if not compiles_alone(change, run, command) else None
        if given is not None:
            told.add(id(run))
            yield _problem(run, command, given)


def _given(change: DockerfileChange, stage: Stage, build: Build, run: Run, command: Command) -> _Given | None:
    known = _declared(change.after) | (_declared(change.before) if change.before is not None else set())

    def lost(names: tuple[str, ...]) -> tuple[str, ...]:
        named = (name for name in names if INLINED.fullmatch(name) and name not in known)
        named = (name for name in named if not may_have_own(change, name))
        return tuple(name for name in named if not has_variable(run, command, name))

    arguments = lost(tuple(build.args))
    if arguments:
        return _Given(build, arguments, as_arguments=True)
    environment = lost(build.environment) if _only_serves(stage, build, run) else ()
    return _Given(build, environment, as_arguments=False) if environment else None


def _only_serves(stage: Stage, build: Build, run: Run) -> bool:
    """Whether nothing in the container reads them either."""
    if stage is run.stage or not stage.base_known or "node" in stage.runtime.languages:
        return False
    return not (build.development or build.command)


def _declared(model: Model) -> set[str]:
    instructions = (i for i in model.dockerfile.instructions if i.keyword in ("ARG", "ENV"))
    return {name.text for i in instructions for name, _ in i.pairs}


def _problem(run: Run, command: Command, given: _Given) -> Problem:
    names = listed([quote(name) for name in given.names], _NAMED)
    stage, path = run.stage, quote(given.build.path)
    many = len(given.names) > 1
    them = "them" if many else "it"
    if given.as_arguments:
        fact = f"{path} passes {names} to the build, and no `ARG` takes {them}"
        way_out = f"Declare {them} above this line with `ARG`"
    else:
        fact = f"{path} sets {names} for the container alone"
        way_out = f"Declare {them} above this line with `ARG`, and pass {them} as {'' if many else 'a '}build argument"
        way_out += "s" if many else ""
    return Problem(
        command.span,
        f"{fact}: {quote(str(command), 60)} of {stage.label}, which writes {'such values' if many else 'the value'} "
        f"into the files for the browser, runs without {them}. There {'they stay' if many else 'it stays'} undefined, "
        f"whatever the container is given. {way_out}.",
        Confidence.LIKELY,
        doubt="a file of the project may give the build another value",
        instruction=run.instruction,
        stage=stage.key,
        key=f"given {' '.join(given.names)}",
        fix=_fix(run, given),
    )


def _fix(run: Run, given: _Given) -> Fix | None:
    if not given.as_arguments:
        return None  # the other half is in another file
    lines = tuple(f"ARG {name}" for name in given.names)
    return fix("Take what the build is given", insert_line_before(run.instruction, *lines))
