"""See cmd_ignored.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    Problem,
    Severity,
    Start,
    fix,
    quote,
    replace,
    rule,
    written_by,
)
from rules.quoting import capitalized
from rules.runtime.signals.making_way import HANDS_ON
from rules.runtime.starts.instructions import (
    SHELLS,
    Written,
    awaits_code,
    behind_init,
    is_executed,
    shipped,
)
from rules.runtime.starts.json_arrays import attempt
from rules.runtime.starts.scripts import start_script, start_target
from rules.runtime.starts.text import is_plain, json_array

_PLACEHOLDERS = SHELLS | {"--", "-", "_"}
"""What people put in the place of `$0`."""
_PRINTING = frozenset({"echo", "printf"})
"""What writes the text that it is given, and nothing else."""
_CODE = 3
"""Words of a shell with code: the shell, its option, the code."""


@rule(
    "cmd-ignored",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENTRYPOINT", "CMD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Words are given to a shell that does not look at them, because it runs its code alone."""
    for found in shipped(change, "ENTRYPOINT", "CMD"):
        if not found.stage.runtime.is_windows and _drops_words(found):
            yield _dropped(found)
    for found in shipped(change, "ENTRYPOINT"):
        image = found.stage.image
        if image.cmd.instruction is None or not image.cmd.value or found.stage.runtime.is_windows:
            continue
        if attempt(found.instruction, powershell=False) is not None:
            continue  # meant for the JSON form, as malformed-exec-form says
        if image.ignores_cmd or _is_code(found.start):
            yield _ignored(change, found, image.cmd.value)
        elif found.start.form == "exec" and awaits_code(found.start.words) and _has_more(image.cmd.value):
            yield _first_word_alone(found, image.cmd.value)


def _shell_and_code(start: Start) -> tuple[str, ...]:
    """Return the words of a shell with its option, and the code if there is one; nothing for another start."""
    words = behind_init(start.words) if start.form == "exec" else ()
    shell = len(words) > 1 and posixpath.basename(words[0]) in SHELLS and re.fullmatch(r"-[a-z]*c", words[1])
    return words if shell else ()


def _is_code(start: Start) -> bool:
    """Whether an array hands a shell its code, which does not read what stands behind it, and no further words."""
    return len(_shell_and_code(start)) == _CODE and not start.reads_arguments


def _has_more(cmd: Start) -> bool:
    """Whether a CMD is more than the one string that such a shell takes for its code."""
    return cmd.form == "shell" or (len(cmd.words) > 1 and not Start("exec", cmd.words[:1]).reads_arguments)


def _drops_words(found: Written) -> bool:
    """Whether an array has words behind a code of one word, which does not read them: `["sh", "-c", "ls", "-l"]`."""
    words = _shell_and_code(found.start)
    if len(words) <= _CODE or found.start.reads_arguments or not is_plain(words[2]) or " " in words[2]:
        return False
    if words[_CODE] in _PLACEHOLDERS or posixpath.basename(words[_CODE]) == posixpath.basename(words[2]):
        return False
    return is_executed(found)


def _dropped(found: Written) -> Problem:
    words, instruction = _shell_and_code(found.start), found.instruction
    code, rest = words[2], words[_CODE:]
    before = found.start.words[: len(found.start.words) - len(words)]
    line = " ".join((code, *rest))
    plain = is_plain(line) and not any(" " in word for word in rest) and "\n" not in instruction.text
    array = json_array((*before, *words[:2], f"exec {line}"))
    known = instruction.keyword == "ENTRYPOINT" or found.stage.image.entrypoint.known
    return Problem(
        instruction.span,
        f"`{instruction.keyword}` of {found.stage.label} hands {quote(' '.join(words[:2]))} one word for its code, "
        f"{quote(code)}. The rest, {quote(' '.join(rest), 60)}, becomes `$0` and arguments that the code does not "
        f"read: the container runs {quote(code)} alone. Put the whole command into one pair of quotes.",
        Confidence.CERTAIN if known else Confidence.LIKELY,
        doubt="the base image may have an `ENTRYPOINT` that takes the words for its arguments",
        stage=found.stage.key,
        key=found.start.text,
        fix=fix("Hand the shell the whole command", replace(instruction.source, instruction.value_span, array))
        if plain
        else None,
    )


