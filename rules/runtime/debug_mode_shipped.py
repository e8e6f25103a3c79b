"""See debug_mode_shipped.md."""

import dataclasses
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Instruction,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.mounted_sources import brings_no_program, runs_mounted_sources
from rules.purpose import is_called_for_development, is_for_developers, starts_tests
from rules.runtime.build_only_variables import random_key_of_rails
from rules.runtime.debugging.script_switches import switch_in_script
from rules.runtime.debugging.switches import Switch, switch_in
from rules.runtime.debugging.variables import debug_variables, stays_inside
from rules.runtime.debugging.xdebug import shipped_xdebug
from rules.runtime.starts.instructions import Written, commands_of, full_words, never_starts, shipped

_FOR_DEVELOPERS = re.compile(
    r"\b(?:hot|live|auto)[ -]?reload|\b(?:for|in|during) (?:local )?(?:development|developers?|debugging)\b|"
    r"\b(?:overrid\w+|overwritten|replaced) (?:by|in|with|from) (?:the )?(?:docker[ -]?)?compose\b|"
    r"\bin production\b.*\b(?:use|instead|should|replace|remove)\b|\b(?:dev|development|debug) (?:mode|server|only)\b",
    re.IGNORECASE,
)
_COMPILERS = ("build-essential", "build-base", "gcc", "g++", "cmake")
_IDLE = "nothing in the file makes PHP load it"


@rule(
    "debug-mode-shipped",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("ENV", "CMD", "ENTRYPOINT", "RUN"),
    aliases=("S4507",),
    mentions=(
        "dev",
        "serve",
        "debug",
        "reload",
        "watch",
        "secret_key_base_dummy",
        "xdebug",
        "nodemon",
        "vite",
        "runserver",
        "flask",
        '"ng"',
        "ts-node-dev",
        "tsnd",
        "air",
        "jdwp",
        "--inspect",
        "dlv",
        "artisan",
        "react-scripts",
        "vue-cli-service",
        "tsx",
        "plackup",
        "morbo",
        "npm",
        "yarn",
        "bun",
    ),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships runs in a mode for developers: debugger, reloader, development environment."""
    if change.is_for_developers:
        return
    seen: set[int] = set()
    told: set[tuple[str, str]] = set()
    otherwise = _starts_otherwise(change)
    switched = [
        (found.stage, _told(problem, found.instruction, minor=otherwise and found.instruction.keyword == "CMD"))
        for found in shipped(change)
        if not _is_for_developers(change, found.stage)
        for problem in (*_switch(found, told), *_script(change, found, told))
    ]
    started = {id(stage) for stage, problem in switched if not problem.untold}
    for stage in change.after.shipped:
        if _is_for_developers(change, stage) or stage.runtime.is_windows:
            continue
        for setting in stage.image.env.values():
            if setting.instruction is not None and id(setting.instruction) not in seen:
                if (problem := random_key_of_rails(stage, setting.instruction)) is not None:
                    yield problem
                seen.add(id(setting.instruction))
                for problem in debug_variables(change, stage, setting, beside=id(stage) in started):
                    yield _told(problem, setting.instruction)
        yield from _xdebug(change, stage, seen)
    yield from (problem for _, problem in switched)


def _starts_otherwise(change: DockerfileChange) -> bool:
    """Whether services that are not for developers are all there is to the image, and start something else in it."""
    return never_starts(change) and any(not build.development for build in change.repository.builds_of(change.path))


def _is_for_developers(change: DockerfileChange, stage: Stage) -> bool:
    """Whether nobody ships what the stage makes, or nothing of a program is in there, or tests are all that it runs."""
    return is_for_developers(change, stage) or runs_mounted_sources(change, stage) or starts_tests(stage)


def _told(problem: Problem, instruction: Instruction, *, minor: bool = False) -> Problem:
    """Leave untold what is explained: a comment that moves away from it makes it no new one."""
    untold = problem.untold or _is_explained(instruction)
    return dataclasses.replace(problem, untold=untold, minor=problem.minor or minor)


def _is_to_build_in(stage: Stage) -> bool:
    """Whether nothing but the system's shell is started, and compilers are there: an image to build or test in."""
    of_system = stage.facts is not None and stage.facts.kind in ("os", "sdk")
    return of_system and not stage.image.start_in_file and stage.packages.has(*_COMPILERS)


def _is_explained(instruction: Instruction) -> bool:
    """Whether the comment above says that developers are meant."""
    return any(_FOR_DEVELOPERS.search(comment.text) for comment in instruction.comments)


def _switch(found: Written, told: set[tuple[str, str]]) -> Iterator[Problem]:
    """Yield what a start command surely switches on, other than what its ENTRYPOINT was told to do already."""
    sure = (command for command in commands_of(found) if not command.conditional)
    switch = next(filter(None, map(switch_in, sure)), None)
    if switch is None or (found.stage.key, switch.text) in told or stays_inside(found.stage, found.start.text):
        return
    told.add((found.stage.key, switch.text))
    alone = any(switch_in(command) == switch for command in found.start.commands)
    started = " ".join(found.start.words if alone else full_words(found) or found.start.words)
    yield _of_start(found, switch, started)
    if switch.beneath is not None:
        yield dataclasses.replace(_of_start(found, switch.beneath, started), untold=True)


def _of_start(found: Written, switch: Switch, started: str) -> Problem:
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(started)}: {quote(switch.text)} {switch.what}. "
        f"In production that {switch.then}. {switch.way_out}.",
        Confidence.LIKELY,
        doubt="the image may be made for development alone",
        stage=found.stage.key,
        key=switch.text,
        fix=_without(found, switch),
    )


