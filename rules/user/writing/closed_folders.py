"""Folders that the container's account could write before a change, and that belong to root after it."""

from __future__ import annotations

import posixpath
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.calls import install_folder
from rules.model.nesting import innermost_around
from rules.model.puts import within, within_any
from rules.model.steps import Copy
from rules.problem import Confidence, Note, Problem
from rules.quoting import quote
from rules.user.accounts.running import name_of, runs_as_root
from rules.user.owners.kept import BUILDERS, leaves_owners, may_keep_owner
from rules.user.owners.named import STATE_FOLDERS, is_same
from rules.user.owners.ownership import Access, access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.shell.script import Command
    from rules.dockerfile.source import Span
    from rules.model.puts import Put
    from rules.model.stage import Stage
    from rules.model.steps import Run, Step

_INSTALL_IN_PLACE = frozenset({"npm", "pnpm", "yarn", "bun", "composer"})
"""Package managers that write what they install below the folder they run in."""


_MOST = 40
"""Folders that are followed through a file; each costs one reading of its steps."""


class Accounts(NamedTuple):
    """Whom an image runs as, without groups.

    Attributes:
        user: After the change.
        before: Before it.
        same: Whether both are known to be one account.
    """

    user: str
    before: str
    same: bool


class _Closed(NamedTuple):
    """A folder that was the account's before and is root's now.

    Attributes:
        path: Absolute.
        before: The step that gave it to the account.
        now: The step that leaves it to root; `None` where the base image has it.
    """

    path: str
    before: Step
    now: Step | None


def closed_folder(stage: Stage, was: Stage, accounts: Accounts, spoken_of: tuple[str, ...] = ()) -> Problem | None:
    """Return what there is to say of the first such folder that something writes to; `None` where nothing shows that.

    Args:
        stage: After the change.
        was: Before it.
        accounts: Whom the container runs as, and ran as.
        spoken_of: Volumes of which volume-not-owned says that they were lost.
    """
    volumes = {volume.value for volume in stage.image.volumes}
    for closed in _closed(stage, was, accounts.user, accounts.before):
        if closed.path in volumes or within_any(closed.path, spoken_of):
            continue  # of which volume-not-owned speaks
        install = install_in(stage, closed.path)
        if install is not None:
            return _stops(stage, accounts, closed, install)
        if closed.now is not None and _is_for_writing(closed.path, closed.now):
            return _fails_later(stage, accounts, closed, closed.now)
    return None


def _closed(stage: Stage, was: Stage, user: str, old_user: str) -> Iterator[_Closed]:
    for path in islice(dict.fromkeys(_given(was, old_user)), _MOST):
        before = access(was, path, old_user)
        if before.writable is not True or before.decided_by is None:
            continue
        now = access(stage, path, user)
        if (_is_roots(now) or _came_with(was, now)) and not _may_be_given_again(stage, now.decided_by):
            yield _Closed(path, before.decided_by, now.decided_by)


def _is_roots(now: Access) -> bool:
    return now.exists is True and now.writable is False


def _came_with(was: Stage, now: Access) -> bool:
    """Whether it is in the tree of a COPY that was there before and that says no owner: the `chown` found it there."""
    copy = now.decided_by
    if now.writable is not None or not isinstance(copy, Copy) or copy.instruction.flag("chown") is not None:
        return False
    if may_keep_owner(copy):
        return False  # the stage that it copies from may have given the folder away
    return any(str(other.instruction) == str(copy.instruction) for other in was.all_copies)


def _may_be_given_again(stage: Stage, decided: Step | None) -> bool:
    """Whether root runs something from there on that may change any owner: a script, a program that is not known."""
    later = (run for run in stage.done_runs if decided is None or run.at >= decided.at)
    later = (run for run in later if runs_as_root(run) is not False)
    return any(not run.is_read or not all(_leaves_owners(run, command) for command in run.commands) for run in later)


def _leaves_owners(run: Run, command: Command) -> bool:
    """Whether owners stay as they are; also what `bundle exec` or `npx` starts is a program of the project's build."""
    outer = innermost_around(run).get(command.start)
    while outer is not None and outer.name not in BUILDERS:
        outer = innermost_around(run).get(outer.start)
    return outer is not None or leaves_owners(command)


