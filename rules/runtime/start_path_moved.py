"""See start_path_moved.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Note,
    Problem,
    Put,
    Severity,
    Span,
    Stage,
    Start,
    fix,
    insert_line_before,
    quote,
    replace,
    rule,
)
from rules.model.puts import may_bring
from rules.runtime.lost.added_commands import none_brings
from rules.runtime.starts.folders import Found, found_in_folder, is_there
from rules.runtime.starts.instructions import behind_init, reads_code
from rules.runtime.starts.text import shell_commands

_INTERPRETERS = frozenset("python python3 node ruby php perl bash sh java bun dotnet".split())
_ASK_FOR_CODE = frozenset({"-c", "-e", "-m", "-r", "-p", "--eval", "--print", "-cp", "-classpath", "--module"})
"""Options of theirs behind which no file follows."""
_ADDRESS = re.compile(r"(?:\[[0-9a-fA-F:.]*\]|[\w.-]+):(?:\d+|\$\{?\w+\}?)")


class Sought(NamedTuple):
    """A file that a start command names by a relative path.

    Attributes:
        path: As written.
        span: Where it is written, quotes included; `None` where it is not in the file, or no string of its own.
    """

    path: str
    span: Span | None


class GoneAlong(NamedTuple):
    """A file that a start command names by its whole path, and that the COPY now brings elsewhere, as WORKDIR says.

    Attributes:
        path: As written.
        span: Where it is written, quotes included; `None` where it is no string of its own.
        right: Where the COPY brings it.
        line: The line of that COPY.
    """

    path: str
    span: Span | None
    right: str
    line: int


@rule(
    "start-path-moved",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change moves WORKDIR, and the start command seeks its file there, where the file is not."""
    for stage, was in change.shipped():
        if was is None or stage.runtime.is_windows:
            continue
        moved = _moved(stage, was)
        if moved is None:
            continue
        for setting in stage.image.start_command:
            sought = _sought(setting.value) if setting.value is not None else None
            if sought is not None and _stayed(change, stage, was, sought.path, moved):
                yield _sought_elsewhere(stage, was, sought, moved)
                break
            found = found_in_folder(change, stage, setting.value, moved[0]) if setting.value is not None else None
            if found is not None and _stayed(change, stage, was, found.path, moved):
                yield _left_behind(stage, was, found, moved)
                break
            named = _named_still(stage, was, setting.value) if setting.value is not None else None
            if named is not None:
                yield _gone_along(stage, was, named, moved)
                break


def _moved(stage: Stage, was: Stage) -> tuple[str, str] | None:
    """Return where the stage was started and where it is now; `None` when that is not known or did not change."""
    now, then = stage.image.workdir, was.image.workdir
    if now.value is None or then.value is None or not (now.set_in_file or then.set_in_file):
        return None
    old, new = (posixpath.normpath(folder) for folder in (then.value, now.value))
    return (old, new) if old != new and _are_same(_starts(was), _starts(stage), old) else None


def _starts(stage: Stage) -> list[tuple[str, ...]]:
    return [setting.value.words for setting in stage.image.start_command if setting.value is not None]


def _are_same(before: list[tuple[str, ...]], after: list[tuple[str, ...]], folder: str) -> bool:
    """Whether the start is as it was, or says by its whole path what it sought in the working directory of then."""
    return [len(words) for words in before] == [len(words) for words in after] and all(
        now in (then, posixpath.join(folder, then))
        for words_then, words_now in zip(before, after, strict=True)
        for then, now in zip(words_then, words_now, strict=True)
    )


def _sought(start: Start) -> Sought | None:
    """Return the file that a start command names by a relative path."""
    file = _file(start)
    return file if file is not None and not file.path.startswith("/") else None


def _file(start: Start) -> Sought | None:
    """Return the file that a start command names by a path."""
    if start.form == "exec" and not reads_code(start.words):
        written = start.instruction.exec_form if start.instruction is not None else None
        spans = [word.span for word in written] if written and len(written) == len(start.words) else None
        words = behind_init(start.words)
        skipped = len(start.words) - len(words)
        index = _file_at(words)
        return Sought(words[index], spans[skipped + index] if spans else None) if index is not None else None
    commands = shell_commands(start)
    if len(commands) != 1 or commands[0].conditional:
        return None
    command = commands[0]
    words = tuple(word.value for word in (command.program, *command.args) if word is not None)
    index = _file_at(words)
    return Sought(words[index], None) if index is not None else None


def _file_at(words: tuple[str, ...]) -> int | None:
    """Return which of the words is a file that is sought from the working directory."""
    if not words:
        return None
    index = 0
    if posixpath.basename(words[0]) in _INTERPRETERS:
        if _ASK_FOR_CODE & set(words[1:]):
            return None
        index = next((at for at, word in enumerate(words) if at and not word.startswith("-")), 0)
        if not index:
            return None
    elif "/" not in words[0]:
        return None
    word = words[index]
    if _ADDRESS.fullmatch(word):
        return None  # `php -S 0.0.0.0:8080`
    return index if word[:1] not in ("$", "~") and "$" not in word and ("." in word or "/" in word) else None


def _stayed(change: DockerfileChange, stage: Stage, was: Stage, path: str, moved: tuple[str, str]) -> bool:
    """Whether the file lies where it lay: all is brought to places it had before, and it to one of them."""
    old, new = (posixpath.normpath(posixpath.join(folder, path)) for folder in moved)
    then = {put.path for put in was.files.puts}
    fresh = [put for put in stage.files.puts if put.kind != "workdir" and put.path not in then]
    if any(put.path == new for put in stage.files.puts if put.kind != "workdir") or is_there(change, stage, new):
        return False
    if any(put.kind != "run" or put.tree for put in fresh):
        return False
    there = [put for put in stage.files.covering(old) if put.kind in ("context", "stage")]
    return bool(there) and not any(_is_another_folder(was, put) for put in there) and none_brings(stage, was, new)


