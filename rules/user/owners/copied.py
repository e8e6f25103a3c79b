"""The owner with which COPYs bring files that a recursive `chown` gives away further down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.model.puts import within
from rules.model.steps import Copy
from rules.quoting import listed
from rules.user.accounts.running import name_of
from rules.user.owners.chown_as_copied import CHANGES_NOTHING
from rules.user.owners.kept import may_keep_owner
from rules.user.owners.kept_chowns import COPIED
from rules.user.owners.named import is_same, is_same_group, owner_of

if TYPE_CHECKING:
    from rules.model.files import Attributes
    from rules.model.puts import Put
    from rules.model.stage import Stage


def is_already_so(stage: Stage, put: Put, row: Attributes) -> bool:
    """Tell whether the files have that owner or mode as they arrive: builders leave files out that do not change."""
    copy = put.step
    if not isinstance(copy, Copy) or not row.value:
        return False
    if row.kind == "chmod":
        return copy.option("chmod") == row.value or bool(CHANGES_NOTHING.fullmatch(row.value))
    if may_keep_owner(copy):
        return True
    has = copy.option("chown") or "root:root"
    if row.kind == "chgrp":
        return is_same_group(stage, _group_of(has), row.value)
    wanted = owner_of(row)
    group, other = wanted.partition(":")[2], _group_of(has)
    return (not group or is_same_group(stage, group, other)) and is_same(
        stage, name_of(has), name_of(wanted)
    ) is not False


def _group_of(chown: str) -> str:
    """Return the group of a `--chown`: without one, the account's own ("the same numeric UID as the GID")."""
    user, colon, group = chown.partition(":")
    return group if colon else user


def on_other_lines(stage: Stage, row: Attributes, put: Put) -> str:
    """Say which other instructions bring files that the command gives away: without `-R` it leaves them as root's."""
    paths = {other.path for other in stage.files.attribute_changes if other.command is row.command} | {row.path}
    brought = (one for path in sorted(filter(None, paths)) for one in stage.files.below(path) if one.kind in COPIED)
    others = {
        one.step.instruction.line
        for one in brought
        if one.step is not put.step
        and one.step.at < row.step.at
        and not _is_overwritten(one, put)
        and not is_already_so(stage, one, row)
    }
    if not others:
        return ""
    lines = listed(map(str, sorted(others)), None)
    return f" Lines {lines} need it too." if len(others) > 1 else f" Line {lines} needs it too."


def _is_overwritten(one: Put, put: Put) -> bool:
    """Whether a later COPY brings the same files again: the project around its manifest, or a tree to its place."""
    if one.step.at > put.step.at:
        return False
    return one.path == put.path or (put.whole and one.kind == put.kind == "context" and within(one.path, put.path))
