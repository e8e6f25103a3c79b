"""See world_writable_permissions.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Attributes,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    comments_on,
    is_root_name,
    once,
    quote,
    rule,
    within,
)
from rules.quoting import first_few
from rules.user.accounts import name_of, runtime_user
from rules.user.layers import place, shipped_steps
from rules.user.modes import Grant, grants, without_others_writing
from rules.user.owners import Owner, is_same, owner_of
from rules.user.reach import closed_above
from rules.user.root_by_design import drops_privileges, unread_scripts

_SHARED = ("/dev", "/proc", "/sys")
_SHOWN = 3
_MOST = 100
"""Changes of owners that are looked through for each finding."""
_ANY_UID = "for a container that is started under any uid, to group 0 (`chgrp -R 0` and `chmod -R g=u`)"
_ANY_USER = re.compile(
    r"\b(?:arbitrary|random|any|different|varying|which|whichever|whatever|custom|other|non[- ]?default|unknown)\s+"
    r"(?:(?:user|uid|id)s?\b|user[- ]?ids?\b)|\bnon[- ]?root\b|\bopenshift\b|(?<!\S)--user\b|\bP?[UG]ID=",
    re.IGNORECASE,
)
_NAMES_MODE = re.compile(r"\b(?:0?777|0?666|[ugoa]*[oa][ugoa]*[+=][rxX]*w[rwxX]*)\b")
_WHY = re.compile(r"\b(?:because|since|so that|so|needs?|needed|must|allows?|lets?|else|otherwise)\b", re.IGNORECASE)
"""A comment that names the mode and gives a reason for it: the author has decided."""
_PARAMETER = re.compile(r"\$\{?[@*\d]\}?")
"""`$@` and `$1` name nothing to a reader."""
_CLOSING = re.compile(r"^[0-7]{3,5}$|(?:^|,)[ug]*[oa][ugoa]*(?:=|-[rxXst]*w)")
"""A mode that says what others may do, or that they may not write."""
_PROGRAMS = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/")


@rule(
    "world-writable-permissions",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN", "COPY", "ADD"),
    mentions=("chmod", "mkdir", "install"),
    aliases=("S2612", "DF034"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Everyone in the container may write a file or folder that ships."""
    for stage, step in shipped_steps(change):
        found = [g for g in grants(step) if g.mode.everyone_writes and not g.mode.sticky and not _is_exempt(stage, g)]
        if found:
            yield _problem(change, stage, found)


def _is_exempt(stage: Stage, grant: Grant) -> bool:
    """Whether it is about devices, what others cannot reach, or what the same RUN deletes or closes again."""
    if grant.paths and all(path.startswith(_SHARED) for path in grant.paths):
        return True
    step = grant.step
    if grant.paths and all(_is_out_of_reach(stage, step, path) for path in grant.paths):
        return True
    if not isinstance(step, Run) or not grant.paths or grant.command is None:
        return False
    deleted, given = _deleted(step), grant.command.start
    return all(deleted.get(path, -1) > given for path in grant.paths) or _is_closed(step, grant)


def _is_out_of_reach(stage: Stage, step: Step, path: str) -> bool:
    """Whether a folder above is closed to others; a relative path behind a `cd` may be anywhere."""
    if not path.startswith(("/", "$")) and isinstance(step, Run) and step.calls("cd", "pushd"):
        return False
    full = step.resolve(step.scope.expand(path))
    return full is not None and closed_above(stage, full) is not None


@once
def _deleted(run: Run) -> dict[str, int]:
    """Where a RUN last deletes each path that it names."""
    return {word.value: command.start for command in run.calls("rm") for word in command.operands()}


def _is_closed(run: Run, grant: Grant) -> bool:
    """Whether commands behind it take the right away again, from all that it was given on."""
    closed = _closed(run)
    if grant.command is None:
        return False
    return all(
        max(closed.get((path, kind), -1) for kind in (True, grant.recursive)) > grant.command.start
        for path in grant.paths
    )


