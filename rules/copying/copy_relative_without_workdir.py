"""See copy_relative_without_workdir.md."""

from collections.abc import Iterator
from dataclasses import replace as replaced

from rules.api import Category, Confidence, Copy, DockerfileChange, Note, Origin, Problem, Severity, Stage, quote, rule
from rules.model.folders import OF_EVERY_SYSTEM
from rules.model.lineage import built_upon
from rules.quoting import listed

_FOR_PEOPLE = frozenset({"/home", "/media", "/mnt", "/opt", "/srv", "/tmp"})  # noqa: S108 - paths of an image
"""Folders of every system that it leaves to whoever uses it."""


@rule(
    "copy-relative-without-workdir",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    aliases=("DL3045",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY goes to a relative destination, and no WORKDIR says where that is."""
    for stage in change.stages:
        copies = [copy for copy in stage.copies if _lands_anywhere(copy)]
        if copies:
            lost = _lost_folder(change, stage)
            cause = f"{stage.key}: no WORKDIR {lost}" if lost is not None else ""
            minor = _is_meant(stage, copies) or (lost is None and not _weighs(stage, copies))
            problem = _problem(stage, copies[0], copies[1:])
            yield replaced(problem, held_before=_stood_so(change, copies), cause=cause, minor=minor)
        else:
            yield from (_of_root(stage, copy) for copy in stage.copies if _fills_root(copy))


def _lands_anywhere(copy: Copy) -> bool:
    """Whether neither the file nor the base image says to which folder a destination is relative."""
    if copy.workdir.set_in_file or copy.destination_word is None or not _is_relative(copy):
        return False
    if copy.destination_word.text.lstrip("\"'").startswith("~"):
        return False  # meant for a home folder, of which invalid-syntax speaks
    return copy.workdir.origin is not Origin.UNKNOWN and copy.workdir.value in ("/", None)


def _fills_root(copy: Copy) -> bool:
    """Whether it brings the whole context to `.`, and a `WORKDIR /` says where that is; `COPY . /` is meant so."""
    if not copy.brings_context_root or len(copy.sources) > 1 or copy.stage.root.is_scratch:
        return False
    return copy.workdir.set_in_file and copy.destination == "/" and _is_relative(copy) and copy.stage.files_ship


def _of_root(stage: Stage, copy: Copy) -> Problem:
    assert copy.destination_word is not None
    return Problem(
        copy.destination_word.span,
        f"{stage.label} copies the whole context to {quote(copy.destination_word.text)}, which is `/` by its "
        "`WORKDIR`: the project lies among the system's own folders, and one that has the name of such a folder is "
        "merged with it. "
        "Work in a folder of its own, such as `/app`, or write `COPY . /` where the context is made for that place.",
        Confidence.POSSIBLE,
        doubt="the context may be laid out as the root folder of the image",
        instruction=copy.instruction,
        stage=stage.key,
        key="/",
    )


def _stood_so(change: DockerfileChange, copies: list[Copy]) -> bool:
    """Whether each of them went to the same relative path before the change, in whatever stage: one may be split."""
    stages = change.before.stages if change.before is not None else ()
    before = {_wording(copy) for stage in stages for copy in stage.copies if _lands_anywhere(copy)}
    return all(_wording(copy) in before for copy in copies)


def _lost_folder(change: DockerfileChange, stage: Stage) -> str | None:
    """Return the folder that a WORKDIR gave the first relative destination of the stage before the change."""
    was = change.was(stage)
    copies = (copy for copy in was.copies if copy.workdir.set_in_file) if was is not None else ()
    return next((copy.workdir.value for copy in copies if copy.destination_word and _is_relative(copy)), None)


def _wording(copy: Copy) -> tuple[str, ...]:
    return tuple(word.text for word in (*(source.word for source in copy.sources), copy.destination_word) if word)


def _is_relative(copy: Copy) -> bool:
    assert copy.destination_word is not None
    written = copy.destination_word.text
    text = copy.scope.expand(written)
    if copy.stage.root.is_scratch and text in (".", "./"):
        return False  # the empty image has one folder
    if text is None or (written.startswith(("$", '"$')) and copy.scope.decided_by_argument(written)):
        return False  # a build may give a whole path
    return not text.startswith(("/", "\\")) and text[1:2] != ":"


def _problem(stage: Stage, copy: Copy, others: list[Copy]) -> Problem:
    assert copy.destination_word is not None
    written = copy.destination_word.text
    empty = stage.root.is_scratch
    beside = ", among the system's own folders" if _is_among_the_systems(copy) and not empty else ""
    same = [other for other in others if other.destination_word and other.destination_word.text == written]
    lines = [str(other.instruction.line) for other in others]
    named = listed(lines, None) if lines else ""
    does, line = ("do", "lines") if len(lines) > 1 else ("does", "line")
    so = f"so {does} {line} {named}" if len(same) == len(others) else f"and to other relative paths: {line} {named}"
    more = f" ({so})" if lines else ""
    return Problem(
        copy.destination_word.span,
        f"{stage.label} copies to {quote(written)}{more}, and no `WORKDIR` says where that is. It "
        f"lands in {quote(copy.destination or '/')}{beside}. Set a `WORKDIR` above, or write "
        "whole paths here and wherever these files are used.",
        Confidence.CERTAIN,
        instruction=copy.instruction,
        stage=stage.key,
        key="WORKDIR",  # which is what is missing, whatever is copied
        severity=Severity.INFO if empty or not stage.files_ship else None,
        notes=tuple(Note(other.instruction.span, "and this one") for other in others),
    )


def _is_among_the_systems(copy: Copy) -> bool:
    """Whether it lands in the root folder itself, or below one of the system's: not in a new folder beside those."""
    destination = copy.destination or "/"
    return destination == "/" or f"/{destination.split('/')[1]}" in OF_EVERY_SYSTEM - _FOR_PEOPLE


def _weighs(stage: Stage, copies: list[Copy]) -> bool:
    """Whether it is more than an unsaid `/`: the whole project ships there, or is worked on in another folder."""
    if not stage.files_ship:
        return False
    if any(copy.brings_context_root and copy.destination == "/" for copy in copies):
        return True
    return bool(_work_folders(stage) - {"/"})


def _work_folders(stage: Stage) -> set[str]:
    """Return what a WORKDIR of the stage names, or of one that starts from it."""
    return {put.path for other in built_upon(stage) for put in other.files.puts if put.kind == "workdir"}


def _is_meant(stage: Stage, copies: list[Copy]) -> bool:
    """Whether the file names each by the whole path at which it lands: nothing is lost, only unsaid.

    It does so in the start command, or in a WORKDIR of the stage, or of one that starts from it.
    """
    words = {word for setting in stage.image.start_command if setting.value for word in setting.value.text.split()}
    words |= _work_folders(stage)
    return all(copy.destination in words or (copy.destination or "").rstrip("/") in words for copy in copies)
