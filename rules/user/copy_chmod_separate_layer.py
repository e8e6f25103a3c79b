"""See copy_chmod_separate_layer.md."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    CopySource,
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
    names_a_file,
    quote,
    rule,
    within,
)
from rules.quoting import listed
from rules.repository.builders import is_built_classically
from rules.user.accounts.running import runs_as_root
from rules.user.modes.copied import is_executable, is_known_to_be_small, is_small
from rules.user.modes.granted import Grant, grants, read_mode
from rules.user.modes.resulting import DEFAULT, EXECUTABLE, REMOTE, after, is_remote, result

_WITHOUT_FILES = frozenset("CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL STOPSIGNAL".split())
"""Instructions that change no file."""
_FAR = 12
"""Steps above a `chmod` in which its COPY is looked for."""


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
        problem = _problem(stage, run, found, changed, Confidence.POSSIBLE if small else sure)
        untold = _stands_apart(stage, run, found.copy) or is_known_to_be_small(change, found.copy)
        untold = untold or all(_comes_again(stage, run, path) for path in changed)
        yield replace(problem, untold=untold or is_built_classically(change.repository, change.path))


def _stands_apart(stage: Stage, run: Run, copy: Copy) -> bool:
    """Whether an ENV or the like parts the two: whoever wrote that may have a reason to keep them so."""
    between = stage.steps[copy.index + 1 : run.index]
    return any(step.instruction.keyword in _WITHOUT_FILES for step in between)


def _comes_again(stage: Stage, run: Run, path: str) -> bool:
    """Whether a COPY of a tree below may bring the file once more, with the mode that it has there."""
    full = run.resolve(run.scope.expand(path))
    puts = stage.files.covering(full) if full is not None else ()
    return any(put.tree and put.kind == "context" and put.step.at > run.at for put in puts)


def _changes(change: DockerfileChange, found: _Separate, path: str) -> bool | None:
    """Tell whether the `chmod` changes the mode of a file; `None` where git may have it as executable already.

    Of what stays as it is BuildKit stores nothing, though the command copies it up: a file with the same mode, owner,
    size and time is left out of a layer (moby/buildkit, util/overlay/overlay_linux.go, `sameDirent`).
    """
    copy, text = found.copy, found.grant.mode.text
    if copy.instruction.flag("chmod") is not None or not copy.sources:
        return True
    sources = [one for one in copy.sources if posixpath.basename(one.path or "") == posixpath.basename(path)]
    if is_remote(copy):
        return after(text, REMOTE) != REMOTE
    runs = is_executable(change, copy, (sources or list(copy.sources))[0])
    plain, executable = after(text, DEFAULT) != DEFAULT, after(text, EXECUTABLE) != EXECUTABLE
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
    mode = result(copy, grant) if copy is not None else None
    return _Separate(copy, command, grant, mode) if copy is not None and mode is not None else None


def _copy_above(stage: Stage, run: Run, grant: Grant) -> Copy | None:
    """Return the COPY that brings just the files of a `chmod`, between them only copies to elsewhere and the like."""
    for step in reversed(stage.steps[max(run.index - _FAR, 0) : run.index]):
        if isinstance(step, Copy):
            files = _files(step)
            named = files is not None and files == _paths(step, run, grant)
            if (named or _is_spelled_alike(step, grant)) and not step.deferred:
                return step
            if step.deferred or _may_reach(step, files, {run.resolve(path) for path in grant.paths}):
                return None
        elif not _is_of_others(step, grant):
            return None
    return None


def _is_spelled_alike(copy: Copy, grant: Grant) -> bool:
    """Whether a `chmod` names just the files of a COPY by its own words: `$HOME_OF/lib` and `$HOME_OF/lib/shop.jar`.

    So it is known that a destination without a slash is a folder, and a variable without a value does no harm.
    """
    folder = copy.destination_word.text.rstrip("/") if copy.destination_word is not None else ""
    names = [_name(source) for source in copy.sources]
    plain = all(not source.is_git if source.is_remote else not source.has_wildcard for source in copy.sources)
    if (
        not names
        or not plain
        or copy.heredocs
        or not folder.startswith(("/", "$"))
        or not all(map(names_a_file, names))
    ):
        return False
    as_named = copy.destination is None and names_a_file(folder) and len(names) == 1
    return set(grant.paths) == {f"{folder}/{name}" for name in names} or (as_named and grant.paths == (folder,))


def _may_reach(copy: Copy, files: set[str] | None, paths: set[str | None]) -> bool:
    """Whether a COPY may write one of the paths: a source with an ending is a file, another may be a folder."""
    if files is not None and _has_endings(copy):
        return not files.isdisjoint(paths) or None in paths
    destination = copy.destination
    return destination is None or any(path is None or within(path, destination) for path in paths)


def _name(source: CopySource) -> str:
    """Return the name that a file arrives with: of an address without its query (Dockerfile reference, `ADD`)."""
    path = source.path or ""
    if source.path is None:
        last = source.word.text.strip("\"'").rpartition("/")[2]
        return "" if any(mark in last for mark in "$*?[{}\"'") else last  # `bin/$TARGETARCH/shop`
    return posixpath.basename(path.partition("?")[0] if source.is_remote else path)


def _has_endings(copy: Copy) -> bool:
    """Whether all sources have an ending, as files have it and folders seldom."""
    return all("." in posixpath.basename(source.path or "").lstrip(".") for source in copy.sources)


def _is_of_others(step: Step, grant: Grant) -> bool:
    """Whether a step only changes the mode of other files, or none at all."""
    if step.instruction.keyword in _WITHOUT_FILES and not step.deferred:
        return step.instruction.keyword != "ENV" or not any("$" in path for path in grant.paths)
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
        path, name = source.path or "", _name(source)
        if not name or source.is_root or (source.has_wildcard and not source.is_remote):
            return None
        if copy.destination is None or path.endswith("/") or source.is_git:
            return None
        found.add(posixpath.join(copy.destination, name) if copy.lands_in_folder else copy.destination)
    return found or None


def _fix(copy: Copy, run: Run, mode: str) -> Fix | None:
    flag = copy.instruction.flag("chmod")
    if run.instruction.comments or (flag is not None and flag.value_span.start == flag.value_span.end):
        return None
    edit = Edit(flag.value_span, mode) if flag is not None else add_flag(copy.instruction, f"--chmod={mode}")
    return Fix(f"Copy with mode {mode}", (edit, delete_instruction(run.instruction)))
