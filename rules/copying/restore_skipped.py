"""See restore_skipped.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    outcome_of_failure,
    quote,
    rule,
)
from rules.copying.context.recipes import SYSTEM
from rules.copying.outputs.restored_platforms import for_another_platform
from rules.dockerfile.shell.nested import SHELLS
from rules.repairs import delete_word

_BUILDS = frozenset({"build", "publish", "pack", "test", "run", "msbuild"})
"""Verbs of `dotnet` that restore first, unless they are told not to."""
_IDLE = frozenset({"tool", "workload", "nuget", "dev-certs", "clean", "sln", "--info", "--version", "--list-sdks"})
"""What else it does, and which leaves nothing for a build."""
_OTHERS = frozenset({*SHELLS, *"cp mv tar unzip git xargs find".split()})
"""Programs of the system that may restore too, or bring what a restore leaves."""
_HARMLESS = frozenset("node npm npx yarn pnpm corepack pip pip3 curl wget".split())
"""Programs of other languages; what a script of theirs runs is another matter."""
_LEFT = re.compile(r"(?:^|/)(?:obj|bin|artifacts)(?:/|$)")
"""The folders that a restore or a build leaves its files in."""


@rule(
    "restore-skipped",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("--no-restore", "--no-build"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A build of .NET leaves out a step that nothing above has done."""
    for stage in change.stages:
        facts = stage.facts
        if facts is None or not facts.is_plain or stage.files.has_unreadable_run or _takes_trees(stage):
            continue
        for run in stage.runs:
            lent = run.deferred or any(mount.type == "bind" for mount in run.mounts)
            for command in run.calls("dotnet") if not lent else ():
                option = _left_out(command)
                if not option or outcome_of_failure(run, command) != "stops":
                    continue
                doing = _doing(stage, command, option)
                if not doing:
                    yield _problem(stage, run, command, option)
                elif option == "--no-restore":
                    yield from filter(None, (for_another_platform(change, stage, run, command, doing),))


def _takes_trees(stage: Stage) -> bool:
    """Whether what a restore leaves may come from another stage or image, by its name, or in an archive."""
    return any(
        not copy.from_context
        or any(source.is_archive or _LEFT.search(source.path or "") is not None for source in copy.sources)
        for copy in stage.all_copies
        if not copy.deferred
    )


def _left_out(command: Command) -> str:
    """Return the option with which a build leaves a step out; `--no-build` means no restore either."""
    if command.subcommand not in _BUILDS or command.conditional or any(w.value.endswith(".dll") for w in command.args):
        return ""
    return next((option for option in ("--no-build", "--no-restore") if command.has(option)), "")


def _doing(stage: Stage, before: Command, option: str) -> list[Command]:
    """Return the commands above that have done the step, or may have."""
    above = (command for run in stage.all_runs for command in run.commands if command.start < before.start)
    return [command for command in above if _does(command, option)]


def _does(command: Command, option: str) -> bool:
    """Whether a command does the step, or is not known not to."""
    if command.name != "dotnet":
        program = command.called
        harmless = (command.name in SYSTEM and command.name not in _OTHERS) or command.name in _HARMLESS
        runs = command.subcommand in ("run", "run-script", "exec") or (command.name == "node" and bool(command.args))
        return "/" in program or "$" in program or not harmless or runs
    verb = command.subcommand or ""
    if "$" in verb:
        return True
    if verb in _BUILDS:
        return (
            not command.has("--no-build") if option == "--no-build" else not command.has("--no-build", "--no-restore")
        )
    return verb not in _IDLE and (verb != "restore" or option == "--no-restore")


def _problem(stage: Stage, run: Run, command: Command, option: str) -> Problem:
    if option == "--no-restore":
        fact, missing = "nothing above restores the packages", "`obj/project.assets.json` is not there (NETSDK1004)"
        way_out = "Put `dotnet restore` above it, or leave the option out."
    else:
        fact, missing = "nothing above builds the project", "what it should take is not there"
        way_out = "Put `dotnet build` above it, or leave the option out."
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command), 80)}, and {fact}: {missing}, and the build stops here. {way_out}",
        Confidence.LIKELY,
        doubt="the build context may bring it, from a build outside",
        instruction=run.instruction,
        stage=stage.key,
        key=option,
        fix=_fix(command, option),
    )


def _fix(command: Command, option: str) -> Fix | None:
    word = next((word for word in command.args if word.value == option), None)
    return Fix(f"Leave out {option}", (delete_word(command.source, word.span),)) if word is not None else None
