"""See arg_lost.md."""

import re
from collections.abc import Iterator

from rules.api import (
    OF_THE_BUILDER,
    Build,
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Model,
    Note,
    Problem,
    Severity,
    Span,
    Stage,
    quote,
    rule,
)
from rules.build.variables.exchanged import exchanged
from rules.build.variables.uses import is_read_by_name
from rules.model.lineage import built_as
from rules.quoting import listed
from rules.secrets.named.names import names_a_secret

_OF_BUILDS = re.compile(r"BUILD(?:KIT|X)_|\w*(?:BUST|NO_?CACHE|CACHE_?(?:BREAK|DATE|KEY))", re.IGNORECASE)
"""How arguments are called that BuildKit takes itself (its README, "Build args"), or that only renew what follows."""


@rule(
    "arg-lost",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    default="info",
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away an ARG that reached the build by name alone."""
    assert change.before is not None
    if not change.stages:
        return
    now = {name.text for stage in change.stages for i in stage.instructions for name, _ in i.pairs}
    mounts = [mount for stage in change.stages for run in stage.runs for mount in run.mounts]
    now |= {mount.options.get("env", "") for mount in mounts}
    has_secret = any(mount.type == "secret" for mount in mounts)
    code = change.after.code
    silent: dict[str, Instruction] = {}
    global_names = {name.text for argument in change.before.global_args for name, _ in argument.pairs}
    for name, argument in _arguments(change.before).items():
        if has_secret and names_a_secret(name):
            continue  # which has its place, whatever its id is
        if name in now or name in global_names or name in OF_THE_BUILDER or _was_written(change.before, name):
            continue
        passing = [build for build in change.repository.builds_of(change.path) if name in build.args]
        if passing:
            if f"{name}=" in code or all(_is_of_no_stage(change, build) for build in passing):
                continue  # a command has a value of its own now; or the target is what is missing
            fact = f"the builds of the repository still pass {quote(name)}, which no `ARG` takes any more"
            yield _problem(change, argument, name, fact, Confidence.LIKELY)
        elif name not in code:
            silent[name] = argument
    if silent:
        yield _question(change, silent)
    yield from _fixed_now(change, change.before)
    yield from _given_by_the_old_name(change, change.before)


def _is_of_no_stage(change: DockerfileChange, build: Build) -> bool:
    """Whether a build asks for a target that the file has not, of which other rules speak."""
    return built_as(change.after, build.target) is None


def _arguments(model: Model) -> dict[str, Instruction]:
    """The ARGs of stages that a command sees as environment variables: a caller gives them a value, or they have one.

    Of a default it is not known that anything reads it, unless a bundler does.
    """
    last_run = max((run.instruction.span.start for stage in model.stages for run in stage.runs), default=0)
    instructions = (
        i for stage in model.stages for i in stage.instructions if i.keyword == "ARG" and i.span.start < last_run
    )
    return {
        name.text: i
        for i in instructions
        for name, value in i.pairs
        if _is_read(name.text, has_default=value is not None)
    }


def _is_read(name: str, *, has_default: bool) -> bool:
    if _OF_BUILDS.match(name):
        return False
    return (name.isupper() and not has_default) or is_read_by_name(name)


def _was_written(model: Model, name: str) -> bool:
    """Whether an instruction used the argument by name: its going then is seen where it was used."""
    others = (i for i in model.dockerfile.instructions if i.keyword != "ARG")
    return any(f"${name}" in i.text or f"${{{name}" in i.text for i in others)


def _fixed_now(change: DockerfileChange, before: Model) -> Iterator[Problem]:
    """Yield the arguments that an ENV handed on, and whose value is the file's own now, whatever a build gives."""
    taken = {name for name, _, _ in _pairs(change.after, "ARG")}
    values = {name: (env, value) for name, env, value in _pairs(change.after, "ENV")}
    handed_on = {name for name, _, value in _pairs(before, "ENV") if value in (f"${name}", f"${{{name}}}")}
    for name, argument in {name: argument for name, argument, _ in _pairs(before, "ARG")}.items():
        env, value = values.get(name, (None, ""))
        if env is None or name in taken or name not in handed_on or "$" in value:
            continue
        if change.repository.gives_otherwise(change.path, name, value):
            yield _problem_of_env(argument, env, name)


def _given_by_the_old_name(change: DockerfileChange, before: Model) -> Iterator[Problem]:
    """Yield the argument that has another name now, with the same default, and that a build still gives by the old."""
    was, name = exchanged(change) or ("", "")
    then, now = _declaration(before, was), _declaration(change.after, name)
    default = _value(then, was) if then is not None else None
    if now is None or then is None or not default or default != _value(now, name):
        return
    if was in OF_THE_BUILDER or re.search(rf"\b{re.escape(was)}\b", change.after.code):
        return
    builds = (*change.repository.builds, *change.repository.calls)
    giving = [build for build in builds if build.dockerfile == change.path and build.args.get(was, default) != default]
    if not giving or any(name in build.args for build in giving):
        return
    build = giving[0]
    yield Problem(
        now.span,
        f"{quote(build.path)} (line {build.line}) still passes {quote(was)}, which no `ARG` takes any more: it is "
        f"{quote(name)} now. BuildKit only warns that it was not consumed, and the build takes the default, "
        f"{quote(default)}. Use one name in both.",
        Confidence.LIKELY,
        doubt="the value may be meant for nothing any more",
        instruction=now,
        notes=(Note(then.span, "declared here before", before=True),),
        key=was,
    )


def _declaration(model: Model, name: str) -> Instruction | None:
    """Return the first `ARG` of a name."""
    args = (one for one in model.dockerfile.instructions if one.keyword == "ARG")
    return next((one for one in args for word, _ in one.pairs if word.text == name), None)


def _value(argument: Instruction, name: str) -> str:
    return next((value.text for word, value in argument.pairs if word.text == name and value is not None), "")


def _pairs(model: Model, keyword: str) -> Iterator[tuple[str, Instruction, str]]:
    """Yield the names that instructions of stages set, with the instruction and the value as written."""
    for stage in model.stages:
        for one in stage.instructions:
            for name, value in one.pairs if one.keyword == keyword else ():
                yield name.text, one, value.text if value is not None else ""


def _problem_of_env(argument: Instruction, env: Instruction, name: str) -> Problem:
    return Problem(
        env.span,
        f"the builds of the repository still pass {quote(name)}, which no `ARG` takes any more: this `ENV` sets a "
        "value of its own, whatever they pass. Declare the `ARG` above it again, or take it out of the builds.",
        Confidence.LIKELY,
        doubt="the value may be meant for all builds now",
        instruction=env,
        notes=(Note(argument.span, "declared here before", before=True),),
        key=name,
    )


def _question(change: DockerfileChange, gone: dict[str, Instruction]) -> Problem:
    """Ask in one sentence of all that the file has lost."""
    names = listed((quote(f"ARG {name}") for name in gone), None)
    verbs = ("is gone; it was", "it") if len(gone) == 1 else ("are gone; they were", "them")
    return Problem(
        _place(change, next(iter(gone.values()))),
        f"{names} {verbs[0]} used by no instruction, so a command of the build may read {verbs[1]}. Is that intended? "
        "What a build script reads from its environment is then empty.",
        Confidence.POSSIBLE,
        notes=tuple(Note(argument.span, "declared here before", before=True) for argument in gone.values()),
        key=" ".join(gone),
    )


def _place(change: DockerfileChange, argument: Instruction) -> Span:
    """The stage that an ARG stood in, where that is still there; else the last one."""
    stood = next((stage for stage in change.stages if argument in _instructions_before(change, stage)), None)
    return (stood or change.stages[-1]).from_.span


def _instructions_before(change: DockerfileChange, stage: Stage) -> tuple[Instruction, ...]:
    was = change.was(stage)
    return was.instructions if was is not None else ()


def _problem(change: DockerfileChange, argument: Instruction, name: str, fact: str, confidence: Confidence) -> Problem:
    return Problem(
        _place(change, argument),
        f"{fact}. Is that intended? What a build script reads from its environment is then empty.",
        confidence,
        doubt="whether a command of the build reads it is not known",
        notes=(Note(argument.span, "declared here before", before=True),),
        key=name,
    )
