"""See run_missing_operator.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Model,
    Problem,
    Run,
    Severity,
    ShellWord,
    insert,
    insert_after,
    once,
    quote,
    rule,
)
from rules.build.failures.joined_commands import TAKES_A_COMMAND, joined
from rules.build.shells.refused_scripts import refused
from rules.build.shells.torn_runs import is_torn
from rules.dockerfile.shell.nested import EXEC_ACTIONS
from rules.model.refusals import is_refused

_COMMANDS = frozenset(
    "apk apt apt-get bundle cargo cd chgrp chmod chown composer cp curl dnf dotnet gem git go gradle groupadd addgroup "
    "adduser ln make mkdir mv mvn npm npx pip pip3 pnpm poetry python3 rm sed su tar touch unzip useradd usermod wget "
    "yarn yum".split()
)
_MANAGERS = frozenset("apk apt apt-get dnf gem microdnf yum zypper".split())
_NO_PACKAGES = _MANAGERS | frozenset(
    "addgroup cd chgrp chmod chown cp groupadd ln mkdir mv rm touch useradd usermod".split()
)
"""Commands that no package is called, as many are `git` or `tar`."""
_REPOSITORY = re.compile(r"--repository\b|-X")
"""Options of apk with an address, for the packages in front of them."""
_PACKAGES = {
    "gem": frozenset({"bundle"}),
    "npm": frozenset({"npm", "npx", "pnpm", "yarn"}),
    "pip": frozenset({"pip", "poetry"}),
    "pip3": frozenset({"pip", "poetry"}),
}
"""Commands that packages of a language's manager are called."""
_INSTALLS = frozenset({"add", "i", "install"})

_TAKES_NO_COMMAND = (_COMMANDS - frozenset({"npx", "su"})) | frozenset(
    "cat cmake configure export gpg groupmod install ldconfig locale-gen meson ninja openssl passwd rmdir set "
    "sleep sysctl update-ca-certificates userdel".split()
)
"""What runs none of its arguments; an unknown program may be there to run another: `retry 5`, `emmake`, `op run --`."""
_RUNS = frozenset("run exec dlx x do -- -m".split())
"""Words behind which these, too, take a command: `poetry run`, `npm exec --`, `python3 -m`."""

_TAKES_PATHS = frozenset("cp ln mkdir mv rm touch".split())
"""Commands whose arguments are files: a program that the file runs elsewhere, with a verb behind it, is none."""

_TAKES_NOTHING = frozenset({"update", "clean", "autoremove", "autoclean", "makecache", "refresh"})
_VERBS = (
    "install update add clone run ci config build upgrade dist-upgrade remove purge del clean autoremove autoclean "
    "makecache"
).split()
"""What may follow a command's name where no option and no path does."""

_BLANK_IS_MEANT = frozenset("awk cut echo egrep grep paste printf read sed sort tr xargs".split())