def _ignored(change: DockerfileChange, found: Written, cmd: Start) -> Problem:
    assert cmd.instruction is not None
    how = "in its shell form" if found.start.form == "shell" else "a shell with its code"
    options = cmd.form == "exec" and (cmd.words[0].startswith("-") or _is_bare(found.start))
    return Problem(
        cmd.instruction.span,
        f"`CMD` of {found.stage.label} has no effect: the `ENTRYPOINT` in front of it is {how}, which gets "
        f"{quote(cmd.text, 60)}, and whatever `docker run` is given, as arguments that it does not read. "
        f"{_way_out(change, found, cmd, options=options)}.",
        stage=found.stage.key,
        key=cmd.text,
        notes=(Note(found.instruction.span, "the ENTRYPOINT"),),
        severity=None if options else Severity.WARNING,
    )


def _is_bare(start: Start) -> bool:
    """Whether it names a script or a program without a word more, for which the words of CMD are meant."""
    return start.form == "shell" and is_plain(start.text) and len(start.text.split()) == 1


def _way_out(change: DockerfileChange, found: Written, cmd: Start, *, options: bool) -> str:
    """Say how the words reach the program; a whole command was most often left behind, and nobody misses it."""
    start = found.start
    if start.form == "exec":
        hand_on = f'end the code with `"$@"`, and put a word behind it, which becomes `$0`: {HANDS_ON}'
    elif is_plain(start.text):
        hand_on = f"write `ENTRYPOINT` as an array: {quote(json_array(start.text.split()))}{_first_line(change, found)}"
    else:
        hand_on = f"hand them on: {HANDS_ON}"
    program = posixpath.basename((start.text.split() or [""])[0])
    if options and cmd.words and posixpath.basename(cmd.words[0]) == program:
        hand_on += f", and leave {quote(cmd.words[0])} out of `CMD`"
    if options:
        return capitalized(hand_on)
    return f"Take it out; only where its words are meant for the program in `ENTRYPOINT`, {hand_on}"


def _first_line(change: DockerfileChange, found: Written) -> str:
    """Say what a script lacks that only a shell starts: the kernel wants to know what reads it (execve(2))."""
    target, direct = start_target(found)
    script = start_script(change, found, through_stages=True)
    if not direct or target is None:
        return ""
    writers = [write.command for run in found.stage.all_runs for write in written_by(run) if write.path == target]
    texts = [script.text[:2]] if script is not None else [str(command) for command in writers]
    shown = all(command.name in _PRINTING for command in writers)
    if not texts or not shown or any("#!" in text for text in texts):
        return ""
    return f", and begin {quote(target)} with `#!/bin/sh`, since no shell starts it then"


def _first_word_alone(found: Written, cmd: Start) -> Problem:
    assert cmd.instruction is not None
    words = cmd.words if cmd.form == "exec" else ("/bin/sh", "-c", cmd.text)
    dropped = quote(" ".join(words[1:]), 60)
    return Problem(
        cmd.instruction.span,
        f"`ENTRYPOINT` of {found.stage.label}, {quote(found.start.text)}, takes one string for its code, and that is "
        f"{quote(words[0])}, the first word of `CMD`. The rest, {dropped}, becomes `$0` and arguments that the code "
        f"does not read: the container runs {quote(words[0])} alone. Put the whole command into one pair of quotes.",
        stage=found.stage.key,
        key=cmd.text,
        notes=(Note(found.instruction.span, "the ENTRYPOINT"),),
        fix=_in_one_string(cmd),
    )


def _in_one_string(cmd: Start) -> Fix | None:
    """The command as one string, where no word of it means anything else to a shell."""
    instruction, line = cmd.instruction, cmd.text
    quoted = cmd.form == "exec" and any(" " in word for word in cmd.words)
    if instruction is None or not is_plain(line) or "\n" in instruction.text or quoted:
        return None
    edit = replace(instruction.source, instruction.value_span, json_array([line]))
    return fix("Hand the shell the whole command", edit)