def _given(was: Stage, user: str) -> Iterator[str]:
    """Yield the folders that may have been the account's: by a `chown`, made as that account, copied for it."""
    for row in was.files.attribute_changes:
        if row.kind == "chown" and row.path is not None:
            yield row.path
            yield from (put.path for put in was.files.below(row.path) if row.recursive and _is_made(put))
    for put in was.files.puts:
        owner = put.step.option("chown") if isinstance(put.step, Copy) else put.step.user.value
        made = put.kind == "workdir" or _is_made(put)
        state = isinstance(put.step, Copy) and posixpath.basename(put.path) in STATE_FOLDERS
        if owner and (made or state) and is_same(was, name_of(owner), user):
            yield put.path


def _is_made(put: Put) -> bool:
    return put.command is not None and put.command.name in ("mkdir", "install")


def install_in(stage: Stage, folder: str) -> Command | None:
    """Return the command that installs a project's packages there as an ordinary user."""
    for run in stage.done_runs:
        if runs_as_root(run) is False:
            for call in run.package_calls:
                in_place = call.manager in _INSTALL_IN_PLACE and call.action == "install" and call.project
                if in_place and install_folder(run, call) == folder:
                    return call.command
    return None


def _is_for_writing(path: str, now: Step) -> bool:
    """Whether it is made on purpose, or has the name of a folder that programs write to; none that holds code."""
    if isinstance(now, Copy):
        return posixpath.basename(path) in STATE_FOLDERS
    made = (put for put in now.stage.files.puts if put.step is now and put.command is not None)
    return any(within(put.path, path) and not put.tree for put in made)


def _stops(stage: Stage, accounts: Accounts, closed: _Closed, install: Command) -> Problem:
    then = (
        f"{quote(str(install), 60)} runs as {quote(accounts.user)} and writes there, so the build stops with “"
        f"permission denied”. Give the folder to {quote(accounts.user)} above this step, with `chown`."
    )
    message = f"{_opening(stage, accounts, closed)} {then}"
    return _problem(stage, closed, install.span, message, "the command may be told to write elsewhere")


def _fails_later(stage: Stage, accounts: Accounts, closed: _Closed, now: Step) -> Problem:
    again = " again" if accounts.same else ""
    what = "makes a file there" if _keeps_files(closed) else "writes there"
    then = (
        f"When the process {what}, it fails with “permission denied”. "
        f"Give the folder to {quote(accounts.user)}{again}, with `chown` or `COPY --chown`."
    )
    message = f"{_opening(stage, accounts, closed)} {then}"
    return _problem(stage, closed, now.instruction.span, message, "whether the process writes there is not known")


def _problem(stage: Stage, closed: _Closed, span: Span, message: str, doubt: str) -> Problem:
    return Problem(
        span,
        message,
        Confidence.LIKELY,
        doubt=doubt,
        stage=stage.key,
        key=closed.path,
        notes=(Note(closed.before.instruction.span, "given to the account here before", before=True),),
    )


def _opening(stage: Stage, accounts: Accounts, closed: _Closed) -> str:
    before = quote(str(closed.before.instruction), 60)
    opening = f"{stage.label} leaves {quote(closed.path)} to root, which {before} gave to"
    opening = f"{opening} {quote(accounts.user)} before this change"
    if not accounts.same:
        opening = (
            f"{stage.label} runs as {quote(accounts.user)} now, who may not write in {quote(closed.path)}: {before} "
            f"gave it to {quote(accounts.before)}, who ran it before this change"
        )
    if closed.now is None or not accounts.same:
        return f"{opening}."
    files = ", though its files keep their owners" if _keeps_files(closed) else ""
    now = f"{quote(str(closed.now.instruction), 60)} at line {closed.now.instruction.line}"
    return f"{opening}: {now} makes it root's{files}."


def _keeps_files(closed: _Closed) -> bool:
    """Whether the COPY that makes the folder brings files out of a stage that may have given them to an account."""
    return isinstance(closed.now, Copy) and may_keep_owner(closed.now)
