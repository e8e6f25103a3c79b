"""See secret_file_copied.md."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Put,
    Setting,
    Severity,
    Stage,
    Word,
    once,
    quote,
    rule,
    within,
)
from rules.model.lineage import built_upon
from rules.model.run_writes import is_opaque
from rules.secrets.named.files import (
    Held,
    Kind,
    is_public,
    secret_by_place,
    secret_file,
)
from rules.secrets.named.folders import key_in_folder
from rules.secrets.named.held import held_by
from rules.secrets.named.moved import MovedSecret, moved_secrets, named_secrets

_POINTERS = ("GOOGLE_APPLICATION_CREDENTIALS", "AWS_SHARED_CREDENTIALS_FILE", "KUBECONFIG")


@rule(
    "secret-file-copied",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    keywords=("COPY", "ADD"),
    aliases=("DS-0031", "CIS-DI-0010"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file that holds secrets is copied into a layer."""
    ignore = change.repository.dockerignore(change.path)
    shipped = {one.path for stage in change.stages if stage.layers_ship for one in _named(stage)}
    for stage in change.stages:
        for one in _named(stage):
            if ignore is not None and ignore.excludes(one.path):
                continue  # the build stops there, which copy-ignored-file says
            held = _held(change, stage, one.kind, one.path)
            if held is not None:
                elsewhere = not stage.layers_ship and one.path in shipped  # it is told where everyone can read it
                yield replace(_problem(stage, one, held), untold=elsewhere)
        for moved in (*moved_secrets(stage), *named_secrets(stage)):
            held = _held(change, stage, moved.kind, moved.source)
            ignored = ignore is not None and ignore.excludes(moved.source)
            if held is not None and not ignored and not is_public(moved.kind, moved.copy, stage):
                yield _moved(stage, moved, held)
        yield from _in_folders(change, stage)
        yield from _pointed_at(change, stage)


