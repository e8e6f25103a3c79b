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
from rules.change import texts_of
from rules.quoting import listed


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
    same = _where(change, old)
    now = same or _below_developers(change, new)
    if now is None:
        yield from _gone(change, old, new)
        return
    if now is new:
        return
    adds = _adds_to(new, now)
    if adds and not _is_whole_itself(new, now):
        return  # the final stage adds to what shipped before
    plain = _plain_builds(change)
    if plain == ():
        return
    users = listed(map(quote, plain), 3) if plain else ""
    s = "" if len(plain or ()) > 1 else "s"
    who = f"{users} build{s} it without a target" if plain else "A plain `docker build` names no target"
    yield Problem(
        new.from_.span,
        f"{_fact(old, new, now, same)} {who} and get{s} {new.label} from now on. {_way_out(old, new, now)}, or "
        f"{_naming(now)} the target in every build.",
        Confidence.POSSIBLE if adds else _confidence(plain, old),
        doubt="no file that was read says how the image is built",
        stage=new.key,
        notes=(Note(now.from_.span, "what was built before"),) if same is not None else (),
        key=old.key,
    )


def _adds_to(new: Stage, now: Stage) -> bool:
    """Whether the last stage is built on what shipped before, or copies out of it, and is not for developers."""
    upon = now in new.chain and not is_development_name(new.name)
    return upon or any(copy.from_stage is now for copy in new.all_copies)


def _is_whole_itself(new: Stage, now: Stage) -> bool:
    """Whether the old target is still an image of its own, and the new one another beside it, both by name.

    The new one then starts something itself; who only adds a layer and keeps the start means one image.
    """
    named = new.name is not None and now.name is not None and now in new.chain
    return named and all(
        any(instruction.keyword in ("CMD", "ENTRYPOINT") for instruction in stage.instructions) for stage in (new, now)
    )


def _below_developers(change: DockerfileChange, new: Stage) -> Stage | None:
    """Return the stage that a new last one for developers is built on, where that one is new under its name too."""
    assert change.before is not None
    known = {stage.name for stage in change.before.stages}
    parent = new.parent
    if change.is_for_developers:
        return None  # all of it is for developers
    if parent is None or parent.name is None or not is_development_name(new.name) or new.name in known:
        return None
    return None if parent.name in known or is_development_name(parent.name) else parent


def _gone(change: DockerfileChange, old: Stage, new: Stage) -> Iterator[Problem]:
    """Ask after the old target, where it went from among several that stayed: was another one added or left?"""
    before = {stage.name for stage in old.model.stages}
    after = {stage.name for stage in change.stages}
    stayed = {name for name in before & after if name is not None}
    if old.name is None or new.name is None or not stayed or not _has_many_targets(old):
        return
    if _plain_builds(change) == ():
        return  # every build says what it wants
    if is_development_name(old.name) if new.name in before else set(texts_of(old)) & set(texts_of(new)):
        return  # nobody needs it any more, or it has another name
    yield Problem(
        new.from_.span,
        f"The last stage is now {new.label}; before this change it was {quote(old.name)}, which is gone. A plain "
        f"`docker build` gets {new.label} from now on, and a build of {quote(old.name)} fails.",
        Confidence.POSSIBLE,
        stage=new.key,
        notes=(Note(old.from_.span, "what was built before", before=True),),
        key=old.key,
    )


def _plain_builds(change: DockerfileChange) -> tuple[str, ...] | None:
    """Return the files of the repository that build it without a target; `None` when none builds it at all."""
    scripts = (build for build in change.repository.calls if build.dockerfile == change.path and build.target)
    builds = (*change.repository.builds_of(change.path), *scripts)
    return tuple(dict.fromkeys(build.path for build in builds if not build.target)) if builds else None


def _confidence(plain: tuple[str, ...] | None, old: Stage) -> Confidence:
    """How sure it is that a build gets the other stage: an alias at the end says that plain builds were thought of."""
    if plain:
        return Confidence.CERTAIN
    return Confidence.POSSIBLE if _has_many_targets(old) and not old.is_alias else Confidence.LIKELY


def _fact(old: Stage, new: Stage, now: Stage, same: Stage | None) -> str:
    if old.is_alias and same is not None:
        return f"The last stage is now {new.label}; before this change the file ended with an alias of {_label(now)}."
    if same is not None:
        return f"The last stage is now {new.label}; before this change it was {_label(now)}."
    return (
        f"The last stage is now {new.label}, for developers by its name, on top of {_label(now)}; before this change "
        "the file had neither."
    )


def _way_out(old: Stage, new: Stage, now: Stage) -> str:
    if (now in new.chain or old.is_alias) and now.name_word is not None:
        return f"End the file with {quote(f'FROM {now.name_word.text}')}"
    return f"Move {_label(now)} back to the end"


def _naming(now: Stage) -> str:
    """Say how the target is named, which has no name yet."""
    if now.name is not None:
        return "name"
    return f"give it a name ({quote(f'FROM {now.base_text} AS <name>')}) and name that as"


def _label(stage: Stage) -> str:
    line = f"(line {stage.from_.line})"
    return stage.label if stage.label.endswith(line) else f"{stage.label} {line}"


def _has_many_targets(last: Stage) -> bool:
    """Whether the file made several images already, which are built by name."""
    return any(not last.needs(stage) for stage in last.model.stages[:-1])


def _where(change: DockerfileChange, old: Stage) -> Stage | None:
    """Return the stage that was the last one: of its name, or, when it has none, with the same start and source.

    Of a last stage that is an alias, it is what that one stood for, where the name is gone.
    """
    named = next((stage for stage in change.stages if stage.name == old.name), None) if old.name is not None else None
    if named is None and old.is_alias and old.parent is not None:
        return _where(change, old.parent)
    if old.name is not None:
        return named
    return change.found_again(old)
