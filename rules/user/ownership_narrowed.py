"""See ownership_narrowed.md."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Note,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    Step,
    folders_of,
    is_script,
    once,
    quote,
    rule,
    within,
)
from rules.copying.uses import is_there
from rules.model.puts import copied
from rules.user.accounts.running import name_of, runs_as_root, runtime_user
from rules.user.owners.kept import may_keep_owner
from rules.user.owners.named import is_same, owner_of
from rules.user.owners.ownership import access
from rules.user.root.by_design import is_built_upon_or_worked_in
from rules.user.volume_not_owned import volumes_closed
from rules.user.writing.closed_folders import Accounts, closed_folder
from rules.user.writing.nginx_cache import lost_cache_of_nginx


class _Claim(NamedTuple):
    """A folder that is given to the account with all that is in it."""

    path: str
    step: Step
    text: str


@rule(
    "ownership-narrowed",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("USER",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A `chown` covers less than before the change, or runs before the files exist."""
    if change.before is None:
        return
    for stage, was in change.shipped():
        user, old_user = runtime_user(stage), runtime_user(was) if was is not None else None
        if was is None or user is None or old_user is None or is_built_upon_or_worked_in(stage):
            continue
        accounts = Accounts(user, old_user, same=is_same(stage, old_user, user) is True)
        spoken_of = _lost_volumes(change, stage, was, accounts)
        problem = _lost_claim(stage, was, accounts, spoken_of) if "chown" in change.before.source.text else None
        problem = problem or closed_folder(stage, was, accounts, spoken_of)
        problem = problem or lost_cache_of_nginx(change, stage, was, accounts)
        if problem is not None:
            yield problem


def _lost_volumes(change: DockerfileChange, stage: Stage, was: Stage, accounts: Accounts) -> tuple[str, ...]:
    """Return the volumes that the account could write before: volume-not-owned names the loss."""
    volumes = volumes_closed(change, stage, accounts.user)
    return tuple(path for path in volumes if access(was, path, accounts.before).writable is True)


def _lost_claim(stage: Stage, was: Stage, accounts: Accounts, spoken_of: tuple[str, ...]) -> Problem | None:
    """Return what there is to say of the first tree that the account had before, and that no volume speaks for.

    An image without a shell cannot run a `chown`, and is not meant to be written to.
    """
    if stage.runtime.has_shell is False and was.runtime.has_shell is not False:
        return None
    if _is_given_unseen(stage, was, accounts.user):
        return None
    now = _claims(stage, accounts.user, unknown=True)
    given = _claims(was, accounts.before, unknown=False)
    claims = [claim for claim in given if isinstance(claim.step, Run) and claim.path != "/"]  # `./` without a WORKDIR
    claims = [claim for claim in claims if not any(within(path, claim.path) for path in spoken_of)]
    last = {claim.path.rstrip("/"): at for at, claim in enumerate(now)}
    lost = (_lost(stage, was, accounts, claim, now, last) for claim in claims if not _late(was, claim.path, claim.step))
    return next((problem for problem in lost if problem is not None), None)


def _is_given_unseen(stage: Stage, was: Stage, user: str) -> bool:
    """Whether the change brings a script that may give folders away, or a `chown -R` of what a variable names."""
    known = {str(command) for run in was.done_runs for command in run.commands}
    scripts = (one for one in stage.files.opaque_commands if any(is_script(word.value) for word in one.words[:2]))
    rows = (
        row.command
        for row in stage.files.attribute_changes
        if row.path is None and row.kind == "chown" and is_same(stage, name_of(owner_of(row)), user) is not False
    )
    return any(str(command) not in known for command in (*scripts, *rows))


def _claims(stage: Stage, user: str, *, unknown: bool) -> list[_Claim]:
    """Return what the account is given; also what goes to one that may be the same, if `unknown` is to count."""
    answers = (True, None) if unknown else (True,)
    found = [
        _Claim(row.path, row.step, str(row.command))
        for row in stage.files.attribute_changes
        if row.kind == "chown"
        and row.recursive
        and row.path is not None
        and is_same(stage, name_of(owner_of(row)), user) in answers
    ]
    for copy in stage.all_copies:
        owner = copy.option("chown")
        if owner and copy.destination is not None and is_same(stage, name_of(owner), user) in answers:
            found.append(_Claim(copy.destination, copy, str(copy.instruction)))
    return sorted(found, key=lambda claim: claim.step.instruction.line)


def _late(stage: Stage, path: str, claim: Step) -> list[Step]:
    """Return the steps behind a claim that put files of root's into its folder."""
    found: dict[int, Step] = {}
    for put in stage.files.below(path):
        step = put.step
        if step.at <= claim.at or put.kind == "workdir" or id(step) in found:
            continue
        if _makes_roots(step) if isinstance(step, Copy) else runs_as_root(step) is True:
            found[id(step)] = step
    return list(found.values())