def _script(change: DockerfileChange, found: Written, told: set[tuple[str, str]]) -> Iterator[Problem]:
    """Yield what a script of package.json switches on, where the start command itself has nothing of that kind."""
    told_by_script = switch_in_script(change, found) if not any(map(switch_in, commands_of(found))) else None
    if told_by_script is None:
        return
    script, switch = told_by_script
    if (found.stage.key, switch.text) in told:
        return
    told.add((found.stage.key, switch.text))
    yield Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(script.call)}, and {quote(script.name)} in {quote(script.path)} runs "
        f"{quote(switch.text)}, which {switch.what}. In production that {switch.then}. {switch.way_out}.",
        Confidence.LIKELY,
        doubt="the image may be made for development alone",
        stage=found.stage.key,
        key=switch.text,
    )


def _without(found: Written, switch: Switch) -> Fix | None:
    """The command without the option."""
    word = switch.option
    if word is None:
        return None
    source, start = found.instruction.source, word.span.start
    if found.start.form == "exec":
        before = [other for other in found.instruction.exec_form or () if other.span.end <= word.span.start]
        if not before:
            return None
        start = before[-1].span.end
    else:
        while source.text[start - 1] in " \t":
            start -= 1
    return Fix(f"Take {word.value} away", (Edit(source.span(start, word.span.end), ""),))


def _xdebug(change: DockerfileChange, stage: Stage, seen: set[int]) -> Iterator[Problem]:
    """Tell each RUN that brings it, other than for tests or in a stage that is called after it."""
    if is_called_for_development(change, stage) or "xdebug" in (stage.name or "") or _is_to_build_in(stage):
        return
    found, loaded = shipped_xdebug(change, stage)
    idle = "No line is seen to make PHP load it; one in PHP's settings, or in a start script, would. Then it"
    for run, command, shown, _ in found:
        if id(run.instruction) in seen:
            continue
        seen.add(id(run.instruction))
        yield Problem(
            run.instruction.source.span(run.instruction.span.start, command.end),
            f"{stage.label} ships with Xdebug: {quote(shown)}. {'It' if loaded else idle} slows every request down, "
            "and where its `client_host` can be set from outside it runs code for whoever connects. "
            "Install it in a stage for developers.",
            Confidence.CERTAIN if loaded and not brings_no_program(stage) else Confidence.POSSIBLE,
            doubt="nothing of a program is copied in, so that it may be developers who mount theirs"
            if loaded
            else _IDLE,
            stage=stage.key,
            instruction=run.instruction,
            key=str(command),
        )
