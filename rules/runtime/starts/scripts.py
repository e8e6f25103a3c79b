"""The script of the repository that a start command runs."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.api import Command, Copy, DockerfileChange, Note, Script, Source, Span, Stage, parse_shell, quote
from rules.brought import brought, place_of, written
from rules.comments import without_comments
from rules.lazily import cached_property, once_for_each
from rules.model.settings import is_script
from rules.model.variants import VARIABLE, names_like
from rules.runtime.starts.instructions import behind_init, reads_code

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.api import Start
    from rules.runtime.starts.instructions import Written

_SHELLS = frozenset("sh bash ash dash".split())
_MOST_CHOICES = 20
"""Scripts among which a variable may choose; each is read."""


_QUOTED = re.compile(r"(?P<quote>[\"'])(?P<word>[^\"'$`\\]+)(?P=quote)\Z")


@dataclass(frozen=True, eq=False)
class StartScript:
    """A script that a start command runs.

    Attributes:
        path: In the repository; of one that the Dockerfile itself writes, its place in the image.
        target: In the image.
        text: Its text.
        copy: What brings it out of the build context, `None` for one that the Dockerfile itself writes.
        direct: Whether it is executed itself, and not handed to an interpreter.
    """

    path: str
    target: str
    text: str
    copy: Copy | None
    direct: bool

    @cached_property
    def code(self) -> str:
        """What it does: its text with blanks for the comments of a shell script."""
        return without_comments(self.text) if self.shell is not None else self.text

    @property
    def interpreter(self) -> str | None:
        """The program in its first line, `None` without one: `/bin/bash`, `bash` behind `/usr/bin/env`."""
        first = self.text.partition("\n")[0].rstrip("\r")
        words = first[2:].split() if first.startswith("#!") else []
        if not words:
            return None
        if posixpath.basename(words[0]) == "env":
            rest = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
            return rest[0] if rest else None
        return words[0]

    @property
    def spoken(self) -> str:
        """How a message speaks of it behind its place in the image: by its file, where the repository has one."""
        return quote(self.path) if self.copy is not None else "it"

    @property
    def shell(self) -> str | None:
        """The shell it is written for, `None` for another language."""
        name = posixpath.basename(self.interpreter or "sh")
        return name if name in _SHELLS else None

    @cached_property
    def parsed(self) -> Script:
        """It as the shell reads it that its first line names."""
        return self.read_as(self.shell or "sh")

    def read_as(self, dialect: str) -> Script:
        """Read it for a shell, whatever its first line says."""
        return parse_shell(self.text, Source(self.path, self.text), 0, dialect=dialect, joined=False)

    @property
    def is_understood(self) -> bool:
        """Whether it is a shell script, in whose grammar there is no error."""
        return self.shell is not None and not self.parsed.errors

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands of a script that is understood; none of another one."""
        return self.parsed.commands if self.is_understood else ()

    @property
    def outer_commands(self) -> tuple[Command, ...]:
        """Those of them that stand in no other command."""
        return tuple(command for command in self.commands if not command.nested and command.words)


def note_in(path: str, span: Span, text: str) -> tuple[Note, ...]:
    """Return a note at a place of a script; none for one that the Dockerfile writes, whose places are no file's."""
    return (Note(span, text, path=path),) if not path.startswith("/") else ()


READS_ANOTHER = re.compile(r"^[ \t]*(?:\.|source)\s", re.MULTILINE)
"""What reads another script into the one that runs."""
EVERY_ARGUMENT = frozenset({"$@", "$*", "${@}", "${*}"})
_OPEN = re.compile(
    r"\$\{?[#1-9]|\b(?:shift|getopts|eval)\b|\$\{(?:@|BASH_ARGV|argv).|^[ \t]*(?:\.|source)\s|-c\s+[\"']?\$",
    re.MULTILINE,
)
"""What a script may do with its arguments one by one, or out of sight."""
_OF_ITS_OWN = re.compile(r"\$(?:#|\{#\})|\bset\s+--\s+(?![\"']?\$)(?![^;&|\n]*\$\{?[@*])")
"""Counting or setting its arguments: a script that does so may start a program of its own where it is given none."""
_ENTRYPOINT = re.compile(r"[\w.-]*entry-?point[\w.-]*")
"""Scripts that by their name run what they are given: `/docker-entrypoint.sh`."""
_READERS = frozenset({*_SHELLS, ".", "source"})
_WAITERS = re.compile(r"wait-for(?:-it)?(?:\.sh)?|dockerize")
"""Scripts that wait for another server, and run what stands behind `--`."""
_RUN_IN = {"bundle": "exec", "poetry": "run", "pipenv": "run", "uv": "run", "pdm": "run", "hatch": "run"}
"""Managers that run a command in the project's own environment, and the word that it stands behind."""