def _in_folders(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Find private keys of the repository that come with a folder which a COPY names."""
    for copy in stage.copies:
        for source in copy.sources if copy.from_context else ():
            path = copy.source_path(source)
            found = key_in_folder(change, copy, path) if path is not None and not source.is_remote else None
            if path is not None and found is not None and secret_file(path) is None:
                held = Held(f"brings {quote(found.path)}, {_KEY[found.read]}", likely=True, read=found.read)
                yield _problem(stage, _Named(copy, source.word, found.path, "private key"), held)


_KEY = {True: "a private key", False: "which is a private key by its name"}


class _Named(NamedTuple):
    """A secret of the build context that a COPY names.

    Attributes:
        copy: The COPY.
        word: The source as written.
        path: The source in the context.
        kind: What it is.
    """

    copy: Copy
    word: Word
    path: str
    kind: Kind


@once
def _named(stage: Stage) -> tuple[_Named, ...]:
    """Return what the COPYs of a stage name that is a secret by its name, or by where it goes."""
    found = []
    for copy in stage.copies:
        for source in copy.sources if copy.from_context else ():
            path = copy.source_path(source)
            kind = (
                secret_file(path) or secret_by_place(path, copy.target_of(source) or "") if path is not None else None
            )
            if path is not None and kind is not None and not is_public(kind, copy, stage):
                found.append(_Named(copy, source.word, path, kind))
    return tuple(found)


def _held(change: DockerfileChange, stage: Stage, kind: Kind, path: str) -> Held | None:
    """Say what a file holds; `None` for what is known to hold no secret, and for a builder's settings."""
    of_builder = kind in ("environment", "client configuration") and not stage.layers_ship
    return held_by(change, stage, kind, path) if not of_builder else None


def _doubt(held: Held) -> str:
    if held.read:
        return "whether these are in use anywhere is not known"
    return "it goes by the name; what is in the file was not read"


def _problem(stage: Stage, one: _Named, held: Held) -> Problem:
    sure = one.kind in ("private key", "credentials")
    name = one.word.text.strip("\"'")
    way_out = _way_out(one.copy, one.kind, name if secret_file(one.path) == secret_file(name) else one.path)
    return Problem(
        one.word.span,
        f"{stage.label} copies {quote(name)}, which {held.clause}. {_who_reads(stage)} {way_out}",
        Confidence.LIKELY if held.likely else Confidence.POSSIBLE,
        doubt=_doubt(held),
        instruction=one.copy.instruction,
        stage=stage.key,
        key=name,
        decision=f"{name} {way_out}",
        cause=f"{stage.key} {one.path}",
        severity=Severity.ERROR if sure and stage.layers_ship else Severity.WARNING,
    )


def _who_reads(stage: Stage) -> str:
    if stage.layers_ship:
        return "Everyone who can pull the image can read it, even if a later instruction deletes it."
    return "It stays in this stage's layers and in every build cache they are pushed to."


def _moved(stage: Stage, moved: MovedSecret, held: Held) -> Problem:
    """Say it of a file that nothing names but the command that moves it: it came in with the folder around it."""
    brought = f"{quote(str(moved.copy.instruction), 60)} (line {moved.copy.instruction.line})"
    fact = f"takes {quote(moved.path)}, which {held.clause}, from {brought} and puts it at {quote(moved.target)}"
    if moved.target == moved.path:
        fact = f"has {quote(moved.path)}, which {held.clause}: {brought} brings it along"
    return Problem(
        moved.command.span,
        f"{stage.label} {fact}. {_who_reads(stage)} Keep it out of the build with `.dockerignore`. "
        f"{_way_out(moved.copy, moved.kind, moved.source)}",
        Confidence.LIKELY,
        doubt=_doubt(held),
        instruction=moved.run.instruction,
        stage=stage.key,
        key=moved.path,
        cause=f"{stage.key} {moved.source}",
        severity=Severity.ERROR if stage.layers_ship else Severity.WARNING,
    )


def _way_out(copy: Copy, kind: Kind, text: str) -> str:
    """Say how else it gets to what reads it: a build below, the container, or both."""
    name = posixpath.basename(text.rstrip("/"))
    is_ssh = kind == "private key" and (name.startswith("id_") or ".ssh" in (copy.destination or ""))
    mount = quote("RUN --mount=type=ssh …" if is_ssh else f"RUN --mount=type=secret,id={name.lstrip('.')},target=… …")
    if not copy.stage.layers_ship or kind == "client configuration":
        return f"Mount it for the command that needs it: {mount}."
    if kind == "environment":
        start = "when the container starts: `--env-file`, a secret, a config map."
        if not _is_built_on(copy):
            return f"Give the values {start}"
        return f"What a `RUN` below reads of it, mount there: {mount}. Give the rest {start}"
    if not _is_built_on(copy):
        return "Mount it when the container starts."
    return f"For a build, mount it: {mount}. For the running container, mount it there."


def _is_built_on(copy: Copy) -> bool:
    """Whether a RUN below does more than to prepare the system, in the stage or in one that starts from it."""
    heirs = built_upon(copy.stage)
    return any(
        is_opaque(command)
        for stage in heirs
        for run in stage.runs
        if run.at > copy.at and not run.deferred
        for command in run.commands
    )


def _pointed_at(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Find variables that point at a credentials file which a COPY brings, under whatever name."""
    for name in _POINTERS:
        setting = stage.image.env.get(name)
        if setting is None or setting.stage is not stage or setting.instruction is None or not setting.value:
            continue
        path = setting.value if setting.value.startswith("/") else _below(stage, setting.value)
        if not path or any(volume.value and within(path, volume.value) for volume in stage.image.volumes):
            continue  # what a volume holds is mounted when the container starts
        put = next((put for put in stage.files.covering(path) if put.kind == "context"), None)
        if put is None or secret_file(put.source) in ("private key", "credentials"):
            continue
        if _may_bring(change, put, path):
            yield _pointer(stage, name, setting, put)


def _may_bring(change: DockerfileChange, put: Put, path: str) -> bool:
    """Whether a COPY may bring a file: as itself, beside what else a folder holds, or where the repository has it.

    A tree that is laid over the root of the image (`COPY rootfs/ /`) may hold anything, and says nothing of the file.
    """
    if path == put.path:
        return True
    place = posixpath.join(put.source, posixpath.relpath(path, put.path or "/"))
    ignore = change.repository.dockerignore(change.path)
    if ignore is not None and ignore.excludes(place):
        return False
    context = change.repository.context_of(change.path)
    if put.whole or posixpath.dirname(path) == put.path.rstrip("/"):
        return True
    return context is not None and change.repository.exists(posixpath.join(context, place)) is True


def _below(stage: Stage, path: str) -> str | None:
    folder = stage.image.workdir.value
    return posixpath.normpath(posixpath.join(folder, path)) if folder is not None else None


def _pointer(stage: Stage, name: str, setting: Setting[str], put: Put) -> Problem:
    assert setting.instruction is not None, "the caller looked"
    line, what = put.step.instruction.line, "the build context" if put.whole else quote(put.source)
    return Problem(
        setting.instruction.span,
        f"{stage.label} expects credentials at {quote(setting.value or '')} ({quote(name)}), where line {line} "
        f"copies {what} to. A key that lies there is in the image, for everyone who can pull it. Mount it when the "
        "container starts, and list it in `.dockerignore`.",
        Confidence.LIKELY,
        doubt="whether a key lies there when it is built is not known",
        instruction=setting.instruction,
        stage=stage.key,
        key=name,
    )
