"""See env_lost.md."""

import re
from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Edit,
    Instruction,
    Note,
    Problem,
    Setting,
    Severity,
    Stage,
    append_to_stage,
    fix,
    insert_line_after,
    insert_line_before,
    quote,
    rule,
)
from rules.quoting import listed
from rules.runtime.database_folders import moved_data
from rules.runtime.debugging.script_variables import given_by_script
from rules.runtime.languages.python_environment import needed_by_program
from rules.runtime.languages.python_path import looks_there_anyway
from rules.runtime.lost.folders import lost_folders, starts_by_path
from rules.runtime.lost.paths import left_for_program
from rules.runtime.lost.unread_options import READ_BY_SCRIPTS, unread_options
from rules.runtime.runtime_variables import is_read_by_runtime
from rules.runtime.starts.instructions import shipped
from rules.runtime.starts.outside import given_by_builds, is_given_by_another
from rules.runtime.starts.scripts import StartScript, start_script

_IN_PLACE_OF = {
    "ASPNETCORE_URLS": frozenset({"ASPNETCORE_HTTP_PORTS", "DOTNET_URLS"}),
    "ASPNETCORE_HTTP_PORTS": frozenset({"ASPNETCORE_URLS", "DOTNET_URLS"}),
    "JAVA_TOOL_OPTIONS": frozenset({"JDK_JAVA_OPTIONS"}),
    "JDK_JAVA_OPTIONS": frozenset({"JAVA_TOOL_OPTIONS"}),
    "RAILS_ENV": frozenset({"RACK_ENV"}),
}
"""Variables that say the same to the same runtime (ASP.NET Core, "Configure endpoints"; `Rails.env`)."""

_BUILD_ONLY = re.compile(
    r"(?!BUNDLE_(?:PATH|GEMFILE)\Z)"  # which Bundler reads at the start as well
    r"(?:UV|PIP|NPM_CONFIG|YARN|POETRY|CARGO|GO|DEBIAN|APT|CONDA|BUNDLE|HOMEBREW|MAVEN|GRADLE)_.*\Z"
)