def hands_over(script: StartScript) -> bool | None:
    """Tell whether a script runs its arguments as a command: `exec "$@"`, `exec gosu shop /docker-entrypoint.sh "$@"`.

    Returns:
        `False` where they are options of a program that it names, or where it does not read them; `None` when it is
        no shell script, does not parse, looks at them one by one, or may start something else where there are none.
    """
    if not script.is_understood:
        return None
    if any(map(runs_arguments, script.commands)):
        return None if _OF_ITS_OWN.search(script.text) else True
    return None if _OPEN.search(script.text) else False


def runs_arguments(command: Command) -> bool:
    """Tell whether a command is all that the script was given, or gives it to what runs it."""
    if command.name in EVERY_ARGUMENT:
        return True
    words = [command.name, *(word.value for word in command.args)]
    if words[-1] not in EVERY_ARGUMENT:
        return False
    if words[0] in _READERS:
        words = [posixpath.basename(words[1]), *words[2:]]
    between = words[1:-1]
    if _WAITERS.fullmatch(words[0]):
        return between[-1:] == ["--"]
    if between[:1] == [_RUN_IN.get(words[0], "")]:
        return all(word.startswith("-") for word in between[1:])
    return not between and _ENTRYPOINT.fullmatch(words[0]) is not None


_EXPANDERS = frozenset({"eval", "envsubst", "gomplate", "dockerize", "confd", "expand"})
_SENDERS = re.compile(r"\$(?:[@*1-9]|\{[@*1-9])")


_REPLACED = re.compile(r"\$\{(?:!|[@*1-9][^}]*/)|\bsed\b[^\n]*\$[@*1-9]")
"""An indirect expansion, and a replacement in an argument: `${!name}`, `${1//old/new}`."""


def expands(script: StartScript, others: Collection[str]) -> bool | None:
    """Tell whether a script expands variables in its arguments a second time: `eval exec "$@"`, `sh -c "$*"`.

    Args:
        script: The script.
        others: Programs that give `$` a meaning of their own.

    Returns:
        `False` where it hands them on as they are; `None` where it is no shell script, does not parse, or gives them
        to another script or to one of those programs.
    """
    if not script.is_understood:
        return None
    is_open = _REPLACED.search(script.text) is not None
    for command in script.commands:
        texts = [word.value for word in command.args]
        shell = command.name in _SHELLS or command.name == "su"
        if command.name in _EXPANDERS or (shell and any("$" in text for text in texts[1:])):
            return True
        passed_on = any(map(_SENDERS.search, texts))
        named = shell or command.name in others or "." in command.name or _ENTRYPOINT.fullmatch(command.name)
        is_open = is_open or command.name in (".", "source") or bool(passed_on and named)
    return None if is_open else False


def reads_arguments(script: StartScript) -> bool:
    """Tell whether a script may look at what it is given."""
    return _OPEN.search(script.text) is not None or re.search(r"\$\{?[@*]", script.text) is not None


def script_above(change: DockerfileChange, found: Written) -> StartScript | None:
    """Return the script that an ENTRYPOINT in front of a CMD runs; `None` where there is none, or it was not read."""
    entrypoint = found.stage.image.entrypoint
    start, instruction = entrypoint.value, entrypoint.instruction
    if found.instruction.keyword != "CMD" or start is None or instruction is None or start.form != "exec":
        return None
    above = found._replace(setting=entrypoint, start=start, instruction=instruction)
    return start_script(change, above, through_stages=True)


