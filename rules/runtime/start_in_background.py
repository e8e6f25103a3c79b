"""See start_in_background.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Severity, quote, rule
from rules.brought import unedited
from rules.repository.other_starts import runs_otherwise
from rules.runtime.signals.daemons import NGINX, PHP_FPM, SUPERVISORD, Daemon, background
from rules.runtime.starts.idle_process import Idle, idle_process
from rules.runtime.starts.instructions import (
    Written,
    behind_init,
    is_executed,
    is_script_entrypoint,
    reads_code,
    shipped,
)
from rules.runtime.starts.scripts import StartScript, note_in, script_above, start_script
from rules.runtime.starts.text import shell_commands

_DAEMON_OFF = re.compile(r"\bdaemon\s+off\b")


class Left(NamedTuple):
    """What the start command leaves in the background, to end itself.

    Attributes:
        daemon: The program.
        line: The command, as written.
        command: Where it stands; `None` for the words of a JSON form.
        script: The start script that ends with it, `None` where the instruction names it.
    """

    daemon: Daemon
    line: str
    command: Command | None
    script: StartScript | None


@rule(
    "start-in-background",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The program goes into the background, and the container ends with what started it, or does not notice its end."""
    for found in shipped(change):
        if found.stage.runtime.is_windows or not is_executed(found) or runs_otherwise(change.repository, found.stage):
            continue
        left = _left(change, found)
        confidence = _confidence(change, found, left) if left is not None else None
        if left is not None and confidence is not None:
            yield _problem(found, left, confidence)
        idle = idle_process(change, found) if left is None and change.before is not None else None
        if idle is not None:
            yield _unwatched(found, idle)


def _left(change: DockerfileChange, found: Written) -> Left | None:
    script = start_script(change, found, through_stages=True)
    if script is not None:
        return _of_script(script)
    start = found.start
    if start.form == "exec" and not reads_code(start.words):
        words = behind_init(start.words)
        daemon = background(words)
        return Left(daemon, " ".join(words), None, None) if daemon is not None else None
    commands = shell_commands(start)
    return _of_command(commands[-1], None) if commands else None


def _of_script(script: StartScript) -> Left | None:
    outer = script.outer_commands
    return _of_command(outer[-1], script) if outer else None


def _of_command(last: Command, script: StartScript | None) -> Left | None:
    """Return what the last command leaves: a daemon, or any program behind which `&` stands."""
    if last.conditional or last.before in ("|", "|&", "||") or last.program is None:
        return None
    daemon = background(last.argv)
    if daemon is None and last.after == "&":
        daemon = Daemon(last.name, "take out the `&`, and begin the line with `exec`")
    return Left(daemon, str(last), last, script) if daemon is not None else None


def _confidence(change: DockerfileChange, found: Written, left: Left) -> Confidence | None:
    """Weigh it; nginx and supervisord also stay where their configuration tells them, which is not always read."""
    if left.daemon is SUPERVISORD:
        return Confidence.LIKELY if _is_told_to_leave(change, found, left) else None
    if left.daemon is not NGINX:
        kept = PHP_FPM.fullmatch(left.daemon.name) and _may_keep_fpm(change, found)
        return None if kept else Confidence.LIKELY
    texts = (
        change.repository.text(path) or "" for path in change.repository.files if "conf" in path or "." not in path
    )
    if _DAEMON_OFF.search(change.source.text) or any(map(_DAEMON_OFF.search, texts)) or " -c" in left.line:
        return None
    was = change.was(found.stage)
    before = [setting.value for setting in was.image.start_command if setting.value is not None] if was else []
    if any(_DAEMON_OFF.search(start.text) for start in before):
        return Confidence.LIKELY  # a configuration with `daemon off` would have been refused: it may be given once
    copied = [put for put in found.stage.files.puts if put.path.startswith("/etc/nginx") and put.kind != "workdir"]
    whole = [put for put in copied if put.tree or put.path.endswith("/nginx.conf")]
    if _is_below_unread(change, found) or found.stage.files.has_unreadable_run or (whole and not _is_read(change)):
        return Confidence.POSSIBLE
    return Confidence.LIKELY


def _may_keep_fpm(change: DockerfileChange, found: Written) -> bool:
    """Whether a line of the file, or a configuration that it copies, may say `daemonize = no`."""
    copied = any("fpm" in put.path for put in found.stage.files.puts if put.kind != "workdir")
    told = "daemonize" in change.source.text or _is_below_unread(change, found)
    return told or copied or found.stage.files.has_unreadable_run


def _is_below_unread(change: DockerfileChange, found: Written) -> bool:
    """Whether a script of the file in front was not read, which may write the configuration."""
    own = found.instruction.keyword == "CMD" and found.stage.image.entrypoint.set_in_file
    return own and is_script_entrypoint(found.stage) and script_above(change, found) is None


def _is_told_to_leave(change: DockerfileChange, found: Written, left: Left) -> bool:
    """Whether the configuration of supervisord was read, and does not keep it in the foreground."""
    match = _CONFIGURATION.search(left.line)
    known = unedited(change, found.stage, match[1]) if match is not None else None
    return known is not None and "[include]" not in known.text and not _NODAEMON.search(known.text)


_CONFIGURATION = re.compile(r"(?:-c|--configuration)[ =](/\S+)")
_NODAEMON = re.compile(r"^[ \t]*nodaemon\s*=\s*(?:true|1|yes|on)\b", re.MULTILINE | re.IGNORECASE)


def _is_read(change: DockerfileChange) -> bool:
    return any(path.endswith("nginx.conf") for path in change.repository.files)


def _problem(found: Written, left: Left, confidence: Confidence) -> Problem:
    name = quote(left.daemon.name)
    if left.script is not None and left.command is not None:
        start = f"{quote(left.script.target)}, which ends with {quote(left.line, 60)} (line {left.command.line})"
    else:
        start = quote(left.line, 60)
    note = note_in(left.script.path, left.command.span, "this line") if left.script and left.command else ()
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {start}. {name} goes into the background, process 1 ends, and the container stops "
        f"at once with it. Keep it in the foreground: {left.daemon.foreground}.",
        confidence,
        doubt="a configuration that was not read may keep it in the foreground",
        stage=found.stage.key,
        key=left.daemon.name,
        notes=note,
    )


def _unwatched(found: Written, idle: Idle) -> Problem:
    """Speak of a program that was process 1, and runs beside one that only waits now."""
    program, script = quote(idle.program), idle.script
    lines = f" (line {idle.left.line}) and ends with {quote(str(idle.last), 50)} (line {idle.last.line})"
    name = quote(script.target) if script is not None else f"`{found.instruction.keyword}`"
    return Problem(
        found.instruction.span,
        f"{name} of {found.stage.label} leaves {program} in the background{lines}, which only waits. {program} was the "
        f"container's own process before this change. When it dies now, the container stays up and is not started "
        f"anew; when the container is stopped, nobody tells it to end. Keep {program} in the foreground, as the last "
        "command, and let it write its log to standard output.",
        Confidence.LIKELY,
        doubt="a health check may watch it",
        severity=Severity.WARNING,
        stage=found.stage.key,
        key=f"{idle.program} behind {idle.last.name}",
        notes=note_in(script.path, idle.last.span, "this line") if script is not None else (),
    )
