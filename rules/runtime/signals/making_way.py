"""Where `exec` belongs, so that a shell makes way for the program it starts."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Start, quote
from rules.runtime.scripts.branches import branch_ends
from rules.runtime.starts.instructions import SHELLS, Written
from rules.runtime.starts.scripts import start_script
from rules.runtime.starts.text import BUILTINS, shell_commands

if TYPE_CHECKING:
    from rules.api import Command, DockerfileChange
    from rules.runtime.starts.scripts import StartScript

IDLE = frozenset({"tail", "sleep", "cat", "watch"})
"""What keeps a container up beside the program, or instead of one."""

_REPORTS = frozenset({"echo", "printf", "exit", "date", "logger", "true", ":"})
"""What a script does last to say how the program ended."""

_ASSIGNMENT = re.compile(r"\w+\+?=")
_LOOP = re.compile(r"(?:^|[;&|({\s])(?:while|until|for)\s")
_SUPERVISED = re.compile(r"^(?:[^#\n]|(?<=\S)#)*(?:s6-|supervisord|\brunsv|tini\b|dumb-init)", re.MULTILINE)
_ENDING = re.compile(r"(?:SIG)?(?:TERM|EXIT|CHLD)|15|0|17|[\$\{].*")
"""Signals for which a trap sees to the program, as `trap` takes them; what a variable names may be one."""

BESIDE = "What runs beside the shell hears of it only from a script with `trap` and `wait`, or under a supervisor"
_RUNNERS = frozenset({"npm", "npx", "yarn", "pnpm"})
"""Package managers, which do not see the program to its end on SIGTERM (npm_start_as_pid1.md)."""
SOMEHOW = "Let the shell make way for the program with `exec`"
HANDS_ON = '`["sh", "-c", "exec … \\"$@\\"", "sh"]`'
"""How code reads the words that stand behind it."""


def exec_place(command: Command, begin: str) -> str:
    """Say where `exec` belongs in a command: behind the assignments in front, which it takes for the program.

    Args:
        command: The command.
        begin: What to say where it belongs in front: "Begin that line".
    """
    word, is_first = started_word(command)
    return f"{begin} with `exec`" if is_first else f"Put `exec` in front of {quote(word)}"


def line_place(text: str, command: Command, also: str = "") -> str:
    """Say where `exec` belongs in a line of a script, which may begin with something else: `cd /app && …`, `web) …`.

    Args:
        text: The script.
        command: The command.
        also: What is to begin with it besides, between commas.
    """
    if text[: command.start].rpartition("\n")[2].strip():
        others = ", and of what goes on running in the other branches" if also else ""
        return f"Put `exec` in front of {quote(started_word(command)[0])}{others}"
    return exec_place(command, f"Begin that line{also}")


def started_word(command: Command) -> tuple[str, bool]:
    """Return the word in front of which `exec` belongs, and whether it is the command's first."""
    words = [word.value for word in command.words]
    at = next((at for at, word in enumerate(words) if not _ASSIGNMENT.match(word)), 0)
    return words[at] if words else "", at == 0


def way_out(start: Start) -> str:
    """Say how a start command of several commands lets SIGTERM through; no more than is sure to help."""
    commands = shell_commands(start)
    if not commands:
        return BESIDE
    last = commands[-1]
    beside = any(command.after == "&" for command in commands) or last.name in IDLE | {"wait"}
    if beside or last.before in ("|", "|&"):
        return BESIDE
    if last.name in BUILTINS or last.negated or last.redirects != _own_redirects(last) or _LOOP.search(start.text):
        return SOMEHOW
    if last.conditional and last.before != "||":
        return "Begin the program in every branch with `exec`"
    return f"{exec_place(last, 'Begin the last command')}{of_runner(last)}"


def _own_redirects(command: Command) -> tuple[object, ...]:
    """Return the redirections that stand at a command itself, and not at a group around it."""
    return tuple(one for one in command.redirects if one.start < command.end)


def of_runner(command: Command | None) -> str:
    """Say behind an advice that a package manager, to which the shell would make way, passes no signal on."""
    if command is None or command.name not in _RUNNERS:
        return ""
    return f", and start there what {quote(command.name)} starts: it does not see the program to its end on SIGTERM"


_BLOCK_AT_END = re.compile(r"(?:^|[\s;])(?:fi|esac)[ \t]*(?:\n[^\S\n]*(?:#[^\n]*)?)*\Z")
"""The script ends with an `if` or a `case`, one branch of which is the program."""


def supervises(script: StartScript) -> bool:
    """Tell whether a script starts an init or a supervisor itself."""
    return _SUPERVISED.search(script.text) is not None


class LastLine(NamedTuple):
    """The command that a start script ends with.

    Attributes:
        command: The command; where the script calls a function of its own, the last one of that.
        ends: Whether it is the last in the text as well.
        behind: The last of the commands behind it that only report how it ended: `echo`, `exit`; empty without one.
    """

    command: Command
    ends: bool
    behind: str = ""


def kept_in_front(script: StartScript) -> LastLine | None:
    """Return the last command of a shell script that nowhere has `exec`; `None` where something sees to signals."""
    commands = script.commands
    if supervises(script) or any(map(execs, commands)) or any(map(sees_to_signals, commands)):
        return None
    outer = script.outer_commands
    kept = _without_reports(outer)
    behind = outer[-1].name if len(kept) < len(outer) else ""
    last = _last(script.text, kept)
    if last is None or last.after in ("&", "|") or last.before in ("|", "||"):
        return None
    return LastLine(last, last is outer[-1], behind)


