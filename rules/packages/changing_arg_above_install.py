"""See changing_arg_above_install.md."""

import re
from collections.abc import Iterator
from itertools import takewhile

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Instruction,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    Word,
    fix,
    move_below,
    once,
    quote,
    rule,
)
from rules.copying.source_trees.trees import brings_all, source_folder
from rules.model.lineage import built_upon
from rules.packages.options import spelled
from rules.packages.projects.given_version import GIVEN_VERSION
from rules.packages.scripts import does_only, may_be_script
from rules.quoting import listed

_COMMIT = re.compile(
    r"(?:GIT_|CI_|VCS_|SOURCE_|BUILD_|GITHUB_|APP_|IMAGE_)?(?:COMMIT|SHA|REV|REVISION)(?:_SHA|_HASH|_ID|_REF)?|(?:GIT|COMMIT)_HASH|GIT_SHA1|VCS_REF"
)
"""Names of the commit that is built."""

_RUN_OF_BUILD = re.compile(
    r"BUILD_?(?:DATE|TIME|DATETIME|TIMESTAMP|NUMBER|NUM|ID)|CI_(?:PIPELINE|JOB)_ID|GITHUB_RUN_(?:ID|NUMBER)"
)
"""Names of the time or number of a build: it may be meant to renew what is installed."""

_FETCHING = re.compile(r"\b(?:git|curl|wget|svn|hg|tar|unzip|checkout)\b")
"""What uses a commit to say what is got, not what is built."""

_PINS = re.compile(r"[\"']?[0-9a-fA-F]{7,}[\"']?$|[\"']?v?\d+\.\d")
"""A default that is a version or a commit of something: changed by hand, if at all."""

_ARRANGING = (
    "addgroup adduser cd chgrp chmod chown cp echo find groupadd ln mkdir mv printf rm sed set tar touch true useradd "
    "usermod"
).split()
_INSTALLING = frozenset({"install", "sync", "download"})


