"""`RUN` in the JSON form, of which the builder expands nothing and which no shell reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, DockerfileChange, Fix, Problem, Run, Stage, fix, quote, replace
from rules.runtime.starts.instructions import reads_code
from rules.runtime.starts.literal_words import (
    BUILTINS,
    HAS_CD,
    JOINTS,
    TAKES_AS_IT_IS,
    VARIABLE,
    has_meaning_of_its_own,
    shell_word,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class RunArray(NamedTuple):
    """A RUN in the JSON form that starts no shell itself.

    Attributes:
        stage: The stage.
        run: The RUN.
        words: What the builder starts.
    """

    stage: Stage
    run: Run
    words: tuple[str, ...]

    @property
    def may_have_shell(self) -> bool:
        """Whether the same words may stand there without brackets."""
        return self.stage.runtime.has_shell is not False and "\n" not in self.run.instruction.text


def run_arrays(change: DockerfileChange) -> Iterator[RunArray]:
    """Yield the RUNs of a file that are written as arrays, those of Windows and those that name a shell left out."""
    for stage in change.stages:
        for run in stage.runs:
            words = tuple(word.text for word in run.instruction.exec_form or ())
            if words and not run.deferred and not stage.runtime.is_windows and not reads_code(words):
                yield RunArray(stage, run, words)


def unread(array: RunArray) -> Problem | None:
    """Say which builtin, variable or operator of an array nothing reads."""
    first, label = array.words[0], array.stage.label
    if first in BUILTINS and not (first == "cd" and array.stage.runtime.package_manager in HAS_CD):
        fact = f"`RUN` of {label} starts {quote(first)}, which is a word of the shell and not a program"
        then = "and the JSON form has no shell. The build stops here"
        way_out = "`WORKDIR` changes the folder." if first == "cd" else _WITHOUT_BRACKETS
        return _problem(array, first, f"{fact}, {then}. {way_out}", Confidence.CERTAIN)
    operator = next((word for word in array.words if word in JOINTS), None)
    if operator is not None:
        fact = f"`RUN` of {label} holds {quote(operator)} in its JSON form, where no shell reads it"
        then = f"{quote(first)} gets it, and everything behind it, as arguments"
        return _problem(array, operator, f"{fact}. {then}. {_WITHOUT_BRACKETS}", Confidence.LIKELY)
    name = next((match.group() for word in array.words if (match := VARIABLE.search(word))), None)
    if name is None or has_meaning_of_its_own(array.words):
        return None
    fact = f"`RUN` of {label} holds {quote(name)} in its JSON form, which neither the builder nor a shell expands"
    then = f"{quote(first)} gets the text {quote(name)} itself, not a value"
    known = TAKES_AS_IT_IS.fullmatch(first) or first == name or array.run.package_calls
    return _problem(
        array, name, f"{fact}. {then}. {_WITHOUT_BRACKETS}", Confidence.LIKELY if known else Confidence.POSSIBLE
    )


_WITHOUT_BRACKETS = "Take the brackets away: the shell form reads it."


def _problem(array: RunArray, key: str, message: str, confidence: Confidence) -> Problem:
    return Problem(
        array.run.instruction.span,
        message,
        confidence,
        doubt="the program may make something of it by itself",
        stage=array.stage.key,
        key=key,
        fix=_fix(array),
    )


def _fix(array: RunArray) -> Fix | None:
    if not array.may_have_shell or array.words[0] in BUILTINS or any("$(" in word for word in array.words):
        return None
    instruction = array.run.instruction
    line = " ".join(word if word in JOINTS else shell_word(word) for word in array.words)
    return fix("Let a shell read it", replace(instruction.source, instruction.value_span, line))
