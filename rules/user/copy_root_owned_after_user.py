"""See copy_root_owned_after_user.md."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Edit,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    add_flag,
    fix,
    is_root_name,
    meet,
    once,
    quote,
    rule,
    within,
)
from rules.copying.installs.calls import install_folder
from rules.facts.installers import NODE_MANAGERS
from rules.model.folders import TEMPORARY
from rules.user.accounts.running import is_root, name_of, runs_as_root
from rules.user.modes.granted import grants, octal_bits
from rules.user.owners.kept import may_keep_owner
from rules.user.owners.named import STATE_FOLDERS
from rules.user.owners.ownership import access
from rules.user.writing.hindrances import is_rails

_SHOWN = 3
_GROUP_WRITES = 0o020
_READ_ONLY = ("/usr/", "/bin/", "/sbin/", "/lib/", "/etc", "/docker-entrypoint")
_SCRIPT = re.compile(r"(?:^|/)[\w.-]*entrypoint[\w.-]*$|\.(?:sh|bash|template|conf)$")
_PROGRAM = re.compile(r"\.(?:jar|war|dll|so|pyz|phar)[\"']?$")
_PROJECT_INSTALLERS = NODE_MANAGERS | {"composer", "bundle", "poetry", "pdm", "uv"}


@rule(
    "copy-root-owned-after-user",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="info",
    keywords=("COPY", "ADD"),
    mentions=("user",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Files are copied as root's into an image that runs as another user."""
    seen: set[int] = set()
    for shipped in change.after.shipped:
        if shipped.image.user.instruction is None or is_root(shipped, shipped.image.user) is not False:
            continue
        for stage in shipped.chain:
            if stage.index not in seen and not stage.runtime.is_windows:
                seen.add(stage.index)
                for problem, copies in _check_stage(shipped, stage):
                    yield replace(problem, held_before=_were_roots(change.was(shipped), change.was(stage), copies))


def _were_roots(shipped: Stage | None, was: Stage | None, copies: list[Copy]) -> bool:
    """Whether the same COPYs ran as another user than root before, whom the base image may have named itself."""
    if shipped is None or was is None:
        return False
    others = (copy for copy in was.copies if runs_as_root(copy) is False)
    before = {str(copy.instruction) for copy in others if _stays_roots(shipped, copy)}
    return all(str(copy.instruction) in before for copy in copies)


def _check_stage(shipped: Stage, stage: Stage) -> Iterator[tuple[Problem, list[Copy]]]:
    copies = [copy for copy in stage.copies if _is_roots(shipped, copy)]
    written = [(copy, why) for copy in copies if (why := _why_written(shipped, copy)) is not None]
    written = [pair for pair in written if not pair[1].below] or written
    if written:
        roots = [copy for copy, _ in written]
        yield _problem(stage, roots, written[0][1]), roots
        return
    plain = [copy for copy in copies if _after_user(copy) and copy.from_context and not _is_for_reading(copy)]
    plain = [copy for copy in plain if not _is_started(shipped, copy)]
    if plain:
        yield _problem(stage, plain, None), plain


def _is_roots(shipped: Stage, copy: Copy) -> bool:
    """Whether what a COPY brings belongs to root at the end."""
    if copy.deferred or copy.destination is None or copy.instruction.flag("chown") is not None or _unpacks(copy):
        return False
    if may_keep_owner(copy) or _lets_write(copy) or _is_deleted(shipped, copy):
        return False
    return (_after_user(copy) or is_rails(shipped)) and _stays_roots(shipped, copy)


def _stays_roots(shipped: Stage, copy: Copy) -> bool:
    """Whether nothing below gives what a COPY brings to another."""
    if _given(copy.stage).get(_brought(copy), -1) > copy.index:
        return False  # the same files once more, with an owner
    line, path = copy.instruction.line, copy.destination or ""
    return not any(
        row.step.instruction.line > line and (row.path is None or meet(path, row.path))
        for row in shipped.files.attribute_changes
    )


def _is_deleted(shipped: Stage, copy: Copy) -> bool:
    """Whether a RUN below deletes what a COPY brings, so that nothing of it is left to be written."""
    path = copy.destination or ""
    gone = shipped.files.deletions if shipped.files.is_deleted(path) else ()
    return any(one.step.at > copy.at and within(path, one.path) for one in gone)


def _lets_write(copy: Copy) -> bool:
    """Whether `--chmod` lets the process write what belongs to root: as anybody, or in root's group."""
    mode = copy.option("chmod") or ""
    user, _, group = (copy.user.value or "").partition(":")
    in_group = is_root_name(group) or (not group and user.isdecimal())  # a number without an entry is in root's group
    return any(grant.mode.everyone_writes for grant in grants(copy)) or (
        in_group and bool((octal_bits(mode) or 0) & _GROUP_WRITES)
    )


def _brought(copy: Copy) -> tuple[str, ...]:
    return (copy.destination or "", *(source.word.text for source in copy.sources))


@once
def _given(stage: Stage) -> dict[tuple[str, ...], int]:
    """The last step that brings the same with an owner, by what it brings."""
    return {_brought(copy): copy.index for copy in stage.copies if copy.instruction.flag("chown") is not None}


