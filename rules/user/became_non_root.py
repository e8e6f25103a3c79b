"""See became_non_root.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Note,
    Origin,
    Problem,
    Severity,
    Stage,
    is_root_name,
    quote,
    rule,
)
from rules.user.accounts.running import is_root, name_of, runtime_user
from rules.user.owners.given import is_of
from rules.user.root.asked import started_so
from rules.user.root.by_design import is_to_work_in
from rules.user.root.devcontainers import remote_user
from rules.user.writing.nonroot_checklist import checklist, gave_root_up
from rules.user.writing.volumes_before import as_it_was


@rule(
    "became-non-root",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change makes a shipped image run as an ordinary user that ran as root."""
    for stage, was in change.shipped():
        user = runtime_user(stage) or _asked_for(stage) or _promised(stage)
        if was is None or user is None or stage.runtime.is_windows or was.runtime.is_windows:
            continue
        if stage.image.user.instruction is None and stage.root.base_text == was.root.base_text:
            continue
        unset = was.image.user.origin in (Origin.UNKNOWN, Origin.ABSENT)
        if was.image.user.origin is Origin.UNKNOWN and _is_taken_back(stage):
            continue
        if _is_made_for_it(stage, was) or remote_user(change.repository_before, was.model.path) == user:
            continue
        if started_so(as_it_was(change), was):
            continue  # it never was root there, and what it wrote is the account's
        if (is_root(was, was.image.user) or unset) and _asked_for(was) is None:
            yield _problem(change, stage, was, user)


def _is_made_for_it(stage: Stage, was: Stage) -> bool:
    """Whether another base brings its own account, and the image neither has nor had anything for root to own."""
    if stage.image.user.instruction is not None or stage.root.base_text == was.root.base_text:
        return False
    return not (stage.image.volumes or was.image.volumes or was.runs or stage.runs) and _starts_by_base(stage)


def _starts_by_base(stage: Stage) -> bool:
    """Whether the base's own program is what starts: no other is named than the one it is called after."""
    starts = stage.image.start_command
    own = [setting.value for setting in starts if setting.set_in_file]
    named = stage.root.reference.path.rpartition("/")[2] if stage.root.reference is not None else ""
    return bool(starts) and all(start is not None and _is_named_after(named, start.words) for start in own)


def _is_named_after(image: str, words: tuple[str, ...]) -> bool:
    return bool(words) and words[0].rpartition("/")[2] in image.split("-")


def _is_taken_back(stage: Stage) -> bool:
    """Whether the file turns to root for some steps and back to another account: most likely the base's own."""
    users = [step for step in stage.all_steps if step.instruction.keyword == "USER"]
    return len(users) > 1 and is_root_name(name_of(users[0].scope.expand(users[0].instruction.value) or ""))


def _asked_for(stage: Stage) -> str | None:
    """Return the `USER` that a build argument decides, when only its default is root."""
    user = stage.image.user
    if user.instruction is None or user.stage is None or not is_root(user.stage, user):
        return None
    step = next((step for step in user.stage.steps if step.instruction is user.instruction), None)
    name = user.instruction.value.strip().strip("${}")
    argument = step.scope.get(name) if step is not None and user.instruction.value.startswith("$") else None
    return user.instruction.value if argument is not None and argument.kind == "arg" else None


def _promised(stage: Stage) -> str | None:
    """Return who the base image runs as, where its publisher promises only that it is not root."""
    facts = stage.facts
    return "nonroot" if facts is not None and facts.nonroot and stage.image.user.instruction is None else None


def _problem(change: DockerfileChange, stage: Stage, was: Stage, user: str) -> Problem:
    instruction = stage.image.user.instruction
    items = checklist(change, stage, was, user)
    numbered = "; ".join(f"({number}) {item.text}" for number, item in enumerate(items, 1))
    before = (
        "it started as root"
        if gave_root_up(change, was)
        else "it ran as root"
        if is_root(was, was.image.user)
        else "no `USER` was set"
    )
    data = "the folders that it is given" if is_to_work_in(stage) else "the data it has in production"
    look = (
        "and what root made stays root's: files, volumes and pid files that the process writes need the new owner. "
        f"Worth a look before this ships: {numbered}."
        if items
        else f"and nothing in the file is seen to need root. Start it once with {data}: what root wrote stays root's."
    )
    here = instruction is not None and stage.image.user.stage is stage
    return Problem(
        instruction.span if instruction is not None and here else stage.from_.span,
        f"{stage.label} now runs as {_named(stage, user)}; before this change {before}. That is the safer way, {look}",
        Confidence.LIKELY if any(item.concrete for item in items) else Confidence.POSSIBLE,
        doubt="what the process writes is not in the file",
        stage=stage.key,
        instruction=instruction if here else None,
        notes=_notes(was),
        untold=not items and _is_given_files(stage, user),
    )


def _is_given_files(stage: Stage, user: str) -> bool:
    """Whether a COPY gives its files to the account, so that somebody has thought of what it owns, and none is kept."""
    return not stage.image.volumes and any(is_of(stage, copy, name_of(user)) for copy in stage.all_copies)


def _named(stage: Stage, user: str) -> str:
    """Say who it is: an account, the base image's, or whom a build argument names."""
    if stage.image.user.instruction is None:
        base = quote(stage.root.base_text or "")
        return f"{quote(user)}, the user of {base}" if runtime_user(stage) else f"the ordinary user of {base}"
    return quote(user) if runtime_user(stage) else f"the user that a build gives for {quote(user)}, root by default"


def _notes(was: Stage) -> tuple[Note, ...]:
    old = was.image.user.instruction
    return (Note(old.span, "root before", before=True),) if old is not None else ()
