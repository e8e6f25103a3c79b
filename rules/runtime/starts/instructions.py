"""The instructions that say what runs: ENTRYPOINT, CMD and HEALTHCHECK, as a stage has them in force."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Command, DockerfileChange, Instruction, Origin, Setting, Stage, Start, behind, is_script, once
from rules.dockerfile.shell import nested

if TYPE_CHECKING:
    from collections.abc import Iterator

SHELLS = frozenset({*nested.SHELLS, "fish"})
INITS = frozenset("tini tini-static dumb-init catatonit docker-init".split())
_INIT_OPTIONS_WITH_VALUE = frozenset({"-p", "-e", "-r", "--rewrite"})
"""Of tini and dumb-init (their `--help`)."""

_CODE_OPTION = re.compile(r"-[a-zA-Z]*c\Z")


class Written(NamedTuple):
    """An ENTRYPOINT, CMD or HEALTHCHECK in force.

    Attributes:
        stage: The stage that has it: for those of `shipped`, the one that ships.
        setting: The value with its origin.
        start: The value.
        instruction: The instruction.
    """

    stage: Stage
    setting: Setting[Start]
    start: Start
    instruction: Instruction


def gets_an_init(change: DockerfileChange) -> bool:
    """Tell whether a build's own settings put an init in front as process 1 (Compose, `init: true`)."""
    return any(build.init for build in change.repository.builds_of(change.path))


def never_starts(change: DockerfileChange) -> bool:
    """Tell whether each service that builds the file has a command of its own, in the place of the image's."""
    builds = change.repository.builds_of(change.path)
    return bool(builds) and all(build.command for build in builds)


def written(change: DockerfileChange, *keywords: str) -> Iterator[Written]:
    """Yield what each stage of the file sets itself: of several instructions in a stage the last, which counts.

    Args:
        change: The file.
        keywords: The instructions wanted; `ENTRYPOINT` and `CMD` unless given.
    """
    seen: set[int] = set()
    for stage in change.stages:
        for found in _of(stage, keywords):
            if found.setting.origin is Origin.HERE and id(found.instruction) not in seen:
                seen.add(id(found.instruction))
                yield found


def shipped(change: DockerfileChange, *keywords: str) -> Iterator[Written]:
    """Yield what is in force in the stages that ship and set in the file, inherited or not, each instruction once."""
    seen: set[int] = set()
    for stage in change.after.shipped:
        for found in _of(stage, keywords):
            if id(found.instruction) not in seen:
                seen.add(id(found.instruction))
                yield found


def started_by(stage: Stage) -> Iterator[Written]:
    """Yield the ENTRYPOINT and the CMD in force in one stage, where the file sets them."""
    yield from _of(stage, ())


def _of(stage: Stage, keywords: tuple[str, ...]) -> Iterator[Written]:
    wanted = keywords or ("ENTRYPOINT", "CMD")
    yield from (found for found in _in_force(stage) if found.instruction.keyword in wanted)


@once
def _in_force(stage: Stage) -> tuple[Written, ...]:
    """What a stage has in force; a CMD that a shell-form ENTRYPOINT ignores runs nothing, and is left out."""
    image = stage.image
    return tuple(
        Written(stage, setting, setting.value, setting.instruction)
        for setting in (image.entrypoint, image.cmd, image.healthcheck)
        if setting.instruction is not None and setting.value and not (setting is image.cmd and image.ignores_cmd)
    )


def full_words(found: Written) -> tuple[str, ...] | None:
    """Return the array that the process gets: for a CMD, behind its exec-form ENTRYPOINT.

    Returns:
        `None` where a shell-form ENTRYPOINT ignores the CMD, and where a base image that is not known may have an
        ENTRYPOINT.
    """
    if found.instruction.keyword != "CMD":
        return found.start.words
    entrypoint = found.stage.image.entrypoint
    if not entrypoint.known:
        return None
    if not entrypoint.value:
        return found.start.words
    return (*entrypoint.value.words, *found.start.words) if entrypoint.value.form == "exec" else None


def commands_of(found: Written) -> tuple[Command, ...]:
    """Return the commands that an instruction starts, and the one that a CMD's array is with its ENTRYPOINT's program.

    An ENTRYPOINT that executes its arguments, or that this file does not set, is no such program.
    """
    own, entrypoint = found.start.commands, found.stage.image.entrypoint.value
    if found.instruction.keyword != "CMD" or not entrypoint or not entrypoint.commands or executes_cmd(found.stage):
        return own
    if {found.start.form, entrypoint.form} != {"exec"} or reads_code((*entrypoint.words, *found.start.words)):
        return own
    return (*own, behind(entrypoint.commands[0], own[0]))