@rule(
    "env-lost",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change takes away a variable that what ships still needs, or what read one."""
    given = given_by_builds(change)
    for stage, was in change.shipped():
        if was is None or stage.runtime.is_windows:
            continue
        names = [name for name in was.image.env if name not in given]
        needed = {name: use for name in names if (use := _lost_use(change, stage, was, name)) is not None}
        uses = {name: use for name, use in needed.items() if not is_given_by_another(change, name)}
        for alike in _alike(stage, was, uses):
            problem = _problem(change, stage, was, alike, uses[alike[0]])
            cause = f"{stage.key}: PATH without {' '.join(lost_folders(stage, was))}" if alike == ("PATH",) else ""
            yield replace(problem, cause=cause)
        for name, setting in unread_options(change, stage, was):
            yield _unread(stage, was, name, setting)


def _lost_use(change: DockerfileChange, stage: Stage, was: Stage, name: str) -> str | None:
    """Say what still needs a variable that is gone; `None` where it is there, or nothing is seen to need it."""
    setting = was.image.env[name]
    if setting.instruction is None or not _is_gone(stage, was, name) or _is_given_up(change, stage, setting, name):
        return None
    if name == "PYTHONPATH" and looks_there_anyway(change, stage, setting.value):
        return None
    return moved_data(stage, was, name) or _use(change, stage, was, name)


def _alike(stage: Stage, was: Stage, uses: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield the lost variables, those together that led the program to one path and stood in one instruction."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, use in uses.items():
        setting = was.image.env[name]
        leads = setting.value is not None and quote(setting.value) in use and _argument(stage, name) is None
        place = (str(setting.value), use, str(id(setting.instruction))) if leads else (name,)
        groups.setdefault(place, []).append(name)
    return (tuple(names) for names in groups.values())


def _is_gone(stage: Stage, was: Stage, name: str) -> bool:
    if name == "PATH":
        return bool(lost_folders(stage, was))
    if moved_data(stage, was, name) is not None:
        return True
    if name in stage.image.env or (stage.facts is not None and name in stage.facts.env_names):
        return False
    exact = stage.root.is_scratch or (stage.facts is not None and stage.facts.exact)
    return exact or stage.root.base_text == was.root.base_text


def _use(change: DockerfileChange, stage: Stage, was: Stage, name: str) -> str | None:
    """Say what still needs the variable, `None` when nothing is seen to."""
    if _BUILD_ONLY.match(name) or _has_successor(stage, was, name):
        return None
    if name == "PATH":
        lost = lost_folders(stage, was)
        by_path = starts_by_path(stage, lost)
        return None if by_path else f"the programs in {listed(map(quote, lost))} are no longer found by name"
    # a reading with a default needs none
    mention = re.compile(rf"\$(?:{re.escape(name)}\b|\{{{re.escape(name)}\b(?!:?[-=+]))")
    for found in shipped(change, "ENTRYPOINT", "CMD", "HEALTHCHECK"):
        if found.stage is not stage:
            continue
        assigned = {variable for command in found.start.commands for variable, _ in command.assignments}
        script = start_script(change, found)
        given = any(word.startswith(f"{name}=") for word in found.start.words)  # also by `env NAME=value program`
        given = given or (script is not None and _gives(script, name, mention))
        if name in assigned or given or given_by_script(change, found, name):
            return None
        if mention.search(found.start.text):
            return f"{quote(found.start.text, 60)} reads it"
        if script is not None and mention.search(script.code) and f"{name}:" not in script.code:
            fatal = f", under `set -u`, {_ENDS_THERE}" if _NOUNSET.search(script.code) else ""
            return f"{quote(script.path)} reads it{fatal}"
    scripts = name in READ_BY_SCRIPTS and not re.search(r"\bjava\b", stage.image.start_line())
    runtime = scripts or is_read_by_runtime(stage, name)
    return "the program's runtime reads it" if runtime else _use_of_program(change, stage, was, name)


def _use_of_program(change: DockerfileChange, stage: Stage, was: Stage, name: str) -> str | None:
    program = needed_by_program(change, stage, name)
    if program is None:
        return left_for_program(change, stage, was, name)
    return f"{quote(program)} asks for it by `os.environ`, where a missing one is a `KeyError`, {_ENDS_THERE}"


def _has_successor(stage: Stage, was: Stage, name: str) -> bool:
    """Whether the change says the same by another variable, or to the system's linker by `ldconfig`."""
    if name == "LD_LIBRARY_PATH":
        then = {str(run.instruction) for run in was.done_runs}
        return any(run.calls("ldconfig") and str(run.instruction) not in then for run in stage.done_runs)
    now, then = (
        {one for one, setting in image.env.items() if setting.set_in_file} for image in (stage.image, was.image)
    )
    return not _IN_PLACE_OF.get(name, frozenset()).isdisjoint(now - then)


def _gives(script: StartScript, name: str, mention: re.Pattern[str]) -> bool:
    """Whether a start script sets the variable in any case, without having read it: what the image had is overwritten.

    A script that only sets it for itself counts as well: what it starts has then another way to its settings.
    """
    for command in script.commands if name in script.text else ():
        for variable, value in command.assignments:
            if variable == name and not command.conditional:
                return mention.search(script.code, 0, value.end) is None
    return False


_ENDS_THERE = "and ends there"
"""What is said of a reader that does not go on without the variable."""
_NOUNSET = re.compile(r"^[ \t]*set\s+(?:-\w*u|(?:-\w+\s+)*-o\s+nounset)", re.MULTILINE)
"""What makes a shell end at a variable that is not set."""


def _argument(stage: Stage, name: str) -> Instruction | None:
    """Return the ARG of the variable's name that a stage has: the value is there for the build, and gone afterwards."""
    found = (
        instruction
        for instruction in stage.instructions
        if instruction.keyword == "ARG" and any(word.text == name for word, _ in instruction.pairs)
    )
    return next(found, None)


def _is_deleted_here(change: DockerfileChange, stage: Stage, setting: Setting[str]) -> bool:
    """Whether the stage that set it is still built upon, so that somebody took out the line itself."""
    return any(change.was(link) is setting.stage for link in stage.chain)


def _is_given_up(change: DockerfileChange, stage: Stage, setting: Setting[str], name: str) -> bool:
    """Whether a stage that set it, and that the image is no longer built upon, is still there and sets it no more.

    Who took the line out of the stage, and wrote it nowhere else, wants it in no image: the changed FROM loses nothing.
    """
    heir = next((one for one in change.stages if change.was(one) is setting.stage), None)
    if heir is None or heir in stage.chain or name == "PATH":  # what PATH lost is seen in the image
        return False
    return not any(name in one.image.env or _argument(one, name) for one in change.stages)


def _left_in(change: DockerfileChange, stage: Stage, name: str, value: str | None) -> Instruction | None:
    """Return the ENV with which a stage that the image is not built upon sets the same now, and did not before."""
    for other in change.stages:
        own = other.image.env.get(name)
        if own is None or own.instruction is None or own.value != value or own.stage is not other:
            continue
        was = change.was(other)
        if other not in stage.chain and (was is None or name not in was.image.env):
            return own.instruction
    return None


def _problem(change: DockerfileChange, stage: Stage, was: Stage, names: tuple[str, ...], use: str) -> Problem:
    name, setting = names[0], was.image.env[names[0]]
    instruction = setting.instruction
    assert instruction is not None
    origin = setting.stage.label if setting.stage is not None else "the file"
    lines, argument = [_line(instruction, each) for each in names], _argument(stage, name)
    own = lines[0] is not None and name == "PATH"
    lost = listed(quote(lines[0][4:] if lines[0] and own else _shown(each, was.image.env[each])) for each in names)
    left = _left_in(change, stage, name, setting.value)
    deleted = left is None and _is_deleted_here(change, stage, setting)
    way_out = f"Restate {'them' if names[1:] else 'it'} if that is not intended"
    if argument is not None:
        own_line = f"ENV {name}=${name}"
        lines = [own_line]
        way_out = f"An `ARG` (line {argument.line}) is gone when the container runs: write {quote(own_line)} below it"
    return Problem(
        argument.span if argument is not None else stage.from_.span,
        f"{stage.label} loses {lost}, which {origin} set in line {instruction.line} before this change, and "
        f"{use}. {f'The `ENV` in line {left.line} stays in its own stage. ' if left is not None else ''}{way_out}.",
        Confidence.LIKELY if argument is not None or _ENDS_THERE in use or not deleted else Confidence.POSSIBLE,
        doubt="the base image may set it, or who starts the container",
        stage=stage.key,
        notes=(Note(instruction.span, "set here before", before=True),),
        key=" ".join(names),
        fix=fix(f"Restate {listed(names)}", *(_edit(stage, argument, line) for line in lines)),
    )


def _unread(stage: Stage, was: Stage, name: str, setting: Setting[str]) -> Problem:
    """Speak of a variable that stays where its reader goes."""
    assert setting.instruction is not None
    return Problem(
        setting.instruction.span,
        f"{stage.label} sets {quote(name)}, and nothing reads it any more: the start script of "
        f"{quote(was.root.base_text or '')} did, and now `java` starts by itself, which does not. The options in it "
        "have no effect. Call the variable `JAVA_TOOL_OPTIONS`, which the virtual machine reads, or put the options "
        "into the start command.",
        Confidence.LIKELY,
        doubt="the program may read it by itself",
        instruction=setting.instruction,
        stage=stage.key,
        key=f"{name} unread",
    )


def _shown(name: str, setting: Setting[str]) -> str:
    return f"{name}={setting.value}" if setting.value is not None else name


def _line(instruction: Instruction, name: str) -> str | None:
    """Return the line that sets the variable again, as it was written."""
    value = next((value for word, value in instruction.pairs if word.text == name and value is not None), None)
    return f"ENV {name}={value.text}" if value is not None and "\n" not in value.text else None


def _edit(stage: Stage, argument: Instruction | None, line: str | None) -> Edit | None:
    if line is None or argument is not None:
        return insert_line_after(argument, line) if argument is not None and line is not None else None
    start = next((s.instruction for s in stage.image.start_command if s.instruction in stage.instructions), None)
    return insert_line_before(start, line) if start is not None else append_to_stage(stage, line)
