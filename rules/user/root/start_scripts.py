"""The scripts of the repository that the container starts through."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.brought import brought, place_of, text_at
from rules.comments import without_comments
from rules.facts.installers import NODE_MANAGERS
from rules.lazily import once_for_each

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.stage import Stage

_SCRIPT = re.compile(
    r"(?:^|/)(?:[\w.-]*\.(?:sh|bash)|[\w.-]*entry-?point[\w.-]*|(?:docker-)?(?:start|run|boot|launch)[\w-]*)$"
)

_INITS = frozenset({"tini", "dumb-init", "catatonit", "exec", "env"})
"""What stands in front of the program; the first word behind them is started, the words of a CMD are its arguments."""
_HANDING_ON = re.compile(
    r"(?:ba|da|a|k|z)?sh|source|\.|cd|gosu|su-exec|setpriv|sudo|nice|nohup|time|command|dockerize|runuser|chpst|stdbuf|"
    r"(?:s6-)?setuidgid|with-contenv|xvfb-run"
)
"""Programs that start, or read, what stands behind them, and those that a further command follows."""


_BUILDING = re.compile(r"(?:[\w.:-]*[:_-])?build(?:[:_-][\w.:-]*)?")
"""Scripts of a `package.json` that build before they do anything else: `build`, `build-and-start`, `docker:build`."""

_SHEBANG = re.compile(r"#![ \t]*/(?:usr/)?bin/(?:env[ \t]+)?(?:ba|da|a|k|z)?sh\b")
_ENDINGS = (".sh", ".bash")
_NAMED = re.compile(r"[\w./-]*[\w-]\.(?:sh|bash)(?![\w.-])|(?<![\w$}/.-])\.{0,2}/?[\w.-]+(?:/[\w.-]+)+")
"""What in a script may be another one: a word with such an ending, or a path."""
_PROGRAMS = frozenset({"/", "/bin", "/usr", "/usr/bin", "/usr/local", "/usr/local/bin"})


class StartScript(NamedTuple):
    """A script in the start command.

    Attributes:
        name: Its file name.
        text: What it says; `None` when it was not read.
    """

    name: str
    text: str | None

    @property
    def code(self) -> str:
        """What it does: its text with blanks for the comments; empty when it was not read."""
        return without_comments(self.text or "")


@once_for_each
def start_scripts(change: DockerfileChange, stage: Stage) -> tuple[StartScript, ...]:
    """Return the scripts that ENTRYPOINT and CMD of the file start, in order."""
    written = [setting.value for setting in stage.image.start_command if setting.value and setting.instruction]
    words = [word.strip("\"';") for start in written for text in start.words for word in text.split()]
    names = [word.rsplit("/", 1)[-1] for word in words]
    first = next((at for at, name in enumerate(names) if name not in _INITS and name[:1] != "-"), 0)
    program = names[first] if names else ""
    hands_on = _is_argument(stage) or bool(_HANDING_ON.fullmatch(program) or _SCRIPT.search(program))
    named = [word for word in words if hands_on and ("/" in word or word.endswith((".sh", ".bash")))]
    if words and not _is_argument(stage):
        named.insert(0, words[first])
    scripts: dict[str, str] = {}
    for word in (one for one in named if _SCRIPT.search(one) or _is_read_as_shell(change, stage, one)):
        scripts.setdefault(word.rsplit("/", 1)[-1], word)
    own = [(name, word) for name, word in scripts.items() if not is_of_base(stage, name)]
    return tuple(StartScript(name, text_at(change, stage, place_of(stage, word) or name)) for name, word in own)


def _is_read_as_shell(change: DockerfileChange, stage: Stage, word: str) -> bool:
    """Whether a file of the project that a path leads to says that a shell reads it, whatever it is called."""
    place = place_of(stage, word) if "/" in word else None
    file = brought(change, stage, place, through_stages=True) if place is not None else None
    return file is not None and _SHEBANG.match(file.text) is not None


def scripts_in_turn(change: DockerfileChange, stage: Stage) -> tuple[StartScript, ...]:
    """Return the start scripts, and behind them those that they name, directly or through one another.

    Whether such a one is run, and when, is not asked: it is for what silences a rule.
    """
    found = {script.name: script for script in start_scripts(change, stage)}
    waiting = list(found.values())
    while waiting:
        for word in dict.fromkeys(_NAMED.findall(waiting.pop().code)):
            name = posixpath.basename(word)
            if name not in found and (one := _named(change, stage, word)) is not None:
                found[name] = one
                waiting.append(one)
    return tuple(found.values())


def _named(change: DockerfileChange, stage: Stage, word: str) -> StartScript | None:
    """Return the script of the project that a word names; a path without such an ending may be anything else."""
    name, place = posixpath.basename(word), place_of(stage, word)
    if name.endswith(_ENDINGS):
        return StartScript(name, text_at(change, stage, place or name))
    file = brought(change, stage, place, through_stages=True) if place is not None else None
    return StartScript(name, file.text) if file is not None and file.text.startswith("#!") else None


def is_followed(stage: Stage, name: str) -> bool:
    """Tell whether a shell goes on behind a start script: `wait-for-it.sh db:5432 && ./server`.

    What such a script becomes itself changes nothing for what follows it.
    """
    commands = [one for setting in stage.image.start_command if setting.value for one in setting.value.commands]
    calls = [one for one in commands if name in (posixpath.basename(word.value) for word in one.words)]
    plain = (one.name not in (".", "source") and "exec" not in one.wrappers for one in calls)
    return bool(calls) and all(plain) and all(one.after in ("&&", ";", "\n") for one in calls)


def builds_at_start(stage: Stage) -> bool:
    """Tell whether the start command calls a script of `package.json` that builds the program, each time anew."""
    for setting in stage.image.start_command:
        start = setting.value
        if start is None or not setting.set_in_file:
            continue
        lines = [[word.value for word in command.words] for command in start.commands] or [list(start.words)]
        for program, *words in filter(None, lines):
            if program.rsplit("/", 1)[-1] in NODE_MANAGERS and any(map(_BUILDING.fullmatch, words)):
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
