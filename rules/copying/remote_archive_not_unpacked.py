"""See remote_archive_not_unpacked.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Severity,
    Stage,
    Step,
    add_flag,
    fix,
    quote,
    rule,
)
from rules.copying.fetching.archives import is_used_at_start, takes, uses
from rules.copying.fetching.fetched_by_add import knows_unpack
from rules.model.puts import within_any

_TAR = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz|zst))$", re.IGNORECASE)
_UNPACKS = re.compile(r"\b(?:tar|bsdtar|unzip|gunzip|unxz|bunzip2|zcat|xzcat|zstd|cpio|7z|helm|python3?|install)\b")
_SYSTEM = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/var", "/root", "/home")
"""Folders in which base images and packages have files of their own."""
_BELOW = r"(?P<rest>[^\s\"'\\,:;=$*?(){}\[\]|&<>]+)"


@rule(
    "remote-archive-not-unpacked",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ADD",),
    mentions=("http://", "https://"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """ADD downloads an archive, which it does not unpack, and nothing else does."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        for copy in stage.copies:
            if (
                not copy.is_add
                or copy.deferred
                or copy.instruction.flag("unpack") is not None
                or not copy.lands_in_folder
            ):
                continue
            for source in copy.sources:
                path = (source.path or "").partition("?")[0]
                if source.is_remote and _TAR.search(path) and not _is_used(change, copy, posixpath.basename(path)):
                    yield _problem(change, stage, copy, path)


def _is_used(change: DockerfileChange, copy: Copy, name: str) -> bool:
    """Whether a later instruction of the file, or the start script, names the archive, or one unpacks something."""
    later = [text for start, _, text in uses(copy.stage) if start > copy.instruction.span.start]
    if any(takes(text, (name,), copy.destination) or _UNPACKS.search(text) for text in later):
        return True
    return is_used_at_start(change, copy.stage, (name,), copy.destination)


def _is_looked_into(stage: Stage, copy: Copy, name: str) -> bool:
    """Whether something later names a path below the folder, which only the unpacked archive can have."""
    folder = (copy.destination or "").rstrip("/")
    if not folder:
        return False
    below = re.compile(rf"(?<![\w./-]){re.escape(folder)}/{_BELOW}")
    later = [(other, text) for start, other, text in uses(stage) if start > copy.instruction.span.start]
    for other, text in later:
        for match in below.finditer(text):
            head = match["rest"].split("/")[0]
            known = head.lower() in name.lower() or not within_any(folder, _SYSTEM)
            if known and not _is_brought(other, copy, f"{folder}/{match['rest'].strip('/.')}"):
                return True
    return False


def _is_brought(stage: Stage, added: Copy, path: str) -> bool:
    """Whether something else than the archive puts something there."""
    return any(
        put.step is not added and put.kind != "workdir" and not _is_out_of(put.step, added.stage)
        for put in stage.files.covering(path)
    )


def _is_out_of(step: Step, stage: Stage) -> bool:
    """Whether a step hands on what the archive's stage has."""
    return isinstance(step, Copy) and step.from_stage is stage


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, path: str) -> Problem:
    name, folder = quote(posixpath.basename(path), 60), quote(copy.destination or "")
    return Problem(
        copy.instruction.span,
        f"{stage.label} gets {name} as one file in {folder}: `ADD` unpacks archives of the context, not those that it "
        "downloads, and no later instruction does. `--unpack` asks for it (Dockerfile frontend 1.17); or unpack it in "
        "a `RUN`.",
        Confidence.LIKELY if _is_looked_into(stage, copy, posixpath.basename(path)) else Confidence.POSSIBLE,
        doubt="what the container starts may unpack it",
        instruction=copy.instruction,
        stage=stage.key,
        key=posixpath.basename(path),
        fix=fix("Unpack it", add_flag(copy.instruction, "--unpack")) if knows_unpack(change) else None,
    )