def _is_another_folder(was: Stage, put: Put) -> bool:
    """Whether what is taken out of a builder is not the folder that lay there: `pnpm deploy /out`, `COPY /out /app`."""
    at_home = posixpath.normpath(put.source or "/") == put.path
    return put.kind == "stage" and not at_home and not any(one.path == put.path for one in _like(was, put))


def _named_still(stage: Stage, was: Stage, start: Start) -> GoneAlong | None:
    """Return the file of the project that a start command names where it was, and that went along with WORKDIR."""
    file = _file(start)
    if file is None or not file.path.startswith("/") or stage.root.base_text != was.root.base_text:
        return None
    path = posixpath.normpath(file.path)
    before = [put for put in was.files.covering(path) if not put.makes_folder and may_bring(put, path)]
    if len(before) != 1 or before[0].kind not in ("context", "stage") or not none_brings(stage, was, path):
        return None
    if any(not put.makes_folder and may_bring(put, path) for put in stage.files.covering(path)):
        return None
    same, alike = _like(was, before[0]), _like(stage, before[0])
    if len(same) != len(alike):
        return None
    put = alike[next(at for at, one in enumerate(same) if one is before[0])]
    right = posixpath.normpath(posixpath.join(put.path, posixpath.relpath(path, before[0].path)))
    return GoneAlong(file.path, file.span, right, put.step.instruction.line)


def _like(stage: Stage, put: Put) -> list[Put]:
    """Return what a stage takes from the same place as a COPY, in order."""
    return [
        one for one in stage.files.puts if (one.kind, one.source, _origin(one)) == (put.kind, put.source, _origin(put))
    ]


def _origin(put: Put) -> str:
    """The words of a COPY that name the stage or the image that it takes from."""
    flag = put.step.instruction.flag("from")
    return flag.value if flag is not None and flag.value is not None else ""


def _gone_along(stage: Stage, was: Stage, named: GoneAlong, moved: tuple[str, str]) -> Problem:
    return _problem(
        stage,
        was,
        named.path,
        f"{stage.label} now works in {quote(moved[1])}, and worked in {quote(moved[0])}. Line {named.line} takes the "
        f"files along, and the start command still names {quote(named.path)}, where nothing puts them any more. The "
        f"container exits with “no such file or directory”. Write {quote(named.right)}.",
        doubt="a volume may bring it there",
        repair=_named(stage, Sought(named.path, named.span), named.right),
    )


def _left_behind(stage: Stage, was: Stage, found: Found, moved: tuple[str, str]) -> Problem:
    own = _own_workdir(stage) is not None
    return _problem(
        stage,
        was,
        found.path,
        f"{stage.label} now starts in {quote(moved[1])}, and was started in {quote(moved[0])}. {found.fact}, and that "
        f"lies where it was before: {quote(posixpath.join(moved[0], found.path))}. The container exits with "
        f"{found.failure}. {'End with' if own else 'Set'} `WORKDIR {moved[0]}`.",
        doubt="an install may bring it too",
        repair=None if own else _set(stage, moved[0]),
    )


def _sought_elsewhere(stage: Stage, was: Stage, sought: Sought, moved: tuple[str, str]) -> Problem:
    old, new = (posixpath.normpath(posixpath.join(folder, sought.path)) for folder in moved)
    own = _own_workdir(stage) is not None
    ending = f"or end with `WORKDIR {moved[0]}`" if own else f"or set `WORKDIR {moved[0]}`"
    return _problem(
        stage,
        was,
        sought.path,
        f"{stage.label} now starts in {quote(moved[1])}, and was started in {quote(moved[0])}. Its start command names "
        f"{quote(sought.path)} without a leading slash, so it is sought at {quote(new)}, while the files are brought "
        f"where they were before: {quote(old)}. The container exits with “no such file or directory”. Write the whole "
        f"path, {ending}.",
        doubt="a folder that is copied may hold a file there too",
        repair=_named(stage, sought, old) if own else _set(stage, moved[0]),
    )


def _own_workdir(stage: Stage) -> Instruction | None:
    """Return the stage's own WORKDIR that is in force."""
    setting = stage.image.workdir
    return setting.instruction if setting.stage is stage else None


def _problem(stage: Stage, was: Stage, key: str, message: str, *, doubt: str, repair: Fix | None) -> Problem:
    place, before = _own_workdir(stage) or stage.from_, was.image.workdir.instruction
    return Problem(
        place.span,
        message,
        Confidence.LIKELY,
        doubt=doubt,
        stage=stage.key,
        instruction=place,
        key=key,
        notes=(Note(before.span, "the folder before", before=True),) if before is not None else (),
        fix=repair,
    )


def _named(stage: Stage, sought: Sought, path: str) -> Fix | None:
    """Write the whole path into the start command."""
    if sought.span is None or '"' in path:
        return None
    return Fix(f"Name {path}", (replace(stage.from_.source, sought.span, f'"{path}"'),))


def _set(stage: Stage, folder: str) -> Fix | None:
    """Set the folder that another stage set before, above the stage's own start command."""
    starts = [s.instruction for s in stage.image.start_command if s.instruction in stage.instructions]
    above = starts[0] if starts else None
    return fix(f"Start in {folder}", insert_line_before(above, f"WORKDIR {folder}")) if above is not None else None
