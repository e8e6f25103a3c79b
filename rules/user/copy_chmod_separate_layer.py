"""See copy_chmod_separate_layer.md."""

import posixpath
from collections.abc import Iterator
from itertools import pairwise

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    add_flag,
    delete_instruction,
    quote,
    rule,
)
from rules.user.modes import Grant, grants, read_mode

_DEFAULT = 0o644
_WHO = {"u": 0o700, "g": 0o070, "o": 0o007, "a": 0o777, "": 0o777}
_WHAT = {"r": 0o444, "w": 0o222, "x": 0o111}
_UMASK = 0o022


@rule(
    "copy-chmod-separate-layer",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="info",
    keywords=("COPY", "ADD"),
    mentions=("chmod",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file is copied, and copied once more by the `chmod` in the next step."""
    seen: set[int] = set()
    for shipped in change.after.shipped:
        for stage in shipped.chain:
            if stage.index in seen:
                continue
            seen.add(stage.index)
            for copy, run in pairwise(stage.steps):
                if isinstance(copy, Copy) and isinstance(run, Run) and not copy.deferred:
                    yield from _check_pair(stage, copy, run)


def _check_pair(stage: Stage, copy: Copy, run: Run) -> Iterator[Problem]:
    command = _only_command(run)
    if command is None or command.name != "chmod" or stage.runtime.is_windows:
        return
    grant = next(grants(run), None) or _taken_away(run, command)
    if grant is None or grant.recursive or not grant.paths:
        return
    files = _files(copy)
    if files is None or _paths(copy, run, grant) != files or grant.mode.everyone_writes:
        return
    mode = _result(copy, grant)
    if mode is None:
        return
    keyword = copy.instruction.keyword
    one = len(grant.paths) == 1
    it, its, arrives = ("it", "its", "file arrives") if one else ("them", "their", "files arrive")
    yield Problem(
        copy.instruction.span,
        f"{stage.label} stores {_named(grant.paths)} twice: `{keyword}` writes {it}, and "
        f"{quote(str(command))} at line {run.instruction.line} copies {it} into another layer to change {its} "
        f"mode. {quote(f'{keyword} --chmod={mode}')} sets it as the {arrives}.",
        Confidence.CERTAIN,
        stage=stage.key,
        key=" ".join(grant.paths),
        fix=_fix(copy, run, mode),
    )


def _only_command(run: Run) -> Command | None:
    """Return what a RUN does when that is one command; `set -ex` and `true` change nothing in the image."""
    doing = [command for command in run.commands if command.name not in ("set", "true") or command.before == "||"]
    return doing[0] if len(doing) == 1 else None


def _paths(copy: Copy, run: Run, grant: Grant) -> set[str | None]:
    """Return what the `chmod` names; relative paths only where the COPY speaks of the same folder in the same way."""
    word = copy.destination_word
    same = word is not None and not word.text.startswith(("/", "$", '"')) and copy.workdir.value == run.workdir.value
    return {run.resolve(path) if same else path for path in grant.paths}


def _named(paths: tuple[str, ...]) -> str:
    *others, last = map(quote, paths)
    return f"{', '.join(others)} and {last}" if others else last


def _taken_away(run: Run, command: Command) -> Grant | None:
    """Read `chmod -x file`, which looks like an option."""
    words = command.args
    if len(words) < 2 or words[0].value not in ("-x", "-w"):  # noqa: PLR2004 - a mode and a file
        return None
    mode = read_mode(words[0].value)
    paths = tuple(word.value for word in words[1:])
    return Grant(mode, words[0].span, paths, run, command, recursive=False) if mode is not None else None


def _files(copy: Copy) -> set[str] | None:
    """Return the paths that a COPY writes when each is surely one file; `None` otherwise."""
    if copy.heredocs and not copy.sources:
        return {copy.destination} if copy.destination and not copy.lands_in_folder else None
    found: set[str] = set()
    for source in copy.sources:
        if source.path is None or source.has_wildcard or source.is_root or source.is_remote:
            return None
        if copy.destination is None or source.path.endswith("/"):
            return None
        name = posixpath.basename(source.path)
        found.add(posixpath.join(copy.destination, name) if copy.lands_in_folder else copy.destination)
    return found or None


def _result(copy: Copy, grant: Grant) -> str | None:
    """Return the mode that a file ends with, octal; one of the context starts with 644.

    `None` where it takes over rights that are not known here: `g=u`, mostly said of folders.
    """
    written = copy.option("chmod")
    text = grant.mode.text
    if text.isdecimal():
        return text
    bits = int(written, 8) if written is not None and written.isdecimal() else _DEFAULT
    for clause in text.split(","):
        at = next((i for i, letter in enumerate(clause) if letter in "+-="), len(clause))
        if any(letter in _WHO for letter in clause[at + 1 :]):
            return None
        bits = _applied(bits, clause[:at], clause[at : at + 1], clause[at + 1 :])
    return f"{bits:o}"


def _applied(bits: int, who: str, operator: str, what: str) -> int:
    mask = 0
    for letter in who or "a":
        mask |= _WHO[letter]
    given = 0
    for letter in what:
        given |= _WHAT.get(letter.lower(), 0) & mask
    given &= 0o777 if who else ~_UMASK
    if operator == "-":
        return bits & ~given
    return (bits & ~mask | given) if operator == "=" else bits | given


def _fix(copy: Copy, run: Run, mode: str) -> Fix | None:
    flag = copy.instruction.flag("chmod")
    if run.instruction.comments or (flag is not None and flag.value_span.start == flag.value_span.end):
        return None
    edit = Edit(flag.value_span, mode) if flag is not None else add_flag(copy.instruction, f"--chmod={mode}")
    return Fix(f"Copy with mode {mode}", (edit, delete_instruction(run.instruction)))
