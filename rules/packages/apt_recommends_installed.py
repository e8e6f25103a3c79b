"""See apt_recommends_installed.md."""

import dataclasses
import re
from collections.abc import Iterable, Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Note,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    comments_on,
    fix,
    insert_after,
    once,
    quote,
    rule,
)
from rules.facts.packages import installed_size, only_recommended
from rules.packages.build_tools.packages import megabytes
from rules.packages.indexes.configuration import written_until
from rules.packages.indexes.sources import adds_source_before
from rules.packages.options import add_option, has_unknown_options, spelled
from rules.packages.recommended.knowledge import (
    Knowledge,
    adds_none,
    has_installs_before,
    in_the_base,
    is_bare,
    is_likely_there,
    knowledge,
)
from rules.packages.recommended.needs import adds_archive, compiling, lost, needed
from rules.packages.recommended.swept import swept
from rules.packages.repeated_installs import is_repeated
from rules.quoting import listed

_SETTING = re.compile(r"(?<!no-)install-recommends")
_TOLD = re.compile(
    r"(?:(?<![\w-])|--(?:no-)?install-)recommends\b|\brecommended (?:packages?|dependenc(?:y|ies))\b", re.IGNORECASE
)
_WORTH_SAYING, _WORTH_A_COMMENT = 2, 20
"""Megabytes that are named, and that are no small thing."""