@rule(
    "changing-arg-above-install",
    severity=Severity.INFO,
    category=Category.BUILD_CACHE,
    keywords=("ARG",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG that has another value in each build stands above an install, which is then made again each time."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        changing = [found for step in stage.steps if (found := _changing(step)) is not None]
        install = _install_below(stage, changing[0][0]) if changing else None
        if install is None:
            yield from _inherited(change, stage, changing)
            continue
        run, call = install
        above = [(step, name) for step, name in changing if step.index < run.index]
        said = next((one for one in above if _COMMIT.fullmatch(one[1].text)), above[0])
        script = _script_between(stage, said[0], call)
        if script is not None and script in run.commands:
            continue
        names = _set_by(stage, said[1].text, run)
        if not any(_says_what_is_got(stage, name) or _uses(run, name) or GIVEN_VERSION.search(name) for name in names):
            yield _problem(stage, said, [one for one in above if one is not said], call)


def _changing(step: Step) -> tuple[Step, Word] | None:
    """Return an ARG whose name says that builds give it another value each time, with the name."""
    if step.instruction.keyword != "ARG" or step.deferred:
        return None
    for name, value in step.instruction.pairs:
        named = _COMMIT.fullmatch(name.text) or _RUN_OF_BUILD.fullmatch(name.text)
        if named and (value is None or not _PINS.match(value.text)):
            return step, name
    return None


def _install_below(stage: Stage, argument: Step | None) -> tuple[Run, PackageCall] | None:
    """Return the first install below an ARG, `None` for one of an earlier stage, that would be cached but for it."""
    for step in stage.steps:
        if isinstance(step, Copy) and _differs_with_commits(step):
            return None
        if (argument is not None and step.index <= argument.index) or not isinstance(step, Run) or step.deferred:
            continue
        if any(mount.type == "bind" and "from" not in mount.options for mount in step.mounts):
            return None
        call = next((call for call in step.package_calls if call.action in _INSTALLING), None)
        if call is not None:
            return None if any(mount.type == "cache" for mount in step.mounts) else (step, call)
    return None


def _inherited(change: DockerfileChange, stage: Stage, changing: list[tuple[Step, Word]]) -> Iterator[Problem]:
    """Yield such an ARG, or the ENV that has its value, where a stage upon this one installs."""
    commits = [(argument, name) for argument, name in changing if _COMMIT.fullmatch(name.text)]
    if not commits:
        return
    found = ((argument, name, env) for argument, name in commits if (env := _env_with(stage, argument, name.text)))
    argument, name, env = next(found, (*commits[0], None))
    for upon in built_upon(stage)[1:]:
        if upon.index not in change.after.needed_by_shipped:
            continue
        install = _install_below(upon, None)
        if install is None or any(map(_brings_commits, upon.chain[:-1])) or _says_what_is_got(upon, name.text):
            continue
        call = install[1]
        yield _of_inherited(stage, upon, argument, name, env, call)
        return


def _of_inherited(
    stage: Stage, upon: Stage, argument: Step, name: Word, env: Instruction | None, call: PackageCall
) -> Problem:
    """Say that a stage upon this one inherits the variable (docs.docker.com, "Build variables", "Scoping")."""
    runs = f"{upon.label}, which starts from it, runs {quote(spelled(call))} (line {call.command.line})"
    if env is not None:
        fact = f"puts {quote(name.text)} into an `ENV`, and {runs}. A variable is"
        way_out = f"Set it, with its `ARG` (line {argument.instruction.line}), at the end of the stage that ships."
    else:
        fact = f"declares {quote(f'ARG {name.text}')}, and {runs}. An argument is inherited, and"
        way_out = "Declare it, and what uses it, in the stage that ships, below the installs."
    return Problem(
        name.span if env is None else env.span,
        f"{stage.label} {fact} part of what every `RUN` below it is cached by, in the stages upon it too, so each "
        f"build that passes another commit installs all of it again. {way_out}",
        Confidence.LIKELY,
        doubt="builds may not pass it",
        instruction=argument.instruction if env is None else env,
        stage=stage.key,
        key=name.text,
    )


def _env_with(stage: Stage, argument: Step, name: str) -> Instruction | None:
    """Return the ENV below an ARG that takes its value."""
    below = (step for step in stage.steps if step.index > argument.index and step.instruction.keyword == "ENV")
    return next((step.instruction for step in below if _uses(step, name)), None)


def _brings_commits(stage: Stage) -> bool:
    return any(isinstance(step, Copy) and _differs_with_commits(step) for step in stage.steps)


def _differs_with_commits(copy: Copy) -> bool:
    """Whether a COPY brings what most commits change, so that nothing below it is taken from the cache anyway."""
    if not copy.from_context:
        return copy.from_stage is not None
    return (copy.brings_context_root and brings_all(copy)) or source_folder(copy) is not None


def _script_between(stage: Stage, argument: Step, call: PackageCall) -> Command | None:
    """Return a script that runs between an argument and an install: it has the argument in its environment."""
    below = (step for step in stage.steps if isinstance(step, Run) and step.index > argument.index)
    commands = (command for step in below for command in step.commands if command.line <= call.command.line)
    return next((command for command in commands if may_be_script(command)), None)


def _set_by(stage: Stage, name: str, run: Run) -> list[str]:
    """Return an argument with the variables above a RUN that have its value."""
    names = [name]
    above = (step.instruction for step in stage.steps if step.index < run.index)
    for one in (one for one in above if one.keyword in ("ARG", "ENV")):
        names += [
            word.text
            for word, value in one.pairs
            if value is not None and any(_reads_in(value.text, known) for known in names)
        ]
    return names


def _says_what_is_got(stage: Stage, name: str) -> bool:
    """Whether a step of the stage gets something at that commit: then it is a version, pinned by whoever builds.

    Where the base image is that of the commit, each build installs upon another one anyway.
    """
    if any(_reads(one.root.from_, name) for one in stage.chain):
        return True
    using = [step for step in stage.steps if isinstance(step, (Copy, Run)) and _uses(step, name)]
    return any(isinstance(step, Copy) or _FETCHING.search(step.instruction.whole_value) for step in using)


def _problem(stage: Stage, said: tuple[Step, Word], others: list[tuple[Step, Word]], call: PackageCall) -> Problem:
    argument, name = said
    commit = _COMMIT.fullmatch(name.text) is not None
    when = "another commit" if commit else "another value"
    too = f" The same goes for {listed(quote(other.text) for _, other in others)}." if others else ""
    return Problem(
        name.span,
        f"{stage.label} declares {quote(f'ARG {name.text}')} above {quote(spelled(call))} (line {call.command.line}). "
        "An argument is part of what every `RUN` below it is cached by, used there or not, so each build that passes "
        f"{when} installs all of it again.{too} {_way_out(stage, [said, *others], call)}",
        Confidence.LIKELY if commit else Confidence.POSSIBLE,
        doubt="builds may not pass it" if commit else "the builds may be meant to renew the packages",
        instruction=argument.instruction,
        stage=stage.key,
        key=name.text,
        fix=_fix(stage, argument, name.text) if not others else None,
    )


def _way_out(stage: Stage, arguments: list[tuple[Step, Word]], call: PackageCall) -> str:
    them = "them" if len(arguments) > 1 else "it"
    above = [
        step.instruction
        for step in stage.steps
        if step.instruction.keyword != "ARG"
        and step.instruction.line < call.command.line
        and any(_uses(step, name.text) for _, name in arguments)
    ]
    if not above:
        script = _script_between(stage, arguments[0][0], call)
        if script is not None:
            return f"Unless the script in line {script.line} asks for {them}, declare {them} below the installs."
        idle = not any(_is_read(stage, name.text) for _, name in arguments)
        take = f"No line names {them} again: take {them} out, or declare" if idle else "Declare"
        return f"{take} {them} below the installs."
    lines = listed(str(one.line) for one in above)
    uses = f"the `{above[0].keyword}` in line {lines}" if len(above) == 1 else f"what stands in lines {lines}"
    besides = _read_besides(stage, above, {name.text for _, name in arguments})
    too = f", and with {listed(map(quote, besides))}, which stands there too" if besides else ""
    return f"Put {them} below the installs, together with {uses}, which uses {them}{too}."


def _is_read(stage: Stage, name: str) -> bool:
    """Whether an instruction of the stage, or of one upon it, uses a variable, or runs what may look for it."""
    steps = [step for one in built_upon(stage) for step in one.steps]
    return any(_uses(step, name) or (isinstance(step, Run) and not _only_arranges(step)) for step in steps)


def _only_arranges(run: Run) -> bool:
    """Whether all commands of a RUN are known to ask for no variable: they install, and set up accounts and files."""
    return does_only(run, {call.command.start for call in run.package_calls if call.action != "run"}, *_ARRANGING)


def _read_besides(stage: Stage, uses: list[Instruction], known: set[str]) -> list[str]:
    """Return the other arguments that these instructions read: left above, they change what is cached as well."""
    declared = {
        name.text for step in stage.steps if step.instruction.keyword == "ARG" for name, _ in step.instruction.pairs
    }
    return sorted(name for name in declared - known if any(_reads(one, name) for one in uses))


def _fix(stage: Stage, argument: Step, name: str) -> Fix | None:
    """Move the ARG below the last install that nothing stands above which may ask for it."""
    if len(argument.instruction.pairs) != 1 or "$" in argument.instruction.value:
        return None
    below = takewhile(lambda step: not _may_use(step, name), stage.steps[argument.index + 1 :])
    installs = [step.instruction for step in below if isinstance(step, Run) and step.package_calls]
    return fix("Declare it below the install", *move_below(argument.instruction, installs[-1])) if installs else None


@once
def _plain_runs(stage: Stage) -> frozenset[int]:
    """The RUNs of which all commands are known to ask for no variable: they install, and clean up."""
    return frozenset(
        run.index
        for run in stage.runs
        if does_only(run, {call.command.start for call in run.package_calls if call.action != "run"}, "rm", "mkdir")
    )


def _may_use(step: Step, name: str) -> bool:
    """Whether a step uses a variable, or runs what may ask for it."""
    return _uses(step, name) or (isinstance(step, Run) and step.index not in _plain_runs(step.stage))


def _uses(step: Step, name: str) -> bool:
    return _reads(step.instruction, name)


def _reads(instruction: Instruction, name: str) -> bool:
    return _reads_in(instruction.text, name) or _reads_in(instruction.whole_value, name)


def _reads_in(text: str, name: str) -> bool:
    return re.search(rf"\$\{{?{re.escape(name)}\b", text) is not None