def is_script_entrypoint(stage: Stage) -> bool:
    """Tell whether the ENTRYPOINT in force is a script, which by custom ends in `exec "$@"`."""
    entrypoint = stage.image.entrypoint.value
    return entrypoint is not None and entrypoint.form == "exec" and any(map(is_script, entrypoint.words[-1:]))


def idle_start(stage: Stage) -> Start | None:
    """Return what the base image starts where that is no program: a prompt, or a script that is given nothing to run.

    `None` where the file says what starts, where the base is not known, or where what it brings may serve.
    """
    image, facts = stage.image, stage.facts
    commands = image.start_command
    if facts is None or not facts.is_plain or not commands or image.start_in_file:
        return None
    entrypoint, cmd = image.entrypoint.value, image.cmd.value
    if entrypoint and (not is_script_entrypoint(stage) or len(entrypoint.words) > 1):
        return None if cmd or not entrypoint.is_prompt else entrypoint
    if not cmd:
        return entrypoint
    return cmd if cmd.is_prompt else None


def is_to_serve(stage: Stage) -> bool:
    """Tell whether the file says that something listens in the container, which then has to be started."""
    return any(port.instruction is not None for port in stage.image.ports) or stage.image.healthcheck.set_in_file


def reads_code(words: tuple[str, ...]) -> bool:
    """Tell whether the words hand code to a shell: `sh -c …`, `tini -- bash -lc …`."""
    for index, word in enumerate(words):
        if posixpath.basename(word) in SHELLS or word in ("su", "runuser"):
            return any(_CODE_OPTION.match(option) for option in words[index + 1 :])
    return False


def awaits_code(words: tuple[str, ...]) -> bool:
    """Tell whether the words are a shell that takes the first word behind them for its code: `["bash", "-c"]`."""
    shell = behind_init(words)
    named = len(shell) > 1 and posixpath.basename(shell[0]) in SHELLS
    return named and _CODE_OPTION.match(shell[-1]) is not None


def behind_init(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return what an init in front starts: `("/run.sh",)` for `tini -g -- /run.sh`; other words as they are."""
    if not passes_signals(words):
        return words
    if "--" in words:
        return words[words.index("--") + 1 :]
    rest = list(words[1:])
    while rest and rest[0].startswith("-"):
        takes_value = rest[0] in _INIT_OPTIONS_WITH_VALUE
        rest = rest[2 if takes_value else 1 :]
    return tuple(rest)


def started_words(stage: Stage) -> tuple[str, ...]:
    """Return the words of what a container starts, behind an init: of a shell's script those of its last command.

    What the file sets counts; where it sets nothing, what the base image does.
    """
    settings = [setting for setting in stage.image.start_command if setting.set_in_file] or stage.image.start_command
    words: list[str] = []
    for start in (setting.value for setting in settings):
        last = start.commands[-1] if start is not None and start.form == "shell" and start.commands else None
        if last is not None and last.program is not None:
            words += [word.value for word in (last.program, *last.args)]
        elif start is not None:
            words += start.words
    return behind_init(tuple(words))


def is_bare_init(start: Start | None) -> bool:
    """Tell whether a start command is an init with options alone, which runs what CMD says: `["tini", "--"]`."""
    return start is not None and start.form == "exec" and passes_signals(start.words) and not behind_init(start.words)


def is_below_script(found: Written) -> bool:
    """Tell whether a script that the file itself sets as ENTRYPOINT stands in front of a CMD."""
    own = found.stage.image.entrypoint.instruction is not None
    return found.instruction.keyword == "CMD" and own and is_script_entrypoint(found.stage)


def is_executed(found: Written) -> bool:
    """Tell whether the first word of a start command is executed, and is no argument of the ENTRYPOINT.

    `ENTRYPOINT []` takes none.
    """
    return found.instruction.keyword != "CMD" or not found.stage.image.entrypoint or executes_cmd(found.stage)


def executes_cmd(stage: Stage) -> bool:
    """Tell whether the ENTRYPOINT in force executes what CMD says: a script, by its custom, or an init."""
    return is_script_entrypoint(stage) or is_bare_init(stage.image.entrypoint.value)


def passes_signals(words: tuple[str, ...]) -> bool:
    """Tell whether the words begin with an init that passes signals on; `/init` is that of s6-overlay (its README)."""
    return bool(words) and (posixpath.basename(words[0]) in INITS or words[0] == "/init")