@rule(
    "apt-recommends-installed",
    severity=Severity.INFO,
    category=Category.SIZE,
    default="info",
    keywords=("RUN",),
    mentions=("apt",),
    aliases=("DL3015", "DS-0029", "S6500", "DF016"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Recommended packages are installed into an image that ships."""
    yield from _joined(_gathered(_found(change)))


def _joined(problems: list[Problem]) -> Iterator[Problem]:
    """Tell what is small in the comment of what is not, where one answer mends both."""
    large = {problem.decision for problem in problems if not (problem.minor or problem.untold)}
    for problem in problems:
        joins = problem.minor and problem.decision in large and problem.fix is not None
        yield dataclasses.replace(problem, minor=False) if joins else problem


def _gathered(problems: Iterable[Problem]) -> list[Problem]:
    """Leave untold what only asks about a further install: the first problem notes its place, if it asks as well."""
    told: list[Problem] = []
    leader: int | None = None
    for problem in problems:
        if leader is not None and problem.confidence is Confidence.POSSIBLE and not problem.untold:
            note = Note(problem.span, "without the flag as well, and what it would leave out is not known")
            told[leader] = dataclasses.replace(told[leader], notes=(*told[leader].notes, note))
            told.append(dataclasses.replace(problem, untold=True))
            continue
        if leader is None and not problem.untold and problem.fix is None:  # behind a repair it would be left
            leader = len(told)
        told.append(problem)
    return told


def _found(change: DockerfileChange) -> Iterator[Problem]:
    seen: set[int] = set()
    for stage, run, call in change.after.layers.held_calls:
        if call.manager != "apt" or call.action != "install" or call.no_recommends or not call.packages:
            continue
        if id(run.instruction) in seen or call.has("--install-recommends", "--dry-run") or _is_settled(stage, run):
            continue
        if call.verb == "build-dep" or has_unknown_options(call) or adds_none(stage, call, swept(run, call)):
            continue
        if is_repeated(stage, call):
            continue
        seen.add(id(run.instruction))
        asked = {package.name for package in call.packages}
        held = asked <= _asked_before(change.was(stage))
        yield dataclasses.replace(_problem(stage, run, call), untold=_differs_on_purpose(run), held_before=held)


def _asked_before(was: Stage | None) -> frozenset[str]:
    """Return what a stage installed with its recommendations before the change: a list that is split has it still."""
    return _with_recommendations(was) if was is not None else frozenset()


@once
def _with_recommendations(stage: Stage) -> frozenset[str]:
    runs = (run for run in stage.runs if not _is_settled(stage, run))
    lists = ((call.packages, swept(run, call)) for run in runs for call in _installs(run))
    return frozenset(package.name for packages, gone in lists for package in packages if package.name not in gone)


def _differs_on_purpose(run: Run) -> bool:
    """Whether another install of the RUN has the flag; that stays so where the two are parted, but is not seen then."""
    installs = [call for call in run.package_calls if call.manager == "apt" and call.action == "install"]
    return any(call.no_recommends or call.has("--no-install-suggests") for call in installs)


def _is_settled(stage: Stage, run: Run) -> bool:
    """Whether a file switches recommended packages off, or a comment speaks of them."""
    if _TOLD.search(comments_on(run)):
        return True
    if any(_SETTING.search(text) and ("apt.conf" in text or "/etc/apt/" in text) for text in written_until(run)):
        return True
    return any(put.path.startswith("/etc/apt/") and put.kind == "context" for put in stage.files.puts)


def _problem(stage: Stage, run: Run, call: PackageCall) -> Problem:
    known = knowledge(stage, run, call)
    beside, warning, held_back = _beside(stage, run, call) if not known.foreign else ((), "", True)
    saved = _saved(stage, run, call, beside)
    size = f", here about {saved} MB" if saved is not None and saved >= _WORTH_SAYING else ""
    message = (
        f"{stage.label} {'installs' if known.brings else 'may install'} recommended packages too: "
        f"{quote(spelled(call))} without `--no-install-recommends` adds whatever its packages recommend{size}. Nobody "
        f"asked for them, and each is one more to patch.{warning}{known.advice}"
    )
    confidence = _confidence(stage, known)
    if is_likely_there(stage, call) or (known.advice and not (size or beside)):
        confidence = Confidence.POSSIBLE
    repair = _fix(run, call, beside) if not held_back and _is_harmless(stage, run, call) else None
    return Problem(
        call.command.span,
        message,
        confidence,
        doubt=_doubt(known),
        stage=stage.key,
        decision=message.replace(size, "") if size else message,
        mends_alike=True,
        minor=_is_minor(saved if saved is not None else _at_most(stage, run, call), confidence, repair),
        fix=repair,
    )


def _is_minor(saved: int | None, confidence: Confidence, repair: Fix | None) -> bool:
    """Whether it is little that comes along, or not known how much, and nothing can be suggested with certainty."""
    if saved is not None:
        return saved < _WORTH_A_COMMENT
    return confidence is not Confidence.CERTAIN or repair is None


def _confidence(stage: Stage, known: Knowledge) -> Confidence:
    own = stage.runtime.distribution == "debian"  # whose tables these are; Ubuntu's packages differ in a few
    if known.brings and known.is_whole and own and stage.facts is not None:
        return Confidence.CERTAIN
    return Confidence.LIKELY if known.brings or known.may_bring else Confidence.POSSIBLE


def _doubt(known: Knowledge) -> str:
    if known.foreign:
        return "the source that is added above may serve other packages under the same names"
    if known.is_whole:
        return "what the base image has already, or its distribution recommends, is not known"
    return "not all of its packages are known"


def _beside(stage: Stage, run: Run, call: PackageCall) -> tuple[tuple[str, ...], str, bool]:
    """Return what has to be named with the flag, what is said of it, and whether that is too little to suggest it."""
    beside = lost(stage, run, call)
    are = "they are such recommendations" if len(beside) > 1 else "it is such a recommendation"
    warning = f" With the flag, name {listed(map(quote, beside))} too: {are}." if beside else ""
    also = needed(stage, run, call)
    may_compile = compiling(stage, run, also)
    removed = "libc6-dev" in beside and any(other.action == "remove" for other in run.package_calls)
    held_back = bool(also or may_compile or removed or adds_archive(run))
    return beside, f"{warning}{may_compile}{also}", held_back


def _is_harmless(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether it is known of all installs of a RUN what the flag keeps away, and that nothing of it is needed."""
    for other in _installs(run):
        if not knowledge(stage, run, other).is_whole:
            return False
        if other is not call and (lost(stage, run, other) or needed(stage, run, other)):
            return False
    return True


def _fix(run: Run, call: PackageCall, beside: tuple[str, ...]) -> Fix | None:
    """Add the option, and what would otherwise come as a recommendation and is needed."""
    edits = _edits(run)
    if beside:
        word, source = call.packages[-1].word, run.instruction.source
        literal = run.instruction.exec_form is None and source.cut(word.span) == word.value
        edits.append(insert_after(source, word, f" {' '.join(beside)}") if literal else None)
    named = f" and name {listed(map(quote, beside))}" if beside else ""
    return fix(f"Add `--no-install-recommends`{named}", *edits)


def _edits(run: Run) -> list[Edit | None]:
    return [add_option(run, call, "--no-install-recommends") for call in _installs(run)]


def _installs(run: Run) -> list[PackageCall]:
    """The calls of a RUN that the flag is added to."""
    return [
        call
        for call in run.package_calls
        if call.manager == "apt" and call.action == "install" and call.packages and not call.no_recommends
    ]


def _saved(stage: Stage, run: Run, call: PackageCall, kept: tuple[str, ...]) -> int | None:
    """Return the megabytes that only recommendations bring, less what is to be kept of them by its name.

    `None` where something may have brought any of it before.
    """
    if adds_source_before(stage, run, call):
        return None  # its package of the same name may weigh anything
    if not is_bare(stage) or has_installs_before(stage, run, call):
        return None
    apart = swept(run, call) | in_the_base(stage)
    names = [package.name for package in call.packages if package.name not in apart]
    distribution, release = stage.runtime.distribution or "", stage.runtime.release
    heavy = installed_size(names, distribution, release, recommends=True)
    light = installed_size([*names, *kept, *_asked_later(stage, run, call)], distribution, release)
    return megabytes(heavy - light) if heavy is not None and light is not None else None


def _asked_later(stage: Stage, run: Run, call: PackageCall) -> Iterator[str]:
    """Yield what comes as a recommendation, and a later install of the stage asks for by its name anyway."""
    place = (run.at, call.command.start)
    brought = frozenset[str]().union(*(only_recommended(package.name) for package in call.packages))
    for other, later in stage.packages.calls if brought else ():
        if later.manager == "apt" and later.action == "install" and (other.at, later.command.start) > place:
            yield from (package.name for package in later.packages if package.name in brought)


def _at_most(stage: Stage, run: Run, call: PackageCall) -> int | None:
    """Return the megabytes that recommendations bring at most, whatever is there: each package's upon a bare system."""
    if adds_source_before(stage, run, call):
        return None
    distribution, release = stage.runtime.distribution or "", stage.runtime.release
    total = 0
    for package in call.packages:
        heavy = installed_size([package.name], distribution, release, recommends=True)
        light = installed_size([package.name], distribution, release)
        if heavy is None or light is None:
            return None
        total += max(0, heavy - light)
    return megabytes(total) or 0
