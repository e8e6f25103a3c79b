"""See exec_form_one_word.md."""

import json
import posixpath
import re
import shlex
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Fix, Problem, Severity, Stage, fix, quote, replace, rule
from rules.runtime.starts.instructions import (
    Written,
    is_bare_init,
    is_executed,
    is_script_entrypoint,
    reads_code,
    written,
)
from rules.runtime.starts.joined_words import joined
from rules.runtime.starts.run_arrays import RunArray, run_arrays
from rules.runtime.starts.scripts import start_script
from rules.runtime.starts.text import BUILTINS

_PLAIN = re.compile(r"[^$`*?\[\]{}~|&;<>()#!\\'\"]+\Z")
_HANDS_ON = re.compile(r'\bexec\b[^\n]*"\$@"')
_TITLED = re.compile(r"[A-Z(]")
"""How the words of a program's name for the desktop begin, and those of a command line do not."""
_OF_BASH = re.compile(r"(?:^|[;&|]\s*)source\s|\[\[|<\(")
"""What dash, `sh` of Debian and Ubuntu, does not know."""
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


@rule(
    "exec-form-one-word",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A whole command line stands in one pair of quotes, so that it is taken for the name of a program."""
    for found in written(change, "ENTRYPOINT", "CMD", "HEALTHCHECK"):
        word = _command_line(found)
        if word is not None and not found.stage.runtime.is_windows and not _is_a_file(found.stage, word):
            yield _problem(change, found, word)
        elif found.start.form == "exec" and found.instruction.keyword in ("CMD", "ENTRYPOINT"):
            yield from _apart(found)
    yield from _of_shells(change)
    for array in run_arrays(change):
        if len(array.words) == 1 and len(array.words[0].split()) > 1 and not _DRIVE.match(array.words[0]):
            yield _of_run(array)


def _apart(found: Written) -> Iterator[Problem]:
    """Speak of one word among the others that is really several."""
    entrypoint = found.stage.image.entrypoint.value
    program_is_here = found.instruction.keyword == "ENTRYPOINT" or not entrypoint or is_bare_init(entrypoint)
    one = joined(found.start.words) if is_executed(found) else None
    if one is None:
        return
    instruction = found.instruction
    edit = replace(instruction.source, instruction.value_span, one.array) if "\n" not in instruction.text else None
    yield Problem(
        instruction.span,
        f"`{instruction.keyword}` of {found.stage.label} hands {quote(one.program)} the words {quote(one.text)} in one "
        f"pair of quotes, which it takes for one, blanks included, and does not know. The container exits at once. "
        "Quote each word by itself.",
        Confidence.CERTAIN if program_is_here else Confidence.LIKELY,
        doubt="the `ENTRYPOINT` in front of it may split its argument",
        stage=found.stage.key,
        fix=fix("Quote each word by itself", edit),
    )


def _of_shells(change: DockerfileChange) -> Iterator[Problem]:
    """Speak of `SHELL ["/bin/bash -c"]`."""
    for stage in change.stages:
        for instruction in stage.instructions:
            words = [word.text for word in instruction.exec_form or ()] if instruction.keyword == "SHELL" else []
            if not words or not words[0].split()[1:] or _DRIVE.match(words[0]):
                continue
            array = json.dumps([*words[0].split(), *words[1:]], ensure_ascii=False)
            yield Problem(
                instruction.span,
                f"`SHELL` of {stage.label} has the whole command line {quote(words[0])} in one pair of quotes, so the "
                "builder looks for a program of that name, blanks included. The build stops at the next `RUN` that has "
                "no brackets. Quote each word by itself.",
                stage=stage.key,
                fix=fix("Quote each word by itself", replace(instruction.source, instruction.value_span, array)),
            )


def _of_run(array: RunArray) -> Problem:
    line, instruction = array.words[0], array.run.instruction
    edit = replace(instruction.source, instruction.value_span, line) if array.may_have_shell else None
    return Problem(
        instruction.span,
        f"`RUN` of {array.stage.label} has the whole command line {quote(line)} in one pair of quotes, so its JSON "
        "form looks for a program of that name, blanks included. The build stops here: nothing of that name exists. "
        "Take the brackets and the quotes away.",
        stage=array.stage.key,
        fix=fix("Leave it to a shell", edit),
    )


def _command_line(found: Written) -> str | None:
    """Return the program's name when it is really a command line."""
    start = found.start
    if start.form == "exec":
        word = start.words[0]
        entrypoint = found.stage.image.entrypoint.value
        below = found.instruction.keyword == "CMD" and not is_bare_init(entrypoint)
        if below and entrypoint:
            if reads_code((*entrypoint.words, *start.words)) or not is_script_entrypoint(found.stage):
                return None
            if len(start.words) > 1:
                return None
    else:
        commands = start.commands
        program = commands[0].program if commands else None
        if program is None or len(commands) != 1 or commands[0].args or not program.text.startswith(("'", '"')):
            return None
        if program.text != start.text:
            return None
        word = program.value
    words = word.split()
    return word if len(words) > 1 and not word.startswith("-") and not _DRIVE.match(word) else None


def _is_a_file(stage: Stage, path: str) -> bool:
    """Whether the file puts something of that name there, blanks included."""
    name = posixpath.basename(path)
    titled = "/" in path.split(maxsplit=1)[0] and all(map(_TITLED.match, path.split()[1:]))
    if titled and (stage.files.covering(path) or stage.files.has_unreadable_run):
        return True  # `/opt/x/Plex Media Server`, in a folder that is not known in full
    return any(put.path == path or posixpath.basename(put.source) == name for put in stage.files.covering(path))


def _confidence(change: DockerfileChange, found: Written) -> Confidence:
    """Before a start script nobody knows whether it splits its argument, unless its text hands it on as it is."""
    entrypoint = found.stage.image.entrypoint
    if found.instruction.keyword != "CMD" or (
        entrypoint.known and (not entrypoint.value or is_bare_init(entrypoint.value))
    ):
        return Confidence.CERTAIN
    if not entrypoint.known:
        return Confidence.POSSIBLE  # the base may bring `["bash", "-lc"]`, which reads it as a command line
    if not is_script_entrypoint(found.stage) or not entrypoint.set_in_file:
        return Confidence.LIKELY
    scripts = (start_script(change, one) for one in written(change, "ENTRYPOINT") if one.stage is found.stage)
    handed_on = any(script is not None and _HANDS_ON.search(script.text) for script in scripts)
    return Confidence.LIKELY if handed_on else Confidence.POSSIBLE


def _problem(change: DockerfileChange, found: Written, word: str) -> Problem:
    instruction = found.instruction
    what = "JSON form" if found.start.form == "exec" else "shell form"
    if instruction.keyword == "HEALTHCHECK":
        then = "The probe fails every time, and the container is reported unhealthy"
    elif instruction.keyword == "CMD" and not found.stage.image.entrypoint.known:
        then = "Unless the base image brings an `ENTRYPOINT` that splits it, the container exits at once"
    else:
        then = "The container exits at once: nothing of that name exists"
    return Problem(
        instruction.span,
        f"`{instruction.keyword}` of {found.stage.label} has the whole command line {quote(word)} in one pair of "
        f"quotes, so its {what} looks for a program of that name, blanks included. {then}. {_way_out(found, word)}.",
        _confidence(change, found),
        doubt="the `ENTRYPOINT` in front of it may split its argument",
        stage=found.stage.key,
        fix=_fix(found, word) if found.instruction.keyword != "CMD" or found.stage.image.entrypoint.known else None,
    )


def _way_out(found: Written, word: str) -> str:
    if found.start.form == "shell" and found.instruction.keyword == "HEALTHCHECK":
        return "Take the quotes away"
    shell = None if _PLAIN.match(word) else _shell_for(found.stage, word)
    return f'Leave it to a shell: `["{shell}", "-c", …]`' if shell is not None else "Quote each word by itself"


def _fix(found: Written, word: str) -> Fix | None:
    """Each word quoted by itself; under a shell where the words need one."""
    instruction = found.instruction
    if "\n" in instruction.text:
        return None
    if found.start.form == "shell" and instruction.keyword == "HEALTHCHECK":
        program = found.start.commands[0].program
        inner = program.text[1:-1] if program is not None else ""
        if program is None or "\\" in inner or '"' in inner or "'" in inner:
            return None
        return fix("Take the quotes away", replace(instruction.source, program.span, inner))
    rest = found.start.words[1:] if found.start.form == "exec" else ()
    title = "Quote each word by itself"
    if _PLAIN.match(word):
        words = [*word.split(), *rest]
    elif not rest and instruction.keyword == "CMD" and (shell := _shell_for(found.stage, word)) is not None:
        words, title = [shell, "-c", f"exec {word}" if _is_simple(word) else word], "Leave it to a shell"
    else:
        return None
    array = json.dumps(words, ensure_ascii=False)
    if instruction.keyword == "HEALTHCHECK":
        exec_words = instruction.exec_form or ()
        span = instruction.source.span(
            instruction.source.text.rfind("[", 0, exec_words[0].span.start), instruction.value_span.end
        )
        return fix(title, replace(instruction.source, span, array))
    return fix(title, replace(instruction.source, instruction.value_span, array))


def _shell_for(stage: Stage, code: str) -> str | None:
    """Return the shell that can read the code; `None` where there is none, or a quote in it does not close."""
    if stage.runtime.has_shell is False or not _closes(code):
        return None
    if not _OF_BASH.search(code):
        return "sh"
    return "bash" if stage.runtime.has_tool("bash") else None


def _closes(code: str) -> bool:
    try:
        shlex.split(code)
    except ValueError:
        return False
    return True


def _is_simple(code: str) -> bool:
    return _closes(code) and not re.search(r"[|&;<>()`]", code) and code.split(maxsplit=1)[0] not in BUILTINS
