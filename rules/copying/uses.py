"""What in a stage speaks of a path: its start command, probe and environment, and what the build does with it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.model.puts import may_bring, within
from rules.model.search_path import path_folders
from rules.runtime.starts.folders import imported_module
from rules.runtime.starts.instructions import started_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Instruction, Setting, Stage, Start

_HANDLING = frozenset("cd chgrp chmod chown ln mkdir setfacl touch".split())
"""Commands that prepare a folder for the program, or go there."""
_COLON = re.compile(r":(?![^{}]*\})")
"""What parts a list, and not a variable from its default."""


class Use(NamedTuple):
    """An instruction that speaks of a path.

    Attributes:
        instruction: Where.
        word: As written there.
        path: The file that it names, absolute; empty where it names a variable or a module.
        script: The script of the repository that names it, which the instruction starts; empty for the instruction.
    """

    instruction: Instruction
    word: str
    path: str = ""
    script: str = ""


def uses_of(stage: Stage, path: str) -> Iterator[Use]:
    """Yield what uses a path, or something below it."""
    image = stage.image
    for start in (*image.start_command, image.healthcheck):
        yield from _started(stage, start, path)
    yield from _imported(stage, path)
    for name, value in image.env.items():
        if value.instruction is not None and any(p.startswith("/") and within(p, path) for p in _parts(name, value)):
            yield Use(value.instruction, name)


def _parts(name: str, setting: Setting[str]) -> Iterator[str]:
    """Yield the paths that a variable lists; those that are known of one that goes on after an unknown `$PATH`."""
    if setting.value is not None or setting.stage is None:
        yield from (setting.value or "").split(":")
        return
    step = next((one for one in setting.stage.steps if one.instruction is setting.instruction), None)
    for word, text in step.instruction.pairs if step is not None else ():
        if word.text == name and text is not None and step is not None:
            known = map(step.scope.expand, _COLON.split(text.text.strip('"')))
            yield from (posixpath.normpath(part) for part in known if part)


def handled(stage: Stage, folder: str) -> Iterator[tuple[str, Use]]:
    """Yield what prepares something in a folder, with its path: RUNs that make or re-own it, and volumes."""
    for run in stage.done_runs:
        for command in run.calls(*_HANDLING):
            path = next((path for word in command.args if (path := _named(word.value, folder)) is not None), None)
            if path is not None:
                yield path, Use(run.instruction, str(command))
    for volume in stage.image.volumes:
        path = _named(volume.value or "", folder)
        if volume.instruction is not None and path is not None:
            yield path, Use(volume.instruction, path)


def _named(word: str, folder: str) -> str | None:
    """Return the absolute path that a word names, if it lies in a folder."""
    path = posixpath.normpath(word.removesuffix("*")) if word.startswith("/") and "$" not in word else ""
    return path if within(path, folder) else None


def _started(stage: Stage, setting: Setting[Start], path: str) -> Iterator[Use]:
    start = setting.value
    if start is None or start.instruction is None:
        return
    folder = stage.image.workdir.value or "/"
    words = start.words if start.form == "exec" else tuple(start.text.split())
    for place, word in enumerate(words):
        if " " in word:  # code for a shell
            continue
        if place == 0 and "/" not in word:
            if posixpath.basename(path) == word and posixpath.dirname(path) in (path_folders(stage) or ()):
                yield Use(start.instruction, word, path)
            continue
        is_option = word.startswith("-")
        named = word.partition("=")[2] if is_option else word  # `--config=/etc/shop.yaml`
        bare = not is_option and words[place - 1] != "-m" and _may_name_a_file(named)
        if ("/" in named or bare) and "$" not in named and "://" not in named:
            full = posixpath.normpath(posixpath.join(folder, named))
            if within(full, path):
                yield Use(start.instruction, word, full)


def _may_name_a_file(word: str) -> bool:
    """Whether a word without a folder may be a file of the work folder: no `0.0.0.0:8000`, and no `shop.wsgi:app`."""
    name, dot, ending = word.rpartition(".")
    return bool(dot and name.strip(".")) and ":" not in word and ending[:1].isalpha()


def _imported(stage: Stage, path: str) -> Iterator[Use]:
    """Yield the start command whose Python imports a module of the path: `gunicorn shop.wsgi:app`."""
    words = started_words(stage)
    module = imported_module(stage, words)
    if module is None:
        return
    place = posixpath.join(stage.image.workdir.value or "/", *module.split("."))
    if not within(place, path) and path != f"{place}.py":
        return
    for setting in stage.image.start_command:
        start = setting.value
        word = next((one for one in start.text.split() if one.partition(":")[0] == module), None) if start else None
        if start is not None and start.instruction is not None and word is not None:
            yield Use(start.instruction, word)


def is_there(stage: Stage, path: str) -> bool:
    """Tell whether an instruction puts something at a path, into it, or a folder above it with unknown contents."""
    return any(may_bring(put, path) and put.path != "/" for put in stage.files.covering(path)) or any(
        put.kind in ("stage", "image", "context") for put in stage.files.at("/")
    )
