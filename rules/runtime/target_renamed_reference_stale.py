"""See target_renamed_reference_stale.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Build,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Edit,
    Fix,
    Note,
    Problem,
    Repository,
    Severity,
    Source,
    Span,
    Stage,
    once,
    quote,
    rule,
)
from rules.quoting import listed


@rule(
    "target-renamed-reference-stale",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    compares=True,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A stage or the Dockerfile is renamed or removed, and something still calls it by its old name."""
    if change.before is None:
        return
    yield from _of_file(change, change.before.path)
    names = {stage.name for stage in change.stages}
    for old in change.before.stages:
        if old.name is not None and old.name not in names:
            yield from _builds(change, old)
            yield from _references(change, old)


def _of_file(change: DockerfileChange, old: str) -> Iterator[Problem]:
    """Yield the builds that name the Dockerfile by the path that it had."""
    if old == change.path or change.repository.exists(old) is not False:
        return
    stale = [build for build in change.repository.builds_of(old) if _names_file(change.repository, build, old)]
    if not stale:
        return
    files = list(dict.fromkeys(quote(build.path) for build in stale))
    verb = "build" if len(files) > 1 else "builds"
    place = change.stages[0] if change.stages else None
    if place is not None:
        yield Problem(
            place.from_.span,
            f"The file is called {quote(change.path)} now, and {listed(files)} still {verb} {quote(old)}, which is "
            "gone. That fails: there is no such file. Change the path there too.",
            Confidence.LIKELY,
            doubt="a script may go to another folder before it builds",
            stage=place.key,
            key=old,
        )


def _names_file(repository: Repository, build: Build, old: str) -> bool:
    """Whether a build means that very file: not a `docker build .` that a script may run in another folder."""
    name = posixpath.basename(build.path)
    if name.endswith((".yml", ".yaml", ".hcl", ".json")) and ".github/" not in build.path:
        return True
    written = old if "/" in old else f" {old}"
    return old != "Dockerfile" and written in (repository.text(build.path) or "")


def _heir(change: DockerfileChange, old: Stage) -> Stage | None:
    """Return the stage that took the old one's place: the one paired with it."""
    found = _heirs(change).get(old.index)
    return found if found is not None and found.name is not None else None


@once
def _heirs(change: DockerfileChange) -> dict[int, Stage]:
    """The first stage paired with each old one, by the old one's place."""
    pairs = ((change.was(stage), stage) for stage in reversed(change.stages))
    return {old.index: stage for old, stage in pairs if old is not None}


@once
def _namers(change: DockerfileChange) -> dict[str, list[tuple[Stage, Copy | None]]]:
    """What takes a name for that of an image: the stages that start from it, and the COPYs from it, in order."""
    found: dict[str, list[tuple[Stage, Copy | None]]] = {}
    for stage in change.stages:
        if stage.parent is None:
            found.setdefault((stage.base_text or "").lower(), []).append((stage, None))
        for copy in stage.copies:
            if copy.from_stage is None:
                found.setdefault((copy.from_text or "").lower(), []).append((stage, copy))
    return found


def _builds(change: DockerfileChange, old: Stage) -> Iterator[Problem]:
    heir = _heir(change, old)
    stale = [b for b in change.repository.builds_of(change.path) if b.target and b.target.lower() == old.name]
    if not stale:
        return
    files = list(dict.fromkeys(quote(f"{build.path}:{build.line}") for build in stale))
    place = heir or change.stages[-1]
    became = f"is called {heir.label} now" if heir is not None else "is gone"
    first = stale[0]
    yield Problem(
        place.from_.span,
        f"Stage {old.label} {became}, and {listed(files)} still {'build' if len(files) > 1 else 'builds'} the target "
        f"{quote(first.target)}. That ends with “target stage could not be found”. Change the name there too.",
        Confidence.CERTAIN,
        stage=place.key,
        key=first.target,
        fix=_fix(change.repository, first.path, first.line, first.target, heir) if len(stale) == 1 else None,
    )


def _fix(repository: Repository, path: str, line: int, old: str, heir: Stage | None) -> Fix | None:
    """The new name in the line that names the old one, where it stands there once."""
    text = repository.text(path)
    if heir is None or heir.name_word is None or text is None or "\ufffd" in text:
        return None
    source = Source(path, text)
    if line > len(source.line_starts):
        return None
    start = source.line_starts[line - 1]
    row = text[start:].partition("\n")[0]
    value = row.partition("target")[2]
    if value.count(old) != 1:
        return None
    at = start + row.index("target") + len("target") + value.index(old)
    return Fix("Use the new name", (Edit(source.span(at, at + len(old)), heir.name_word.text, path=path),))


def _references(change: DockerfileChange, old: Stage) -> Iterator[Problem]:
    heir = _heir(change, old)
    for stage, copy in _namers(change).get(old.name or "", ()):
        if copy is None:
            yield _reference(stage, stage.from_.span, old, heir, "FROM")
        elif not any(old.name in build.contexts for build in change.repository.builds_of(change.path)):
            yield _reference(stage, copy.instruction.span, old, heir, f"{copy.instruction.keyword} --from")


def _reference(stage: Stage, span: Span, old: Stage, heir: Stage | None, what: str) -> Problem:
    became = f"is called {heir.label} now" if heir is not None else "is gone"
    return Problem(
        span,
        f"`{what}` in {stage.label} still names the stage {old.label}, which {became}. The builder takes the "
        "name for an "
        "image and tries to pull it. Use a stage that exists.",
        Confidence.CERTAIN,
        stage=stage.key,
        notes=(Note(old.from_.span, "the stage as it was", before=True),),
        key=old.name or "",
    )
