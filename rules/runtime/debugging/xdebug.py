"""Xdebug in an image: what installs it, what makes PHP load it, and what switches it off again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.brought import texts_brought
from rules.quoting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, Run, Stage

_XDEBUG = re.compile(r"(?:php[\d.]*-)?(?:pecl-)?xdebug(?:-[\d.a-zA-Z]+)?\Z")
_ENABLER = "docker-php-ext-enable"
"""What switches on an extension that is there already (docker-library/php)."""
_INSTALLERS = frozenset({_ENABLER, *"pecl docker-php-ext-install install-php-extensions pickle pie".split()})
_LEAVES_OFF = frozenset({"apk", "pecl", "pickle"})
"""Installers that leave it to a line of php.ini to load it: Alpine's packages bring that line as a comment."""
_LOADS = re.compile(r"(?<![;#\w])[ \t]*\bzend_extension\b")
_LOADS_BY_FILE = re.compile(r"^[ \t]*zend_extension[ \t]*=.*xdebug", re.MULTILINE)
_SETS_OFF = re.compile(r"(?<![;#])xdebug\.mode[ \t]*=[ \t]*[\"']?(?:off|coverage)\b(?![ \t]*,)")
"""`coverage` alone opens no connection, and is what tests want (xdebug.org, "All settings")."""
_SETS_BY_VARIABLE = re.compile(r"^[ \t]*xdebug\.mode[ \t]*=[ \t]*[\"']?\$\{", re.MULTILINE)
"""The mode in a file of PHP's settings is what a variable of the container says."""
_OWN_FILE = re.compile(r"/[^/]*xdebug[^/]*\.ini\Z")
_COMMENTS_OUT = re.compile(r"\bs([/|,!])(?:(?!\1).)*\1[ \t]*[;#]")
"""A sed command that puts the mark of a comment in the place of a line's beginning."""
_OFF = frozenset({"off", "0", "false", "no", "none", "disabled", "coverage"})


class Xdebug(NamedTuple):
    """A step that brings it.

    Attributes:
        run: The step.
        command: The command that does.
        shown: The command for a message: of a long one what it is, and the word that brings it.
        loads: Whether the command makes PHP load it as well.
    """

    run: Run
    command: Command
    shown: str
    loads: bool


def shipped_xdebug(change: DockerfileChange, stage: Stage) -> tuple[tuple[Xdebug, ...], bool]:
    """Return the steps of an image that bring Xdebug, and whether PHP is seen to load it: installed alone, it is idle.

    Debian's, Fedora's and Remi's packages load it, and so do the scripts of the official image and `pie`. A step that
    only enables what another one installed is left out. Nothing is returned where the image has a switch for it.
    """
    every = [one for run in stage.all_runs for one in _brings(run)]
    found = {id(one.run): one for one in reversed(every) if not one.command.conditional}
    loading = [one.command for one in every if one.loads]
    loading += [command for run in stage.done_runs for command in run.commands if _writes_line(command)]
    if not found or _is_off(change, stage) or (loading and all(command.conditional for command in loading)):
        return (), False
    loaded = bool(loading) or any(_LOADS_BY_FILE.search(text) for text in _texts(change, stage))
    first, *others = reversed(found.values())
    return (first, *(one for one in others if one.command.name != _ENABLER)), loaded


def _writes_line(command: Command) -> bool:
    """Whether a command writes the line of PHP's settings that loads it."""
    text = f"{command} {command.heredoc or ''}"
    return "xdebug" in text and _LOADS.search(text) is not None


def _texts(change: DockerfileChange, stage: Stage) -> Iterator[str]:
    """Yield what copied files say, those that the Dockerfile itself holds included."""
    for copy in stage.all_copies:
        yield from (one.body for one in copy.heredocs)
    yield from texts_brought(change, stage)


def _is_off(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the image switches it off, for whoever starts a container to switch on.

    `XDEBUG_MODE=off` is its own switch (xdebug.org, "All settings"); another variable of its name is the image's.
    """
    switches = (setting.value or "" for name, setting in stage.image.env.items() if "XDEBUG" in name.upper())
    if any(value.lower() in _OFF for value in switches) or any(map(_SETS_OFF.search, _texts(change, stage))):
        return True
    if any(map(_SETS_BY_VARIABLE.search, texts_brought(change, stage))):
        return True
    return any(
        _takes_away(command) or _SETS_OFF.search(f"{command} {command.heredoc or ''}")
        for run in stage.done_runs
        for command in run.commands
        if not command.conditional
    )


def _takes_away(command: Command) -> bool:
    """Whether a command takes the line that loads it out of PHP's settings, or the file with that line."""
    if command.name == "phpdismod":
        return _is_named_by(command)
    named = any(_OWN_FILE.search(word.value) for word in command.args[: -1 if command.name == "mv" else None])
    return named and (
        command.name in ("rm", "unlink", "mv")
        or (command.name == "sed" and _COMMENTS_OUT.search(str(command)) is not None)
    )


def _is_named_by(command: Command) -> bool:
    return any(_XDEBUG.match(word.value) for word in command.args)


def _brings(run: Run) -> Iterator[Xdebug]:
    """Yield the commands of a RUN that install or enable it, whether or not they are sure to run."""
    if "xdebug" not in run.instruction.whole_value:
        return
    for call in run.package_calls:
        names = [package.name for package in call.packages if _XDEBUG.match(package.name)]
        if call.action == "install" and names:
            yield Xdebug(run, call.command, _shown(call.command, names[0]), call.manager not in _LEAVES_OFF)
    calls = {id(call.command) for call in run.package_calls}
    for command in run.calls(*_INSTALLERS):
        if id(command) in calls or (command.name == "pecl" and command.subcommand != "install"):
            continue
        word = next((word.value for word in command.args if _XDEBUG.match(word.value)), None)
        if word is not None:
            yield Xdebug(run, command, _shown(command, word), command.name not in _LEAVES_OFF)


def _shown(command: Command, word: str) -> str:
    whole = str(command)
    return whole if len(whole) <= LIMIT else f"{' '.join(f'{command.name} {command.subcommand}'.split())} … {word} …"