@once
def _closed(run: Run) -> dict[tuple[str, bool], int]:
    """Where a RUN last takes the right to write away, or that to delete: by path, and whether from all below, too."""
    return {
        (path, later.recursive): later.command.start
        for later in grants(run)
        if later.command is not None and not later.command.conditional and not later.mode.everyone_writes
        if _CLOSING.search(later.mode.text) or later.mode.sticky
        for path in later.paths
    }


def _problem(change: DockerfileChange, stage: Stage, found: list[Grant]) -> Problem:
    first = found[0]
    step = first.step
    written = quote(str(first.command)) if first.command is not None else quote(f"--chmod={first.mode.text}")
    paths = tuple(dict.fromkeys(path for grant in found for path in grant.paths if not _PARAMETER.fullmatch(path)))
    meant = _is_meant(step)
    more = f" and {len(found) - 1} more like it" if len(found) > 1 else ""
    way_out = _way_out(stage, found)
    span = place(step, first.command) if first.command is not None and isinstance(step, Run) else first.span
    return Problem(
        span,
        f"{stage.label} lets every user write {_named(paths)}: {written}{more}. Any process in the container, under "
        "whatever user, can then replace what is there, and whoever reads or runs it later trusts it. "
        f"{way_out}",
        Confidence.POSSIBLE if meant else Confidence.CERTAIN,
        decision=f"{first.mode.text} {way_out}",
        stage=stage.key,
        key=" ".join(paths),
        instruction=step.instruction,
        fix=_fix(change, stage, found) if not meant else None,
    )


def _is_meant(step: Step) -> bool:
    """Whether a comment on the step says that the container may run as just any user, or why it has that mode."""
    said = comments_on(step)
    return bool(_ANY_USER.search(said) or (_NAMES_MODE.search(said) and _WHY.search(said)))


def _named(paths: tuple[str, ...]) -> str:
    return first_few(paths, _SHOWN) or "files"


def _way_out(stage: Stage, found: list[Grant]) -> str:
    user = runtime_user(stage)
    safe = without_others_writing(found[0].mode.text)
    if all(map(_temporary, found)):
        return "A folder for temporary files or locks needs the sticky bit with it: `1777`."
    if all(map(_is_for_running, found)) and safe is not None:
        return f"To run it, {quote(safe)} is enough."
    step = found[0].step
    if user is not None and safe is not None and _is_of(stage, step, user):
        return f"It belongs to {quote(user)}, who runs the container, and for whom {quote(safe)} is enough."
    owner = _owner(stage, found) if not _is_meant(step) else None
    if owner is not None and (user is None or is_same(stage, owner.user, user)):
        return _for_owner(owner, safe, sure=user is not None)
    if user is not None:
        to = f"Give it to the one user that writes there: `chown` to {quote(user)}, or `COPY --chown`"
        return f"{to}; {_ANY_UID}." if user.isdecimal() or _gives_to_group_zero(stage) else f"{to}."
    return f"Give it to the one user that writes there (`chown`); {_ANY_UID}."


def _is_of(stage: Stage, step: Step, user: str) -> bool:
    """Whether a step brings files as the account's own, or runs as it: nobody else but root may set their mode."""
    owner = step.option("chown") or "" if isinstance(step, Copy) else step.user.value or ""
    return bool(owner) and is_same(stage, name_of(owner), user) is True


def _for_owner(owner: Owner, safe: str | None, *, sure: bool) -> str:
    """Say what is enough for the account that it is given to; for others only where they may be there."""
    enough = f"{quote(safe)} is enough" if safe is not None else "the `chmod` is not needed"
    whom = f"Line {owner.line} gives it to {quote(owner.user)}"
    if sure:
        return f"{whom}, who runs the container, and for whom {enough}."
    return f"{whom}, for whom {enough}; what runs under any uid takes group 0 (`chgrp -R 0` and `chmod -R g=u`)."


