"""See copy_chmod_separate_layer.md."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

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
    Step,
    add_flag,
    delete_instruction,
    quote,
    rule,
    within,
)
from rules.quoting import listed
from rules.user.accounts import runs_as_root
from rules.user.copied_modes import is_executable, is_small
from rules.user.modes import Grant, grants, octal_bits, read_mode

_FAR = 12
"""Steps above a `chmod` in which its COPY is looked for."""
_DEFAULT, _EXECUTABLE = 0o644, 0o755
_WHO = {"u": 0o700, "g": 0o070, "o": 0o007, "a": 0o777, "": 0o777}
_WHAT = {"r": 0o444, "w": 0o222, "x": 0o111}
_UMASK = 0o022
_RUNS = 0o111


@rule(
    "copy-chmod-separate-layer",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="info",
    keywords=("COPY", "ADD"),
    mentions=("chmod",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file is copied, and copied once more by a step that only changes its mode."""
    seen: set[int] = set()
    for shipped in change.after.shipped:
        for stage in shipped.chain:
            if stage.index in seen:
                continue
            seen.add(stage.index)
            for run in stage.runs if not stage.runtime.is_windows else ():
                yield from _check_run(change, stage, run)


def _may_have_linked(builder: Stage | None) -> bool:
    """Whether a command of the builder may have written a program, executable as linkers leave it; of an image, yes."""
    return builder is None or bool(builder.files.opaque_commands) or builder.files.has_unreadable_run


class _Separate(NamedTuple):
    """A COPY, and the command below that does nothing but change the mode of what it brought.

    Attributes:
        copy: The COPY.
        command: The `chmod`.
        grant: What that gives.
        mode: What the files end with, octal.
    """

    copy: Copy
    command: Command
    grant: Grant
    mode: str


def _check_run(change: DockerfileChange, stage: Stage, run: Run) -> Iterator[Problem]:
    found = _separate(stage, run)
    roots = runs_as_root(run) is False and found is not None and found.copy.instruction.flag("chown") is None
    if found is None or roots:  # of root's files chmod-as-non-root speaks: the build stops there
        return
    effects = {path: _changes(change, found, path) for path in found.grant.paths}
    changed = tuple(path for path, effect in effects.items() if effect is not False)
    if changed:
        small = is_small(change, found.copy)
        sure = Confidence.LIKELY if None in effects.values() else Confidence.CERTAIN
        yield _problem(stage, run, found, changed, Confidence.POSSIBLE if small else sure)


def _changes(change: DockerfileChange, found: _Separate, path: str) -> bool | None:
    """Tell whether the `chmod` changes the mode of a file; `None` where git may have it as executable already.

    Of what stays as it is BuildKit stores nothing, though the command copies it up: a file with the same mode, owner,
    size and time is left out of a layer (moby/buildkit, util/overlay/overlay_linux.go, `sameDirent`).
    """
    copy, text = found.copy, found.grant.mode.text
    if copy.instruction.flag("chmod") is not None or not copy.sources:
        return True
    sources = [one for one in copy.sources if posixpath.basename(one.path or "") == posixpath.basename(path)]
    runs = is_executable(change, copy, (sources or list(copy.sources))[0])
    plain, executable = _after(text, _DEFAULT) != _DEFAULT, _after(text, _EXECUTABLE) != _EXECUTABLE
    if runs is not None:
        return executable if runs else plain
    if not copy.from_context and _may_have_linked(copy.from_stage):
        return plain and executable
    return True if plain and executable else None if plain or "-" in text else False


def set_by_copy(stage: Stage, run: Run) -> Fix | None:
    """Return the fix that lets a COPY set the mode, where a RUN does nothing else."""
    found = _separate(stage, run)
    return _fix(found.copy, run, found.mode) if found is not None else None


