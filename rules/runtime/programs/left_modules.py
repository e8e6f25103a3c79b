"""Modules of the project that a start command imports from the working directory, and that no COPY brings there."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Note, Problem, quote, within
from rules.copying.context.absent import begins_elsewhere
from rules.model.filenames import is_pattern
from rules.model.puts import may_bring, meet
from rules.runtime.programs.module_origins import brings_folder, is_led, may_be_package
from rules.runtime.starts.folders import imported_module
from rules.runtime.starts.instructions import behind_init, is_script_entrypoint, reads_code
from rules.runtime.starts.outside import texts_of_builds
from rules.runtime.starts.paths import makes_files
from rules.runtime.starts.started_paths import words_of

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Put, Stage
    from rules.runtime.starts.instructions import Written

_ENDINGS = (".py", "/__init__.py", "/__main__.py")


class _Own(NamedTuple):
    """A module of the project: what has to lie in the working directory, by name and in the build context."""

    name: str
    source: str


def module_left_out(change: DockerfileChange, found: Written) -> Problem | None:
    """Return the problem of a start whose module the project has in one place, and the image does not.

    That takes the listing of the repository, the folder of the build, a base that brings no program, other code of the
    project in the image, and nothing that may make files there or mount a folder.
    """
    stage, words = found.stage, behind_init(words_of(found))
    folder = stage.image.workdir.value
    module = imported_module(stage, words) if words and not reads_code(found.start.words) else None
    if module is None or not folder or _is_led_elsewhere(found, words) or not _is_known(change, stage, folder):
        return None
    own, top = _own(change, module), module.partition(".")[0]
    if own is None or may_be_package(change, top) or brings_folder(change) or is_led(change):
        return None
    if _finds(change, stage, top) or not _has_code(change, stage):
        return None
    was = change.was(stage)
    lost = was is not None and _finds(change, was, top)  # what has taken it away is told
    return replace(_problem(found, module, own, folder), untold=lost)


def _finds(change: DockerfileChange, stage: Stage, top: str) -> bool:
    """Whether the working directory of an image may hold a module or a package of a name."""
    folder = stage.image.workdir.value
    return folder is None or any(
        _may_be_there(change, stage, posixpath.join(folder, name)) for name in (top, f"{top}.py")
    )


def _is_led_elsewhere(found: Written, words: tuple[str, ...]) -> bool:
    """Whether a script in front, a variable, or settings of Gunicorn's may lead it to another folder."""
    if found.instruction.keyword == "CMD" and is_script_entrypoint(found.stage):
        return True
    told = posixpath.basename(words[0]) == "gunicorn" and any(word.startswith(("-c", "--config")) for word in words)
    return told or "PYTHONPATH" in found.start.text


def _is_known(change: DockerfileChange, stage: Stage, folder: str) -> bool:
    """Whether all that the image has in a folder comes by the file, out of a context that is known."""
    facts, repository = stage.root.facts, change.repository
    if facts is None or not facts.is_plain or facts.onbuild or makes_files(stage):
        return False
    if any(copy.destination is None for copy in stage.all_copies):
        return False
    if repository.starts_otherwise(change.path) or any("working_dir" in text for text in texts_of_builds(change)):
        return False
    mounts = [mount for build in repository.builds_of(change.path) for mount in build.mounts]
    mounts += [volume.value for volume in stage.image.volumes if volume.value]
    return not any(meet(folder, mount) for mount in mounts)


def _own(change: DockerfileChange, module: str) -> _Own | None:
    """Return what the build context has of a module, where that is in one place."""
    path, top = module.replace(".", "/"), module.partition(".")[0]
    files = change.repository.context_files(change.path) or ()
    if any(begins_elsewhere(change, files, f"{path}{ending}") for ending in _ENDINGS):
        return None
    rooted = (f"/{file}" for file in files)
    ended = ((file, ending) for file in rooted for ending in _ENDINGS if file.endswith(f"/{path}{ending}"))
    found = {
        posixpath.join(file.removesuffix(f"{path}{ending}"), f"{top}.py" if path + ending == f"{top}.py" else top)
        for file, ending in ended
    }
    source = found.pop().lstrip("/") if len(found) == 1 else None
    if source is None or not _is_of_this_part(change, source):
        return None
    return _Own(posixpath.basename(source), source)


