"""The names of accounts that instructions use: in `USER`, and in `--chown`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.outcome import surely_stops
from rules.model.steps import Copy
from rules.model.users import ROOT_NAMES
from rules.problem import Severity
from rules.user.accounts.running import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.source import Span
    from rules.model.accounts import Account
    from rules.model.model import Model
    from rules.model.stage import Stage
    from rules.model.steps import Step


class Use(NamedTuple):
    """An instruction that names an account or a group.

    Attributes:
        name: The account, expanded; empty when only the group is a name.
        group: The group, expanded; empty without one.
        written: The whole value as written.
        span: Where the value stands.
        step: The instruction.
        is_chown: Whether it is a `--chown`, looked up while the image is built, in what the steps above left.
    """

    name: str
    group: str
    written: str
    span: Span
    step: Step
    is_chown: bool

    @property
    def above(self) -> tuple[int, int] | None:
        """The place above which the account has to be made; `None` where the whole image counts, for a `USER`."""
        return self.step.at if self.is_chown else None

    @property
    def sure(self) -> bool:
        """Whether no variable decides."""
        return "$" not in self.written


def stops_build(use: Use) -> bool:
    """Tell whether every builder stops at a `--chown`, or a `chown`, whose name is not found.

    BuildKit's `readUser` (solver/llbsolver/ops/user_linux.go) takes root for a name that `/etc/passwd` lacks, and for
    a list that is missing. It stops only where there is nothing to look in: in `scratch` above the first layer, and
    under `--link`, which copies to a layer of its own. The classic builder and Podman always stop.
    """
    stage = use.step.stage
    if use.step.instruction.keyword == "RUN":
        return True  # `chown` itself fails
    nowhere = stage.root.is_scratch and _first_layer(stage) == use.step.at
    return use.is_chown and (nowhere or use.step.instruction.flag("link") is not None)


@once
def _first_layer(stage: Stage) -> tuple[int, int] | None:
    return next((step.at for step in stage.done_steps if step.instruction.keyword in _LAYERS), None)


def not_found(use: Use, *, group: bool = False) -> str:
    """Say, in a clause, what comes of an account that is not found, for a `USER` at its first RUN or in the container.

    Args:
        use: What names it.
        group: Whether it is the group that is not found.
    """
    if not use.is_chown:
        runs = (run for run in use.step.stage.runs if run.user.instruction is use.step.instruction)
        line = next((run.instruction.line for run in runs if not run.deferred), None)
        then = "the container does not start" if line is None else f"the build stops at line {line}"
        return f"{then}: “unable to find {'group' if group else 'user'}”"
    if stops_build(use):
        return "the build stops here"
    goes_on = "gives the files another group" if group else "leaves the files to root"
    return f"BuildKit {goes_on} without a word, and the classic builder stops here"


_LAYERS = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})


def severity_of(use: Use) -> Severity | None:
    """Return what a problem about the name weighs where that is less than the rule says: the build may go on."""
    return Severity.WARNING if use.is_chown and not stops_build(use) else None


def worse_below(use: Use) -> Use | None:
    """Return the first further use of the name at which the build or the container stops, where this one lets it go on.

    A `--chown` with a name that is not found only leaves files to root; the `USER` below it is what fails.
    """
    if severity_of(use) is None or not use.name:
        return None
    others = (other for other in named_identities(use.step.stage) if other.name == use.name)
    return next((other for other in others if other.step.at > use.step.at and severity_of(other) is None), None)


def and_then(worse: Use | None) -> str:
    """Say, in a sentence behind the others, what comes of that use; nothing where there is none."""
    if worse is None:
        return ""
    then = not_found(worse)
    what = f"`{worse.step.instruction.keyword} {worse.written}`"
    return f" {what} in line {worse.step.instruction.line} names it too: {then}."


def named_identities(stage: Stage) -> Iterator[Use]:
    """Yield the uses of names in a stage's own instructions; numbers and root are left out."""
    for step in stage.steps:
        if step.deferred:
            continue
        instruction = step.instruction
        if instruction.keyword == "USER" and instruction.words:
            use = _use(step, instruction.value, instruction.words[0].span, is_chown=False)
        elif isinstance(step, Copy) and (flag := instruction.flag("chown")) is not None and flag.value:
            use = _use(step, flag.value, flag.value_span, is_chown=True)
        else:
            continue
        if use is not None:
            yield use


def _use(step: Step, written: str, span: Span, *, is_chown: bool) -> Use | None:
    value = step.scope.expand(written)
    if not value or any(mark in value for mark in "$ \\"):
        return None
    name, group = name_of(value), value.partition(":")[2].strip()
    name = "" if name.isdecimal() or name.lower() in ROOT_NAMES else name
    group = "" if group.isdecimal() or group.lower() in ROOT_NAMES else group
    return Use(name, group, written, span, step, is_chown) if name or group else None


def chowned_identities(stage: Stage) -> Iterator[Use]:
    """Yield the names that the `chown` and `chgrp` of a stage's own RUNs look up, where nothing spares a failure."""
    for row in stage.files.attribute_changes:
        command = row.command
        if row.step.stage is not stage or row.step.deferred or row.kind == "chmod":
            continue
        spared = command.after in ("||", ";", "|", "&") or (command.nested and not surely_stops(row.step, command))
        if command.conditional or command.negated or spared:
            continue
        owner = row.value if row.kind == "chown" else f":{row.value}"
        use = _use(row.step, owner, command.span, is_chown=True)
        if use is not None and not set(use.name + use.group) & set("*?/."):
            yield use


def made_later(use: Use) -> Account | None:
    """Return the account that only a RUN below makes, where the builder looks the name up before.

    It does so for a `--chown` at the copy, and for a `USER` at the first RUN behind it.
    """
    users = use.step.stage.users
    account = users.find(use.name)
    if account is None or account.run.at < use.step.at or not (use.is_chown or _is_run_as(use, account)):
        return None
    return account if users.exists_elsewhere(use.name, use.above) is False else None


def _is_run_as(use: Use, account: Account) -> bool:
    """Whether a RUN up to the one that makes the account runs under a USER already."""
    return any(
        run.user.instruction is use.step.instruction and use.step.at < run.at <= account.run.at and not run.deferred
        for run in use.step.stage.runs
    )


def maker_of(stage: Stage, name: str) -> Account | None:
    """Return the account of a name that a RUN of another stage makes, one this stage is not built from."""
    makers = _makers(stage.model).get(name, ())
    return next((account for account in makers if account.run.stage not in stage.chain), None)


@once
def _makers(model: Model) -> dict[str, list[Account]]:
    """The accounts that the RUNs of each stage make, by their name, in the order of the file."""
    found: dict[str, list[Account]] = {}
    for stage in model.stages:
        for account in stage.users.created:
            if account.run.stage is stage:
                found.setdefault(account.name, []).append(account)
    return found
