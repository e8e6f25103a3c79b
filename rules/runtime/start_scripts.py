"""The script of the repository that a start command runs."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Copy, DockerfileChange, Put, Script, Source, Stage, parse_shell, path_folders, within
from rules.model.search_path import DEFAULT_PATH
from rules.runtime.start_instructions import behind_init

if TYPE_CHECKING:
    from rules.runtime.start_instructions import Written

_SHELLS = frozenset("sh bash ash dash".split())


class StartScript(NamedTuple):
    """A script that a start command runs.

    Attributes:
        path: In the repository.
        target: In the image.
        text: Its text, as read from the repository.
        copy: What brings it into the image.
        direct: Whether it is executed itself, and not handed to an interpreter.
    """

    path: str
    target: str
    text: str
    copy: Copy
    direct: bool

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
    def shell(self) -> str | None:
        """The shell it is written for, `None` for another language."""
        name = posixpath.basename(self.interpreter or "sh")
        return name if name in _SHELLS else None

    def script(self) -> tuple[Source, Script]:
        """Parse it."""
        source = Source(self.path, self.text)
        return source, parse_shell(self.text, source, 0, dialect=self.shell or "sh", joined=False)


_EVERY_ARGUMENT = frozenset({"$@", "$*", "${@}", "${*}"})
_OPEN = re.compile(
    r"\$\{?[#1-9]|\b(?:shift|getopts|eval)\b|\$\{(?:@|BASH_ARGV|argv).|^\s*(?:\.|source)\s|-c\s+[\"']?\$", re.MULTILINE
)
"""What a script may do with its arguments one by one, or out of sight."""


def hands_over(script: StartScript) -> bool | None:
    """Tell whether a script runs its arguments as a command: `exec "$@"`, `exec gosu shop "$@"`.

    Returns:
        `False` where they are options of a program that it names, or where it does not read them; `None` when it is
        no shell script, does not parse, or looks at them one by one.
    """
    if script.shell is None:
        return None
    _, parsed = script.script()
    if parsed.errors:
        return None
    if any(command.name in _EVERY_ARGUMENT for command in parsed.commands):
        return True
    return None if _OPEN.search(script.text) else False


def reads_arguments(script: StartScript) -> bool:
    """Tell whether a script may look at what it is given."""
    return _OPEN.search(script.text) is not None or re.search(r"\$\{?[@*]", script.text) is not None


def start_script(change: DockerfileChange, found: Written, *, through_stages: bool = False) -> StartScript | None:
    """Return the script of the build context that a start command runs, as far as its path can be followed.

    Args:
        change: The change under review.
        found: The start command.
        through_stages: Whether to follow it through the stages that hand it on too: its text is then the same, but
            its mode and its line ends may be others.
    """
    if len(change.repository.files) == 1:
        return None  # nothing but the Dockerfile was read
    target, direct = start_target(found)
    if target is None:
        return None
    found_there = _origin(change, found.stage, target, through_stages=through_stages)
    if found_there is None:
        return None
    path, text, copy = found_there
    return StartScript(path, target, text, copy, direct)


def text_in_image(change: DockerfileChange, stage: Stage, target: str) -> tuple[str, str] | None:
    """Return a file of the image as the repository has it, its path there and its text.

    Args:
        change: The change under review.
        stage: The image.
        target: The file's absolute path in the image.

    Returns:
        `None` where it cannot be followed to the repository, where a RUN may edit it, or where it was not read.
    """
    known = None if _is_edited(stage, target) else _origin(change, stage, target, through_stages=True)
    return known[:2] if known is not None else None


def context_paths(change: DockerfileChange, stage: Stage, target: str) -> tuple[str, ...]:
    """Return the paths in the repository that COPYs out of the build context bring to a path of the image."""
    inner = (_inner(put, target) for put in stage.files.covering(target) if put.kind == "context")
    paths = (change.repository.in_context(change.path, one) for one in inner if one is not None)
    return tuple(path for path in paths if path is not None)


def _origin(
    change: DockerfileChange, stage: Stage, target: str, *, through_stages: bool
) -> tuple[str, str, Copy] | None:
    """Return the path in the repository, the text and the COPY of a file of an image."""
    put, place = _last_put(stage, target), target
    while through_stages and put is not None and put.kind == "stage" and isinstance(put.step, Copy):
        place, inner_stage = _inner(put, place) or "", put.step.from_stage
        known = inner_stage is not None and place and not _is_edited(inner_stage, place)
        put = _last_put(inner_stage, place) if inner_stage is not None and known else None
    if put is None or put.kind != "context" or not isinstance(put.step, Copy):
        return None
    inner = _inner(put, place)
    path = change.repository.in_context(change.path, inner) if inner is not None else None
    text = change.repository.text(path) if path is not None else None
    if path is None or text is None or "\ufffd" in text or "\x00" in text:
        return None
    return path, text, put.step


def start_target(found: Written) -> tuple[str | None, bool]:
    """Return the absolute path of what a start command runs, and whether it is executed itself."""
    words = behind_init(found.start.words if found.start.form == "exec" else tuple(found.start.text.split()))
    if not words or found.stage.runtime.is_windows:
        return None, False
    direct = posixpath.basename(words[0]) not in {*_SHELLS, "exec"}
    program = words[0] if direct else next((word for word in words[1:] if not word.startswith("-")), "")
    return _target(found, program), direct


def last_put(found: Written, target: str) -> Put | None:
    """Return what brought a path into the image last."""
    return _last_put(found.stage, target)


def _is_edited(stage: Stage, path: str) -> bool:
    """Whether a RUN writes something else into a file than the line ends that it has."""
    name = posixpath.basename(path)
    for run in stage.done_runs:
        for command in run.calls("sed", "perl", "awk", "patch", "ed"):
            words = [word.value for word in command.args]
            if any(name in word or "*" in word for word in words) and not any("\\r" in word for word in words):
                return True
    return False


def _last_put(stage: Stage, target: str) -> Put | None:
    return next((put for put in reversed(stage.files.covering(target)) if put.kind != "workdir"), None)


def _target(found: Written, program: str) -> str | None:
    """Return the absolute path of a program; a bare name is looked for where files are copied to."""
    if not program or "$" in program:
        return None
    if program.startswith("/"):
        return posixpath.normpath("/" + program.lstrip("/"))
    folder = found.stage.image.workdir.value
    if "/" in program:
        return posixpath.normpath(posixpath.join(folder, program)) if folder else None
    for place in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"):
        if any(put.path == f"{place}/{program}" for put in found.stage.files.puts):
            return f"{place}/{program}"
    own = (place for place in path_folders(found.stage) or () if place not in DEFAULT_PATH)
    paths = (f"{place}/{program}" for place in own)
    return next(
        (path for path in paths if any(put.kind == "context" for put in found.stage.files.covering(path))), None
    )


def _inner(put: Put, target: str) -> str | None:
    """Return the path where a copy takes what it puts at a target: in the context, or in the stage."""
    if any(mark in put.source for mark in "*?["):
        inner = posixpath.join(posixpath.dirname(put.source), posixpath.basename(target))
    elif put.path == target:
        inner = put.source
    elif within(target, put.path):
        inner = posixpath.join(put.source, posixpath.relpath(target, put.path))
        if posixpath.basename(put.source) == posixpath.basename(target):
            inner = put.source
    else:
        return None
    return inner
