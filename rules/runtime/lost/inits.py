"""An init that stood in front of the start command and no longer does, and what stands there now."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Copy, DockerfileChange, Stage, Start, is_script
from rules.runtime.signals.making_way import kept_in_front, supervises
from rules.runtime.starts.instructions import INITS, awaits_code, behind_init, reads_code, started_by
from rules.runtime.starts.scripts import READS_ANOTHER, start_script
from rules.runtime.starts.text import shell_commands

if TYPE_CHECKING:
    from rules.runtime.starts.instructions import Written
    from rules.runtime.starts.scripts import StartScript

_SUPERVISORS = frozenset({"supervisord", "init", "s6-svscan"})
_SEES_TO_SIGNALS = re.compile(r"\b(?:trap|wait)\b")
_ASSIGNMENT = re.compile(r"\w+=")
_PROGRAM = (
    "Nothing collects the processes that the program leaves behind, and a program that has no handler of its own "
    "ignores SIGTERM as process 1"
)
_ZOMBIES = "Nothing collects the processes that the program leaves behind"
_SHELL = "The shell of that script is process 1 now and, without a handler of its own, ignores SIGTERM"
_UNREAD = "As process 1, the script has to handle SIGTERM and to collect what is left behind itself"
_INIT_ELSEWHERE = "the container may be started with an init of its own"


class LostInit(NamedTuple):
    """An init that the change takes away.

    Attributes:
        name: The init.
        start: What stands there now.
        old: What held the init.
        consequence: What comes of it.
        confidence: How sure that is.
        doubt: What may be otherwise.
    """

    name: str
    start: Start
    old: Start
    consequence: str
    confidence: Confidence
    doubt: str


def lost_init(change: DockerfileChange, stage: Stage, was: Stage) -> LostInit | None:
    """Return the init that the start command has lost; `None` also where another base may bring one."""
    before, image = _init(was), stage.image
    if before is None or _init(stage) is not None or not (image.entrypoint.known and image.cmd.known):
        return None
    start = next((s.value for s in image.start_command if s.set_in_file), None)
    name, old = before
    if start is None or start.words == old.words or start.program in _SUPERVISORS:
        return None
    said = _consequence(change, stage, _started(stage))
    return LostInit(name, start, old, *said) if said is not None else None


def _consequence(change: DockerfileChange, stage: Stage, found: Written | None) -> tuple[str, Confidence, str] | None:
    """Say what comes of it, how sure that is and what may be otherwise; `None` where a script sees to its processes."""
    script = start_script(change, found, through_stages=True) if found is not None else None
    if script is not None and _sees_to_processes(script):
        return None
    if script is None and (found is None or not any(map(_may_be_script, found.start.words))):
        if found is not None and _is_of_go(stage, found.start.words[0]):
            return _ZOMBIES, Confidence.POSSIBLE, "the program may start none"
        return _PROGRAM, Confidence.LIKELY, _INIT_ELSEWHERE
    if script is None or (script.shell is not None and READS_ANOTHER.search(script.text)):
        return _UNREAD, Confidence.POSSIBLE, "the script may do so, or start an init"
    return _SHELL if kept_in_front(script) is not None else _PROGRAM, Confidence.LIKELY, _INIT_ELSEWHERE


def _is_of_go(stage: Stage, program: str) -> bool:
    """Whether a stage that calls Go's compiler made the program: Go ends on SIGTERM as process 1 as well.

    `dieFromSignal` in its `runtime/signal_unix.go` calls `exit(2)` where the kernel drops the signal
    (prometheus/statsd_exporter#133).
    """
    name = posixpath.basename(program)
    puts = (put for put in stage.files.puts if put.kind == "stage" and posixpath.basename(put.path) == name)
    builders = (put.step.from_stage for put in puts if isinstance(put.step, Copy))
    return any(
        command.subcommand in ("build", "install")
        for builder in builders
        if builder is not None
        for run in builder.done_runs
        for command in run.calls("go")
    )


def _may_be_script(word: str) -> bool:
    """Whether a word is a script's path, or nothing is known of what is started."""
    return not word or word.endswith(".bash") or is_script(word)


def _init(stage: Stage) -> tuple[str, Start] | None:
    """Return the init in front of the start command, put there by the file or by its base image, and what holds it."""
    for setting in stage.image.start_command:
        if setting.value is not None:
            words = setting.value.words if setting.value.form == "exec" else setting.value.text.split()
            for word in words:
                if posixpath.basename(word) in INITS:
                    return posixpath.basename(word), setting.value
    return None


def _sees_to_processes(script: StartScript) -> bool:
    """Whether a script starts an init itself, handles signals, or waits for what it has started."""
    return script.shell is not None and (supervises(script) or _SEES_TO_SIGNALS.search(script.text) is not None)


def _started(stage: Stage) -> Written | None:
    """Return what the container starts, with the program or script in front and the shell that reads it, if any."""
    settings = list(started_by(stage))
    if not settings:
        return None
    first = settings[0]
    words = first.start.words
    if awaits_code(words):
        words = tuple(settings[1].start.words[0].split()) if len(settings) > 1 else ("",)
    elif first.start.form == "shell" or reads_code(words):
        commands = shell_commands(first.start)
        last = commands[-1] if commands else None
        words = tuple(word.value for word in (last.program, *last.args) if word is not None) if last else ()
    words = tuple(word for word in behind_init(words) if word != "exec" and not _ASSIGNMENT.match(word))
    return first._replace(start=Start("exec", words, first.instruction)) if words else None
