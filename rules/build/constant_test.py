"""See constant_test.md."""

import re
from collections.abc import Iterator, Sequence

from rules.api import (
    PLATFORM_ARGS,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    ShellWord,
    Stage,
    fix,
    quote,
    replace,
    rule,
)
from rules.build.comparisons import TESTS, decides, single_tests
from rules.model.shell_scope import scope_at

_NAME = re.compile(r"([\"']?)([A-Za-z_]\w*)\1")
_EQUAL = frozenset({"=", "==", "!="})
_NUMBERS = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge"})
_EMPTY = frozenset({"-n", "-z"})
_BINARY = 3
"""Words of a comparison: two sides and the operator."""


@rule(
    "constant-test",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("[", "test"),
    aliases=("SC2050", "SC2074", "SC2078"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A test ends the same whatever its variable holds: a `$` is missing, or `[` does not know the operator."""
    for stage in change.stages:
        for run in stage.runs if not stage.runtime.is_windows else ():
            for command in run.calls(*TESTS):
                if decides(command):
                    yield from _in_command(stage, run, command)


def _in_command(stage: Stage, run: Run, command: Command) -> Iterator[Problem]:
    for words in single_tests(command):
        if command.name != "[[" and len(words) == _BINARY and words[1].text == "=~":
            yield _of_pattern(stage, run, command, words[1])
            continue
        for word in _compared(command, words):
            name = _NAME.fullmatch(word.text)
            if name is not None and _is_variable(run, command, name[2]):
                yield _of_name(stage, run, command, words, word, name[2])
                break


def _compared(command: Command, words: Sequence[ShellWord]) -> Sequence[ShellWord]:
    """Return the words of a test that stand for values, if none of them can change."""
    texts = [word.text for word in words]
    operators = _EQUAL if command.name == "[[" else _EQUAL | _NUMBERS  # `[[ N -eq 1 ]]` takes the value of `N` itself
    if len(words) == 1 or (len(words) == _BINARY - 1 and texts[0] in _EMPTY):
        values = words[-1:]
    elif len(words) == _BINARY and texts[1] in operators:
        values = [words[0], words[2]]
    else:
        return ()
    return () if any(mark in word.text for word in values for mark in "$`*?") else values


def _is_variable(run: Run, command: Command, name: str) -> bool:
    """Whether the file or the script sets a variable of this name: of any other word it may be just that word."""
    variable = scope_at(run, command).get(name)
    return name in PLATFORM_ARGS or (variable is not None and variable.kind in ("arg", "env"))


def _of_name(
    stage: Stage, run: Run, command: Command, words: Sequence[ShellWord], word: ShellWord, name: str
) -> Problem:
    if len(words) == _BINARY and words[1].text in _NUMBERS:
        outcome = "a word that is no number ends it with an error, which counts as false"
    elif len(words) == _BINARY:
        outcome = f"its outcome is the same whatever the value of {quote(name)} is"
    else:
        outcome = f"a word is never empty, so this is {'never' if words[0].text == '-z' else 'always'} true"
    written = f'"${name}"'
    return Problem(
        word.span,
        f"{quote(TESTS[command.name])} tests the word {quote(name)}, not the variable: {outcome}. "
        f"Write {quote(written)}.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        key=word.text,
        fix=_with_dollar(run, command, word, written),
    )


def _with_dollar(run: Run, command: Command, word: ShellWord, text: str) -> Fix | None:
    """Read the variable, where it is set, and no quotes around the script would be ended by those of the text."""
    plain = not command.nested and run.script.shell is None and word.source.cut(word.span) == word.text
    is_set = scope_at(run, command).get(text.strip('"$')) is not None
    return fix("Read the variable", replace(word.source, word.span, text) if plain and is_set else None)


def _of_pattern(stage: Stage, run: Run, command: Command, operator: ShellWord) -> Problem:
    shell = run.script.shell
    bash = (shell.name if shell is not None else (run.shell.value or ("",))[0]).endswith("bash")
    way_out = "Write `[[ … =~ … ]]`, which bash knows" if bash else "Use `case`, or pipe the value into `grep -Eq`"
    return Problem(
        operator.span,
        f"{quote(TESTS[command.name])} knows no `=~`: it ends with an error, which counts as false, whatever is "
        f"compared. {way_out}.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        key="=~",
    )
