"""See dev_package_shipped.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Installed,
    Problem,
    Severity,
    fix,
    quote,
    replace,
    rule,
)
from rules.packages.build_tools.packages import BuildPackages, build_packages, megabytes, without
from rules.packages.libraries.headers import is_headers_only
from rules.packages.lost.held import held_before
from rules.purpose import builds_at_run_time
from rules.quoting import capitalized, listed


@rule(
    "dev-package-shipped",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("-dev",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A shipped image installs a library's headers where the library would do."""
    for found in build_packages(change):
        if is_headers_only(found) and not builds_at_run_time(change, found.stage):
            held = held_before(change, found.stage)
            fresh = [name for name in change.fresh("dev-package-shipped", found.stage, found.names) if name not in held]
            yield _problem(found.only(fresh or found.names), found.names, held=not fresh)


def _problem(found: BuildPackages, every: tuple[str, ...], *, held: bool) -> Problem:
    twins = {item.name: twin for item in found.items if (twin := found.runtime_of(item)) is not None}
    saved = megabytes(without(found, twins))
    return Problem(
        found.items[0].package.word.span,
        f"{found.stage.label} ships headers: {listed(map(quote, twins))} {'serve' if len(twins) > 1 else 'serves'} "
        "compiling only, and nothing is compiled here after the install. "
        f"{_way_out(found)}{f' That saves about {saved} MB.' if saved else ''}",
        Confidence.LIKELY,
        doubt="the program may load a library by its name without a version, which comes with the headers alone",
        stage=found.stage.key,
        items=every,
        held_before=held,
        fix=_fix(found),
    )


def _way_out(found: BuildPackages) -> str:
    """Say what takes the place of headers: the libraries, of the same architecture, if they are not there already."""
    present = {item.name + _architecture(item) for item in found.stage.packages.present}
    exchanged, idle = [], []
    for item in found.items:
        twin = [name + _architecture(item) for name in found.runtime_of(item) or ()]
        missing = [name for name in twin if name not in present]
        if missing:
            exchanged.append(f"{quote(item.name)} for {', '.join(map(quote, missing))}")
        elif twin:
            idle.append(quote(item.name))
    ways = [f"exchange {listed(exchanged)}"] if exchanged else []
    ways += [f"leave out {listed(idle)}, whose library is there by name"] if idle else []
    said = " and ".join(ways)
    return f"{capitalized(said)}."


def _architecture(item: Installed) -> str:
    """Return how a package names another architecture than the system's: `:i386`."""
    name, colon, rest = item.package.word.value.partition(":")
    return f":{rest.partition('=')[0]}" if colon and "=" not in name else ""


def _fix(found: BuildPackages) -> Fix | None:
    source = found.run.instruction.source
    present = {item.name for item in found.stage.packages.present}
    edits = []
    for item in found.items:
        word, twin = item.package.word, found.runtime_of(item)
        if twin is None or source.cut(word.span) != item.name or set(twin) & present:
            return None
        edits.append(replace(source, word.span, " ".join(twin)))
    return fix(_title(found.items), *edits)


def _title(items: tuple[Installed, ...]) -> str:
    return (
        "Install the library without its headers" if len(items) == 1 else "Install the libraries without their headers"
    )