def start_script(change: DockerfileChange, found: Written, *, through_stages: bool = False) -> StartScript | None:
    """Return the script that a start command runs, as far as it can be followed and its text is known.

    It comes out of the build context, or the Dockerfile itself writes it.

    Args:
        change: The change under review.
        found: The start command.
        through_stages: Whether to follow it through the stages that hand it on too: its text is then the same, but
            its mode and its line ends may be others.
    """
    return _followed(change, (found, through_stages))


@once_for_each
def _followed(change: DockerfileChange, asked: tuple[Written, bool]) -> StartScript | None:
    """Follow a start command once: a good dozen of rules ask for the same ones."""
    found, through_stages = asked
    target, direct = start_target(found)
    if target is None:
        return None
    return script_at(change, found.stage, target, direct=direct, through_stages=through_stages)


def script_at(
    change: DockerfileChange, stage: Stage, target: str, *, direct: bool, through_stages: bool = True
) -> StartScript | None:
    """Return the script at a path of the image, as far as its text is known; see `start_script`."""
    file = brought(change, stage, target, through_stages=through_stages)
    if file is not None:
        return StartScript(file.path, target, file.text, file.copy, direct)
    own = written(stage, target, through_stages=through_stages)
    return StartScript(target, target, own.text, None, direct) if own is not None else None


def start_scripts_by_pattern(change: DockerfileChange, found: Written) -> tuple[StartScript, ...]:
    """Return the scripts one of which a start command with a variable runs: `./${APP}-entrypoint.sh`.

    They are those of the build context that fit the COPY which brings a file under that very name; none where one of
    them was not read.
    """
    words = behind_init(_start_words(found.start))
    name = posixpath.basename(words[0]) if words else ""
    context = change.repository.context_of(change.path)
    if not VARIABLE.search(name) or not is_script(name) or context is None or found.stage.runtime.is_windows:
        return ()
    brings = (
        (copy, source.word.text) for copy in found.stage.all_copies if copy.from_context for source in copy.sources
    )
    copy, source = next((row for row in brings if posixpath.basename(row[1]) == name), (None, ""))
    if copy is None:
        return ()
    fits = names_like(posixpath.normpath(posixpath.join(context, source.lstrip("/"))))
    known = change.repository.listing if change.repository.listing is not None else change.repository.files
    paths = sorted(filter(fits.fullmatch, known))
    texts = [(path, change.repository.text(path)) for path in paths] if len(paths) <= _MOST_CHOICES else []
    read = [StartScript(path, words[0], text, copy, direct=True) for path, text in texts if text is not None]
    return tuple(read) if len(read) == len(texts) else ()


def _start_words(start: Start) -> tuple[str, ...]:
    """Return a start command's words; of the shell form without the quotes around a whole one: `CMD "/run.sh"`."""
    if start.form == "exec":
        return start.words
    return tuple(_QUOTED.sub(r"\g<word>", word) for word in start.text.split())


def start_target(found: Written) -> tuple[str | None, bool]:
    """Return the absolute path of what a start command runs, and whether it is executed itself."""
    words = behind_init(_start_words(found.start))
    if not words or found.stage.runtime.is_windows:
        return None, False
    direct = posixpath.basename(words[0]) not in {*_SHELLS, "exec"}
    program = words[0] if direct else next((word for word in words[1:] if not word.startswith("-")), "")
    return (place_of(found.stage, program) if direct else _read_from(found, program)), direct


def _read_from(found: Written, script: str) -> str | None:
    """Return where a shell finds the script that it is told to read: `sh run.sh` takes one of the WORKDIR first.

    Where none is there, it may search PATH (POSIX, `sh`, "command_file").
    """
    folder = found.stage.image.workdir.value
    path = posixpath.normpath(posixpath.join(folder, script)) if folder and script and "$" not in script else None
    if path is None or "/" in script or reads_code(found.start.words):
        return place_of(found.stage, script)
    there = any(put.kind != "workdir" for put in found.stage.files.covering(path))
    return path if there else place_of(found.stage, script)
