"""See user_escalated.md."""

import dataclasses
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Note,
    Origin,
    Problem,
    Severity,
    Stage,
    fix,
    insert_line_before,
    quote,
    replace,
    rule,
)
from rules.user.accounts.choice import Choice, switch
from rules.user.accounts.running import as_written, name_of
from rules.user.layers import folders_made
from rules.user.owners.named import is_same, owner_of
from rules.user.owners.ownership import access
from rules.user.root.asked import ELSEWHERE_UNKNOWN, started_so
from rules.user.root.by_design import (
    drops_privileges,
    is_built_upon_or_worked_in,
    is_no_service,
    unread_scripts,
)
from rules.user.root.docker_actions import is_action
from rules.user.root.droppers import script_that_drops
from rules.user.root.reasons import is_explained, is_loss_explained
from rules.user.writing.hindrances import hindrances, in_its_way, writing_script


@rule(
    "user-escalated",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change makes a shipped image run as root that did not."""
    for stage, was in change.shipped():
        if was is None or was.users.final_is_root is not False:
            continue
        if _is_left_to_base(stage, was):
            yield _left_to_base(stage, was)
        if stage.users.final_is_root is not True:
            continue
        if any(map(is_built_upon_or_worked_in, (stage, was))) or all(map(is_no_service, (stage, was))):
            continue
        if is_action(change):
            continue  # which has to run as root
        elsewhere = started_so(change, stage)
        if elsewhere:
            yield _started_elsewhere(change, stage, was, elsewhere)
        elif not drops_privileges(change, stage):
            yield _problem(change, stage, was, unread_scripts(change, stage))
        elif drops_privileges(change, was) and stage.image.start_line() == was.image.start_line():
            yield _asked(change, stage, was)  # which needed no root then


def _is_left_to_base(stage: Stage, was: Stage) -> bool:
    """Whether the file set the user before, and now a base image does that nobody here knows."""
    return (
        was.image.user.set_in_file
        and stage.image.user.origin is Origin.UNKNOWN
        and stage.reference is not None
        and "nonroot" not in (stage.base_text or "")
        and not (stage.facts is not None and stage.facts.nonroot)
    )


def _left_to_base(stage: Stage, was: Stage) -> Problem:
    old = was.image.user
    assert old.instruction is not None
    return Problem(
        stage.from_.span,
        f"{stage.label} no longer sets {quote(str(old.instruction))}; {quote(stage.base_text or '')} decides now who "
        "it runs as. With most images that is root. If it is another user, the `RUN`s run as that one too. Say which: "
        "`USER` at the end, and `USER root` in front of what needs root.",
        Confidence.POSSIBLE,
        key=stage.key,  # and no stage: a mere possibility speaks for no other rule there
        notes=(Note(old.instruction.span, "set here before", before=True),),
        severity=Severity.INFO,
    )


def _problem(change: DockerfileChange, stage: Stage, was: Stage, scripts: tuple[str, ...]) -> Problem:
    old, new = was.image.user, stage.image.user
    hedge = f", unless {quote(scripts[0])} gives it up" if scripts else ""
    place = new.instruction if new.instruction is not None and new.stage is stage else stage.from_
    notes = (Note(old.instruction.span, "set here before", before=True),) if old.instruction is not None else ()
    meant = _is_meant(stage, was)
    hindrance = None if meant else _hindrance(change, stage, was)
    way_out = f" If that is intended, say why in a comment; else restore the user.{in_its_way(hindrance)}"
    return Problem(
        place.span,
        f"{stage.label} now runs as root{hedge}: {_whence(stage, was)}. "
        "Files that the container writes will belong to root, clusters that require non-root refuse to start it, and a "
        f"break-in starts from root.{'' if meant else way_out}",
        Confidence.POSSIBLE if meant else _confidence(was, scripts),
        doubt=_doubt(was, scripts),
        stage=stage.key,
        cause=f"{stage.key} as root",
        notes=notes,
        fix=_fix(stage, was) if not (scripts or meant or hindrance) else None,
    )


def _started_elsewhere(change: DockerfileChange, stage: Stage, was: Stage, elsewhere: str) -> Problem:
    """Speak of an image whose account a compose file or a manifest gives now: only there it is no root."""
    message = f"{stage.label} itself now runs as root: {_whence(stage, was)}. {elsewhere}"
    problem = _problem(change, stage, was, ())
    return dataclasses.replace(
        problem, confidence=Confidence.POSSIBLE, doubt=ELSEWHERE_UNKNOWN, message=message, fix=None
    )


def _hindrance(change: DockerfileChange, stage: Stage, was: Stage) -> str | None:
    """Say what the account would fail at by now: what was given to it and is root's, what only root may do."""
    user = name_of(was.image.user.value or "")
    folders = folders_made(was)
    for row in was.files.attribute_changes:
        given = row.kind == "chown" and is_same(was, name_of(owner_of(row)), user) is True
        if not given or row.path is None or not (row.recursive or row.path in folders):
            continue  # of a file that it only reads the owner does not matter
        folder = access(stage, row.path, user)
        if folder.exists and folder.writable is False:
            return f"{quote(str(row.command), 60)} gave it {quote(row.path)} before, which is root's now"
    script = next(writing_script(change, stage), None)
    if script is not None:
        return script.text
    now = hindrances(change, stage, user)
    return now if now != hindrances(change, was, user) else None  # what was so before, it has lived with


def _whence(stage: Stage, was: Stage) -> str:
    """Say whom it ran as, and why it no longer does."""
    old, new = was.image.user, stage.image.user
    by = (
        f" ({quote(str(old.instruction))} at line {old.instruction.line})"
        if old.instruction is not None
        else " (its base's own user)"
    )
    how = (
        f"{quote(str(new.instruction))} is in force" if new.instruction is not None else "nothing sets `USER` any more"
    )
    return f"it ran as {quote(old.value or '')} before{by}, and {how}"


def _confidence(was: Stage, scripts: tuple[str, ...]) -> Confidence:
    return Confidence.LIKELY if scripts or is_no_service(was) else Confidence.CERTAIN


def _is_meant(stage: Stage, was: Stage) -> bool:
    """Whether a comment says what the container needs root for: above the `USER`, or where one went."""
    user = stage.image.user.instruction
    return is_explained(user) if user is not None else is_loss_explained(stage, was)


def _doubt(was: Stage, scripts: tuple[str, ...]) -> str:
    if scripts:
        return f"{quote(scripts[0])} was not read"
    return "before this change it was no service" if is_no_service(was) else ""


def _asked(change: DockerfileChange, stage: Stage, was: Stage) -> Problem:
    """Speak of what starts as root now and may give it up, as it did not have to before."""
    problem, script = _problem(change, stage, was, ()), script_that_drops(change, stage)
    starts = quote(stage.image.start_line(), 60)
    message = f"{problem.message} What starts ({starts}) may give it up by its settings."
    if script is not None:
        message = (
            f"{stage.label} now starts as root: {_whence(stage, was)}. {quote(script)} can give it up before "
            "the program starts; clusters that require non-root refuse to start the container all the same. Where that "
            "matters, restore the user."
        )
    return dataclasses.replace(
        problem, confidence=Confidence.POSSIBLE, message=message, severity=Severity.INFO, fix=None
    )


def _fix(stage: Stage, was: Stage) -> Fix | None:
    """Restore the user, by its number where it can be seen, if its account and its program are still there."""
    old = was.image.user.value
    if old is None or stage.users.exists(name_of(old)) is not True or _starts_another(stage, was):
        return None
    account = stage.users.find(name_of(old))
    if account is not None and stage.users.uid_of(account.name) is None:
        return switch(stage, Choice(old, f"USER {old}", ""))  # volumes belong to the number that it has had
    number = as_written(stage, old) or old
    new = stage.image.user
    if new.instruction is None and (below := _work_below(was)):
        return _put_back(stage, below[0], number)
    if new.instruction is not None and new.stage is stage and not _works_below(stage, new.instruction):
        return Fix(f"Run as {number}", (replace(stage.model.source, new.instruction.span, f"USER {number}"),))
    return switch(stage, Choice(number, f"USER {number}", ""))


def _work_below(was: Stage) -> tuple[Instruction, ...]:
    """Return what stood behind the switch, if a RUN is among it: what that makes belongs to the user it runs as."""
    user = was.image.user
    if user.instruction is None or user.stage is not was:
        return ()
    below = tuple(i for i in was.instructions if i.line > user.instruction.line)
    return below if any(i.keyword == "RUN" for i in below) else ()


def _put_back(stage: Stage, below: Instruction, user: str) -> Fix | None:
    """Switch where the switch was: above the instruction that came next, if it is still there."""
    same = [i for i in stage.instructions if str(i) == str(below)]
    return fix(f"Run as {user}", insert_line_before(same[0], f"USER {user}")) if len(same) == 1 else None


def _starts_another(stage: Stage, was: Stage) -> bool:
    """Whether the image starts another program now, of which nobody knows what it may not write as that user."""
    before, now = ({s.value.program for s in one.image.start_command if s.value is not None} for one in (was, stage))
    return bool(now) and before.isdisjoint(now)


def _works_below(stage: Stage, switched: Instruction) -> bool:
    """Whether something behind the switch to root may need it."""
    return any(step.instruction.keyword == "RUN" and step.instruction.line > switched.line for step in stage.steps)
