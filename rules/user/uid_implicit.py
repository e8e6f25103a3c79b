"""See uid_implicit.md."""

from collections.abc import Iterator

from rules.api import Account, Category, Confidence, DockerfileChange, Problem, Severity, Stage, quote, rule
from rules.user.accounts.missing_numbers import (
    as_it_was,
    data_volumes,
    is_made_far_above,
    is_made_unnamed,
    numbering,
    unnumbered,
    way_out,
)
from rules.user.accounts.running import runtime_user
from rules.user.layers import place
from rules.user.root.clusters import demands_non_root


@rule(
    "uid-implicit",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="info",
    keywords=("USER",),
    mentions=("useradd", "adduser"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image's user has no fixed number."""
    for stage in change.after.shipped:
        account = unnumbered(stage)
        if account is not None:
            yield _problem(change, stage, account)


def _problem(change: DockerfileChange, stage: Stage, account: Account) -> Problem:
    volumes = data_volumes(stage)
    bites = (
        f"the files on {quote(volumes[0])} then belong to a stranger"
        if volumes
        else "files on volumes then belong to a stranger"
    )
    sure = bool(volumes) or demands_non_root(change) is not None
    run = account.run
    return Problem(
        place(run, account.command),
        f"{stage.label} runs as {quote(account.name)}, and {quote(str(account.command))} leaves its number to the "
        f"system. It changes when the base image or a package brings another account: {bites}, and a Kubernetes "
        f"cluster that enforces `runAsNonRoot` cannot check a name. {way_out(change, stage, account)}",
        Confidence.LIKELY if sure else Confidence.POSSIBLE,
        doubt="the number changes only when another account comes before it",
        stage=stage.key,
        instruction=run.instruction,
        key=account.name,
        fix=numbering(change, stage, account),
        held_before=_was_without(change, account),
        untold=not sure and is_made_far_above(stage, account),  # user-name-not-numeric says so at `USER`
    )


def _was_without(change: DockerfileChange, account: Account) -> bool:
    """Whether an image ran as the account before the change, under whatever stage's name, and it had no number."""
    stages = change.before.shipped if change.before is not None else ()
    if any(is_made_unnamed(stage, account) for stage in stages):
        return True
    before = ((stage, as_it_was(stage, account.name)) for stage in stages if runtime_user(stage) == account.name)
    return any(one is not None and stage.users.uid_of(one.name) is None for stage, one in before)
