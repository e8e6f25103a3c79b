"""See final_user_missing.md."""

import dataclasses
from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Category,
    Confidence,
    DockerfileChange,
    Origin,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.user.accounts.choice import Choice, choose, free_uid, switch
from rules.user.accounts.running import of_last_stage
from rules.user.root.asked import (
    ELSEWHERE_UNKNOWN,
    STARTS_UNKNOWN,
    root_may_be_meant,
    run_as_root,
    says_what_starts,
    started_so,
)
from rules.user.root.by_design import (
    HANDING_OVER,
    drops_privileges,
    gives_up_root,
    is_built_upon_or_worked_in,
    is_no_service,
    is_root_by_convention,
    needs_root,
    unread_scripts,
)
from rules.user.root.deeds import was_root
from rules.user.root.for_callers import FOR_CALLERS, opens_home, serves_openly, works_for_callers
from rules.user.root.meant import is_root_on_purpose
from rules.user.root.own_programs import starts_own_program
from rules.user.root.package_daemons import may_step_down
from rules.user.writing.hindrances import hindrances, in_its_way


@rule(
    "final-user-missing",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("FROM",),
    aliases=("DS-0002", "CKV_DOCKER_3", "S6471"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships never leaves root."""
    for stage, was in change.shipped():
        user = stage.image.user
        serves = not is_no_service(stage) or (was is not None and not is_no_service(was))
        if user.instruction is not None or not serves:
            continue
        root = stage.users.final_is_root if user.origin is not Origin.UNKNOWN else is_root_by_convention(stage)
        if root and not gives_up_root(change, stage):
            untold = is_built_upon_or_worked_in(stage) or needs_root(change, stage) or _is_left_to_script(change, stage)
            untold = untold or is_root_on_purpose(stage)
            problem = _weighed(change, stage, _judge(change, stage))
            yield dataclasses.replace(problem, held_before=_was_root(change, stage), untold=untold)


def _weighed(change: DockerfileChange, stage: Stage, problem: Problem) -> Problem:
    """Leave to the summary what compose files, each service that builds it, or a cluster start as another account."""
    said = started_so(change, stage)
    if not said:
        return problem
    return dataclasses.replace(
        problem,
        message=f"{problem.message} {said}",
        decision=f"{problem.decision} {said}",
        confidence=Confidence.POSSIBLE,
        doubt=ELSEWHERE_UNKNOWN,
    )


def _is_left_to_script(change: DockerfileChange, stage: Stage) -> bool:
    """Whether an image makes an account and starts through a script of its own: the script switches to it."""
    accounts = any(account.name not in ROOT_NAMES for account in stage.users.created)
    return accounts and bool(unread_scripts(change, stage))


def _was_root(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the image, or one that it is put upon and that shipped before, ran as root as well.

    The rule said nothing then where that started nothing; a change that adds a CMD has not made it root.
    """
    known = (was for one in stage.chain if (was := change.was(one)) is not None and was in was.model.shipped)
    return any(was_root(was) and not drops_privileges(change, was) for was in known)


def _judge(change: DockerfileChange, stage: Stage) -> Problem:
    """Say that an image runs as root, what would be in the way of an account, and what may give it up all the same."""
    scripts = unread_scripts(change, stage)
    tool = works_for_callers(stage) or opens_home(stage)
    daemon = may_step_down(change, stage)
    known = says_what_starts(stage)
    choice = choose(stage)
    asked = run_as_root(change, stage)
    hindrance = _hindrance(change, stage, choice) if known else asked
    safe = known and not (scripts or tool or daemon) and hindrance is None
    fix = switch(stage, choice) if safe and _is_meant(stage, choice) else None
    base = quote(stage.root.base_text or "its base")
    way_out = daemon or (HANDING_OVER if scripts else FOR_CALLERS if tool else "")
    way_out += in_its_way(hindrance) if scripts and not daemon else ""
    way_out = f" {way_out}" if way_out else _switch_to(choice if known else None, hindrance, offered=fix is not None)
    hedge = f", unless {quote(scripts[0])} gives it up" if scripts else ""
    copied_from = stage.root.is_scratch and stage.squashed is None and not serves_openly(stage)
    return Problem(
        stage.from_.span,
        f"{stage.label} runs as root{hedge}: no `USER` is set, and {base} does not set one either. "
        f"Whoever breaks into the process owns the container's files, and an escape starts from root.{way_out}",
        Confidence.POSSIBLE if copied_from or tool or daemon or asked else _certainty(stage, scripts),
        decision=f"{base}{hedge}{way_out}",
        doubt=_doubt(stage, scripts, copied_from=copied_from, reason=asked or tool or daemon),
        stage=stage.key,
        key="user",
        fact=of_last_stage(stage),
        fix=fix,
    )


def _certainty(stage: Stage, scripts: tuple[str, ...]) -> Confidence:
    sure = says_what_starts(stage) and not scripts and not _has_open_prefix(stage)
    return Confidence.CERTAIN if sure else Confidence.LIKELY


def _hindrance(change: DockerfileChange, stage: Stage, choice: Choice | None) -> str | None:
    """Return what is in the way of an account, of any where none can be named."""
    account = choice.user if choice is not None else str(free_uid(stage))
    return hindrances(change, stage, account, switched=choice is not None)


_START = " Let it start as an ordinary account."


def _has_open_prefix(stage: Stage) -> bool:
    """Whether a build may put something in front of the name that a FROM of the chain has."""
    words = (link.base_word for link in stage.chain)
    return any(word is not None and stage.model.has_open_prefix(word.text) for word in words)


def _is_meant(stage: Stage, choice: Choice | None) -> bool:
    """Whether the file itself gives the account what the program works with.

    What a program writes is not seen here, so no account is put in on the base image's word alone.
    """
    return choice is not None and choice.meant and starts_own_program(stage)


def _switch_to(choice: Choice | None, hindrance: str | None, *, offered: bool) -> str:
    way = in_its_way(hindrance)
    if choice is None:
        return f"{_START}{way}"
    own = offered and not choice.edits  # a number that the account gets by an edit is not its own yet
    account = choice.user if own else choice.name or choice.user
    if offered or choice.meant:
        return f" Switch to {quote(account)} before the start command: {choice.why}.{way}"
    return (
        f" Let it start as an ordinary account ({quote(account)}: {choice.why}) that owns what the program writes; a "
        f"trial run shows what else needs root.{way}"
    )


def _doubt(stage: Stage, scripts: tuple[str, ...], *, copied_from: bool, reason: str | bool | None) -> str:
    if scripts:
        return f"{quote(scripts[0])} was not read"
    if copied_from and stage.image.start_command:
        return "the image may be there for others to copy its files"
    if _has_open_prefix(stage) and says_what_starts(stage):
        return "a build may put another registry or platform in front of the base image"
    return root_may_be_meant(stage) if reason else STARTS_UNKNOWN
