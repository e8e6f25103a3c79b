"""Variables that switch a mode for developers on."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from rules.api import (
    BY_ARGUMENT,
    Confidence,
    Edit,
    Fix,
    Problem,
    delete_instruction,
    fix,
    names_read,
    quote,
)
from rules.copying.outputs.node_addons import installs_modules
from rules.facts.installers import NODE_MANAGERS
from rules.numbers import number_of
from rules.runtime.debugging.switches import OFF_UNLESS_SET, PRODUCTION, debugger_in_variable, is_debug_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Instruction, Setting, Stage, Word

_SCRIPTS = frozenset({"run", "run-script", "build", "exec"})


def debug_variables(
    change: DockerfileChange, stage: Stage, setting: Setting[str], *, beside: bool
) -> Iterator[Problem]:
    """Yield for each variable of one ENV whose value, still in force at the end, asks for a debug mode.

    Beside a start command for developers the environment of that name is the same choice, of which the command tells.
    Where a build of the repository's own gives the argument in it another value, that is the one that ships.
    """
    instruction = setting.instruction
    assert instruction is not None
    for name_word, value_word in instruction.pairs:
        final = stage.image.env.get(name_word.text)
        if final is None or final.instruction is not instruction or final.value is None or value_word is None:
            continue
        agent = debugger_in_variable(name_word.text, final.value)
        if agent is not None and not stays_inside(stage, final.value):
            yield _debugger(stage, instruction, name_word, agent)
        given = "$" in value_word.text
        read = names_read(value_word.text)
        if any(change.repository.gives_otherwise(change.path, name, final.value) for name in read):
            continue
        if not is_debug_variable(name_word.text, final.value, from_argument=given):
            continue
        found = _switched_on(stage, instruction, (name_word, value_word), final.value, beside=beside)
        yield dataclasses.replace(found, minor=_is_set_at_start(change, name_word.text))


def _is_set_at_start(change: DockerfileChange, name: str) -> bool:
    """Whether each service that is not for developers gives its container the variable, which counts there."""
    builds = [build for build in change.repository.builds_of(change.path) if not build.development]
    return bool(builds) and all(name in build.environment for build in builds)


def _switched_on(
    stage: Stage, instruction: Instruction, pair: tuple[Word, Word], value: str, *, beside: bool
) -> Problem:
    name, written = pair
    better = PRODUCTION.get(value)
    way_out = "Leave it out here" if name.text in OFF_UNLESS_SET else "Give it the value for production here"
    if better is not None:
        way_out = f"Set it to {quote(better)}{_where(stage, name)}"
    return Problem(
        instruction.span,
        f"{stage.label} ships with {quote(f'{name.text}={value}')}. Production then runs in the "
        "developers' mode, in which many frameworks show visitors stack traces and settings, open a console, or do "
        f"without caches. {way_out}, and switch it on from outside where it is needed.",
        Confidence.POSSIBLE if beside and better is not None else Confidence.LIKELY,
        doubt=BY_ARGUMENT if "$" in written.text else "it may be set otherwise where the container is started",
        stage=stage.key,
        key=name.text,
        instruction=instruction,
        fix=_otherwise(stage, instruction, name, written, better),
    )


_PORT_ALONE = re.compile(r"\bjdwp[=:][^\s\"']*\baddress=\d+(?![\w.:])")
_FIRST_ON_LOOPBACK = 9
"""The Java from which on a debugger's port without a host is one of the loopback (release notes, JDK-8041435)."""


def stays_inside(stage: Stage, options: str) -> bool:
    """Tell whether Java's debugger takes a port that only the container itself reaches: the image's Java is new enough.

    Args:
        stage: The stage, whose base image brings Java.
        options: What stands on the command line, or in a variable for it.
    """
    major = (stage.runtime.languages.get("java") or "").partition(".")[0]
    new = major.isdecimal() and number_of(major) >= _FIRST_ON_LOOPBACK
    return new and _PORT_ALONE.search(options) is not None


def _debugger(stage: Stage, instruction: Instruction, name: Word, option: str) -> Problem:
    return Problem(
        instruction.span,
        f"{stage.label} ships with {quote(option)} in {quote(name.text)}, which opens the port of a debugger. "
        "Whoever reaches the port reads the memory and runs code, without a password. Leave it out here, and switch "
        "it on from outside where it is needed.",
        Confidence.LIKELY,
        doubt="it may be set otherwise where the container is started",
        stage=stage.key,
        key=name.text,
        instruction=instruction,
    )


def _otherwise(stage: Stage, instruction: Instruction, name: Word, value: Word, better: str | None) -> Fix | None:
    """Set the value for production, in the author's quotes; delete what is off unless it is set, and stands alone.

    Another variable without one may be what the project's own settings ask for, and end at where it is missing.
    """
    if better is None:
        alone = len(instruction.pairs) == 1 and name.text in OFF_UNLESS_SET
        return fix("Delete the variable", delete_instruction(instruction)) if alone else None
    mark = value.text[:1] if value.text[:1] in ("'", '"') else ""
    plain = value.text.removeprefix(mark).removesuffix(mark)
    if not plain.isalnum() or _installs_for_it(stage, name):
        return None
    return Fix(f"Set {name.text} to {better}", (Edit(value.span, f"{mark}{better}{mark}"),))


def _installs_for_it(stage: Stage, name: Word) -> bool:
    """Whether the environment decides what is installed: in production that needs more than another name."""
    calls = (call for run in stage.all_runs for call in run.package_calls)
    bundled = name.text in ("RAILS_ENV", "RACK_ENV") and any(call.manager == "bundle" for call in calls)
    return bundled or _builds_with_it(stage, name)


def _where(stage: Stage, name: Word) -> str:
    if not _builds_with_it(stage, name):
        return ""
    return " below the build, whose tools an install under that value leaves out"


def _builds_with_it(stage: Stage, name: Word) -> bool:
    """Whether Node's dependencies are installed, and a script of the project runs behind them."""
    if name.text != "NODE_ENV":
        return False
    runs = stage.all_runs
    installs = [(run.at, call.command.start) for run in runs for call in run.package_calls if installs_modules(call)]
    scripts = (
        (run.at, command.start)
        for run in runs
        for command in run.calls("npx", *NODE_MANAGERS)
        if command.name == "npx" or command.subcommand in _SCRIPTS
    )
    return bool(installs) and any(at > installs[0] for at in scripts)
