"""Which account a stage could run as, and the edits that make it so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.puts import within, within_any
from rules.model.users import ROOT_NAMES, is_root_name
from rules.numbers import number_of
from rules.quoting import quote
from rules.repairs import append_to_stage, fix, insert, insert_line_before
from rules.user.accounts.running import as_written, name_of
from rules.user.owners.ownership import access
from rules.user.owners.work_owner import work_owner
from rules.user.volume_not_owned import SYSTEM_FOLDERS
from rules.user.writing.reach import ROOTS_HOME, is_roots_home_closed

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Instruction
    from rules.facts.images import ImageFacts
    from rules.model.accounts import Account
    from rules.model.stage import Stage
    from rules.problem import Edit, Fix

_NEW_UID = 10001
"""Above the ids that distributions give out, so that no account of a base image has it."""

_NOBODYS = "65532"
"""The number that images without a shell customarily run as (distroless' and Chainguard's `nonroot`)."""

_PLAIN_PATH = re.compile(r"(?!/(?:usr|bin|sbin|lib|lib64|opt)/?$)(?!/(?:usr/)?(?:s?bin|lib|lib64)\b)(?:/[\w.@+-]+)+")

_FOR_PACKAGES = ("/usr/share/man", "/usr/share/doc", "/usr/share/info", "/usr/share/locale", "/usr/share/keyrings")
"""Folders that a build makes for packages to install into; no program fills them."""

_FOR_PROGRAMS = ("nonroot", "node", "deno", "bun", "app")
"""Accounts that images ship for the program to run as."""

_WORK = ("RUN", "COPY", "ADD", "WORKDIR", "USER")
_STARTS = ("ENTRYPOINT", "CMD", "HEALTHCHECK")


class Choice(NamedTuple):
    """A way to stop running as root.

    Attributes:
        user: For `USER`.
        line: The whole line that switches to it; empty for an account that has to be made first.
        why: Half a sentence: "the base image ships it".
        edits: What has to change besides, such as a number for the account.
        name: What a sentence calls it where the edits are not made; empty for `user`.
        meant: Whether the file itself makes the account, or gives it the program's folder.
    """

    user: str
    line: str
    why: str
    edits: tuple[Edit, ...] = ()
    name: str = ""
    meant: bool = False


def choose(stage: Stage) -> Choice | None:
    """Return the account to switch to; `None` when none is safe.

    One that the file made, one that it gives the program's folder to, the one that the base runs as, one that the base
    ships, else a new one.
    """
    sure = [account for account in stage.users.created if not account.command.conditional]
    created = [a for a in sure if a.name not in ROOT_NAMES and stage.users.uid_of(a.name) != "0"]
    if created:
        return switch_to(stage, created[-1])
    owner = work_owner(stage)
    if owner is not None:
        user = stage.users.uid_of(owner.name) or owner.name
        what = quote(owner.folder) if owner.writes else f"what lies in {quote(owner.folder)}"
        why = f"line {owner.line} gives it {what}"
        return Choice(user, f"USER {user}", why, name=owner.name, meant=owner.writes)
    if stage.root.is_scratch:
        return Choice(_NOBODYS, f"USER {_NOBODYS}", "a number needs no account")
    return _of_base(stage.facts) if stage.facts is not None else None


def _of_base(facts: ImageFacts) -> Choice | None:
    """Return the account that a base runs as, else one that it ships for programs, else a new one."""
    if facts.user and not is_root_name(name_of(facts.user)):
        return Choice(facts.user, f"USER {facts.user}", "the base image runs as it")
    ready = facts.relatives.nonroot_user
    if ready is not None and facts.has_user(ready[0]) is False:
        ready = None  # an older release than the one that brought the account
    if ready is None:
        ready = next(((name, facts.users[name]) for name in _FOR_PROGRAMS if name in facts.users), None)
    if ready is not None:
        name, uid = ready
        user = str(uid) if uid is not None else name
        return Choice(user, f"USER {user}", f"the base image ships `{name}`")
    return _new(facts.package_manager)


def switch_to(stage: Stage, account: Account) -> Choice:
    """Return the switch to an account that the file makes, by its number; one without a number gets one."""
    why = f"line {account.command.line} creates `{account.name}`"
    uid = stage.users.uid_of(account.name)
    if uid is not None and uid.isdecimal():
        return Choice(uid, f"USER {as_written(stage, account.name) or uid}", why, meant=True)
    number = number_for(stage)
    edit = None if account.command.has("-u", "--uid") else with_uid(stage, account, number)
    if edit is None:
        return Choice(account.name, f"USER {account.name}", why, meant=True)
    return Choice(str(number), f"USER {number}", why, (edit,), name=account.name, meant=True)


def number_for(stage: Stage) -> int:
    """Return the number to give an account that has none: what the file counts on already, else a free one."""
    found = counted_on(stage)
    return number_of(found[0]) if found is not None else free_uid(stage)


@once
def counted_on(stage: Stage) -> tuple[str, int] | None:
    """Return the number of an owner that only the one account without a number can have, with the line that names it.

    `useradd app` gets 1000 upon a plain system, and `COPY --chown=1000:1000` counts on that.
    """
    if sum(made.uid is None for made in stage.users.created) != 1:
        return None
    named = [(copy.option("chown") or "", copy.instruction.line) for copy in stage.all_copies]
    named += [(row.value, row.command.line) for row in stage.files.attribute_changes if row.kind == "chown"]
    numbers = {name_of(owner): line for owner, line in reversed(named) if name_of(owner).isdecimal()}
    users = stage.facts.users if stage.facts is not None else {}
    known = {"0", *(str(uid) for uid in users.values()), *(made.uid for made in stage.users.created)}
    left = [(number, line) for number, line in numbers.items() if number not in known]
    return left[0] if len(left) == 1 else None


def free_uid(stage: Stage) -> int:
    """Return a number that nothing in the chain uses."""
    taken = {made.uid for made in (*stage.users.created, *stage.users.groups)}
    return next(number for number in range(_NEW_UID, _NEW_UID + len(taken) + 1) if str(number) not in taken)


def with_uid(stage: Stage, account: Account, uid: int) -> Edit | None:
    """Return the edit that fixes an account's number where it is made.

    `None` for the exec form, and where the program is not there, so that the line needs more than a number.
    """
    program, name = account.command.program, account.command.name
    if program is None or account.run.instruction.exec_form is not None or stage.runtime.never_has(name, name):
        return None
    debian = name == "adduser" and stage.runtime.distribution != "alpine"
    return insert(account.command.source, program.end, f" {'--uid' if debian else '-u'} {uid}")


def switch(stage: Stage, choice: Choice | None) -> Fix | None:
    """Put the switch above the stage's start command, or at its end where steps follow that need root."""
    if choice is None or not choice.line or closed_home(stage) is not None:
        return None
    starts = [i for i in stage.instructions if i.keyword in _STARTS]
    behind = [i for i in stage.instructions if i.keyword in _WORK and starts and i.line > starts[0].line]
    above = starts[0] if starts and not behind else None
    found = volumes_of_root(stage, choice.user)
    declared = min(found.values(), key=lambda one: one.line, default=None)
    own = set(map(id, stage.instructions))  # no step that makes a folder can be put above one of another stage
    if declared is not None and not all(id(one) in own and _PLAIN_PATH.fullmatch(path) for path, one in found.items()):
        return None
    paths = " ".join(found)
    folders = (f"RUN mkdir -p {paths} && chown {choice.user} {paths}",) if found else ()
    empty = [path for path in left_empty(stage, choice.user) if path not in found]
    give = (f"RUN chown {choice.user} {' '.join(empty)}",) if empty and stage.runtime.has_shell is not False else ()
    enter = (*give, choice.line)
    edits: tuple[Edit | None, ...]
    if stage.runtime.has_shell is False and folders:
        return None
    if declared is None or (above is not None and above.line < declared.line):
        edits = (_put(stage, above, (*folders, *enter)),)
    else:  # what is done to a volume behind its declaration is lost in the classic builder
        edits = (insert_line_before(declared, *folders), _put(stage, above, enter))
    return fix(f"Run as {choice.user}", *edits, *choice.edits)


