"""What a file of the image says: the text of the repository, or of a here-document, that is brought there."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once, once_for_each
from rules.model.puts import within
from rules.model.search_path import DEFAULT_PATH, path_folders
from rules.model.steps import Copy
from rules.written_texts import WrittenText, written_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.model.model import Model
    from rules.model.puts import Put
    from rules.model.stage import Stage
    from rules.model.steps import Step


class Brought(NamedTuple):
    """A file of the build context in the image.

    Attributes:
        path: In the repository.
        text: Its text, as read from there.
        copy: What brings it into the image, or into the stage that hands it on.
    """

    path: str
    text: str
    copy: Copy


def brought(change: DockerfileChange, stage: Stage, target: str, *, through_stages: bool = False) -> Brought | None:
    """Return the file of the build context that lies at a path of the image, as far as it can be followed.

    Args:
        change: The change under review.
        stage: The stage whose image is meant.
        target: Absolute.
        through_stages: Whether to follow it through the stages that hand it on too: its text is then the same, but
            its mode and its line ends may be others.
    """
    origin = _origin(stage, target, through_stages=through_stages)
    if origin is None:
        return None
    put, place, _ = origin
    inner = _inner(put, place) if put.kind == "context" else None
    path = change.repository.in_context(change.path, inner) if inner is not None else None
    text = change.repository.text(path) if path is not None else None
    if path is None or text is None or not isinstance(put.step, Copy) or "\ufffd" in text or "\x00" in text:
        return None
    return Brought(path, text, put.step)


def unedited(change: DockerfileChange, stage: Stage, target: str) -> Brought | None:
    """Return the same, through stages too, where no RUN of the stage itself may edit the file."""
    return None if _is_edited(stage, target) else brought(change, stage, target, through_stages=True)


def is_nowhere(change: DockerfileChange, stage: Stage, target: str) -> bool:
    """Tell whether a path of the image leads, through stages too, to a file that the repository is known not to have.

    A build may make it there all the same.
    """
    origin = _origin(stage, target, through_stages=True)
    inner = _inner(origin.put, origin.place) if origin is not None and origin.put.kind == "context" else None
    places = change.repository.places_of(change.path, inner) if inner is not None else ()
    return bool(places) and all(change.repository.exists(place) is False for place in places)


def written(stage: Stage, target: str, *, through_stages: bool = False) -> WrittenText | None:
    """Return the file that the Dockerfile itself writes to a path of the image; see `brought`."""
    origin = _origin(stage, target, through_stages=through_stages)
    return written_text(origin.stage, origin.place) if origin is not None else None


def context_paths(change: DockerfileChange, stage: Stage, target: str) -> tuple[str, ...]:
    """Return the paths in the repository that COPYs out of the build context bring to a path of the image."""
    inner = (_inner(put, target) for put in stage.files.covering(target) if put.kind == "context")
    paths = (change.repository.in_context(change.path, one) for one in inner if one is not None)
    return tuple(path for path in paths if path is not None)


def texts_brought(change: DockerfileChange, stage: Stage) -> Iterator[str]:
    """Yield the scripts and settings that COPYs bring into an image by a name or with a folder, through stages too.

    What comes with the whole source tree alone is left out: what is meant there to run in the container is not told.
    """
    for source in dict.fromkeys(_sources(stage, "/", set())):
        path = change.repository.in_context(change.path, source)
        if path is None:
            continue
        text = change.repository.text(path)
        if text is not None:
            yield text
            continue
        for name in _below(change, path):
            inner = change.repository.text(name) or ""
            if inner.startswith("#!") or name.endswith(_RUN_OR_READ):
                yield inner


_RUN_OR_READ = (".sh", ".bash", ".conf", ".ini", ".service")
"""How files end that a container runs, or that a supervisor in it reads."""


def _sources(stage: Stage, target: str, seen: set[tuple[int, str]]) -> Iterator[str]:
    """Yield the paths in the context that come to lie at or below a path of the image, the context's root left out."""
    if (stage.index, target) in seen:
        return
    seen.add((stage.index, target))
    for put in stage.files.covering(target):
        whole = within(put.path, target)
        inner = put.source if whole else _inner(put, target)
        if not inner:
            continue
        if put.kind == "context" and not (put.whole and whole):
            yield inner
        elif put.kind == "stage" and isinstance(put.step, Copy) and put.step.from_stage is not None:
            yield from _sources(put.step.from_stage, inner, seen)


def _below(change: DockerfileChange, folder: str) -> list[str]:
    """The files below a folder of the repository that were read; a pattern is one too."""
    if any(mark in folder for mark in "*?["):
        return [path for path in _all_read(change) if fnmatchcase(path, folder)]
    prefix = f"{folder}/"
    return [path for path in _all_read(change) if path.startswith(prefix)]


@once
def _all_read(change: DockerfileChange) -> tuple[str, ...]:
    return tuple(sorted(change.repository.files))


def text_at(change: DockerfileChange, stage: Stage, target: str) -> str | None:
    """Return what a file of the image says; `None` where it was not read.

    Where the build context, or what brings the file, is not known, the one file of the repository that has its name
    is taken for it.
    """
    return _text_at(change, (stage, target))


