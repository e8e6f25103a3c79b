"""See malformed_exec_form.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    Stage,
    Step,
    blank_of,
    fix,
    is_script,
    quote,
    replace,
    rule,
)
from rules.dockerfile.arguments import HAS_JSON_FORM
from rules.runtime.starts.instructions import awaits_code, behind_init
from rules.runtime.starts.json_arrays import (
    NOT_CLOSED,
    OPEN_QUOTE,
    TEXT_BEHIND,
    TEXT_BEHIND_ARRAY,
    Attempt,
    attempt,
    letters,
)
from rules.runtime.starts.text import is_plain, json_array

_RUNNING = ("CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN")
_WORDS = {
    "ADD": "takes the pieces, brackets included, for file names",
    "COPY": "takes the pieces, brackets included, for file names",
    "VOLUME": "makes volumes whose names hold the brackets and quotes",
}
"""What becomes of the text as it stands where no shell gets it (BuildKit's parser, `parseMaybeJSONToList`)."""
_THEN = {
    **{keyword: f"The builder {then}" for keyword, then in _WORDS.items()},
    "SHELL": "The build stops here: `SHELL` knows only the JSON form",
    "HEALTHCHECK": "It goes to `/bin/sh -c` as it stands, the shell looks for a program `[`, and the probe "
    "never succeeds",
}
_FAILS_ANYWAY = re.compile(r"\|\|\s*exit\s+1\s*\Z")
"""What a probe needs in neither form: that of a program which failed is a failure, whatever its number."""
_LIST = re.compile(r'"[^"\\$`]+"(?:\s*,\s*"[^"\\$`]*")+\s*\]?\Z')
_SHELL_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')
_STRING = re.compile(r'"[^"]*"')
_WRONG_QUOTES = (
    "its strings have single quotes",
    "its quotes are typographic ones",
    "not every word has double quotes",
)
_DEFAULT = "It goes to `/bin/sh -c` as it stands, and the shell looks for a program whose name begins with `[`"


@rule(
    "malformed-exec-form",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=tuple(sorted(HAS_JSON_FORM)),
    mentions=("[", '",'),
    aliases=("S7030",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What looks like the JSON form is no JSON, so it is taken for something else."""
    seen: set[int] = set()
    for stage in change.stages:
        for step in stage.steps:
            instruction = step.instruction
            if instruction.keyword not in HAS_JSON_FORM or id(instruction) in seen:
                continue
            seen.add(id(instruction))
            if "[" in instruction.value:
                yield from _problem(change, stage, step)
            elif '",' in instruction.value and instruction.keyword in ("CMD", "ENTRYPOINT"):
                yield from _without_bracket(stage, instruction)


def _problem(change: DockerfileChange, stage: Stage, step: Step) -> Iterator[Problem]:
    instruction = step.instruction
    powershell = "powershell" in _shell(step) or "pwsh" in _shell(step)
    found = attempt(instruction, powershell=powershell, was_array=_was_array(change, stage, instruction))
    if found is None or blank_of(instruction) is not None or _is_refused(change, instruction, found):
        return
    if found.fault == TEXT_BEHIND_ARRAY:
        yield _text_behind(stage, instruction, found)
        return
    yield Problem(
        instruction.span,
        f"`{instruction.keyword}` of {stage.label} looks like the JSON form but {found.fault}, so it is none: "
        f"{quote(instruction.value, 80)}. {_then(stage, instruction, found)}. "
        f"{_way_out(stage, instruction, found)}.",
        stage=stage.key,
        fix=_fix(stage, instruction, found),
    )


def _was_array(change: DockerfileChange, stage: Stage, instruction: Instruction) -> bool:
    """Whether the same words stood in an array before the change: `[postgres"]` is no test of the shell's then."""
    was = change.was(stage)
    olds = (one for one in was.instructions if one.keyword == instruction.keyword) if was is not None else ()
    return instruction.exec_form is None and any(
        one.exec_form and letters(one.value) == letters(instruction.value) for one in olds
    )


def _then(stage: Stage, instruction: Instruction, found: Attempt) -> str:
    if found.fault == OPEN_QUOTE and instruction.keyword in _RUNNING:
        return "It goes to `/bin/sh -c` as it stands, for which an open quote is a syntax error"
    if _awaits_code(stage, instruction):
        return "`/bin/sh`, `-c` and the line as it stands become arguments of `ENTRYPOINT`, which runs the first alone"
    taker = _takes_arguments(stage, instruction)
    if taker:
        return f"`/bin/sh`, `-c` and the line as it stands go to {quote(taker)} of `ENTRYPOINT` as arguments"
    return _THEN.get(instruction.keyword, _DEFAULT)


def _takes_arguments(stage: Stage, instruction: Instruction) -> str:
    """Return the program of the file's ENTRYPOINT that gets a CMD as arguments; empty where it runs them."""
    entrypoint = stage.image.entrypoint
    start = entrypoint.value if instruction.keyword == "CMD" and entrypoint.set_in_file else None
    words = behind_init(start.words) if start is not None and start.form == "exec" else ()
    return posixpath.basename(words[0]) if words and not is_script(words[0]) else ""


def _repeats(stage: Stage, instruction: Instruction, found: Attempt) -> str:
    """Return the program that a CMD names and ENTRYPOINT starts already; empty where there is none."""
    taker = _takes_arguments(stage, instruction)
    named = found.items[0].split()[:1] if found.items else []
    return taker if named and posixpath.basename(named[0]) == taker else ""


def _is_refused(change: DockerfileChange, instruction: Instruction, found: Attempt) -> bool:
    """Whether the build stops here, which `invalid-syntax` says; an array that only lacks its quotes is put right.

    Of an array that goes on below it says that the backslash is missing at the end of the line.
    """
    if instruction.keyword == "SHELL" and found.fault in _WRONG_QUOTES:
        return False
    span = instruction.value_span
    faults = (fault for fault in change.after.dockerfile.faults if fault.rule == "invalid-syntax")
    below = instruction.end_line + 1 if found.fault == NOT_CLOSED else None
    return any(span.start <= fault.span.start < span.end or fault.span.line == below for fault in faults)


def _text_behind(stage: Stage, instruction: Instruction, found: Attempt) -> Problem:
    shell = "runs the whole line through a shell, which takes no array"
    then = "stops" if instruction.keyword == "SHELL" else _WORDS.get(instruction.keyword, shell)
    way_out = "Put everything into the array"
    if found.rest.startswith("#"):
        way_out = "A comment needs a line of its own: write it above"
    elif instruction.keyword != "SHELL":
        way_out += ", or take the brackets away"
    return Problem(
        instruction.span,
        f"`{instruction.keyword}` of {stage.label} has {quote(found.rest)} behind its JSON array. BuildKit drops it "
        f"or, since 2024, {then}. {way_out}.",
        Confidence.LIKELY,
        doubt="which of the two happens depends on the builder's version",
        stage=stage.key,
    )


def _without_bracket(stage: Stage, instruction: Instruction) -> Iterator[Problem]:
    """`"node", "server.js"`, with or without the closing bracket."""
    value = instruction.value
    if not _LIST.match(value):
        return
    array = json_array(item[1:-1] for item in _STRING.findall(value))
    first = _SHELL_WORD.match(value)
    program = quote(first[0].replace('"', "") if first is not None else value)
    yield Problem(
        instruction.span,
        f"`{instruction.keyword}` of {stage.label} looks like the JSON form but it has no opening bracket, so it is "
        f"none: {quote(value, 80)}. It goes to `/bin/sh -c` as it stands, and the shell looks for a program {program}. "
        f"Write {quote(array)}.",
        stage=stage.key,
        fix=fix("Write it as JSON", replace(instruction.source, instruction.value_span, array))
        if "\n" not in instruction.text
        else None,
    )


def _shell(step: Step) -> str:
    return " ".join(step.shell.value or ()).lower()


def _words(stage: Stage, instruction: Instruction, found: Attempt) -> tuple[str, ...]:
    """Return the strings that were meant; a whole command line in one string is the words of it."""
    line = found.items[0] if len(found.items) == 1 else ""
    apart = instruction.keyword in _RUNNING and is_plain(line) and not _awaits_code(stage, instruction)
    return tuple(line.split()) if apart else found.items


def _awaits_code(stage: Stage, instruction: Instruction) -> bool:
    """Whether a shell in front of a CMD takes its first word for the whole code."""
    entrypoint = stage.image.entrypoint.value
    return instruction.keyword == "CMD" and entrypoint is not None and awaits_code(entrypoint.words)


def _way_out(stage: Stage, instruction: Instruction, found: Attempt) -> str:
    if found.fault == TEXT_BEHIND:
        alone = instruction.keyword not in _RUNNING or _is_idle(instruction, found.rest)
        return f"Take {quote(found.rest)} away{'' if alone else ', or the brackets with the quotes and commas'}"
    if _are_lines(instruction, found):
        return "Take the brackets away and join the commands with `&&`"
    taker = _repeats(stage, instruction, found)
    if taker:
        rest = _words(stage, instruction, found)[1:]
        instead = f"write {quote(json_array(rest))}" if rest else "take the line out"
        return f"`ENTRYPOINT` names {quote(taker)} already: {instead}"
    return (
        f"Write {quote(json_array(_words(stage, instruction, found)))}"
        if found.items and not found.rest
        else "Quote every word with double quotes"
    )


def _is_idle(instruction: Instruction, rest: str) -> bool:
    """Whether what stands behind the array does nothing that the array alone would not."""
    return rest == ";" or (instruction.keyword == "HEALTHCHECK" and _FAILS_ANYWAY.match(rest) is not None)


def _are_lines(instruction: Instruction, found: Attempt) -> bool:
    """Whether a string is a command line of its own, so that the array would name a program with blanks in it."""
    first = found.items[0] if found.items else ""
    return instruction.keyword in _RUNNING and len(found.items) > 1 and " " in first.strip()


def _fix(stage: Stage, instruction: Instruction, found: Attempt) -> Fix | None:
    if "\n" in instruction.text or not found.items or _are_lines(instruction, found):
        return None
    if _repeats(stage, instruction, found):
        return None
    if found.rest and not (found.fault == TEXT_BEHIND and _is_idle(instruction, found.rest)):
        return None
    span = instruction.value_span
    source = instruction.source
    start = span.start + found.start
    if source.text[span.start : span.end] != instruction.value:
        return None
    array = json_array(_words(stage, instruction, found))
    return fix("Write it as JSON", replace(source, source.span(start, span.end), array))
