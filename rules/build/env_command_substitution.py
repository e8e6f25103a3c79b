"""See env_command_substitution.md."""

import re
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Instruction, Problem, Severity, Word, quote, rule

_COMMAND = re.compile(r"\$\([^()]*\)|`[^`]*`")
_WHOLE = re.compile(rf'"?(?:{_COMMAND.pattern})"?')
"""A value that is nothing but a command: a label may hold a command line for people to copy."""

_OF_MAKE = re.compile(r"\$\(([A-Z_][A-Z0-9_]*)\)")
"""A variable as make writes it; no command has such a name."""
_HELD = re.compile(r"(?:CMD|COMMAND|SCRIPT|HOOK)S?\Z")
"""How a variable's name ends that holds a command line for later: who starts it has its substitutions made."""

_OF_PATHS = ("ADD", "COPY", "USER", "VOLUME", "WORKDIR")


@rule(
    "env-command-substitution",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENV", "ARG", "LABEL", *_OF_PATHS),
    mentions=("$(", "`"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An instruction other than RUN holds a command, which nothing executes."""
    for argument in change.after.global_args:
        yield from _judge(argument, "")
    for stage in change.stages:
        for step in stage.steps:
            if step.instruction.keyword in ("ENV", "ARG", "LABEL"):
                yield from _judge(step.instruction, stage.key)
            elif step.instruction.keyword in _OF_PATHS:
                yield from _judge_text(step.instruction, stage.key)


def _judge(instruction: Instruction, stage: str) -> Iterator[Problem]:
    torn = _torn(instruction)
    for name, value in instruction.pairs:
        prompt = name.text.startswith("PS") or "PROMPT" in name.text
        if value is None or prompt:
            continue
        holds = instruction.keyword == "LABEL" or _HELD.search(name.text.upper()) is not None
        if holds and value is not torn and not _WHOLE.fullmatch(value.text):
            continue
        if is_command(value.text, instruction.escape) or value is torn:
            why = _variable_of_make(value.text) or (
                f", not the command's output: `{instruction.keyword}` executes nothing. Run the command in a `RUN`, or "
                "pass its result as a build argument."
            )
            yield Problem(
                value.span,
                f"{quote(name.text)} gets the text {quote(value.text)}{why}",
                instruction=instruction,
                stage=stage,
                key=name.text,
            )


def _judge_text(instruction: Instruction, stage: str) -> Iterator[Problem]:
    """Speak of a command among the names of files, folders or accounts."""
    found = _COMMAND.search(instruction.value) if is_command(instruction.value, instruction.escape) else None
    if found is not None:
        why = _variable_of_make(found[0]) or (
            ", not the command's output: it executes nothing. Write out what is meant, or pass it as a build argument."
        )
        yield Problem(
            instruction.value_span,
            f"`{instruction.keyword}` gets the text {quote(found[0])}{why}",
            instruction=instruction,
            stage=stage,
            key=found[0],
        )


def _variable_of_make(text: str) -> str | None:
    """Say of a text without a command but with `$(NAME)` that it is meant for a variable."""
    commands = _COMMAND.findall(text)
    named = _OF_MAKE.fullmatch(commands[0]) if commands and all(map(_OF_MAKE.fullmatch, commands)) else None
    if named is None:
        return None
    return (
        f" as it is: a variable has braces here, and round brackets only in make and the like. Write `${{{named[1]}}}`."
    )


def _torn(instruction: Instruction) -> Word | None:
    """Return the value of an ARG whose command holds blanks: each word behind the first is an argument's name."""
    if instruction.keyword != "ARG":
        return None
    backticks = instruction.escape != "`" and instruction.value.count("`") == 2  # noqa: PLR2004 - a pair
    values = [value for _, value in instruction.pairs if value is not None]
    opened = (v for v in values if "$(" in v.text and ")" not in v.text and ")" in instruction.value)
    return next((v for v in values if backticks and v.text.count("`") == 1), next(opened, None))


def is_command(text: str, escape: str) -> bool:
    """Whether a value holds `$(…)` or backticks where a shell would run them: not in single quotes, not escaped."""
    if text.startswith("'") or f"{escape}$(" in text or f"{escape}`" in text:
        return False
    if "$((" in text or "&&" in text or ";" in text:
        return False  # arithmetic, or a script that something evaluates later
    return ("$(" in text and ")" in text) or (escape != "`" and text.count("`") >= 2)  # noqa: PLR2004 - a pair
