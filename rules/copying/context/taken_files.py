"""The files of the build context that COPY, ADD and bind mounts name."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.context.made_outside import MADE_OUTSIDE
from rules.copying.stages.mounts import mounted_context
from rules.model.filenames import folder_looked_into
from rules.model.steps import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, CopySource, Instruction, Span, Stage

_OPEN = re.compile(r"[$*?\[]|\.\.")
"""What in a mount's source leaves open which file it is."""


class Taken(NamedTuple):
    """A file of the context that an instruction names.

    Attributes:
        instruction: The COPY, ADD or RUN.
        span: Where it names the file.
        verb: What it does with it: `copies` or `mounts`.
        text: As written.
        path: In the context; of a pattern, the folder that it looks into.
        plain: Whether another path can be written in its place as it is.
    """

    instruction: Instruction
    span: Span
    verb: str
    text: str
    path: str
    plain: bool

    @property
    def is_pattern(self) -> bool:
        """Whether it is what matches a pattern, which may be nothing."""
        return "*" in self.text or "?" in self.text or "[" in self.text

    @property
    def kind(self) -> str:
        """What is not there, as a message names it."""
        return "folder" if self.is_pattern else "file"


def copied_files(stage: Stage) -> Iterator[Taken]:
    """Yield what the COPYs of a stage take out of the context, some of it through another stage."""
    for copy in stage.copies:
        for source in copy.sources if not copy.deferred else ():
            path = named_file(copy, source) if copy.from_context else _brought(copy, source)
            if path is not None:
                plain = copy.instruction.exec_form is None and not source.word.text.startswith(("'", '"'))
                text = source.word.text
                plain = plain and copy.from_context and not source.has_wildcard
                yield Taken(copy.instruction, source.word.span, "copies", text, path, plain)


def mounted_files(stage: Stage) -> Iterator[Taken]:
    """Yield what the bind mounts of a stage show of the context."""
    for run, mount in mounted_context(stage):
        text = mount.options.get("source", "")
        path = posixpath.normpath("/" + text).strip("/")
        if path and not _OPEN.search(text) and not MADE_OUTSIDE.search(path):
            yield Taken(run.instruction, mount.flag.span, "mounts", text, path, plain=False)


def named_file(copy: Copy, source: CopySource) -> str | None:
    """Return the path of a source that is written out: no variable, no URL, inside the context.

    Of a pattern it is the folder above its first mark: BuildKit takes nothing at all for a match, but stops where that
    folder is not there (moby/buildkit#2933, moby/moby#26332).
    """
    path = copy.source_path(source)
    if path is not None and source.has_wildcard:
        path = folder_looked_into(path) or None
    if path is None or path == "." or "$" in source.word.text or ".." in source.word.text:
        return None
    if copy.stage.runtime.is_windows:
        path = path.replace("\\", "/")  # either parts the names of a path there
    return path if not MADE_OUTSIDE.search(path) else None


def _brought(copy: Copy, source: CopySource) -> str | None:
    """Return the path in the context of what is copied out of another stage, which has it by one COPY of a folder."""
    builder, path = copy.from_stage, copy.source_path(source)
    if builder is None or path is None or source.has_wildcard or "$" in source.word.text:
        return None
    covering = [put for put in builder.files.covering(path) if put.kind != "workdir"]
    steps = builder.done_steps
    if len(covering) != 1 or covering[0].kind != "context" or covering[0].path == path or not covering[0].tree:
        return None
    put = covering[0]
    if any(isinstance(step, Run) for step in steps[steps.index(put.step) + 1 :]) or any(m in put.source for m in "*?["):
        return None  # a RUN may make the file
    inner = posixpath.normpath(posixpath.join(put.source, posixpath.relpath(path, put.path)))
    return inner if not MADE_OUTSIDE.search(inner) else None
