"""The scripts of the repository that the container starts through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.model.steps import Copy

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_SCRIPT = re.compile(
    r"(?:^|/)(?:[\w.-]*\.(?:sh|bash)|[\w.-]*entry-?point[\w.-]*|(?:docker-)?(?:start|run|boot|launch)[\w-]*)$"
)

_INITS = frozenset({"tini", "dumb-init", "catatonit", "--", "-g", "-s"})
"""What stands in front of the program; the first word behind them is started, the words of a CMD are its arguments."""


_RUNNERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_BUILDING = re.compile(r"(?:[\w.]+[:_-])*build(?:[:_-][\w.]+)*")
"""Scripts of a `package.json` that build before they do anything else: `build`, `build-and-start`, `docker:build`."""

_PROGRAMS = frozenset({"/", "/bin", "/usr", "/usr/bin", "/usr/local", "/usr/local/bin"})


class StartScript(NamedTuple):
    """A script in the start command.

    Attributes:
        name: Its file name.
        text: What it says; `None` when it was not read.
    """

    name: str
    text: str | None


def start_scripts(change: DockerfileChange, stage: Stage) -> tuple[StartScript, ...]:
    """Return the scripts that ENTRYPOINT and CMD of the file start, in order."""
    names: list[str] = []
    started = False
    for setting in stage.image.start_command:
        if setting.value is None or setting.instruction is None:
            continue
        shell_words = (word.strip("\"'") for word in setting.value.text.split())
        words = setting.value.words if setting.value.form == "exec" else tuple(shell_words)
        first = next((at for at, word in enumerate(words) if word not in _INITS), 0) if not started else -1
        started = started or any(word not in _INITS for word in words)
        first = -1 if _is_argument(stage) else first
        named = [word for at, word in enumerate(words) if at == first or "/" in word or word.endswith((".sh", ".bash"))]
        names += [word.rsplit("/", 1)[-1] for word in named if _SCRIPT.search(word)]
    own = (name for name in dict.fromkeys(names) if not is_of_base(stage, name))
    return tuple(StartScript(name, _text(change, stage, name)) for name in own)


def builds_at_start(stage: Stage) -> bool:
    """Tell whether the start command calls a script of `package.json` that builds the program, each time anew."""
    for setting in stage.image.start_command:
        start = setting.value
        if start is None or not setting.set_in_file:
            continue
        lines = [[word.value for word in command.words] for command in start.commands] or [list(start.words)]
        for program, *words in filter(None, lines):
            if program.rsplit("/", 1)[-1] in _RUNNERS and any(map(_BUILDING.fullmatch, words)):
                return True
    return False


def _is_argument(stage: Stage) -> bool:
    """Whether a bare word in CMD is the argument of an ENTRYPOINT that the base brings: `run` of `deno run`."""
    entrypoint = stage.image.entrypoint
    return bool(entrypoint.value) and not entrypoint.set_in_file


def is_of_base(stage: Stage, name: str) -> bool:
    """Tell whether a script is the one that the base image starts through, and no COPY brings another of its name."""
    facts = stage.facts
    if facts is None or name not in {word.rsplit("/", 1)[-1] for word in facts.entrypoint or ()}:
        return False
    return not any(put.path.endswith(f"/{name}") or (put.tree and put.path in _PROGRAMS) for put in stage.files.puts)


def _text(change: DockerfileChange, stage: Stage, name: str) -> str | None:
    """Return a script's text: from a here-document, or from the repository when one file of its name was read."""
    for other in stage.model.stages:
        for step in other.steps:
            instruction = step.instruction
            written = isinstance(step, Copy) and (step.destination or "").endswith(f"/{name}")
            if instruction.heredocs and (written or f"/{name}" in instruction.value):
                return instruction.heredocs[0].body
    paths = [path for path in sorted(change.repository.files) if path.rsplit("/", 1)[-1] == name]
    return change.repository.text(paths[0]) if len(paths) == 1 else None