def _is_of_this_part(change: DockerfileChange, source: str) -> bool:
    """Whether it lies beside the Dockerfile, at the root of the context or in `src` there, or is copied.

    Else it may be another part of a monorepo.
    """
    context = change.repository.context_of(change.path) or ""
    beside = posixpath.relpath(posixpath.dirname(change.path) or ".", context or ".")
    homes = {posixpath.normpath(posixpath.join(folder, name)) for folder in ("", beside) for name in ("", "src")}
    copied = (put.source for stage in change.stages for put in stage.files.puts if put.kind == "context")
    return (posixpath.dirname(source) or ".") in homes or any(within(source, one.rstrip("/")) for one in copied if one)


def _may_be_there(change: DockerfileChange, stage: Stage, path: str) -> bool:
    """Whether something may bring a path of the image: of a folder of the context, what the repository has in it."""
    for put in stage.files.covering(path):
        if put.makes_folder or not may_bring(put, path):
            continue
        source = put.source.rstrip("/")
        if put.kind != "context" or within(put.path, path) or is_pattern(source):
            return True
        inner = posixpath.normpath(posixpath.join(source, posixpath.relpath(path, put.path)))
        places = (inner, *((source,) if _is_file(change, source) else ()))
        known = [change.repository.in_context(change.path, place) for place in places]
        if any(place is None or change.repository.exists(place) is not False for place in known):
            return True
    return False


def _is_file(change: DockerfileChange, source: str) -> bool:
    return source in (change.repository.context_files(change.path) or ())


def _has_code(change: DockerfileChange, stage: Stage) -> bool:
    """Whether some code of the project is copied: else it may all come with a mount."""
    code = [file for file in change.repository.context_files(change.path) or () if file.endswith(".py")]
    sources = {put.source.rstrip("/") for put in stage.files.puts if put.kind == "context"}
    return any(source in (".", "") or within(file, source) for file in code for source in sources)


def _problem(found: Written, module: str, own: _Own, folder: str) -> Problem:
    stage, right = found.stage, posixpath.join(folder, own.name)
    puts = [(put, place) for put in stage.files.puts if (place := _place(put, own)) is not None]
    wanted = f"Python looks for {quote(own.name)} in {quote(folder)}, and {_elsewhere(puts, own, folder)}"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(module)}: {wanted}. The container exits: “No module named "
        f"'{module.partition('.')[0]}'”. Copy {quote(own.source)} to {quote(right)}{_or_lead(puts)}.",
        Confidence.LIKELY,
        doubt="who starts the container may mount it there",
        stage=stage.key,
        key=module,
        notes=tuple(Note(put.step.instruction.span, "copied here") for put, _ in puts[:1]),
    )


def _or_lead(puts: list[tuple[Put, str]]) -> str:
    """Name the variable that leads Python to a project's `src` (packaging.python.org, "src layout vs flat layout")."""
    folder = posixpath.dirname(puts[0][1]) if puts else ""
    return f", or let Python look there, too ({quote(f'ENV PYTHONPATH={folder}')})" if folder.endswith("/src") else ""


def _elsewhere(puts: list[tuple[Put, str]], own: _Own, folder: str) -> str:
    """Say where the image has it, if anywhere: a COPY of a folder puts what is in it into the destination."""
    if not puts:
        return "no instruction puts it there"
    line, place = puts[0][0].step.instruction.line, puts[0][1]
    if place == folder:
        return f"line {line} puts there what is in {quote(own.source)}, and not the folder"
    return f"line {line} puts it at {quote(place)}"


def _place(put: Put, own: _Own) -> str | None:
    """Return where a COPY puts what is looked for; `None` where it does not bring it."""
    source = put.source.rstrip("/")
    if put.kind != "context" or is_pattern(source):
        return None
    if source in ("", "."):
        return posixpath.join(put.path, own.source)
    inner = posixpath.relpath(own.source, source)
    return posixpath.normpath(posixpath.join(put.path, inner)) if within(own.source, source) else None