def _separate(stage: Stage, run: Run) -> _Separate | None:
    command = _only_command(run)
    if command is None or command.name != "chmod" or run.deferred:
        return None
    grant = next(grants(run), None) or _taken_away(run, command)
    if grant is None or not grant.paths or grant.mode.everyone_writes:
        return None
    copy = _copy_above(stage, run, grant)
    if grant.recursive and (copy is None or not _has_endings(copy)):
        return None  # of folders recursive-chown-layer speaks
    mode = _result(copy, grant) if copy is not None else None
    return _Separate(copy, command, grant, mode) if copy is not None and mode is not None else None


def _copy_above(stage: Stage, run: Run, grant: Grant) -> Copy | None:
    """Return the COPY that brings just the files of a `chmod`, between them only copies to elsewhere and the like."""
    for step in reversed(stage.steps[max(run.index - _FAR, 0) : run.index]):
        if isinstance(step, Copy):
            files = _files(step)
            if files is not None and files == _paths(step, run, grant) and not step.deferred:
                return step
            if step.deferred or _may_reach(step, files, {run.resolve(path) for path in grant.paths}):
                return None
        elif not _is_of_others(step, grant):
            return None
    return None


def _may_reach(copy: Copy, files: set[str] | None, paths: set[str | None]) -> bool:
    """Whether a COPY may write one of the paths: a source with an ending is a file, another may be a folder."""
    if files is not None and _has_endings(copy):
        return not files.isdisjoint(paths) or None in paths
    destination = copy.destination
    return destination is None or any(path is None or within(path, destination) for path in paths)


def _has_endings(copy: Copy) -> bool:
    """Whether all sources have an ending, as files have it and folders seldom."""
    return all("." in posixpath.basename(source.path or "").lstrip(".") for source in copy.sources)


def _is_of_others(step: Step, grant: Grant) -> bool:
    """Whether a step only changes the mode of other files."""
    lone = _only_command(step) if isinstance(step, Run) else None
    other = next(grants(step), None) if lone is not None and lone.name == "chmod" else None
    return other is not None and not other.recursive and set(other.paths).isdisjoint(grant.paths)


def _problem(stage: Stage, run: Run, found: _Separate, paths: tuple[str, ...], confidence: Confidence) -> Problem:
    copy, command, grant, mode = found
    keyword = copy.instruction.keyword
    one = len(paths) == 1
    it, its, arrives = ("it", "its", "file arrives") if one else ("them", "their", "files arrive")
    return Problem(
        copy.instruction.span,
        f"{stage.label} stores {listed(map(quote, paths), None)} twice: `{keyword}` writes {it}, and "
        f"{quote(str(command))} at line {run.instruction.line} copies {it} into another layer to change {its} "
        f"mode. {quote(f'{keyword} --chmod={mode}')} sets it as the {arrives}.",
        confidence,
        doubt="it may be executable already" if confidence is Confidence.LIKELY else "",
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

    `None` where it takes over rights that are not known here (`g=u`, mostly said of folders; those that a file of
    another stage has already), and where it gives more than rights (`+s`).
    """
    written = copy.option("chmod")
    text = grant.mode.text
    if text.isdecimal():
        return text
    octal = octal_bits(written) if written is not None else None
    bits = octal if octal is not None else _DEFAULT
    for clause in text.split(","):
        at = next((i for i, letter in enumerate(clause) if letter in "+-="), len(clause))
        if any(letter in _WHO or letter in "st" for letter in clause[at + 1 :]):
            return None
        who = clause[:at] if written is not None or clause[at:] != "+x" else ""  # it may be 755 in git, for all
        bits = _applied(bits, who, clause[at : at + 1], clause[at + 1 :])
    known = copy.from_context or written is not None or bits & _RUNS == _RUNS
    return f"{bits:o}" if known else None


def _after(text: str, bits: int) -> int:
    """Return what a mode makes of another one; what is no right (`+s`, `g=u`) counts as a change."""
    octal = octal_bits(text)
    if octal is not None:
        return octal
    for clause in text.split(","):
        at = next((i for i, letter in enumerate(clause) if letter in "+-="), len(clause))
        if any(letter in _WHO or letter in "st" for letter in clause[at + 1 :]):
            return -1
        bits = _applied(bits, clause[:at], clause[at : at + 1], clause[at + 1 :])
    return bits


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
