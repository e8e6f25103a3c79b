"""An account that the image runs as and that has no fixed number: which one it is, and how it gets one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.model.folders import TEMPORARY
from rules.model.puts import within
from rules.model.steps import Copy
from rules.problem import Edit
from rules.quoting import quote
from rules.repairs import fix
from rules.user.accounts.choice import counted_on, number_for, with_uid
from rules.user.accounts.running import is_root, runtime_user
from rules.user.root.start_scripts import start_scripts

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.accounts import Account
    from rules.model.stage import Stage
    from rules.problem import Fix

_MAYBE = re.compile(r"\$.*(?:--uid|-u\b)")
_MAKERS = ("useradd", "adduser")
_ONE_SUGGESTION = 10
"""Lines that one suggestion spans at most: what lies further apart is mended in two steps."""
_NO_DATA = (*TEMPORARY, "/proc", "/sys", "/dev", "/run", "/var/run", "/media", "/mnt")
"""Folders whose files are the kernel's, nobody's to keep, gone with the container, or the host's."""


def unnumbered(stage: Stage) -> Account | None:
    """Return the account that the image runs as, where the file makes it and leaves its number to the system."""
    user = runtime_user(stage)
    account = _account_of(stage, user) if user is not None else None
    if account is None or stage.users.uid_of(account.name) is not None or _says_a_number(account):
        return None
    if stage.facts is not None and stage.facts.has_user(account.name):
        return None  # the base has it, so the command that makes it fails: account-taken says so
    return account


def is_made_far_above(stage: Stage, account: Account) -> bool:
    """Tell whether `USER` stands so far below the account's making that no suggestion holds both."""
    user = stage.image.user.instruction
    return user is not None and user.line - account.command.line > _ONE_SUGGESTION


def data_volumes(stage: Stage) -> list[str]:
    """Return the paths of an image's volumes that keep files."""
    paths = (volume.value for volume in stage.image.volumes)
    return [path for path in paths if path and not any(within(path, one) for one in _NO_DATA)]


def _account_of(stage: Stage, user: str) -> Account | None:
    """Return the account as a RUN of the chain makes it, or of the stage whose `/etc/passwd` is copied."""
    account = stage.users.find(user)
    lender = stage.users.lender
    return account if account is not None or lender is None else lender.find(user)


def _says_a_number(account: Account) -> bool:
    """Whether a number is given, or may be, that is not known here: `--uid $UID`, `${UID:+--uid "$UID"}`."""
    return account.command.has("-u", "--uid") or any(_MAYBE.search(word.text) for word in account.command.args)


def way_out(change: DockerfileChange, stage: Stage, account: Account) -> str:
    """Say which number to give the account: the one that its data has, that a line counts on, or any."""
    written = not _was_idle(change, stage, account)
    if written and _was_there(change, stage, account):
        return (
            f"Give it the number that it has now, which {quote(f'id -u {account.name}')} tells in the image, so that "
            "what it wrote stays its own, and use that in `USER`."
        )
    counted = counted_on(stage)
    if written and counted is None and _keeps_data(change, stage, account):
        now = quote(f"id -u {account.name}")
        return (
            f"Give it a number, and use that in `USER`: where the image is in use, the one that {now} tells there, so "
            f"that its data stays its own; else any, such as {quote(f'-u {number_for(stage)}')}."
        )
    number = f"the number that line {counted[1]} counts on," if counted is not None else "a number, such as"
    return f"Give it {number} {quote(f'-u {number_for(stage)}')}, and use that in `USER`."


def as_it_was(was: Stage, user: str) -> Account | None:
    """Return the account of an image before the change; of any stage where an argument says upon which it is put."""
    made = _account_of(was, user)
    word = was.root.base_word
    if made is not None or was.base_known or word is None or "$" not in word.text:
        return made
    found = (stage.users.find(user) for stage in was.model.stages)
    return next((one for one in found if one is not None and not (one.uid or _says_a_number(one))), None)


def _was_there(change: DockerfileChange, stage: Stage, account: Account) -> bool:
    """Whether the image had the account before the change: another number would take its files away from it."""
    was = change.was(stage)
    return was is not None and (as_it_was(was, account.name) is not None or is_made_unnamed(was, account))


def _was_idle(change: DockerfileChange, stage: Stage, account: Account) -> bool:
    """Whether the image ran as root on another distribution, and nothing that it started names the account.

    It has written nothing then that another number would take away, and its number there was another system's choice.
    """
    was = change.was(stage)
    if was is None or was.runtime.distribution == stage.runtime.distribution or not is_root(was, was.image.user):
        return False
    texts = [one.value.text for one in was.image.start_command if one.value is not None]
    texts += [script.text or account.name for script in start_scripts(change, was)]
    return not any(account.name in text for text in texts)


def is_made_unnamed(was: Stage, account: Account) -> bool:
    """Whether an image ran as what the same variable names, and made it so, while nothing told its value."""
    name = next((word.text for word in reversed(account.command.args) if "$" in word.text), None)
    user = was.image.user
    if name is None or user.value is not None or user.instruction is None or user.instruction.value != name:
        return False
    return any(name in (word.text for word in one.args) for run in was.done_runs for one in run.calls(*_MAKERS))


def numbering(change: DockerfileChange, stage: Stage, account: Account) -> Fix | None:
    """Fix the number where the account is made, and write it in `USER`; not of an account that has one already.

    What lies on a volume belongs to the number that the account has had so far, whichever that is.
    """
    if _was_there(change, stage, account) or (counted_on(stage) is None and _keeps_data(change, stage, account)):
        return None
    uid = number_for(stage)
    return fix(f"Fix the number at {uid}", with_uid(stage, account, uid), _numbered(change, stage, account, uid))


def _keeps_data(change: DockerfileChange, stage: Stage, account: Account) -> bool:
    """Whether there is a volume, a compose file's too, or the account gets a folder into which nothing is copied."""
    builds = change.repository.builds_of(change.path)
    mounts = [path for build in builds for path in build.mounts if path not in build.folders]
    if any(not any(within(path, one) for one in _NO_DATA) for path in mounts):
        return True
    owned = (row for row in stage.files.attribute_changes if row.kind == "chown" and row.path is not None)
    folders = (row.path for row in owned if row.value.partition(":")[0] == account.name)
    if data_volumes(stage) or not all(volume.value for volume in stage.image.volumes):
        return True
    return any(not _is_filled(stage, folder) for folder in folders if folder is not None)


def _is_filled(stage: Stage, folder: str) -> bool:
    """Whether a COPY puts something into a folder, or it is one that only a running container fills."""
    copied = any(isinstance(put.step, Copy) for put in (*stage.files.below(folder), *stage.files.covering(folder)))
    return copied or any(within(folder, one) for one in _NO_DATA)


def _numbered(change: DockerfileChange, stage: Stage, account: Account, uid: int) -> Edit | None:
    instruction = stage.image.user.instruction
    if instruction is None or stage.image.user.stage is not stage or len(instruction.words) != 1:
        return None
    word = instruction.words[0]
    if word.text.partition(":")[0] != account.name:
        return None
    return Edit(change.source.span(word.span.start, word.span.start + len(account.name)), str(uid))
