"""See copy_from_stage_index.md."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Instruction,
    Note,
    Problem,
    Severity,
    Span,
    Stage,
    insert,
    quote,
    replace,
    rule,
)
from rules.matching.gathering import named_lines

_TWO = 2
"""In a file of so many stages a single number cannot be mistaken by a reader."""


class _Numbered(NamedTuple):
    """A flag that names a stage by its number.

    Attributes:
        instruction: The COPY or RUN.
        source: The stage that is meant.
        span: The flag's value.
        before: What stands in the value before the number: `type=bind,from=`.
        number: As written.
        after: What stands behind it.
        verb: What the instruction does with the stage.
    """

    instruction: Instruction
    source: Stage
    span: Span
    before: str
    number: str
    after: str
    verb: str

    @property
    def is_mount(self) -> bool:
        """Whether it is the source of a mount."""
        return bool(self.before)


@rule(
    "copy-from-stage-index",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    keywords=("COPY", "RUN"),
    mentions=("from=",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY --from, or a mount, names a stage by its number."""
    found = [(stage, numbered) for stage in change.stages for numbered in (*_copies(stage), *_mounts(stage))]
    taken = {stage.name for stage in change.stages}
    unmoved = []
    for stage, numbered in found:
        meant = _meant(change, stage, numbered)
        if meant is None:
            unmoved.append((stage, numbered))
        else:
            yield _shifted(change, stage, numbered, *meant, taken)
    if unmoved:
        yield _counted(change, unmoved, taken)


def _counted(change: DockerfileChange, found: list[tuple[Stage, _Numbered]], taken: set[str | None]) -> Problem:
    """Speak once of a file's numbers, at the first that is new; the others are named there and go with it."""
    found.sort(key=lambda row: row[1].span.start)
    items = _uses([numbered for _, numbered in found])
    known = change.listed.get(("copy-from-stage-index", ""), frozenset())
    stage, numbered = found[first := _first_added(change, found, items)]
    others = [other for place, (_, other) in enumerate(found) if place != first]
    elsewhere = (other.instruction.line for other in others if other.instruction is not numbered.instruction)
    lines = [str(line) for line in dict.fromkeys(elsewhere)]
    same = f" The same holds for {named_lines(lines)}." if lines else ""
    fresh = [other for (_, other), item in zip(found, items, strict=True) if other.is_mount and item not in known]
    mounted = numbered if numbered in fresh else next(iter(fresh), None)
    return Problem(
        numbered.span,
        f"{stage.label} {numbered.verb} stage {numbered.number}, counted from 0. A stage put in above shifts the "
        f"number, and the line then takes another stage, or fails. {_of_mount(numbered, mounted)}"
        f"{_cure(numbered.source)}{same}",
        Confidence.CERTAIN if mounted is None else Confidence.LIKELY,
        severity=Severity.INFO if mounted is None else Severity.ERROR,
        doubt="Buildah counts there, too",
        instruction=numbered.instruction,
        notes=tuple(Note(other.span, "a number here too") for other in others),
        minor=len(found) == 1 and len(change.stages) == _TWO and mounted is None,
        fix=_fix_all(change, [numbered, *others], taken),
        items=tuple(items),
        fact="stages by their numbers",
    )


def _uses(found: Iterable[_Numbered]) -> list[str]:
    """Return the uses of each number, counted: another file by a number that was there is no new use of it."""
    counts: Counter[str] = Counter()
    names = []
    for numbered in found:
        use = f"{'mount' if numbered.is_mount else 'copy'} of {numbered.number}"
        counts[use] += 1
        names.append(f"{use}, #{counts[use]}")
    return names


def _first_added(change: DockerfileChange, found: list[tuple[Stage, _Numbered]], items: list[str]) -> int:
    """Return the place to speak at, where uses came: the first that takes what none took before, or is one more."""
    known = change.listed.get(("copy-from-stage-index", ""), frozenset())
    added = [place for place, item in enumerate(items) if item not in known]
    if not added or change.before is None:
        return next(iter(added), 0)
    taken = {_taken(numbered) for stage in change.before.stages for numbered in (*_copies(stage), *_mounts(stage))}
    return next((place for place, (_, numbered) in enumerate(found) if _taken(numbered) not in taken), added[0])


def _taken(numbered: _Numbered) -> str:
    """Return what is taken from the number, wherever a COPY puts it."""
    instruction = numbered.instruction
    taken = [word.text for word in instruction.words[:-1]] if instruction.keyword == "COPY" else [str(instruction)]
    return f"{' '.join(taken)} {numbered.before}{numbered.number}"


