"""See user_only_in_builder.md."""

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
    insert_line_before,
    quote,
    rule,
)
from rules.quoting import capitalized
from rules.user.accounts.identities import (
    Use,
    and_then,
    maker_of,
    named_identities,
    not_found,
    severity_of,
    worse_below,
)
from rules.user.accounts.running import runs_as_root


@rule(
    "user-only-in-builder",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("USER", "COPY", "ADD"),
    mentions=("useradd", "adduser"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage names an account that only another stage made."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or stage.root.is_scratch or stage.runtime.is_windows:
            continue
        seen: set[str] = set()
        for use in named_identities(stage):
            account = maker_of(stage, use.name) if use.name and use.name not in seen else None
            seen.add(use.name)
            if account is not None and stage.users.exists(use.name, above=use.above) is False:
                yield _problem(stage, use, account)


def _problem(stage: Stage, use: Use, account: Account) -> Problem:
    maker = account.run
    worse = worse_below(use)
    return Problem(
        use.step.instruction.span,
        f"{stage.label} names {quote(use.name)}, an account that only {maker.stage.label} has: "
        f"{quote(str(account.command), 80)} at line {account.command.line}. Accounts are lines of `/etc/passwd` and do "
        f"not come along with `COPY --from`. {capitalized(not_found(use))}.{and_then(worse)} Make the account here, "
        "too, or write its number.",
        Confidence.CERTAIN if use.sure else Confidence.LIKELY,
        doubt="a command or a copied folder may bring the account",
        stage=stage.key,
        key=use.name,
        severity=severity_of(use) if worse is None else None,
        notes=(Note(account.command.span, "made here"),),
        fix=_fix(stage, use, account),
    )


def _fix(stage: Stage, use: Use, account: Account) -> Fix | None:
    """Repeat the commands that make the account, with its group, where both stages have the same tools."""
    facts, other = stage.facts, account.run.stage.facts
    if facts is None or other is None or facts.package_manager != other.package_manager or not facts.package_manager:
        return None
    if runs_as_root(use.step) is not True:
        return None
    wanted = {account.group, use.group, *account.supplementary} - {None, ""}
    groups = [group for group in account.run.stage.users.groups if wanted & {group.name, group.uid}]
    commands = [str(made.command) for made in (*groups, account)]
    if any("$" in command for command in commands):
        return None
    return Fix("Make the account here", (insert_line_before(use.step.instruction, f"RUN {' && '.join(commands)}"),))
