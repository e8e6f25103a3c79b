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
from rules.dockerfile.shell.skip import closing_end

_TESTS = {"[": "[ … ]", "[[": "[[ … ]]", "test": "test"}
_OPERATOR = re.compile(r"(?<![=!<>~])(!=|==?)(?![=~])")
_BETWEEN = frozenset({"-a", "-o", "&&", "||", "(", ")", "!", "\\(", "\\)"})
"""What parts one test in a command from the next."""
_PLAIN = re.compile(r"\$\w+|\$\{\w+\}|[\w.-]+|\"[^\"`\\]*\"|'[^']*'")
_BARE = re.compile(r"\$\w+|\$\{\w+\}")
_CONDITION = re.compile(r"(?:^|[\s;&|({'\"])(?:if|elif|while|until|!)\s+$")


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
            for command in script.named(*_TESTS) if script is not None else ():
                for word, operator in _single(command) if _decides(command) else ():
                    quoted = command.nested or script is None or script.shell is not None
                    yield _problem(stage, instruction, command, word, operator, quoted=quoted)


def _single(command: Command) -> Iterator[tuple[ShellWord, re.Match[str]]]:
    """Yield the words that are all there is of a test and hold a comparison, each with its operator."""
    groups: list[list[ShellWord]] = [[]]
    words = command.args[:-1] if command.name != "test" else command.args
    for word in words:
        if word.text in _BETWEEN:
            groups.append([])
        else:
            groups[-1].append(word)
    for group in groups:
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


def _decides(command: Command) -> bool:
    """Whether something hangs on how a test ends: what comes behind it, a branch, a loop, or the step itself."""
    before = command.source.text[max(0, command.start - 20) : command.start]
    return command.after not in (";", "\n", "&") or command.errexit or _CONDITION.search(before) is not None


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
        f"{quote(_TESTS[command.name])} gets one word here, {quote(word.text)}, and one word that is not empty is "
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