def _lost(
    stage: Stage, was: Stage, accounts: Accounts, old: _Claim, now: list[_Claim], last: dict[str, int]
) -> Problem | None:
    """Compare one folder that the account had before with what it has now."""
    covering = [last[folder] for folder in folders_of(old.path) if folder in last]
    if covering:
        claim = now[max(covering)]
        late = _late(stage, old.path, claim.step) if isinstance(claim.step, Run) else []
        late = [step for step in late if not _is_added(was, old.path, step)]
        return _too_early(stage, accounts.user, old, claim, late[0]) if late else None
    filled = [put for put in stage.files.below(old.path) if put.kind not in ("run", "workdir")]
    filled = [put for put in filled if not any(_covers(claim, put) for claim in now)]
    roots = [put.step for put in filled if isinstance(put.step, Copy) and _makes_roots(put.step)]
    if not roots or not _opened(stage).isdisjoint((None, *folders_of(old.path))):
        return None
    before = {claim.path for claim in _claims(was, accounts.before, unknown=False)}
    chosen = [claim for claim in now if isinstance(claim.step, Run) and within(claim.path, old.path)]
    meant = any(claim.path not in before for claim in chosen)  # who names what is written has thought of it
    return replace(_uncovered(stage, accounts, old, now, roots[-1]), minor=meant)


def _covers(claim: _Claim, put: Put) -> bool:
    """Whether a `chown` behind it gives what a COPY brings to the account."""
    return within(put.path, claim.path) and claim.step.at > put.step.at


def _makes_roots(copy: Copy) -> bool:
    return copy.instruction.flag("chown") is None and not may_keep_owner(copy)


def _is_added(was: Stage, folder: str, step: Step) -> bool:
    """Whether a COPY brings what the folder did not get before: the account never had that."""
    if not isinstance(step, Copy):
        return False
    brought = {text for put in was.files.below(folder) for text in (put.path, put.source)}
    paths = [source.path or "" for source in step.sources]
    if all("." in path.rpartition("/")[2].strip(".") and path not in brought for path in paths):
        return True
    return all(put.source not in brought and not is_there(was, put.path) for put in copied(step))


@once
def _opened(stage: Stage) -> frozenset[str | None]:
    """The trees into which the group, or everyone, is let instead: `chgrp -R 0` and `chmod -R g=u`; `None` is any."""
    rows = (row for row in stage.files.attribute_changes if row.kind != "chown" and row.recursive)
    return frozenset(row.path if row.path is None else row.path.rstrip("/") for row in rows)


def _too_early(stage: Stage, user: str, old: _Claim, claim: _Claim, late: Step) -> Problem:
    way_out = "copy with `--chown`" if isinstance(late, Copy) else f"run that step as {quote(user)}"
    if runs_as_root(late) is True:  # another account may not give root's files away
        way_out = f"move the `chown` below, or {way_out}"
    return Problem(
        claim.step.instruction.span,
        f"{stage.label} gives {quote(old.path)} to {quote(user)} before it is filled: "
        f"{quote(str(late.instruction), 60)} at line {late.instruction.line} comes after {quote(claim.text, 60)}, so "
        "its files stay root's. Before this change the `chown` came last. Where the process writes them it now fails "
        f"with “permission denied”; {way_out}.",
        Confidence.LIKELY,
        doubt="whether the process writes there is not known",
        stage=stage.key,
        key=old.path,
        notes=(Note(old.step.instruction.span, "came last before", before=True),),
    )


def _folder_alone(stage: Stage, user: str, old: _Claim) -> str | None:
    """Return the `chown` that gives the account the folder itself, and nothing in it."""
    rows = (row for row in stage.files.attribute_changes if row.kind == "chown" and not row.recursive)
    given = (row for row in rows if row.path == old.path and is_same(stage, name_of(owner_of(row)), user))
    return next((str(row.command) for row in given), None)


def _uncovered(stage: Stage, accounts: Accounts, old: _Claim, now: list[_Claim], step: Step) -> Problem:
    below = [claim for claim in now if within(claim.path, old.path)]
    verb = "belongs" if len(below) == 1 else "belong"
    still = f"still {verb}" if accounts.same else verb
    rest = f"; only {' and '.join(quote(claim.path) for claim in below[:2])} {still} to it" if below else ""
    alone = _folder_alone(stage, accounts.user, old)
    if alone is not None and not below:
        rest = f"; {quote(alone, 60)} gives the folder alone"
    moved = next((claim.path for claim in now if claim.text == old.text), None)
    fate = "is gone" if moved is None else f"speaks of {quote(moved)} now"
    given = f"to {quote(accounts.user)}: {quote(old.text, 60)} {fate}{rest}"
    if not accounts.same:
        given = (
            f"to the account that it runs as: {quote(old.text, 60)} gave it to {quote(accounts.before)} and is gone, "
            f"and {quote(accounts.user)} runs it now{rest}"
        )
    return Problem(
        step.instruction.span,
        f"{stage.label} no longer gives {'what is in ' if alone is not None else ''}{quote(old.path)} {given}. What "
        f"{quote(str(step.instruction), 60)} brings now belongs to root. That is right for code; where the process "
        "writes, it fails with “permission denied”.",
        Confidence.LIKELY,
        doubt="whether the process writes there is not known",
        stage=stage.key,
        key=old.path,
        notes=(Note(old.step.instruction.span, "given to the account here before", before=True),),
    )