def _put(stage: Stage, above: Instruction | None, lines: tuple[str, ...]) -> Edit | None:
    return insert_line_before(above, *lines) if above is not None else append_to_stage(stage, *lines)


def volumes_of_root(stage: Stage, user: str) -> dict[str, Instruction]:
    """Return the volumes that the file declares and that a user may not be able to write, with what declares them."""
    name = user.partition(":")[0]
    return {
        volume.value.rstrip("/"): volume.instruction
        for volume in stage.image.volumes
        if volume.value and volume.value.startswith("/") and volume.instruction is not None
        if not within_any(volume.value, SYSTEM_FOLDERS)
        if access(stage, volume.value.rstrip("/"), name).writable is not True
    }


def left_empty(stage: Stage, user: str) -> list[str]:
    """Return the folders that the stage makes and leaves empty, so that the program fills them: a work folder's is one.

    Nobody else makes a folder for it, and root's it could not write.
    """
    made = [stage.image.workdir.value] if stage.image.workdir.set_in_file else []
    made += [put.path for put in stage.files.puts if put.command is not None and put.command.name == "mkdir"]
    return [
        path
        for path in dict.fromkeys(path.rstrip("/") for path in made if path)
        if _PLAIN_PATH.fullmatch(path) and not within_any(path, (*SYSTEM_FOLDERS, *_FOR_PACKAGES))
        if all(put.makes_folder for put in stage.files.covering(path))
        if access(stage, path, user.partition(":")[0]).writable is False
    ]


def closed_home(stage: Stage) -> str | None:
    """Return what the container works in, starts or keeps below `/root`, which is closed to every other account."""
    image = stage.image
    words = [word for setting in image.start_command if setting.value is not None for word in setting.value.words[:1]]
    volumes = [volume.value for volume in image.volumes]
    named = [path for path in (image.workdir.value, *words, *volumes) if path and within(path, ROOTS_HOME)]
    return named[0].rstrip("/") if named and is_roots_home_closed(stage) else None


def _new(package_manager: str | None) -> Choice | None:
    """Name a number that no account of the base has; where a tool makes accounts, one with a home is to be made."""
    uid = str(_NEW_UID)
    match package_manager:
        case "dnf" | "microdnf" | "yum":  # minimal images of that family have no `useradd`
            return Choice(uid, f"USER {uid}", "a number needs no account")
        case "apt" | "apk":
            return Choice(uid, "", "a new one")
        case _:
            return None