@once_for_each
def _text_at(change: DockerfileChange, asked: tuple[Stage, str]) -> str | None:
    stage, target = asked
    found = brought(change, stage, target, through_stages=True) if target.startswith("/") else None
    if found is not None:
        return found.text
    origin = _origin(stage, target, through_stages=True) if target.startswith("/") else None
    own = written_text(origin.stage, origin.place) if origin is not None else None
    if own is not None:
        return own.text
    name = posixpath.basename(target)
    document = _here_document(stage.model, name)
    if document is not None:
        return document
    source = _inner(origin.put, origin.place) if origin is not None and origin.put.kind == "context" else None
    for wanted in dict.fromkeys((posixpath.basename(source or name), name)):
        paths = _by_name(change).get(wanted, ())
        if len(paths) == 1:
            return change.repository.text(paths[0])
    return None


def _here_document(model: Model, name: str) -> str | None:
    """Return the here-document that a COPY or a RUN of the file writes to a file of that name."""
    for step in _with_here_documents(model):
        instruction = step.instruction
        if isinstance(step, Copy):
            own = next((one for one in step.heredocs if one.name == name), None) if step.into_folder else None
            if own is not None or (step.destination or "").endswith(f"/{name}"):
                return (own or instruction.heredocs[0]).body
        if f"/{name}" in instruction.value:
            return instruction.heredocs[0].body
    return None


@once
def _with_here_documents(model: Model) -> tuple[Step, ...]:
    return tuple(step for stage in model.stages for step in stage.steps if step.instruction.heredocs)


@once
def _by_name(change: DockerfileChange) -> dict[str, list[str]]:
    """The files of the repository that were read, by their own names."""
    found: dict[str, list[str]] = {}
    for path in sorted(change.repository.files):
        found.setdefault(posixpath.basename(path), []).append(path)
    return found


@once_for_each
def place_of(stage: Stage, program: str) -> str | None:
    """Return where a program lies in the image, as an exec form finds it: absolute, in the WORKDIR, or on the PATH.

    Returns:
        `None` for a variable, for a relative path where the WORKDIR is not known, and for a name that nothing brings.
    """
    if not program or "$" in program:
        return None
    if program.startswith("/"):
        return posixpath.normpath("/" + program.lstrip("/"))
    folder = stage.image.workdir.value
    if "/" in program:
        return posixpath.normpath(posixpath.join(folder, program)) if folder else None
    for place in DEFAULT_PATH:
        target = f"{place}/{program}"
        if any(put.kind != "workdir" for put in stage.files.at(target)) or _is_copied(stage, place, program):
            return target
    own = (f"{place}/{program}" for place in path_folders(stage) or () if place not in DEFAULT_PATH)
    return next((path for path in own if any(put.kind == "context" for put in stage.files.covering(path))), None)


def _is_copied(stage: Stage, folder: str, name: str) -> bool:
    """Whether a COPY names a source of that name into a folder of programs: `COPY shop-entrypoint /usr/local/bin/`.

    Without an ending it may be a folder as well, but then nothing there has the name that is started.
    """
    return any(
        put.tree and put.kind in ("context", "stage") and posixpath.basename(put.source) == name
        for put in stage.files.at(folder)
    )


@once_for_each
def last_put(stage: Stage, target: str) -> Put | None:
    """Return what brought a path into the image last: of one COPY the source of that name before a folder's."""
    puts = [put for put in stage.files.covering(target) if put.kind != "workdir"]
    last = puts[-1] if puts else None
    if last is None or not isinstance(last.step, Copy):
        return last
    return next((put for put in reversed(puts) if put.step is last.step and put.path == target), last)


class _Origin(NamedTuple):
    """What put a file where it comes from, the path that it has there, and the stage."""

    put: Put
    place: str
    stage: Stage


def _origin(stage: Stage, target: str, *, through_stages: bool) -> _Origin | None:
    """Return what puts a file into the stages: a COPY out of the build context, or what writes it there."""
    owner, put, place = stage, last_put(stage, target), target
    while through_stages and put is not None and put.kind == "stage" and isinstance(put.step, Copy):
        place, source = _inner(put, place) or "", put.step.from_stage
        known = source is not None and place and not _is_edited(source, place)
        put = last_put(source, place) if source is not None and known else None
        owner = source or owner
    return _Origin(put, place, owner) if put is not None and put.kind in ("context", "heredoc", "run") else None


_PATCHES = frozenset({"apply", "am", "checkout", "cherry-pick", "merge", "pull", "reset", "restore", "stash"})
"""Commands of git that change the files of a working tree; which ones `patch` does, its input says."""


def _is_edited(stage: Stage, path: str) -> bool:
    """Whether a RUN writes something else into a file than the line ends that it has."""
    name = posixpath.basename(path)
    for run in stage.done_runs:
        if any(command.name == "patch" or command.subcommand in _PATCHES for command in run.calls("patch", "git")):
            return True
        for command in run.calls("sed", "perl", "awk", "ed"):
            words = [word.value for word in command.args]
            named = "xargs" in command.wrappers or any(name in w or "*" in w or w == "{}" for w in words)
            if named and not any("\\r" in word for word in words):
                return True
    return False


def _inner(put: Put, target: str) -> str | None:
    """Return the path where a copy takes what it puts at a target: in the context, or in the stage."""
    if any(mark in put.source for mark in "*?["):
        return posixpath.join(posixpath.dirname(put.source), posixpath.basename(target))
    if put.path == target:
        return put.source
    if within(target, put.path):
        if posixpath.basename(put.source) == posixpath.basename(target):
            return put.source
        return posixpath.join(put.source, posixpath.relpath(target, put.path))
    return None
