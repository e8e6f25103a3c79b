"""See account_taken.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    BY_ARGUMENT,
    Account,
    Category,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Run,
    Severity,
    Stage,
    Word,
    names_read,
    once,
    outcome_of_failure,
    quote,
    rule,
    runs_apart,
)
from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY
from rules.facts.tools import system_groups, system_users
from rules.model.accounts import VALUED
from rules.model.groups import makes_own_group
from rules.user.layers import place

_UNDOES = ("userdel", "deluser", "vipw", "newusers")
_UNDOES_GROUPS = ("groupdel", "delgroup", "groupmod")
"""What takes a group's name or number away, and no account's: groupmod(8) changes `/etc/group` alone."""
_RENAMES = re.compile(r"--(?:uid|login)\b|-[a-zA-Z]*[ul]|\$")
"""Options with which `usermod` gives an account another number or name."""
_GROUP_TOOLS = frozenset({"groupadd", "addgroup"})

Key = tuple[str, str]
"""What only one can have: `("user", name)`, `("uid", number)`, `("group", name)`, `("gid", number)`."""


class _Taken(NamedTuple):
    """An account or group that cannot be made.

    Attributes:
        new: It.
        key: What is taken.
        by: The name of who has it.
        other: The command that gave it away; `None` where the base image brings the holder.
    """

    new: Account
    key: Key
    by: str
    other: Account | None


@rule(
    "account-taken",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("useradd", "adduser", "groupadd", "addgroup"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A command makes an account or a group whose name or number is there already."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or stage.runtime.is_windows:
            continue
        if any(map(_undoes, stage.done_runs)):
            continue  # who is left is not followed
        found = _collision(stage)
        if found is not None and stage.users.are_known_at(found.new.run) and not _is_given(change, stage, found):
            yield _problem(stage, found)


def _is_given(change: DockerfileChange, stage: Stage, found: _Taken) -> bool:
    """Whether each build of the repository gives an argument that decides about it: the default tells nothing then."""
    names: set[str] = {name for word in _decisive(stage, found) for name in names_read(word.text)}
    builds = change.repository.builds_of(change.path)
    return bool(names and builds) and all(not names.isdisjoint(build.args) for build in builds)


def _undoes(run: Run) -> bool:
    """Whether a RUN takes a name or a number away; `usermod` does where it gives another, not with a further group."""
    words = (word.value for command in run.calls("usermod") for word in command.args)
    return bool(run.calls(*_UNDOES)) or any(map(_RENAMES.match, words))


@once
def _collision(stage: Stage) -> _Taken | None:
    """Return the first account or group of a stage's own that cannot be made."""
    regrouped = any(run.calls(*_UNDOES_GROUPS) for run in stage.done_runs)
    followed = ("user", "uid") if regrouped else ("user", "uid", "group", "gid")
    holders: dict[Key, tuple[str, Account | None]] = dict(_of_base(stage))
    made = sorted((*stage.users.created, *stage.users.groups), key=lambda one: (one.run.at, one.command.start))
    for one in made:
        keys = [key for key in _keys(stage, one) if key[0] in followed]
        taken = next((key for key in keys if key in holders), None)
        if taken is None:
            holders.update((key, (one.name, one)) for key in (*keys, *_comes_along(stage, one)))
        elif one.run.stage is stage and not _is_tolerated(stage, one):
            return _Taken(one, taken, *holders[taken])
    return None


def _of_base(stage: Stage) -> Iterator[tuple[Key, tuple[str, None]]]:
    """Yield what the base image's accounts have; of the system's own, whose groups differ, the accounts alone."""
    facts = stage.facts
    if facts is None:
        return
    for name, uid in {**system_users(facts.distro), **facts.users}.items():
        yield ("user", name), (name, None)
        if uid is not None:
            yield ("uid", str(uid)), (name, None)
    for name, gid in system_groups(facts.distro).items() if facts.is_plain else ():
        yield from ((("group", name), (name, None)), (("gid", str(gid)), (name, None)))
    for name, uid in facts.users.items() if facts.is_plain else ():  # with a group of the same name and number
        yield ("group", name), (name, None)
        if uid is not None:
            yield ("gid", str(uid)), (name, None)