@rule(
    "run-missing-operator",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A command of a RUN is not joined to the one above by an operator, or the shell refuses the whole script."""
    for stage in change.stages:
        torn = joined(change, stage)
        for run in stage.runs:
            instruction = run.instruction
            if is_refused(run) and not run.deferred and not is_torn(change.after, instruction):
                yield from refused(run, stage.key)
            split_up = [one for one in run.commands if one.start in torn] if run.is_read else []
            yield from (_was_two(run, command, torn[command.start], stage.key) for command in split_up)
            if instruction.heredocs or instruction.exec_form is not None or not run.script.understood:
                continue
            split = "\\ " in instruction.text
            text = instruction.source.text
            for command in run.commands:
                if command.start not in torn and text.find("\n", command.start, command.end) >= 0:
                    yield from _not_joined(run, command, stage.key)
                if split:
                    yield from _lost_in_the_line(run, command, stage.key)
                if command.name == "find":
                    yield from _unfinished_find(run, command, stage.key)


def _swallowed(run: Run, command: Command) -> Iterator[ShellWord]:
    """Yield the arguments that begin their lines, are commands' names, and have options or operands of their own."""
    if not command.name or command.nested or (command.name in TAKES_A_COMMAND and command.name not in _MANAGERS):
        return
    source = run.instruction.source
    listing = command.name in _MANAGERS and command.subcommand not in _TAKES_NOTHING
    for index, word in enumerate(command.args[:-1]):
        known = word.value in _COMMANDS or _is_run_elsewhere(run, command, index)
        if not known or (listing and not _is_no_package(command, index)) or _may_run(command, index):
            continue
        if _is_package(command, index):
            continue
        start = source.line_starts[word.span.line - 1]
        previous = command.args[index - 1] if index else command.program
        if source.text[start : word.span.start].strip() or previous is None:
            continue
        if previous.span.end_line < word.span.line and _continues_as_command(command, index):
            yield word
            listing = listing or word.value in _MANAGERS
            if word.value in TAKES_A_COMMAND - _MANAGERS:
                return


def _may_run(command: Command, index: int) -> bool:
    """Whether a command may be there to run the one that a word behind it names; `cd` is run by none."""
    if command.args[index].value == "cd":
        return False
    return command.name not in _TAKES_NO_COMMAND or any(word.value in _RUNS for word in command.args[:index])


def _is_run_elsewhere(run: Run, command: Command, index: int) -> bool:
    """Whether a word behind a whole line of paths, with a verb behind it, is a program that the file runs elsewhere."""
    if command.name not in _TAKES_PATHS or command.program is None or index == 0:
        return False
    above, word, behind = command.args[index - 1 : index + 2]
    verb = behind.value in _VERBS and behind.span.line == word.span.line
    one_line = above.span.end_line == command.program.span.line
    return verb and one_line and word.value in _programs(run.stage.model)


@once
def _programs(model: Model) -> frozenset[str]:
    """The programs that the file's RUNs call with arguments, those of paths left out."""
    commands = (command for stage in model.stages for run in stage.runs for command in run.commands)
    return frozenset(command.name for command in commands if command.args and "/" not in command.name)


def _is_no_package(command: Command, index: int) -> bool:
    """Whether a word of an install is a command all the same: `rm -rf /x`, `pip install`, `curl -O https://…`."""
    word = command.args[index]
    following = [other.value for other in command.args[index + 1 :] if other.span.line == word.span.line]
    verb = bool(following) and following[0] in _VERBS
    address = any("://" in value for value in following) and not any(map(_REPOSITORY.match, following))
    return verb or word.value in _NO_PACKAGES or address


def _is_package(command: Command, index: int) -> bool:
    """Whether a word that a language's manager installs is a package of that name with options behind: `poetry -U`."""
    word = command.args[index]
    named = word.value in _PACKAGES.get(command.name, ()) and command.subcommand in _INSTALLS
    following = [other.value for other in command.args[index + 1 :] if other.span.line == word.span.line]
    return named and all(value.startswith("-") for value in following)


def _continues_as_command(command: Command, index: int) -> bool:
    """Whether what follows looks like a command line: an option, a subcommand or a path on the same line."""
    line = command.args[index].span.line
    following = [word.value for word in command.args[index + 1 :] if word.span.line == line]
    if any(value.startswith("-") for value in following):
        return True
    if command.args[index].value == "cd" and len(following) == 1:
        return True
    return bool(following) and (following[0].startswith(("/", "http")) or following[0] in _VERBS)


def _not_joined(run: Run, command: Command, stage: str) -> Iterator[Problem]:
    words = list(_swallowed(run, command))
    if not words:
        return
    source, word = run.instruction.source, words[0]
    ends = [max(a.span.end for a in command.words if a.span.end <= one.span.start) for one in words]
    yield Problem(
        source.span(word.span.start, word.span.end),
        f"{quote(word.value)} on line {word.span.line} is not run: nothing joins it to the line above, so it becomes "
        f"an argument of {quote(command.name)}. An `&&` is missing at the end of line {source.line_at(ends[0] - 1)}.",
        Confidence.LIKELY,
        doubt="the word may be meant as an argument",
        instruction=run.instruction,
        stage=stage,
        key=word.value,
        fix=Fix("Join the commands with &&", tuple(_operator_behind(run, end) for end in ends)),
    )


def _operator_behind(run: Run, end: int) -> Edit:
    """Write the operator behind a word, in front of a backslash that touches it."""
    source = run.instruction.source
    glued = source.text[end : end + 1] == run.instruction.escape
    return insert(source, end, " && " if glued else " &&")


def _was_two(run: Run, command: Command, place: int, stage: str) -> Problem:
    """Speak of a command that was two before the change."""
    source, last, word = run.instruction.source, command.words[place - 1], command.words[place]
    where = "the line above" if last.span.end_line < word.span.line else "what stands before it"
    return Problem(
        word.span,
        f"{quote(word.value)} on line {word.span.line} is not run: it was a command of its own before this change, and "
        f"nothing joins it to {where} now, so it becomes an argument of {quote(command.name)}. An `&&` is missing "
        f"behind {quote(last.text, 40)}.",
        instruction=run.instruction,
        stage=stage,
        key=word.value,
        fix=Fix("Join the commands with &&", (insert_after(source, last, " &&"),)),
    )


def _lost_in_the_line(run: Run, command: Command, stage: str) -> Iterator[Problem]:
    r"""Find a backslash in mid-line: `\` and blanks make an argument that is a blank."""
    for index, word in enumerate(command.args):
        if not word.text.startswith("\\ ") or command.name in _BLANK_IS_MEANT:
            continue
        if word.value.strip() in _COMMANDS and _continues_as_command(command, index):
            yield _lost_between(run, command, word, stage)
            return
        if not word.value.strip():
            yield Problem(
                word.span,
                f"the backslash in the middle of line {word.span.line} continues nothing: it makes a blank an "
                "argument of "
                f"{quote(command.name)}, which then asks for something of that name. Two lines were joined; delete it.",
                Confidence.LIKELY,
                doubt="the blank may be meant as an argument",
                instruction=run.instruction,
                stage=stage,
                fix=Fix("Delete the backslash", (Edit(word.span, ""),)),
            )
            return


def _lost_between(run: Run, command: Command, word: ShellWord, stage: str) -> Problem:
    r"""Speak of `apk update \ apk add curl`: two lines and two commands that became one."""
    name = word.value.strip()
    return Problem(
        word.span,
        f"{quote(name)} on line {word.span.line} is not run: the backslash in front of it continues nothing, so it "
        f"becomes an argument of {quote(command.name)}. Two lines were joined without an operator; put `&&` there.",
        Confidence.LIKELY,
        doubt="the word may be meant as an argument",
        instruction=run.instruction,
        stage=stage,
        key=name,
        fix=Fix("Join the commands with &&", (Edit(word.span, f"&& {word.text.removeprefix(chr(92)).strip()}"),)),
    )


def _unfinished_find(run: Run, command: Command, stage: str) -> Iterator[Problem]:
    r"""Find a `find -exec` without its `\;` or `+`."""
    values = [word.value for word in command.args]
    opened = next((i for i, value in enumerate(values) if value in EXEC_ACTIONS), None)
    if opened is None or any(value in (";", "+") for value in values[opened:]):
        return
    yield Problem(
        command.span,
        f"`find` stops with an error: its {quote(values[opened])} is not ended by `\\;` or `+`.",
        Confidence.LIKELY,
        doubt="a variable of the command may hold the rest",
        instruction=run.instruction,
        stage=stage,
        key=values[opened],
    )
