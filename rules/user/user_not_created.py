"""See user_not_created.md."""

from collections.abc import Iterator

from rules.api import Account, Category, Confidence, DockerfileChange, Note, Problem, Severity, Stage, quote, rule
from rules.model.foreign_options import refusal
from rules.packages.scripts import sure_calls
from rules.user.identities import Use, made_later, maker_of, named_identities, not_found, severity_of


@rule(
    "user-not-created",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("USER", "COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage names an account that neither its base has nor an instruction makes."""
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


def _problem(stage: Stage, use: Use) -> Problem:
    base = quote(stage.root.base_text or "its base")
    refused = stage.users.refused.get(use.name)
    makes = "no instruction makes"
    if refused is not None:
        why = refusal(stage, refused.command)
        makes = f"{quote(str(refused.command), 80)} (line {refused.command.line}) does not make ({why})"
    tool = "adduser -S" if stage.runtime.package_manager == "apk" else "useradd --system"
    return Problem(
        use.step.instruction.span,
        f"{stage.label} names {quote(use.name)}, an account that {base} does not have and {makes}, so "
        f"{not_found(use)}. Make it above, with `{tool}`, or write a number.",
        Confidence.CERTAIN if use.sure else Confidence.LIKELY,
        doubt="a command or a copied folder may bring the account",
        stage=stage.key,
        key=use.name,
        severity=severity_of(use),
    )