def _keys(stage: Stage, one: Account) -> list[Key]:
    """Return what has to be free for an account or group to be made."""
    command = one.command
    if command.conditional or command.has("-o", "--non-unique"):
        return []
    is_group = command.name in _GROUP_TOOLS
    keys = [("group" if is_group else "user", one.name)]
    if one.uid is not None and one.uid.isdecimal():
        keys.append(("gid" if is_group else "uid", one.uid))
    if not is_group and _makes_group(stage, one):
        keys.append(("group", one.name))
        if _is_of_busybox(stage, one) and one.uid is not None and one.uid.isdecimal():
            keys.append(("gid", one.uid))
    return keys


def _makes_group(stage: Stage, one: Account) -> bool:
    """Whether it makes a group for the account, and refuses where that exists.

    Shadow's `useradd` does so (useradd(8)), and BusyBox's `adduser`, which takes the same number for both
    (`passwd_study` in its adduser.c).
    """
    if not makes_own_group(one):
        return False
    if _is_of_busybox(stage, one):
        return not any("$" in word.value for word in one.command.operands(VALUED)[1:])
    return one.command.name == "useradd" or _distribution(stage) in REDHAT_FAMILY


def _distribution(stage: Stage) -> str | None:
    return stage.facts.distro if stage.facts is not None else None


def _is_of_busybox(stage: Stage, one: Account) -> bool:
    return one.command.name == "adduser" and stage.facts is not None and stage.facts.has_busybox_accounts


def _comes_along(stage: Stage, one: Account) -> Iterator[Key]:
    """Yield the number that a new account's own group takes."""
    if one.command.name not in _GROUP_TOOLS and one.uid is not None and _makes_group(stage, one):
        yield "gid", one.uid


def _is_tolerated(stage: Stage, one: Account) -> bool:
    """Whether the build goes on: nothing stops it where the tool fails, or that is content with one that exists."""
    command = one.command
    goes_on = runs_apart(one.run, command) or outcome_of_failure(one.run, command) != "stops"
    of_system = one.system and command.name.startswith("add") and _distribution(stage) in DEBIAN_FAMILY
    content = command.has("-f", "--force") or of_system
    return goes_on or content


def _problem(stage: Stage, taken: _Taken) -> Problem:
    one, (kind, value) = taken.new, taken.key
    what = {
        "user": f"an account {quote(value)} is there already",
        "group": f"a group {quote(value)} is there already",
        "uid": f"uid {value} belongs to {quote(taken.by)}",
        "gid": f"gid {value} belongs to the group {quote(taken.by)}",
    }[kind]
    base = quote(stage.root.base_text or "the base")
    whence = f"from {base}" if taken.other is None else f"made in line {taken.other.command.line}"
    literal = "$" not in " ".join(word.text for word in _decisive(stage, taken))
    known = taken.other is not None or (stage.facts is not None and stage.facts.exact)
    return Problem(
        place(one.run, one.command),
        f"{stage.label} cannot make {quote(one.name)}: {what}, {whence}, so {quote(str(one.command), 80)} fails and "
        f"the build stops. {_way_out(taken)}.",
        Confidence.CERTAIN if literal and known else Confidence.LIKELY,
        doubt="the base is known by similar tags only" if literal else BY_ARGUMENT,
        stage=stage.key,
        instruction=one.run.instruction,
        key=f"{kind} {value}",
        notes=(Note(taken.other.command.span, "made here"),) if taken.other is not None else (),
    )


def _decisive(stage: Stage, taken: _Taken) -> tuple[Word, ...]:
    """Return the words that decide it: those of the command and, where the base has the account, of its name."""
    base = stage.root.base_word
    return (*taken.new.command.args, *((base,) if taken.other is None and base is not None else ()))


def _way_out(taken: _Taken) -> str:
    kind, _ = taken.key
    if kind in ("group", "gid") and taken.new.command.name not in _GROUP_TOOLS:
        return _into_group(taken)
    if taken.other is not None:
        return "One of the two can go" if kind in ("user", "group") else "Give it another number"
    another = "name" if kind in ("user", "group") else "number"
    return f"Use {quote(taken.by)} as it is, take another {another}, or remove {quote(taken.by)} first"


def _into_group(taken: _Taken) -> str:
    """Say how the account gets into the group that is there, in place of one of its own."""
    command = taken.new.command
    if command.name != "adduser":
        return f"Put the account into that group with {quote(f'-g {taken.by}')}"
    misread = " (`-g` is its comment)" if command.has("-g") else ""
    why = f"Without `-G` BusyBox's `adduser` makes a group of the same name and number{misread}"
    return f"{why}: put the account into that group with {quote(f'-G {taken.by}')}"
