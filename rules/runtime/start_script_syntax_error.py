"""See start_script_syntax_error.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Script, Severity, Span, quote, rule
from rules.brought import unedited
from rules.copying.context.possibly_there import runs_script
from rules.runtime.starts.instructions import Written, shipped
from rules.runtime.starts.scripts import StartScript, note_in, start_script

_LONGEST_WORD = 40
_FILLED_IN = re.compile(r"\{\{|\{%|<%|@[A-Z_]{2,}@|__[A-Z]{2,}__")
"""Marks of what a tool fills in before anybody runs it."""
_BORDERS = re.compile(r"(?:then|else|elif|fi|do|done|esac|;;|[)}])")
"""Words at which every shell stops where no block asks for them; of what quotes hold, shells read more or less."""
_LEAVE_IT = frozenset("[ cat chgrp chmod chown echo ls stat test".split())
"""Commands that change no text of a file that they name."""
_NOT_READ = re.compile(r"\b(?:coproc|extglob)\b")
"""What gives Bash a grammar that the parser here does not have: patterns with brackets, and `coproc`."""
_BLOCKS = re.compile(r"(?:if|while|until|for|select|case)\b|\{")
_HEAD = re.compile(r"\w[ \t]*\([ \t]*\)\s*\Z")
"""The head of a function: dash and BusyBox take any command for its body, and not only what POSIX and Bash ask for."""
_OPENS = re.compile(r"\w+|\$?[^\w\s]")
_FUNCTION = re.compile(r"^[ \t]*(?:function[ \t]+)?(?P<name>[\w-]+)[ \t]*(?:\([ \t]*\)[ \t]*)?\{", re.MULTILINE)
_LONGEST_FUNCTION = 4_000
"""Characters of a function that are looked at."""
_ENDLESS = re.compile(r"^[ \t]*(?:while[ \t]+(?:true|:|\[[ \t]+1[ \t]+\])|until[ \t]+false)[ \t]*(?:;|$)", re.MULTILINE)


class _Fault(NamedTuple):
    """Where a shell stops reading a script.

    Attributes:
        span: The place.
        word: What stands there, the beginning of it.
        is_open: Whether the word opens what is never closed, which the shell finds out at the end of the file.
        maybe: Whether what stands above, in a branch, may have become the program by then.
    """

    span: Span
    word: str
    is_open: bool
    maybe: bool


@rule(
    "start-script-syntax-error",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENTRYPOINT", "CMD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The start script of the repository has an error in its shell's grammar."""
    told: set[tuple[str, str]] = set()
    for found in shipped(change):
        script = start_script(change, found, through_stages=True)
        if script is None or (found.stage.key, script.path) in told or not _is_as_read(change, found, script):
            continue
        fault = _fault(script)
        if fault is not None:
            told.add((found.stage.key, script.path))
            yield _problem(found, script, fault)


def _is_as_read(change: DockerfileChange, found: Written, script: StartScript) -> bool:
    """Whether a shell reads the script, and its text in the image is surely the repository's."""
    shell = script.shell is not None and (script.interpreter is not None or not script.direct)
    if not shell or script.copy is None or _FILLED_IN.search(script.text) or "\r" in script.text:
        return False  # of line ends entrypoint-not-executable speaks
    if _NOT_READ.search(script.text):
        return False
    name = posixpath.basename(script.target)
    later = (run for run in found.stage.done_runs if run.at > script.copy.at)
    commands = [command for run in later for command in run.commands]
    if any(map(runs_script, commands)):
        return False
    return unedited(change, found.stage, script.target) is not None and not any(
        _may_change(command, name) for command in commands if command.name not in _LEAVE_IT
    )


def _may_change(command: Command, name: str) -> bool:
    words = [*command.args, *(one.target for one in command.redirects if one.target is not None)]
    return any(posixpath.basename(word.value) == name for word in words)


