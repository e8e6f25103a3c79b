"""See python_code_refused.md."""

import ast
import re
import warnings
from collections.abc import Iterator

from rules.api import (
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
    surely_stops,
)
from rules.copying.python.packages import python_version
from rules.facts.languages import release_line

_PYTHON = re.compile(r"(?:python|pypy)(?P<version>\d*(?:\.\d+)*)")
_DEDENTS = (3, 14)
"""The first Python that takes the common indent of what `-c` gives away ("What's New In Python 3.14")."""
_MAY_DEDENT = re.compile(r"(?<![\d.])3\.1[4-9](?!\d)")
"""What a file says that may bring such a Python by another way than its base image."""
_LEADING = re.compile(r"[\"'](?:[ \t]|\\[ \t]*\r?\n)+")
"""The blanks and joined lines behind an opening quote."""
_BLOCK = re.compile(r"(?:async|class|def|for|if|try|while|with)\b")
"""Statements that take a block, which cannot stand behind a semicolon (the grammar's `simple_stmts`)."""
_MOST = 20_000
"""Characters of code that are looked at."""


@rule(
    "python-code-refused",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("python", "pypy"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN hands Python code that the joined lines leave indented, or on one line where a block needs its own."""
    for stage in change.stages:
        for run in () if stage.runtime.is_windows else stage.runs:
            for command in run.commands:
                code = _code(command)
                if code is not None and not command.conditional and not run.deferred:
                    yield from _check(stage, run, command, code)


def _code(command: Command) -> ShellWord | None:
    """Return what a call gives Python behind `-c`, where it is written out."""
    args = command.args
    if _PYTHON.fullmatch(command.name) is None:
        return None
    at = next((index for index, word in enumerate(args) if word.value[:1] != "-" or word.value == "-c"), len(args))
    code = args[at + 1] if at + 1 < len(args) and args[at].value == "-c" else None
    return code if code is not None and code.literal and len(code.value) <= _MOST else None


def _check(stage: Stage, run: Run, command: Command, code: ShellWord) -> Iterator[Problem]:
    block = _block_behind_semicolon(code.value)
    if block:
        yield _problem(
            run,
            command,
            stage,
            f"{quote(block)} begins a block, which cannot stand behind a semicolon. {_stops(run, command)} with "
            "“SyntaxError: invalid syntax”. Give each statement a line of its own: in a script that is copied, or in "
            "a here-document (`RUN python3 <<EOF`).",
            key="block",
        )
    elif _is_indented(code.value) and not _dedents(stage, run, command):
        yield _problem(
            run,
            command,
            stage,
            "the joined lines leave blanks in front of its first statement, and that is an indent. "
            f"{_stops(run, command)} with “IndentationError: unexpected indent”. Begin the code behind the quote.",
            key="indent",
            repair=_unindent(run, code),
            doubt="a Python from 3.14 on, which takes that indent away, may come from elsewhere",
        )


def _problem(
    run: Run, command: Command, stage: Stage, why: str, *, key: str, repair: Fix | None = None, doubt: str = ""
) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} hands {quote(f'{command.name} -c')} code that Python refuses: {why}",
        Confidence.LIKELY if doubt else Confidence.CERTAIN,
        doubt=doubt,
        instruction=run.instruction,
        stage=stage.key,
        key=key,
        fix=repair,
    )


def _stops(run: Run, command: Command) -> str:
    return "The build stops here" if surely_stops(run, command) else "The command fails"


def _is_indented(code: str) -> bool:
    """Whether the first line that holds code begins with a blank, and what follows it would be read."""
    lines = [line for line in code.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and lines[0][:1] in " \t"


def _dedents(stage: Stage, run: Run, command: Command) -> bool:
    """Whether the Python that is called may be one that takes the indent away, or is not known."""
    called = _PYTHON.fullmatch(command.name)
    line = release_line(called["version"] if called is not None else None) or release_line(python_version(stage))
    return line is None or line >= _DEDENTS or _MAY_DEDENT.search(run.instruction.source.text) is not None


def _block_behind_semicolon(code: str) -> str:
    """Return the keyword that stands behind a semicolon, where Python stops at it; empty where it does not."""
    fault = _fault(code.strip())
    if fault is None or fault.lineno is None or fault.offset is None:
        return ""
    line = code.strip().splitlines()[fault.lineno - 1]
    found = _BLOCK.match(line, fault.offset - 1)
    return found[0] if found is not None and line[: fault.offset - 1].rstrip().endswith(";") else ""


def _fault(code: str) -> SyntaxError | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python thinks of an escape is not asked
        try:
            ast.parse(code)
        except SyntaxError as error:
            return error
        except (ValueError, MemoryError, RecursionError):
            return None  # not to be read here, which says nothing of Python there
    return None


def _unindent(run: Run, code: ShellWord) -> Fix | None:
    """Begin the code behind its quote, where nothing is left to refuse then."""
    leading = _LEADING.match(code.text)
    if leading is None or leading.end() == 1 or "\n" in code.value or _fault(code.value.strip()) is not None:
        return None
    source = run.instruction.source
    if source.text[code.start : code.end] != code.text or code.text[leading.end() : leading.end() + 1] in "#\\\n":
        return None
    return fix("Begin behind the quote", replace(source, source.span(code.start + 1, code.start + leading.end()), ""))
