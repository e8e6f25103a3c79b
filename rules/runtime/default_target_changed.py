"""See default_target_changed.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Severity,
    Stage,
    is_development_name,
    quote,
    rule,
)


@rule(
    "default-target-changed",
    severity=Severity.ERROR,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A build without a target makes another stage than before."""
    if change.before is None or not change.before.stages or not change.stages:
        return
    old, new = change.before.stages[-1], change.stages[-1]
    now = _where(change, old)
    if now is None or now is new:
        return
    if (now in new.chain and not is_development_name(new.name)) or any(c.from_stage is now for c in new.all_copies):
        return  # it is built on, or copied out of: the final stage adds to what shipped before
    builds = change.repository.builds_of(change.path)
    plain = [build for build in builds if not build.target]
    if builds and not plain:
        return
    users = " and ".join(dict.fromkeys(quote(build.path) for build in plain[:3]))
    who = f"{users} builds it without a target" if plain else "A plain `docker build` names no target"
    yield Problem(
        new.from_.span,
        f"The last stage is now {new.label}; before this change it was {_label(now)}. {who} and gets "
        f"{new.label} from now on. Move {_label(now)} back to the end, or name the target in every build.",
        Confidence.CERTAIN if plain else Confidence.POSSIBLE if _has_many_targets(old) else Confidence.LIKELY,
        doubt="no file of the repository says how the image is built",
        stage=new.key,
        notes=(Note(now.from_.span, "what was built before"),),
        key=old.key,
    )


def _label(stage: Stage) -> str:
    return f"{stage.label} (line {stage.from_.line})"


def _has_many_targets(last: Stage) -> bool:
    """Whether the file made several images already, which are built by name."""
    model = last.model
    return len(set(range(len(model.stages))) - model.needed_by_shipped) > 0


def _where(change: DockerfileChange, old: Stage) -> Stage | None:
    """Return the stage that was the last one: of its name, or, when it has none, with the same start and source."""
    if old.name is not None:
        return next((stage for stage in change.stages if stage.name == old.name), None)
    text = _instructions(old)
    if not text:
        return None
    same = [stage for stage in change.stages if _instructions(stage) == text]
    if sum(_instructions(stage) == text for stage in old.model.stages) > 1:  # twins differ in their FROM
        same = [stage for stage in same if stage.base_text == old.base_text]
    return same[0] if same else None


def _instructions(stage: Stage) -> tuple[str, ...]:
    return tuple(str(instruction) for instruction in stage.instructions)
