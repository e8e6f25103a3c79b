"""See final_user_root.md."""

import dataclasses
import re
from collections.abc import Iterator

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    is_root_name,
    names_read,
    quote,
    replace,
    rule,
    within,
)
from rules.runtime.starts.instructions import behind_init
from rules.user.accounts.choice import Choice, choose, closed_home, free_uid, left_empty, switch, volumes_of_root
from rules.user.accounts.running import as_written, is_of_argument, name_of, of_last_stage
from rules.user.owners.kept import leaves_nothing
from rules.user.root.asked import STARTS_UNKNOWN, root_may_be_meant, run_as_root
from rules.user.root.by_design import (
    HANDING_OVER,
    gives_up_root,
    is_built_upon_or_worked_in,
    is_no_service,
    needs_root,
    unread_scripts,
)
from rules.user.root.deeds import was_root
from rules.user.root.for_callers import FOR_CALLERS, works_for_callers
from rules.user.root.package_daemons import may_step_down
from rules.user.root.reasons import is_explained
from rules.user.writing.hindrances import hindrances, in_its_way
from rules.user.writing.volumes_before import as_it_was

_ADMINISTRATOR = "containeradministrator"
"""Windows' root; `ContainerUser` is the ordinary account of its images."""


@rule(
    "final-user-root",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("USER",),
    aliases=("DL3002", "DS-0002", "CKV_DOCKER_8", "S6471"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships switches to root at its end."""
    for stage in change.after.shipped:
        user = stage.image.user
        if stage.runtime.is_windows and (user.value or "").lower() == _ADMINISTRATOR:
            yield _on_windows(stage)
        if user.instruction is None or not user.instruction.words or stage.users.final_is_root is not True:
            continue
        if gives_up_root(change, stage):
            continue
        apart = change.repository.is_taken_apart(change.path)
        untold = apart or is_built_upon_or_worked_in(stage) or needs_root(change, stage)
        yield dataclasses.replace(_problem(change, stage), untold=untold, held_before=_was_root(change, stage))


def _was_root(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the image ran as root before the change by its base: a `USER root` then only says so."""
    was = change.was(stage)
    return was is not None and was in was.model.shipped and was_root(was) and not gives_up_root(as_it_was(change), was)


def _on_windows(stage: Stage) -> Problem:
    user = stage.image.user.instruction
    here = user is not None and stage.image.user.stage is stage
    return Problem(
        user.span if user is not None and here else stage.from_.span,
        f"{stage.label} runs as the administrator: its last `USER` is {quote(stage.image.user.value or '')}. Whoever "
        "breaks into the process may change every file and setting of the container. Switch to `ContainerUser` at the "
        "end.",
        Confidence.LIKELY,
        doubt="IIS and Windows services start as the administrator",
        stage=stage.key,
        key="user",
        fact=of_last_stage(stage),
    )


def _problem(change: DockerfileChange, stage: Stage) -> Problem:
    user = stage.image.user
    assert user.instruction is not None
    scripts = unread_scripts(change, stage)
    earlier = _last_other_user(stage)
    choice = choose(stage)
    to = _switched(stage, earlier, choice)
    target = to.name or to.user if to is not None else None
    account = quote(target) if target is not None else "an ordinary account"
    hindrance = hindrances(change, stage, target or str(free_uid(stage)), switched=target is not None)
    back = "back " if earlier is not None else ""
    meant = not _builds_as_root(stage) if earlier is not None else choice is not None and choice.meant
    give = "" if meant or (target is None and is_no_service(stage)) else "; give it what the program writes"
    way_out = f"Switch {back}to {account} {_when(stage)}{give}." if not scripts else HANDING_OVER
    daemon = may_step_down(change, stage)
    way_out = (None if scripts else _by_argument(stage, user.instruction.value)) or way_out
    way_out = daemon or (FOR_CALLERS if _is_command(stage) else f"{way_out}{in_its_way(hindrance)}")
    hedge = f", unless {quote(scripts[0])} gives it up" if scripts else ""
    inherited = f", set in {user.stage.label}" if user.stage is not None and user.stage is not stage else ""
    return Problem(
        user.instruction.span if user.stage is stage else stage.from_.span,
        f"{stage.label} runs as root{hedge}: its last `USER` is {quote(user.value or '')}{inherited}. "
        f"Whoever breaks into the process owns the container's files, and an escape starts from root. {way_out}",
        Confidence.POSSIBLE if daemon or run_as_root(change, stage) else _confidence(stage, scripts),
        doubt=_doubt(stage, scripts),
        stage=stage.key,
        key="user",
        fact=of_last_stage(stage),
        fix=_fix(change, stage, to) if meant and not (scripts or hindrance or daemon) else None,
    )


def _when(stage: Stage) -> str:
    return "at the end" if is_no_service(stage) else "for the start command"


def _by_argument(stage: Stage, value: str) -> str | None:
    named = next(iter(names_read(value)), None)
    if named is None or not any(named in step.scope.variables for step in stage.all_steps[-1:]):
        return None
    what = "name" if _is_name(stage, named) else "number"
    return f"Give {quote(named)} the {what} of an ordinary account."


def _is_name(stage: Stage, variable: str) -> bool:
    """Whether an account is made by the name that a variable holds, which `useradd` refuses when it is a number."""
    given = re.compile(rf"\$\{{?{variable}\b")
    makers = (command for run in stage.done_runs for command in run.calls("useradd", "adduser"))
    return any(given.search(command.args[-1].value) for command in makers if command.args)


def _confidence(stage: Stage, scripts: tuple[str, ...]) -> Confidence:
    """Say it quietly of what is no service, or writes to its caller's folder, and where a comment says why root."""
    user = stage.image.user
    assert user.instruction is not None
    known = stage.facts is not None or _is_built_on_a_base(stage) or stage.image.start_in_file
    if (known and is_no_service(stage)) or _is_command(stage) or is_explained(user.instruction):
        return Confidence.POSSIBLE
    if scripts and any(not is_root_name(account.name) for account in stage.users.created):
        return Confidence.POSSIBLE  # the script has an account to switch to
    sure = stage.image.start_command and not scripts and not is_of_argument(stage, stage.image.user)
    return Confidence.CERTAIN if sure else Confidence.LIKELY


def _is_command(stage: Stage) -> bool:
    """Whether it is a command for its caller's folder, without a word in the ENTRYPOINT that says to go on running."""
    start = stage.image.entrypoint.value
    return start is not None and len(behind_init(tuple(start.text.split()))) == 1 and works_for_callers(stage)


def _is_built_on_a_base(stage: Stage) -> bool:
    """Whether an image that is not known calls itself a base, so that it starts nothing either."""
    reference = stage.root.reference
    return reference is not None and "base" in re.split(r"[/_.-]", reference.path)


def _doubt(stage: Stage, scripts: tuple[str, ...]) -> str:
    if scripts:
        return f"{quote(scripts[0])} was not read"
    if is_of_argument(stage, stage.image.user):
        return BY_ARGUMENT
    return STARTS_UNKNOWN if is_no_service(stage) else root_may_be_meant(stage)


def _last_other_user(stage: Stage) -> str | None:
    """Return the last user of the chain that is not root."""
    found = None
    for step in stage.all_steps:
        if step.instruction.keyword == "USER":
            value = step.scope.expand(step.instruction.value)
            name = name_of(value or "")
            if name and not is_root_name(name) and not is_root_name(stage.users.uid_of(name) or ""):
                found = step.instruction.value
    return found


def _switched(stage: Stage, earlier: str | None, choice: Choice | None) -> Choice | None:
    """Return the account to switch to: the one that the file had before it took root again, else one that is there."""
    if earlier is None:
        return choice if choice is not None and choice.line else None
    number = as_written(stage, earlier) or earlier
    return Choice(number, f"USER {number}", "", name=earlier)


def _builds_as_root(stage: Stage) -> bool:
    """Whether a program ran in the work folder behind the switch to root: what it left there is root's."""
    user, folder = stage.image.user.instruction, stage.image.workdir.value
    if user is None or folder is None or folder == "/":
        return False
    below = (run for run in stage.runs if run.instruction.line > user.line and within(run.workdir.value or "/", folder))
    return any(not all(map(leaves_nothing, run.commands)) for run in below)


def _fix(change: DockerfileChange, stage: Stage, to: Choice | None) -> Fix | None:
    """Replace the user where nothing that needs root stands behind it; else switch before the start command."""
    user = stage.image.user.instruction
    if stage.image.user.stage is not stage or to is None or "$" in to.name or user is None or "$" in user.value:
        return None  # a variable decides: what it holds is the place to change
    if any(i.keyword in ("RUN", "COPY", "ADD") and i.line > user.line for i in stage.instructions):
        return switch(stage, to)
    if volumes_of_root(stage, to.user) or left_empty(stage, to.user) or closed_home(stage) is not None:
        return None
    number = to.line.removeprefix("USER ")
    return Fix(f"Run as {number}", (replace(change.source, user.words[0].span, number), *to.edits))
