"""See code_made_writable.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Severity,
    Stage,
    folders_of,
    once,
    quote,
    rule,
    within,
)
from rules.brought import place_of
from rules.matching.gathering import named_lines
from rules.user.accounts.running import name_of, runtime_user
from rules.user.owners.named import STATE_FOLDERS, is_same

_OCTAL = re.compile(r"0?[0-7]{3}")
_WRITE = 0o2


class _Opened(NamedTuple):
    """A COPY whose mode gives the container's account more than it did.

    Attributes:
        copy: Now.
        was: Before the change.
        by: Whether the account is the `owner` or in the `group`.
    """

    copy: Copy
    was: Copy
    by: str


@rule(
    "code-made-writable",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    compares=True,
    keywords=("COPY", "ADD"),
    mentions=("--chmod",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change lets the container's user write the code that it could only read."""
    for stage, was in change.shipped():
        user, old_user = runtime_user(stage), runtime_user(was) if was is not None else None
        if was is None or user is None or old_user is None or is_same(stage, user, old_user) is not True:
            continue
        found = list(_opened(stage, was, user))
        if found:
            yield _problem(stage, user, found)


def _opened(stage: Stage, was: Stage, user: str) -> Iterator[_Opened]:
    before = {(copy.destination, copy.option("chown")): copy for copy in was.all_copies if not copy.deferred}
    for copy in stage.all_copies:
        old = before.get((copy.destination, copy.option("chown")))
        if old is None or copy.deferred or not _holds_code(stage, copy) or _is_changed_later(stage, copy):
            continue
        by = _share(stage, copy, user)
        if by is not None and _writes(copy, by) is True and _writes(old, by) is False:
            yield _Opened(copy, old, by)


def _share(stage: Stage, copy: Copy, user: str) -> str | None:
    """Return whether the account owns what a COPY brings, or is in its group; `None` where neither is certain."""
    owner, _, group = (copy.option("chown") or "").partition(":")
    if not owner:
        return None
    same = is_same(stage, owner, user)
    if same is not False:
        return "owner" if same else None
    account = stage.users.find(user)
    told = (stage.image.user.value or "").partition(":")[2].strip()
    own = told or (account.group if account is not None else None) or user
    return "group" if group and not own.isdecimal() and group == own else None


def _writes(copy: Copy, by: str) -> bool | None:
    """Whether a mode lets the owner, or the group, write and nobody else besides; `None` where none is written."""
    mode = copy.option("chmod") or ""
    if not _OCTAL.fullmatch(mode):
        return None
    owner, group, others = (int(digit) for digit in mode[-3:])
    if others & _WRITE:
        return None  # world-writable-permissions speaks of it
    return bool((owner if by == "owner" else group) & _WRITE)


def _holds_code(stage: Stage, copy: Copy) -> bool:
    """Whether a COPY brings the folder that the container works in, or starts its program from."""
    folder = (copy.destination or "").rstrip("/")
    if (
        not folder
        or posixpath.basename(folder).lower() in STATE_FOLDERS
        or all(_is_file(s.word.text) for s in copy.sources)
    ):
        return False
    starts = [setting.value.words[0] for setting in stage.image.start_command if setting.value is not None]
    places = [stage.image.workdir.value, *(place_of(stage, word) for word in starts if "/" in word)]
    return any(place is not None and within(place, folder) for place in places)


def _is_file(text: str) -> bool:
    return "." in posixpath.basename(text.rstrip("/")).strip(".") and not text.endswith("/")


def _is_changed_later(stage: Stage, copy: Copy) -> bool:
    """Whether a later step changes the modes of all that a COPY brought, or of what nobody knows."""
    last = _recursive(stage)
    return any(last.get(folder, copy.at) > copy.at for folder in (None, *folders_of(copy.destination or "/")))


@once
def _recursive(stage: Stage) -> dict[str | None, tuple[int, int]]:
    """Where a RUN changes owner or mode of all below a folder last; `None` stands for folders that are not known."""
    rows = (row for row in stage.files.attribute_changes if row.recursive or row.path is None)
    return {row.path.rstrip("/") if row.path is not None else None: row.step.at for row in rows}


def _problem(stage: Stage, user: str, found: list[_Opened]) -> Problem:
    first, *others = found
    flag = first.copy.instruction.flag("chmod")
    assert flag is not None, "its value was read"
    path = quote((first.copy.destination or "/").rstrip("/"))
    now, then = (quote(f"--chmod={one.option('chmod')}") for one in (first.copy, first.was))
    gives = "gives the owner the right" if first.by == "owner" else "gives its group the right"
    lines = [str(one.copy.instruction.line) for one in others]
    same = f" The same holds for {named_lines(lines)}." if lines else ""
    owns = first.by == "owner"
    then_what = "rewrite the program without a `chmod` first" if owns else "rewrite the program, and stay"
    return Problem(
        flag.span,
        f"{stage.label} now lets {quote(user)}, whom it runs as, write the code in {path}: {now} {gives}, and {then} "
        f"did not before this change. Whoever breaks into the process can then {then_what}. Leave "
        f"the code as it was, and open the folders alone that the process writes to.{same}",
        instruction=first.copy.instruction,
        stage=stage.key,
        key=name_of(user),
        minor=owns,  # who may change the mode could have given himself the right
        notes=(Note(first.was.instruction.span, "only to be read before", before=True),),
    )