def _fault(script: StartScript) -> _Fault | None:
    """Return where the shell stops; `None` where it reads all, or is surely gone by then.

    What Bash alone reads is no error here. A shell runs each command before it reads the next one (POSIX, "Shell
    Introduction").
    """
    own = _own(script.parsed)
    if not own or not _own(script.read_as("bash")):
        return None
    span = own[0]
    if script.shell != "bash" and _HEAD.search(script.text[max(span.start - _LONGEST_WORD, 0) : span.start]):
        return None
    above = [command for command in script.parsed.commands if command.end <= span.start and not command.nested]
    if any(_ends(command) and not command.conditional for command in above) or _stays_above(script.text, span, above):
        return None
    maybe = any(command.conditional and "exec" in command.wrappers for command in above)
    text, length = script.text, span.end - span.start
    opening = _OPENS.match(text, span.start)
    if opening and (span.end >= len(text) or (length == 1 and _BLOCKS.match(text, span.start))):
        return _Fault(span, opening[0], is_open=True, maybe=maybe)
    word = (text[span.start : span.end].split() or [""])[0][:_LONGEST_WORD]
    return _Fault(span, word, is_open=False, maybe=maybe)


def _stays_above(text: str, span: Span, above: list[Command]) -> bool:
    """Whether a function that is called above may become the program, or a loop above has no end."""
    becomes = {
        head["name"] for head in _FUNCTION.finditer(text, 0, span.start) if re.search(r"\bexec\b", _body(text, head))
    }
    called = any(command.name in becomes and not command.conditional for command in above)
    loop = _ENDLESS.search(text, 0, span.start)
    return called or (loop is not None and not re.search(r"\bbreak\b", text[loop.start() : span.start]))


def _body(text: str, head: re.Match[str]) -> str:
    """Return what a function holds, on one line or up to a bracket that stands at the margin."""
    end = text.find("\n}", head.end(), head.end() + _LONGEST_FUNCTION)
    line = text[head.end() : head.end() + _LONGEST_FUNCTION].partition("\n")[0]
    return line if line.rstrip().endswith("}") else text[head.end() : end if end != -1 else head.end()]


def _own(parsed: Script) -> tuple[Span, ...]:
    """Where the shell itself stops: an error in a script that it hands to another one (`sh -c`) is that one's."""
    return tuple(span for span in parsed.errors if span not in parsed.inner)


def _ends(command: Command) -> bool:
    """Whether nothing of a script is run behind a command: it leaves, or becomes another program."""
    leaves = command.name in ("exit", "return")
    return (leaves or "exec" in command.wrappers) and command.before not in ("||", "&&") and command.after != "&"


def _problem(found: Written, script: StartScript, fault: _Fault) -> Problem:
    fact, is_border = _said(script, fault)
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(script.target)}, and {script.spoken} has a syntax error: {fact} is run. "
        f"`{script.shell} -n` names the place without running it.",
        Confidence.CERTAIN if not fault.maybe and is_border else Confidence.LIKELY,
        doubt="a branch above may become the program before that" if fault.maybe else "shells differ in what they read",
        stage=found.stage.key,
        notes=note_in(script.path, fault.span, "the shell stops here"),
        key=script.path,
    )


def _said(script: StartScript, fault: _Fault) -> tuple[str, bool]:
    """Say where the shell stops, and whether it is at a word at which all of them do."""
    shell, line = quote(script.shell or "sh"), fault.span.line
    if fault.is_open:
        return (
            f"what {quote(fault.word)} opens in line {line} is never closed, and {shell} finds the end of the file "
            "instead. The container ends, and nothing from that line on"
        ), bool(_BLOCKS.fullmatch(fault.word))
    place = f"{quote(fault.word)} in line {line}" if fault.word else "its end, where something is still missing,"
    return (f"at {place} {shell} stops reading. The container ends there, and nothing of what follows"), bool(
        _BORDERS.match(fault.word)
    )