def _owner(stage: Stage, found: list[Grant]) -> Owner | None:
    """Return the ordinary account that all of it is given to, by whatever step; `None` where it is not known to be."""
    step = found[0].step
    if isinstance(step, Copy):
        name = name_of(step.option("chown") or "")
        ordinary = bool(name) and not is_root_name(stage.users.uid_of(name) or name)
        return Owner(name, step.instruction.line) if ordinary else None
    paths = [step.resolve(step.scope.expand(path)) for grant in found for path in grant.paths]
    owners = [_given_to(stage, path) if path is not None else None for path in paths]
    known = {owner.user: owner for owner in owners if owner is not None}
    return next(iter(known.values())) if len(known) == 1 and None not in owners else None


def _given_to(stage: Stage, path: str) -> Owner | None:
    """Return whom the last `chown` of a path, or of all around it, names."""
    last = next(
        (
            row
            for row in reversed(_chowns(stage))
            if row.path == path or (row.recursive and row.path is not None and within(path, row.path))
        ),
        None,
    )
    user = name_of(owner_of(last)) if last is not None else ""
    if last is None or not user or last.command.conditional or is_root_name(stage.users.uid_of(user) or user):
        return None
    return Owner(user, last.command.line)


@once
def _chowns(stage: Stage) -> tuple[Attributes, ...]:
    return tuple(row for row in stage.files.attribute_changes if row.kind == "chown")[:_MOST]


@once
def _gives_to_group_zero(stage: Stage) -> bool:
    """Whether the file gives folders to group 0, as it takes for a container that is started under any uid."""
    changes = (row for row in stage.files.attribute_changes if row.kind in ("chgrp", "chown"))
    return any((row.value if row.kind == "chgrp" else row.value.partition(":")[2]) in ("0", "root") for row in changes)


_SHARED_BY_ALL = frozenset({"/tmp", "/var/tmp", "/var/lock", "/run/lock", "/var/run/lock"})  # noqa: S108 - paths of an image
"""Folders of the system in which every user makes files; Debian ships all as `1777`, Alpine not those of locks."""


def _temporary(grant: Grant) -> bool:
    return bool(grant.paths) and all(posixpath.normpath(path) in _SHARED_BY_ALL for path in grant.paths)


def _is_for_running(grant: Grant) -> bool:
    """Whether all of it is scripts or programs, which need to be run and not to be written."""
    return (
        bool(grant.paths)
        and not (grant.recursive and grant.command is not None)
        and all(path.endswith(".sh") or path.startswith(_PROGRAMS) for path in map(posixpath.normpath, grant.paths))
    )


def _fix(change: DockerfileChange, stage: Stage, found: list[Grant]) -> Fix | None:
    """Narrow octal modes where nobody but root, or the owner, can have needed the right to write."""
    rooted = stage.users.final_is_root is True and not drops_privileges(change, stage)
    rooted = rooted and not unread_scripts(change, stage)
    modes = [_safe(grant, rooted=rooted) for grant in found]
    if None in modes:
        return None
    titles = " and ".join(dict.fromkeys(mode for mode in modes if mode is not None))
    return Fix(
        f"Use mode {titles}",
        tuple(Edit(g.span, mode) for g, mode in zip(found, modes, strict=True) if mode is not None),
    )


def _safe(grant: Grant, *, rooted: bool) -> str | None:
    text = grant.mode.text
    if grant.step.instruction.source.cut(grant.span) != text:
        return None
    if _temporary(grant):
        return "1777" if text.lstrip("0") == "777" else None
    rooted = rooted and not grant.recursive and not _is_folder(grant)
    return without_others_writing(text) if rooted or _is_for_running(grant) else None


def _is_folder(grant: Grant) -> bool:
    """Whether folders are opened: mostly on purpose, for whatever user a container is started as."""
    step = grant.step
    made = {word.value for run in step.stage.all_runs for command in run.calls("mkdir") for word in command.operands()}
    volumes = {volume.value for volume in step.stage.image.volumes}
    return any(
        path in made | volumes or path.endswith("/") or "." not in posixpath.basename(path) for path in grant.paths
    )