def _unpacks(copy: Copy) -> bool:
    """Whether an ADD unpacks archives, whose files keep the owners that the archive names."""
    return copy.is_add and all(map(copy.unpacks, copy.sources))


def _after_user(copy: Copy) -> bool:
    return copy.user.instruction is not None and runs_as_root(copy) is False


def _is_for_reading(copy: Copy) -> bool:
    """Whether it goes where no process writes: programs, settings, the scripts that start the container."""
    path = copy.destination or ""
    return (
        path == "/"  # files for the system's own folders
        or path.startswith(_READ_ONLY)
        or _is_temporary(path)
        or bool(_SCRIPT.search(path))
        or (bool(copy.sources) and all(_SCRIPT.search(s.word.text) for s in copy.sources))
    )


def _is_temporary(path: str) -> bool:
    return any(within(path, folder) for folder in TEMPORARY)


def _is_started(shipped: Stage, copy: Copy) -> bool:
    """Whether it is what the start command names, or by its ending a program: nothing that the process writes."""
    path, folder = copy.destination or "", shipped.image.workdir.value or "/"
    if _PROGRAM.search(path) or (copy.sources and all(_PROGRAM.search(one.word.text) for one in copy.sources)):
        return True
    starts = [setting.value for setting in shipped.image.start_command if setting.value is not None]
    words = (part for start in starts for word in start.words for part in word.split())
    return any(posixpath.normpath(posixpath.join(folder, word)) == path for word in words if "$" not in word)


class _Why(NamedTuple):
    """What will write where files land.

    Attributes:
        text: Half a sentence.
        below: Whether that is a folder below the files' own alone, so that the rest may well stay root's.
    """

    text: str
    below: bool = False


def _why_written(shipped: Stage, copy: Copy) -> _Why | None:
    """Return what will write where the files land; `None` without a sign of it."""
    path = copy.destination or ""
    for volume in shipped.image.volumes:
        folder = (volume.value or "").rstrip("/") or "/"
        if volume.value and within(folder, path) and path != "/":
            text = f"{quote(volume.value)} is a volume, which the process is there to write"
            return _Why(text, below=folder != path.rstrip("/"))
    if is_rails(shipped) and path == shipped.image.workdir.value:
        return _Why("a Rails server writes to `log`, `tmp`, `storage` and `db` below it")
    last = path.rstrip("/").rsplit("/", 1)[-1].lower()
    elsewhere = path.startswith(("/etc", "/usr")) or _is_temporary(path)
    if last in STATE_FOLDERS and not elsewhere and copy.from_context:
        return _Why(f"{quote(path)} is a folder that programs write to")
    for run in copy.stage.runs:
        if run.instruction.line > copy.instruction.line and runs_as_root(run) is False:
            call = next((call for call in run.package_calls if _updates(run, call, path)), None)
            if call is not None:
                return _Why(f"{quote(str(call.command))} at line {call.command.line} updates files there")
    return None


def _updates(run: Run, call: PackageCall, folder: str) -> bool:
    """Whether a call installs a project in a folder and may write its lock file, which `uv pip` does not."""
    if call.manager not in _PROJECT_INSTALLERS or call.action != "install" or not call.project or call.frozen:
        return False
    by_pip = [word.value for word in call.command.args[:1]] == ["pip"]
    if by_pip or install_folder(run, call) != folder:
        return False
    # In a folder of the account's own only npm writes to a lock file that says all already.
    return call.manager == "npm" or access(run.stage, folder, name_of(run.user.value or "")).writable is not True


def _problem(stage: Stage, copies: list[Copy], why: _Why | None) -> Problem:
    first = copies[0]
    user = first.user if _after_user(first) else stage.image.user
    name = user.value or ""
    named = ", ".join(quote(str(copy.instruction), 60) for copy in copies[:_SHOWN])
    more = f" and {len(copies) - _SHOWN} more" if len(copies) > _SHOWN else ""
    way_out = "Add `--chown`."
    if why is not None and why.below:
        way_out = "Give it that folder alone: copy that in a line of its own with `--chown`, or `chown` it as root."
    then = (
        f"The process can read it and not change it, and {why.text}. {way_out}"
        if why is not None
        else f"For files that are only read that is the safer way; where it writes, add {quote(f'--chown={name}')}."
    )
    text = user.instruction.value if user.instruction is not None else name
    return Problem(
        first.instruction.span,
        f"{stage.label} runs as {quote(name)}, but what {named}{more} brings belongs to root: `USER` does not change "
        f"that. {then}",
        Confidence.LIKELY if why is not None else Confidence.POSSIBLE,
        doubt="whether the process writes there is not known",
        stage=stage.key,
        key="owner",
        fix=fix("Copy with the owner", *(_owned(copy, text) for copy in copies))
        if why is not None and not why.below and _after_user(first) and _can_be_named(first, name, text)
        else None,
    )


def _can_be_named(copy: Copy, user: str, text: str) -> bool:
    """Whether `--chown` can name the user: the builder looks it up in the image, and stops when it is not there."""
    return len(text.split()) == 1 and copy.stage.users.exists(user.partition(":")[0]) is not False


def _owned(copy: Copy, user: str) -> Edit:
    return add_flag(copy.instruction, f"--chown={user}")
