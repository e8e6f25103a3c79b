"""See package_source_eol.md."""

from collections.abc import Iterator
from datetime import date

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    EndOfLife,
    Problem,
    Severity,
    all_end_of_life,
    names_read,
    quote,
    rule,
)
from rules.base_image.ended.supported_lines import day_of
from rules.base_image.moved.version_contracts import contracts
from rules.base_image.moved.version_ranges import satisfies
from rules.dockerfile.reference import parse_reference
from rules.facts.glibc import shown
from rules.numbers import numbers_of
from rules.packages.versions.nodesource import PACKAGE, Source, sources

_SUITE = "nodistro"
"""The one suite of the lines in support: code names answer 404 (nodesource/distributions, issues 1904 and 1933)."""
_GLIBC = (2, 28)
"""What Node.js 18 and later ask for, as `.deb` and as `.rpm` (nodesource/distributions, issues 1390 and 1517)."""


@rule(
    "package-source-eol",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("nodesource",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A source of packages is added for a release line that is past its end of life."""
    if change.today is None or not any(stage.packages.has(PACKAGE) for stage in change.stages):
        return
    told: set[str] = set()
    for source in sorted(_sources(change), key=lambda one: not one.run.stage.files_ship):
        end = _ended(source.major, change.today)
        if end is not None and source.major not in told:
            told.add(source.major)
            yield _problem(change, source, end)


def _sources(change: DockerfileChange) -> Iterator[Source]:
    for run in (run for stage in change.stages for run in stage.runs if run.is_read and not run.deferred):
        yield from sources(run)


def _ended(major: str, today: date) -> EndOfLife | None:
    """Return the end of a line of Node.js that is over."""
    reference = parse_reference(f"node:{major}")
    ends = all_end_of_life(reference, today) if reference is not None else ()
    return next((end for end in ends if end.product == "Node.js" and end.already_over and end.date is not None), None)


def _problem(change: DockerfileChange, source: Source, end: EndOfLife) -> Problem:
    assert end.date is not None, "asked for with one"
    ships = source.run.stage.files_ship
    effect = (
        "Vulnerabilities found since then stay open in every image built from it"
        if ships
        else "Its layers do not ship, but what it builds with gets no more fixes"
    )
    way_out = _way_out(source, end.successor) if end.successor else ""
    name = quote(f"{source.kind}{source.major}.x")
    return Problem(
        source.span,
        f"{source.run.stage.label} takes Node.js {source.major} from NodeSource ({name}): that line "
        f"reached its end of life on {day_of(end.date)}. {effect}.{way_out}{_pinned(source)}{_demanded(change, end)}",
        _confidence(change, source),
        doubt=BY_ARGUMENT,
        instruction=source.run.instruction,
        stage=source.run.stage.key,
        key=source.major,
        fact=f"Node.js {source.major}",
        severity=None if ships else Severity.INFO,
    )


def _confidence(change: DockerfileChange, source: Source) -> Confidence:
    """Leave it to the summary where a build of the repository passes another value for the argument that names it."""
    names = names_read(change.source.cut(source.span)) if source.argued else ()
    if any(change.repository.gives_otherwise(change.path, name, source.run.scope.expand(f"${name}")) for name in names):
        return Confidence.POSSIBLE
    return Confidence.LIKELY if source.argued else Confidence.CERTAIN


def _way_out(source: Source, successor: str) -> str:
    """Name the nearest supported line, and what has to change with it."""
    kind = "setup_" if source.kind == "pub_" else source.kind  # the folders below `pub_` have other names now
    told = f" The nearest supported line is {quote(f'{kind}{successor}.x')}"
    if source.suite and source.suite != _SUITE:
        told += f", whose only suite is {quote(_SUITE)}, in the place of {quote(source.suite)}"
    glibc = source.run.stage.runtime.glibc
    if glibc is None:
        told += f". Its packages ask for glibc {shown(_GLIBC)}: an older base image has to be renewed first"
    elif glibc < _GLIBC:
        told += (
            f". Its packages ask for glibc {shown(_GLIBC)}, and the base image has {shown(glibc)}: a newer base image "
            "comes first"
        )
    return f"{told}."


def _pinned(source: Source) -> str:
    """Name the package where it is held at a version of the line that is over."""
    installs = (one.package for one in source.run.stage.packages.installed if one.name == PACKAGE)
    held = next((f"{one.name}{one.version}" for one in installs if (one.version or "").startswith("=")), None)
    return f" {quote(held)} is of the old line, and has to change with it." if held else ""


def _demanded(change: DockerfileChange, end: EndOfLife) -> str:
    """Name a file of the project that does not take the newer line."""
    newer = numbers_of(end.successor)
    for contract in contracts(change, "node") if newer else ():
        if satisfies(newer, contract.constraint) is False:
            return f" {quote(contract.path)} asks for {quote(contract.constraint)}: both have to change together."
    return ""
