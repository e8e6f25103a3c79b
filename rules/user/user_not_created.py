"""See user_not_created.md."""

from collections.abc import Iterator

from rules.api import (
    Account,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    Problem,
    Severity,
    Stage,
    group_exists,
    groupless,
    insert,
    insert_after,
    is_root_name,
    quote,
    rule,
)
from rules.model.foreign_options import refusal
from rules.packages.scripts import sure_calls
from rules.quoting import capitalized
from rules.user.accounts.called import called_identities
from rules.user.accounts.identities import (
    Use,
    and_then,
    chowned_identities,
    made_later,
    maker_of,
    named_identities,
    not_found,
    severity_of,
    worse_below,
)
from rules.user.accounts.joined_groups import group_maker, missing_groups, of_missing
from rules.user.accounts.misspelt import meant_account, respelled


@rule(
    "user-not-created",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("USER", "COPY", "ADD", "RUN", "CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage names an account or a group that neither its base has nor an instruction makes."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or stage.root.is_scratch or stage.runtime.is_windows:
            continue
        if stage.facts is None:
            yield from _in_either_case(stage)
            continue
        if stage.facts.has_shell is False:
            continue
        seen: set[str] = set()
        for use in named_identities(stage):
            if use.name in seen or not use.name:
                continue
            seen.add(use.name)
            refused = stage.users.refused.get(use.name)
            if refused is not None and refused.command in sure_calls(refused.run, "adduser"):
                continue  # the build stops there, which run-tool-missing says
            later = made_later(use)
            if later is not None:
                yield _too_early(stage, use, later)
            elif stage.users.exists(use.name, above=use.above) is False and maker_of(stage, use.name) is None:
                yield _problem(stage, use)
        yield from _in_run(stage, seen)
        yield from _called(change, stage, seen)
        yield from _groups(stage, {name for name in seen if stage.users.exists(name) is False})


def _in_run(stage: Stage, seen: set[str]) -> Iterator[Problem]:
    """Accounts that a `chown` in a RUN looks up, other than those told already."""
    for use in chowned_identities(stage):
        if use.name and use.name not in seen and stage.users.exists(use.name) is False:
            seen.add(use.name)
            if maker_of(stage, use.name) is None:
                yield _problem(stage, use)


def _called(change: DockerfileChange, stage: Stage, seen: set[str]) -> Iterator[Problem]:
    """Accounts that `su`, `gosu` and the like are told to become, other than those told already."""
    for call in called_identities(change, stage):
        name = call.name
        if name in seen or is_root_name(name) or stage.users.exists(name) is not False:
            continue
        seen.add(name)
        if maker_of(stage, name) is not None:
            continue
        way_out = f"Make it above, with {_maker(stage, name)}, or name one that is there."
        if stage.users.is_foreign(name):
            way_out = f"Other distributions' web servers run as that one, those of this one as {quote(_WEB[name])}."
        yield Problem(
            call.span,
            f"{stage.label} calls {quote(call.text)}, an account that {quote(stage.root.base_text or 'its base')} does "
            f"not have and nothing makes, so {call.then}. {way_out}",
            Confidence.CERTAIN if call.sure else Confidence.LIKELY,
            doubt="it may never be called",
            stage=stage.key,
            key=name,
            instruction=call.instruction,
        )


_WEB = {"apache": "www-data", "www-data": "apache"}
"""The web server's account of the one family of distributions, and of the other."""


def _groups(stage: Stage, missing: set[str]) -> Iterator[Problem]:
    """Groups that nothing makes, of accounts that are there; those called like a missing account come with that."""
    seen = set(missing)
    for use in (*named_identities(stage), *chowned_identities(stage)):
        if use.group in seen or not use.group or (use.name and stage.users.exists(use.name) is not True):
            continue
        seen.add(use.group)
        if group_exists(stage, use.group) is False:
            yield _group(stage, use, groupless(stage, use.group))
    for one in missing_groups(stage):
        if one.group not in seen:
            seen.add(one.group)
            yield of_missing(stage, one)


def _group(stage: Stage, use: Use, account: Account | None) -> Problem:
    if account is not None:
        command = account.command
        made = f"{quote(str(command), 80)} (line {command.line}) makes the account and no group of its name"
    else:
        made = f"{quote(stage.root.base_text or 'its base')} does not have it and no instruction makes it"
    return Problem(
        use.step.instruction.span if use.step.instruction.keyword != "RUN" else use.span,
        f"{stage.label} names the group {quote(use.group)}, which is not there: {made}. "
        f"{capitalized(not_found(use, group=True))}. Make it above, with "
        f"{quote(group_maker(stage, use.group))}, and put the account into it, or name the account alone.",
        Confidence.CERTAIN if use.sure else Confidence.LIKELY,
        doubt="a command or a copied folder may bring the group",
        stage=stage.key,
        key=f":{use.group}",
        instruction=use.step.instruction,
        notes=(Note(account.command.span, "made here"),) if account is not None else (),
        fix=_with_group(account) if account is not None else None,
        severity=severity_of(use),
    )


def _with_group(account: Account) -> Fix | None:
    """Make the group along with the account, where the command does not choose another one."""
    command, facts = account.command, account.run.stage.facts
    if command.program is None or command.wrappers or command.nested or facts is None or account.group is not None:
        return None
    source, name = command.source, account.name
    if facts.distro == "alpine":
        group = insert(source, command.start, f"addgroup -S {name} && ")
        return Fix("Make the group, too", (group, insert_after(source, command.program, f" -G {name}")))
    if command.name == "adduser":
        return Fix("Make the group, too", (insert_after(source, command.program, " --group"),))
    return None


def _in_either_case(stage: Stage) -> Iterator[Problem]:
    """Upon a base that is not known, an account that is named first and made afterwards: one of the two fails."""
    for use in named_identities(stage):
        account = stage.users.find(use.name) if use.is_chown and use.sure else None
        if account is None or account.run.at < use.step.at or account.run.stage is not stage:
            continue
        command = account.command
        if command.conditional or command.after in (";", "||", "&", "|") or stage.users.passwd_copied:
            continue
        if _MAKES_ALL_THE_SAME.isdisjoint(one.name for run in stage.all_runs for one in run.commands):
            yield _too_early(stage, use, account, known=False)
            return


_MAKES_ALL_THE_SAME = frozenset({"userdel", "deluser", "usermod", "true", "getent", "id"})
"""Commands that say that the account may be there already."""


def _too_early(stage: Stage, use: Use, account: Account, *, known: bool = True) -> Problem:
    instruction = use.step.instruction
    if use.is_chown:
        when = f"when the `{instruction.keyword}` runs"
        then = f"The name of a `--chown` is looked up {when}, so {not_found(use)}"
    else:
        then = "A `RUN` below it is run as that account already, and the build stops there: “unable to find user”"
    way_out = "write its number" if use.is_chown else "move the `USER` below it"
    return Problem(
        instruction.span,
        f"{stage.label} names {quote(use.name)} before the account is made: {quote(str(account.command), 80)} comes "
        f"at line {account.command.line}. {then}. Make the account above it, or {way_out}.",
        Confidence.CERTAIN if use.sure and known else Confidence.LIKELY,
        doubt="a build argument decides the name" if known else "the base may have it, and then its making fails",
        stage=stage.key,
        key=use.name,
        severity=severity_of(use),
        notes=(Note(account.command.span, "made here"),),
    )


def _maker(stage: Stage, name: str) -> str:
    """Name the command that makes an account here; both want to be told of a group that has its name already."""
    apk, there = stage.runtime.package_manager == "apk", group_exists(stage, name) is True
    if apk:
        return f"`adduser -S -G {name}`" if there else "`adduser -S`"
    return f"`useradd --system -g {name}`" if there else "`useradd --system`"


def _problem(stage: Stage, use: Use) -> Problem:
    base = quote(stage.root.base_text or "its base")
    refused = stage.users.refused.get(use.name)
    makes = "no instruction makes"
    if refused is not None:
        why = refusal(stage, refused.command)
        makes = f"{quote(str(refused.command), 80)} (line {refused.command.line}) does not make ({why})"
    worse, meant = worse_below(use), meant_account(stage, use)
    way_out = f"Make it above, with {_maker(stage, use.name)}, or write a number."
    if meant is not None:
        way_out = f"Did you mean {quote(meant.name)}, which line {meant.command.line} makes?"
    return Problem(
        use.step.instruction.span,
        f"{stage.label} names {quote(use.name)}, an account that {base} does not have and {makes}, so "
        f"{not_found(use)}.{and_then(worse)} {way_out}",
        Confidence.CERTAIN if use.sure else Confidence.LIKELY,
        doubt="a command or a copied folder may bring the account",
        stage=stage.key,
        key=use.name,
        severity=severity_of(use) if worse is None else None,
        notes=(Note(meant.command.span, "made here"),) if meant is not None else (),
        fix=respelled(stage, use, meant) if meant is not None else None,
    )
