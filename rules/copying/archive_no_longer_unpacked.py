"""See archive_no_longer_unpacked.md.

The Dockerfile reference ("ADD") says that ADD unpacks a local archive, and that COPY does not.
"""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Fix,
    Model,
    Note,
    Problem,
    Severity,
    Stage,
    is_script,
    once,
    quote,
    replace,
    rule,
)
from rules.copying.fetching.archives import is_used_at_start, names_of, takes, uses
from rules.quoting import listed

_UNPACKERS = ("tar", "bsdtar", "unzip", "gunzip", "gzip", "xz", "unxz", "bunzip2", "7z", "python", "python3", "busybox")
_PACKED = re.compile(r"\.(?:tar|t[gbx]z2?|gz|bz2|xz|zst)$", re.IGNORECASE)


@rule(
    "archive-no-longer-unpacked",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("COPY",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change makes an ADD of an archive a COPY, which does not unpack it."""
    still = {path for stage in change.stages for path in _unpacked(stage)}
    for stage in change.stages:
        was = change.was(stage)
        then = _unpacked(was) if was is not None else {}
        for copy in stage.copies if then else ():
            if copy.is_add or not copy.from_context or copy.deferred or _is_meant_packed(copy):
                continue
            lost = [
                source
                for source in copy.sources
                if (path := copy.source_path(source)) in then
                and path not in still
                and not _is_handled(change, copy, source)
            ]
            if lost:
                yield _problem(change, stage, copy, then[copy.source_path(lost[0]) or ""], lost)


def _unpacked(stage: Stage) -> dict[str, Copy]:
    """Return the ADDs that unpack an archive of the build context, by its path."""
    return {
        copy.source_path(source) or "": copy
        for copy in stage.copies
        if copy.is_add and copy.from_context and not copy.deferred and copy.option("unpack") != "false"
        for source in copy.sources
        if source.is_archive and not source.is_remote
    }


def _is_handled(change: DockerfileChange, copy: Copy, source: CopySource) -> bool:
    """Whether a command of the file may unpack it, or a command, a variable or the start script takes it as it is."""
    names = names_of(source.path or "", source.word.text)
    own = copy.instruction.span.start
    texts = (text for start, _, text in uses(copy.stage) if start != own)
    if _unpacks(copy.stage.model) or any(takes(text, names, copy.destination) for text in texts):
        return True
    return is_used_at_start(change, copy.stage, names, copy.destination)


def _is_meant_packed(copy: Copy) -> bool:
    """Whether the destination is an archive's name: `/models/base.tar.gz`."""
    word = copy.destination_word
    return word is not None and _PACKED.search(word.text.strip("\"'")) is not None


@once
def _unpacks(model: Model) -> bool:
    runs = [run for stage in model.stages for run in stage.runs]
    return any(not run.is_read or bool(run.calls(*_UNPACKERS)) for run in runs)


def _runs_script(stage: Stage) -> bool:
    """Whether a RUN calls a script, which may unpack it."""
    programs = (command.program for command in stage.files.opaque_commands)
    return any(program is not None and is_script(program.value) for program in programs) or any(
        is_script(word.value) for run in stage.all_runs for command in run.calls("sh", "bash") for word in command.args
    )


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, added: Copy, lost: list[CopySource]) -> Problem:
    names = listed([quote(source.word.text.strip("\"'")) for source in lost])
    one = len(lost) == 1
    what = "it holds is not in the image. Keep `ADD` for it" if one else "they hold is not in the image. Keep `ADD`"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {names} as {'it is' if one else 'they are'}: `COPY` does not unpack archives, and "
        f"`ADD`, which stood here before this change, did. Nothing in the file unpacks {'it' if one else 'them'}, so "
        f"what {what}.",
        Confidence.POSSIBLE if _runs_script(stage) else Confidence.LIKELY,
        doubt="a script may unpack it, or the program read it packed",
        instruction=copy.instruction,
        stage=stage.key,
        key=lost[0].word.text,
        notes=(Note(added.instruction.span, "unpacked here before", before=True),),
        fix=Fix("Keep ADD", (replace(change.source, copy.instruction.keyword_span, "ADD"),)),
    )
