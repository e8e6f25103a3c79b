"""See run_missing_operator.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Run,
    Severity,
    ShellWord,
    quote,
    rule,
)

_COMMANDS = frozenset(
    "apk apt apt-get bundle cargo cd chgrp chmod chown composer cp curl dnf dotnet gem git go gradle groupadd "
    "addgroup adduser ln make mkdir mv mvn npm npx pip pip3 pnpm poetry python3 rm sed su tar touch unzip useradd "
    "usermod wget yarn yum rm".split()
)
_TAKES_A_COMMAND = frozenset(
    "apk apt apt-get bash brew conda chroot dnf echo env exec find gem man microdnf nohup npx parallel printf sh "
    "sudo timeout watch xargs yum zypper which command type time install".split()
)


@rule(
    "run-missing-operator",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("\\\n", "\\\r\n", "\\ "),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A command begins on a new line of a RUN without an operator before it, so it is an argument of the one above."""
    for stage in change.stages:
        for run in stage.runs:
            instruction = run.instruction
            if instruction.line == instruction.end_line or instruction.heredocs or instruction.exec_form is not None:
                continue
            for command in run.commands:
                word = _swallowed(run, command)
                if word is not None:
                    yield _problem(run, command, word, stage.key)


def _swallowed(run: Run, command: Command) -> ShellWord | None:
    """Return an argument that begins its line, is a command's name, and has options or operands of its own."""
    if command.name in _TAKES_A_COMMAND or not command.name or command.nested:
        return None
    source = run.instruction.source
    for index, word in enumerate(command.args[:-1]):
        start = source.line_starts[word.span.line - 1]
        if word.value not in _COMMANDS or source.text[start : word.span.start].strip():
            continue
        previous = command.args[index - 1] if index else command.program
        if previous is not None and previous.span.end_line < word.span.line and _continues_as_command(command, index):
            return word
    return None


def _continues_as_command(command: Command, index: int) -> bool:
    """Whether what follows looks like a command line: an option, a subcommand or a path on the same line."""
    word, following = command.args[index], command.args[index + 1]
    if following.span.line != word.span.line:
        return False
    if any(later.value.startswith("-") and later.span.line == word.span.line for later in command.args[index + 1 :]):
        return True
    return following.value.startswith(("-", "/", "http", "install", "update", "add", "clone", "run", "ci", "build"))


def _problem(run: Run, command: Command, word: ShellWord, stage: str) -> Problem:
    source = run.instruction.source
    previous = max((a for a in command.words if a.span.end <= word.span.start), key=lambda a: a.span.end)
    edit = Edit(source.span(previous.span.end, previous.span.end), " &&")
    return Problem(
        source.span(word.span.start, word.span.end),
        f"{quote(word.value)} on line {word.span.line} is not run: nothing joins it to the line above, so it becomes "
        f"an argument of {quote(command.name)}. An `&&` is missing at the end of line {previous.span.end_line}.",
        Confidence.LIKELY,
        instruction=run.instruction,
        stage=stage,
        key=word.value,
        fix=Fix("Join the commands with &&", (edit,)),
    )
