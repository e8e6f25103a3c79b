"""Groups that an account is put into, and that are not there: the command fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.groups import group_exists
from rules.model.memberships import memberships
from rules.packages.scripts import sure_calls
from rules.problem import Confidence, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model.memberships import Membership
    from rules.model.stage import Stage
    from rules.model.steps import Run


def missing_groups(stage: Stage) -> Iterator[Membership]:
    """Yield what a stage's own RUNs surely say of a group that neither its base has nor a command makes.

    `useradd`, `usermod` and `gpasswd` end with an error then (shadow's manuals), and so do both programs called
    `adduser`. Debian's `addgroup` takes one name alone.
    """
    for one in memberships(stage):
        command = one.command
        if one.run.stage is not stage or not all(part.isidentifier() for part in one.group.split("-")):
            continue
        if command.name == "addgroup" and not (stage.facts is not None and stage.facts.has_busybox_accounts):
            continue
        if stage.users.exists(one.account) is not True or group_exists(stage, one.group) is not False:
            continue
        if command.start in _sure(one.run):
            yield one


@once
def _sure(run: Run) -> frozenset[int]:
    """Where the calls stand that surely run, and whose failure ends the build."""
    names = ("useradd", "usermod", "gpasswd", "adduser", "addgroup")
    return frozenset(command.start for command in sure_calls(run, *names))


_MEANT = {"wheel": "sudo", "sudo": "wheel"}
"""What another distribution calls the group of those who may become root."""


def group_maker(stage: Stage, name: str) -> str:
    """Return the command that makes a group of the system in a stage."""
    tool = "addgroup -S" if stage.runtime.package_manager == "apk" else "groupadd --system"
    return f"{tool} {name}"


def of_missing(stage: Stage, one: Membership) -> Problem:
    """Speak of such a group."""
    command = one.command
    base = quote(stage.root.base_text or "its base")
    deed = "gives" if one.primary else "puts"
    joins = f"{deed} {quote(one.account)} {'' if one.primary else 'into '}the group {quote(one.group)}"
    way_out = f"Make it above, with {quote(group_maker(stage, one.group))}, or leave it out."
    meant = _MEANT.get(one.group)
    if meant is not None and group_exists(stage, meant) is True:
        way_out = f"There it is called {quote(meant)}."
    return Problem(
        command.span,
        f"{stage.label} {joins}, which is not there: {base} does not have it and no instruction makes it. "
        f"{quote(str(command), 80)} ends with an error, and the build stops here. {way_out}",
        Confidence.LIKELY if stage.packages.installed else Confidence.CERTAIN,
        doubt="a package that is installed may bring the group",
        stage=stage.key,
        key=f":{one.group}",
        instruction=one.run.instruction,
    )
