"""See volume_owner_changed.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Note, Problem, Severity, Stage, quote, rule
from rules.model.puts import within_any
from rules.quoting import listed
from rules.user.accounts.running import runtime_user
from rules.user.writing.volumes_before import EVERYBODYS

_SHOWN = 3


@rule(
    "volume-owner-changed",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change gives the container's account another number, and the image has volumes from before."""
    for stage, was in change.shipped():
        if was is None or stage.runtime.is_windows or was.runtime.is_windows:
            continue
        old, new = _number(was), _number(stage)
        if old is None or new is None or old.lstrip("0") == new.lstrip("0"):
            continue
        volumes = [path for path in _volumes(stage) if path in _volumes(was)]
        if volumes:
            yield _problem(stage, was, (old, new), volumes)


def _number(stage: Stage) -> str | None:
    """Return the uid that the container runs as; `None` for root, and where it is not known."""
    user = runtime_user(stage)
    uid = stage.users.uid_of(user) if user is not None else None
    return uid if uid is not None and uid.isdecimal() else None


def _volumes(stage: Stage) -> list[str]:
    values = (volume.value.rstrip("/") for volume in stage.image.volumes if volume.value)
    return [path for path in dict.fromkeys(values) if path and not within_any(path, EVERYBODYS)]


def _problem(stage: Stage, was: Stage, numbers: tuple[str, str], volumes: list[str]) -> Problem:
    old, new = numbers
    user, before = stage.image.user.instruction, was.image.user.instruction
    made = next((one for one in stage.users.created if one.uid == new and one.run.stage is stage), None)
    here = user is not None and stage.image.user.stage is stage
    span = made.command.span if made is not None else user.span if user is not None and here else stage.from_.span
    shown = listed(map(quote, volumes), _SHOWN)
    held = f"What the volume {shown} holds" if len(volumes) == 1 else f"What the volumes {shown} hold"
    return Problem(
        span,
        f"{stage.label} now runs as uid {quote(new)}{_name(stage)}; before this change it was "
        f"{quote(old)}{_name(was)}. {held} from before belongs to {quote(old)}, whatever the image says, so the "
        f"program can no longer write there after the update. Keep the number, or hand the volumes over once with "
        f"{quote(f'chown -R {new}')} and say so where the update is announced.",
        Confidence.LIKELY,
        doubt="no container may have been run with a volume yet",
        stage=stage.key,
        instruction=made.run.instruction if made is not None else user if here else None,
        notes=(Note(before.span, "the user before", before=True),) if before is not None else (),
    )


def _name(stage: Stage) -> str:
    """Name the account, where it is written as a name."""
    user = runtime_user(stage) or ""
    return f" ({quote(user)})" if user and not user.isdecimal() else ""
