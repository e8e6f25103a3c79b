"""See gem_unpinned.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Package, PackageCall, Problem, Severity, quote, rule
from rules.packages.unpinned import unpinned


@rule(
    "gem-unpinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("RUN",),
    mentions=("gem",),
    aliases=("DL3028", "DF053"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A gem is installed in whatever version is newest."""
    for found in unpinned(change, ("gem",), _wanted, actions=("install", "upgrade")):
        names = found.fresh(change, "gem-unpinned")
        way_out = f"Name the version that was tested: {quote(f'gem install {names[0]}:<version>')}."
        yield found.problem(names, way_out, "version of a gem")


def _wanted(call: PackageCall, package: Package) -> bool:
    return package.kind == "name" and not call.has("--version", "--local", "--file", "--system")