def _cure(source: Stage) -> str:
    return "Give the stage a name." if source.name is None else f"It is called {quote(source.name)}: write that."


def _of_mount(first: _Numbered, mounted: _Numbered | None) -> str:
    """Say that BuildKit does not look for a mount's stage by its number (convert_runmount.go, `detectRunMount`)."""
    if mounted is None:
        return ""
    where = "" if first is mounted else f" (line {mounted.instruction.line})"
    return (
        f"In a mount{where} BuildKit counts no stages at all: it asks for an image called {quote(mounted.number)}, and "
        "the build stops. "
    )


def _fix_all(change: DockerfileChange, found: list[_Numbered], taken: set[str | None]) -> Fix | None:
    """Use the names of all the stages that are meant, and give names to those without."""
    nameless = {numbered.source.index for numbered in found if numbered.source.name is None}
    edits: dict[Edit, None] = {}
    for numbered in found:
        name = numbered.source.name or ("build" if len(nameless) == 1 else f"build-{numbered.source.index}")
        fix = _fix(change, numbered, name) if numbered.source.name is not None or name not in taken else None
        if fix is None:
            return None
        edits.update(dict.fromkeys(fix.edits))
    return Fix("Name the stage" if len(nameless) <= 1 else "Name the stages", tuple(edits))


def _copies(stage: Stage) -> Iterator[_Numbered]:
    for copy in stage.copies:
        flag = copy.instruction.flag("from")
        number = (flag.value or "") if flag is not None else ""
        if copy.from_stage is not None and not copy.deferred and flag is not None and number.isdecimal():
            yield _Numbered(copy.instruction, copy.from_stage, flag.value_span, "", number, "", "copies from")


def _mounts(stage: Stage) -> Iterator[_Numbered]:
    for run in stage.runs:
        for mount in run.mounts if run.instruction.flags and not run.deferred else ():
            before, key, rest = (mount.flag.value or "").rpartition("from=")
            number, comma, after = rest.partition(",")
            source = stage.model.copied_stage(number, stage.index) if number.isdecimal() else None
            if source is not None and before[-1:] in ("", ","):
                at = (mount.flag.value_span, before + key, number, comma + after)
                yield _Numbered(run.instruction, source, *at, "mounts")


def _meant(change: DockerfileChange, stage: Stage, numbered: _Numbered) -> tuple[Stage, Stage] | None:
    """Return the stage that the number meant before the change, and the stage that this is now, if another."""
    was = change.was(stage)
    if was is None or change.before is None:
        return None
    before = (one for one in (*_copies(was), *_mounts(was)) if str(one.instruction) == str(numbered.instruction))
    old = next((one.source for one in before if one.number == numbered.number), None)
    if old is None or old.reference is None or _image(numbered.source) == _image(old):
        return None
    now = [one for one in change.stages[: stage.index] if _image(one) == _image(old)]
    return (old, now[0]) if len(now) == 1 else None


def _image(stage: Stage) -> str | None:
    return stage.reference.repository if stage.reference is not None else stage.base_text


def _shifted(
    change: DockerfileChange, stage: Stage, numbered: _Numbered, old: Stage, now: Stage, taken: set[str | None]
) -> Problem:
    """Say that a stage put in above has shifted the number."""
    name = now.name or "build"
    cure = f"Write {quote(name)}" if now.name is not None else f"Name the stage that is meant (line {now.from_.line})"
    return Problem(
        numbered.span,
        f"{stage.label} {numbered.verb} stage {numbered.number}, counted from 0. Before this change that was the stage "
        f"from {quote(old.base_text or '')}; now it is the one from {quote(numbered.source.base_text or '')}, so the "
        f"build stops, or takes another file of that name. {cure}.",
        instruction=numbered.instruction,
        stage=stage.key,
        key="shifted",
        severity=Severity.ERROR,
        notes=(Note(old.from_.span, "the stage that was meant", before=True),),
        fix=_fix(change, numbered._replace(source=now), name) if now.name or name not in taken else None,
    )


def _fix(change: DockerfileChange, numbered: _Numbered, name: str) -> Fix | None:
    """Use the stage's name, and give it one where it has none."""
    base = numbered.source.base_word
    if base is None or change.source.cut(numbered.span) != numbered.before + numbered.number + numbered.after:
        return None
    naming = () if numbered.source.name is not None else (insert(change.source, base.span.end, f" AS {name}"),)
    use = replace(change.source, numbered.span, numbered.before + name + numbered.after)
    return Fix("Name the stage", (*naming, use))