def kept_in_branches(script: StartScript) -> tuple[Command, ...]:
    """Return what the branches of the `if` or `case` at a shell script's end end with; none where signals are seen to.

    Those that make way by `exec` are among them.
    """
    if supervises(script) or not _BLOCK_AT_END.search(script.text):
        return ()
    text = _without_documents(script.text, script.commands)
    if text is None or any(map(sees_to_signals, script.commands)):
        return ()
    outer = script.outer_commands
    if any(execs(command) and not command.conditional for command in outer):
        return ()
    ends = branch_ends(text, outer) or ()
    return tuple(end for end in ends if end.after not in ("&", "|") and end.before not in ("|", "||"))


def _without_documents(text: str, commands: tuple[Command, ...]) -> str | None:
    """Return a script with its here-documents blanked; `None` where one is not found as it was read."""
    for command in commands:
        if command.heredoc:
            at = text.find(command.heredoc, command.end)
            if at < 0:
                return None
            text = f"{text[:at]}{' ' * len(command.heredoc)}{text[at + len(command.heredoc) :]}"
    return text


def is_short(command: Command) -> bool:
    """Whether a command only reports, leaves, or is the shell's own: nothing for which it would have to make way."""
    return command.name in _REPORTS | BUILTINS or not command.name


def _is_report(command: Command) -> bool:
    plain = command.before in ("\n", ";") and not command.conditional
    return plain and (command.name in _REPORTS or not command.name)


def _without_reports(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Leave out what only says how the arguments ended, behind the line that runs them."""
    end = len(commands)
    while end and _is_report(commands[end - 1]):
        end -= 1
    program = commands[end - 1].program if end else None
    return commands[:end] if program is not None and program.value in ("$@", "${@}") else commands


def execs(command: Command) -> bool:
    """Whether it is an `exec` of a program; one with redirections alone, `exec 2>&1`, goes on."""
    return "exec" in command.wrappers or (command.name == "exec" and bool(command.args))


def sees_to_signals(command: Command) -> bool:
    """Whether a command waits for others, or handles what ends the container.

    A trap for CTRL-C, or for errors, and one that is taken back (`trap - TERM`) handles nothing of it.
    """
    if command.name != "trap":
        return command.name == "wait"
    words = [word.value for word in command.args if word.value != "--"]
    return words[:1] != ["-"] and (len(words) < 2 or any(map(_ENDING.fullmatch, words[1:])))  # noqa: PLR2004 - what, when


def _last(text: str, outer: tuple[Command, ...]) -> Command | None:
    """Return the command that a script ends with; where that calls a function of its own, the last one of that."""
    last = outer[-1] if outer else None
    if last is None or last.args or last.conditional or last.before in ("|", "||") or last.after in ("&", "|"):
        return last
    head = _function(text, last.name)
    end = text.find("\n}", head.end()) if head is not None else -1
    if head is None or end < 0 or sum(command.name == last.name for command in outer) > 1:
        return last
    inside = [command for command in outer if head.end() <= command.start < end]
    ends = bool(inside) and not text[inside[-1].end : end].strip() and inside[-1].before not in ("&&", "||")
    return inside[-1] if ends else last


def _function(text: str, name: str) -> re.Match[str] | None:
    """Return the first line of a function of a script."""
    return re.search(rf"^(?:function +)?{re.escape(name)}[ \t]*(?:\(\))?[ \t]*\{{[ \t]*$", text, re.MULTILINE)


class Called(NamedTuple):
    """A script of the project that a list of commands in a start command ends with.

    Attributes:
        script: The script, `None` where it was not read.
        line: What it ends with without `exec`; `None` where it makes way, or where that cannot be told.
    """

    script: StartScript | None
    line: Command | None

    @property
    def is_open(self) -> bool:
        """Whether it is not known what the script does with SIGTERM."""
        if self.script is None or self.line is not None:
            return self.script is None
        guarded = supervises(self.script) or re.search(r"\btrap\b|\bwait\b", self.script.text)
        return not guarded and "exec" not in self.script.text


def script_at_end(change: DockerfileChange, found: Written) -> Called | None:
    """Return the script that the last of several commands starts; `None` where that is no script."""
    commands = shell_commands(found.start)
    if len(commands) < 2 or commands[-1].name == "exec":  # noqa: PLR2004 - a list of them
        return None
    program, script = last_script(change, found, commands)
    if script is None:
        return Called(None, None) if posixpath.splitext(program)[1] in (".sh", ".bash") else None
    line = kept_in_front(script)
    sure = line is not None and not line.command.conditional and line.command.name not in BUILTINS
    return Called(script, line.command if line is not None and sure else None)


def last_script(
    change: DockerfileChange, found: Written, commands: tuple[Command, ...]
) -> tuple[str, StartScript | None]:
    """Return the program that the last of a start's commands runs, and the project's script of that name."""
    last = commands[-1]
    words = [word.value for word in (last.program, *last.args) if word is not None]
    program = next((word for word in words[1:] if word[:1] != "-"), "") if last.name in SHELLS else "".join(words[:1])
    if not program or (any(command.name in ("cd", "pushd") for command in commands) and not program.startswith("/")):
        return program, None
    start = Start("exec", (program,), found.instruction)
    return program, start_script(change, found._replace(start=start), through_stages=True)
