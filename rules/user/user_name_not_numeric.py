"""See user_name_not_numeric.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.user.accounts.missing_numbers import numbering, unnumbered, way_out
from rules.user.accounts.running import as_written, name_of, of_last_stage, runtime_user, uid_left_to_build
from rules.user.root.by_design import is_to_work_in
from rules.user.root.clusters import demands_non_root

_ACCOUNTS = "/etc/passwd"


@rule(
    "user-name-not-numeric",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="info",
    keywords=("USER",),
    aliases=("DL3066",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image's user is a name, which Kubernetes cannot tell from root."""
    for stage in change.after.shipped:
        user = runtime_user(stage)
        instruction = stage.image.user.instruction
        if user is None or instruction is None or user.isdecimal() or stage.runtime.is_windows or _is_windows(user):
            continue
        if " " in user:
            continue  # no user at all, as invalid-syntax says
        if is_to_work_in(stage) and demands_non_root(change) is None:
            continue  # no cluster starts it
        yield _problem(change, stage, user)


def _is_windows(user: str) -> bool:
    """Whether the account is one of Windows' containers, which have no numbers."""
    return user.lower() in ("containeruser", "containeradministrator")


def _problem(change: DockerfileChange, stage: Stage, user: str) -> Problem:
    setting = stage.image.user
    assert setting.instruction is not None
    uid = as_written(stage, user) if "$" not in setting.instruction.value else None
    manifest = demands_non_root(change)
    asks = f" {quote(manifest)} asks for that." if manifest is not None else ""
    here = setting.stage is stage
    return Problem(
        setting.instruction.span if here else stage.from_.span,
        f"{stage.label} runs as {quote(user)}, a name. A Kubernetes cluster that enforces `runAsNonRoot` cannot "
        f"tell a name from root and refuses to start the container.{asks} {_way_out(change, stage, user, uid)}",
        Confidence.CERTAIN if manifest is not None else Confidence.POSSIBLE,
        stage=stage.key,
        key=user,
        fact=of_last_stage(stage),
        held_before=_was_so(change, stage),
        instruction=setting.instruction if here else None,
        fix=_fix(change, stage, uid) if here else None,
    )


def _way_out(change: DockerfileChange, stage: Stage, user: str, uid: str | None) -> str:
    if uid is not None:
        return f"Its number is {quote(uid)}{_here(stage, uid)}: write that."
    given = uid_left_to_build(stage, name_of(user))
    if given is not None:
        return f"Each build gives it the number {quote(given)}: write {quote(f'USER {given}')}."
    if stage.users.exists(user) is False:
        return "Write a number, which needs no account."  # there is none that `id -u` could tell of
    account = unnumbered(stage)
    if account is not None:
        return f"Line {account.command.line} makes the account. {way_out(change, stage, account)}"
    return f"Write the account's number{_told_by(stage, name_of(user))}."


def _was_so(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the image ran as a name before, by the same words: the default of an argument alone is another."""
    was, here = change.was(stage), stage.image.user.instruction
    before = was.image.user.instruction if was is not None else None
    if was is None or before is None or here is None or str(before) != str(here):
        return False
    user = runtime_user(was)
    return user is not None and not user.isdecimal()


def _told_by(stage: Stage, name: str) -> str:
    """Say where the number can be read: in the list that is written or copied, or by a command, where there is one."""
    listed = stage.users.listed(name)
    if listed is not None and listed.number:
        return f", which line {listed.line} gives it: {quote(listed.number)}"
    lists = [put for put in stage.files.at(_ACCOUNTS) if put.path == _ACCOUNTS and put.kind == "context"]
    if lists and lists[-1].source:
        return f", which stands in {quote(lists[-1].source)}"
    can_tell = stage.runtime.has_shell or (stage.runtime.has_shell is None and not stage.root.is_scratch)
    return "; `id -u` in the image tells it" if can_tell else ""


def _here(stage: Stage, uid: str) -> str:
    """Give the number that a variable holds unless a build passes another."""
    return f", here {quote(stage.scope.expand(uid) or '')}" if "$" in uid else ""


def _fix(change: DockerfileChange, stage: Stage, uid: str | None) -> Fix | None:
    """Write the numbers in the place of the names; a group whose number cannot be seen keeps its name."""
    instruction = stage.image.user.instruction
    assert instruction is not None
    text = instruction.value
    account = unnumbered(stage) if uid is None else None
    if account is not None:
        return numbering(change, stage, account)
    if uid is None or "$" in text or len(instruction.words) != 1:
        return None
    new = as_written(stage, text) or uid
    word = instruction.words[0]
    return Fix(f"Use {new}", (Edit(change.source.span(word.span.start, word.span.end), new),))
