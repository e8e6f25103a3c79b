"""See comparison_without_spaces.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Instruction,
    Problem,
    Severity,
    ShellWord,
    Stage,
    fix,
    quote,
    replace,
    rule,
    script_of,
)
from rules.build.comparisons import TESTS, decides, single_tests
from rules.dockerfile.shell.skip import closing_end

_OPERATOR = re.compile(r"(?<![=!<>~])(!=|==?)(?![=~])")
_PLAIN = re.compile(r"\$\w+|\$\{\w+\}|[\w.-]+|\"[^\"`\\]*\"|'[^']*'")
_BARE = re.compile(r"\$\w+|\$\{\w+\}")


@rule(
    "comparison-without-spaces",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN", "HEALTHCHECK", "CMD", "ENTRYPOINT"),
    mentions=("[", "test"),
    aliases=("SC2077",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A test has no spaces around `=` or `!=`, so that it is one word, which is always true."""
    for stage in change.stages:
        for instruction in stage.instructions:
            script = script_of(instruction) if "=" in instruction.whole_value else None
            for command in script.named(*TESTS) if script is not None else ():
                for word, operator in _single(command) if decides(command) else ():
                    quoted = command.nested or script is None or script.shell is not None
                    yield _problem(stage, instruction, command, word, operator, quoted=quoted)


def _single(command: Command) -> Iterator[tuple[ShellWord, re.Match[str]]]:
    """Yield the words that are all there is of a test and hold a comparison, each with its operator."""
    for group in single_tests(command):
        operator = _OPERATOR.search(_outer(group[0].text)) if len(group) == 1 else None
        if operator is not None and operator.start() > 0 and operator.end() < len(group[0].text):
            yield group[0], operator


def _outer(text: str) -> str:
    """Blot out what an expansion holds: the `=` of `${X:=y}` and of `$(f a=b)` compares nothing."""
    found, at = "", 0
    while at < len(text):
        opens = text.startswith(("${", "$(", "`"), at)
        end = closing_end(text, at) if opens else None
        if opens and end is None:
            return ""
        found += text[at] if end is None else "_" * (end - at)
        at = at + 1 if end is None else end
    return found


def _problem(
    stage: Stage, instruction: Instruction, command: Command, word: ShellWord, operator: re.Match[str], *, quoted: bool
) -> Problem:
    sign = "!=" if operator[0] == "!=" else "="
    spaced = f"{word.text[: operator.start()]} {sign} {word.text[operator.end() :]}"
    repair = _fix(word, operator, sign) if not quoted else None  # whose quotes would end its own
    written = quote(repair.edits[0].text if repair is not None else spaced)
    whole = word.text[0] in "\"'" and word.text.find(word.text[0], 1) == len(word.text) - 1
    return Problem(
        word.span,
        f"{quote(TESTS[command.name])} gets one word here, {quote(word.text)}, and one word that is not empty is "
        f"true: this never compares, whatever the values are. "
        f"{'Put each side into quotes of its own, with' if whole else 'Put'} spaces around `{sign}`"
        f"{'' if whole else f': {written}'}.",
        Confidence.CERTAIN,
        instruction=instruction,
        stage=stage.key,
        key=word.text,
        fix=repair,
    )


def _fix(word: ShellWord, operator: re.Match[str], sign: str) -> Fix | None:
    """Set the sides apart, a variable in quotes: it may be empty, and would be no word at all."""
    sides = word.text[: operator.start()], word.text[operator.end() :]
    if not all(map(_PLAIN.fullmatch, sides)):
        return None
    left, right = (f'"{side}"' if _BARE.fullmatch(side) else side for side in sides)
    return fix("Put spaces around it", _edit(word, f"{left} {sign} {right}"))


def _edit(word: ShellWord, text: str) -> Edit | None:
    return replace(word.source, word.span, text) if word.source.cut(word.span) == word.text else None
