"""See fetched_file_unreadable.md.

Dockerfile reference, "ADD": a file from a remote URL gets the permissions 600, and belongs to root without `--chown`.
"""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Put,
    Severity,
    Stage,
    add_flag,
    fix,
    quote,
    rule,
    within,
)
from rules.user.accounts.running import is_root, name_of

_PROGRAM_FOLDERS = frozenset("/bin /sbin /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin /opt/bin".split())
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|zip|gz|bz2|xz|zst|deb|rpm|apk|whl)$")

_OF_GIT = re.compile(r"git@|\.git(?:[#?\s]|$)")


@rule(
    "fetched-file-unreadable",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ADD",),
    mentions=("http",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """`ADD` fetches a file that only root may read, into an image that runs as another user."""
    for stage in change.after.shipped:
        user = stage.image.user
        if stage.runtime.is_windows or is_root(stage, user) is not False:
            continue
        for put in stage.files.puts:
            if put.kind == "remote" and isinstance(put.step, Copy) and _stays_closed(stage, put, put.step):
                reader = _reader(stage, put.path)
                if reader is not None:
                    yield _problem(stage, put, put.step, reader)


def _stays_closed(stage: Stage, put: Put, add: Copy) -> bool:
    """Whether a fetched file is root's with its own mode to the end, as far as the instructions show."""
    if add.deferred or any(add.instruction.flag(name) is not None for name in ("chmod", "chown")):
        return False
    if any(map(add.unpacks, add.sources)):
        return False  # its files have the modes that the archive says
    name = posixpath.basename(put.path)
    if not name or "$" in name or _ARCHIVE.search(name) or _OF_GIT.search(add.instruction.value):
        return False
    changed = any(row.path is None or within(put.path, row.path) for row in stage.files.attribute_changes)
    touched = any(name in run.instruction.whole_value for run in stage.all_runs if run.at > add.at)
    again = any(one.step.at > add.at and within(put.path, one.path) for one in stage.files.covering(put.path))
    return not (changed or touched or again)


def _reader(stage: Stage, path: str) -> Instruction | None:
    """Return the ENV or the start command in force that names a file."""
    whole = re.compile(rf"{re.escape(path)}(?![\w.-])")  # `/srv/model` is none of `/srv/models`
    starts = stage.image.start_command
    named = [one.instruction for one in starts if one.value is not None and whole.search(one.value.text)]
    named += [one.instruction for one in stage.image.env.values() if one.value and whole.search(one.value)]
    return next((instruction for instruction in named if instruction is not None), None)


def _is_started(stage: Stage, path: str) -> bool:
    """Whether the container starts it by its path, itself or as a command of the shell: it has to be executable."""
    starts = [setting.value for setting in stage.image.start_command if setting.value is not None]
    programs = (command.program for start in starts for command in start.commands)
    return any(start.words[:1] == (path,) for start in starts) or any(
        program is not None and program.value == path for program in programs
    )


def _problem(stage: Stage, put: Put, add: Copy, reader: Instruction) -> Problem:
    user = name_of(stage.image.user.value or "")
    mode = "755" if posixpath.dirname(put.path) in _PROGRAM_FOLDERS or _is_started(stage, put.path) else "644"
    return Problem(
        add.instruction.span,
        f"{stage.label} fetches {quote(put.path)} with `ADD`, which gives a file from a URL to root with mode 0600. "
        f"The image runs as {quote(user)}, which may not read it, and line {reader.line} names it: what is started "
        f"there stops with “permission denied”, or goes on without it. Write `ADD --chmod={mode}`.",
        Confidence.LIKELY,
        doubt="who starts the container may choose another user",
        instruction=add.instruction,
        stage=stage.key,
        key=put.path,
        notes=(Note(reader.span, "read here"),),
        fix=fix("Let it be read", add_flag(add.instruction, f"--chmod={mode}")),
    )
