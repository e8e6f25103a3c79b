"""See gem_unpinned.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Package, PackageCall, Problem, Severity, quote, rule
from rules.packages.unpinned import unpinned
from rules.quoting import listed


@rule(
    "gem-unpinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("RUN",),
    mentions=("gem ",),
    aliases=("DL3028", "DF053"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A gem is installed in whatever version is newest."""
    for found in unpinned(change, ("gem",), _wanted):
        names = change.fresh("gem-unpinned", found.stage, found.names)
        yield Problem(
            found.place(names),
            f"{found.stage.label} installs {listed(map(quote, names))} in whatever version is newest on the day of "
            f"the build. {found.consequence} Name the version that was tested: "
            f"{quote(f'gem install {names[0]}:<version>')}.",
            found.confidence,
            doubt=found.doubt,
            stage=found.stage.key,
            items=found.names,
            decision=" ".join(names),
        )


def _wanted(call: PackageCall, package: Package) -> bool:
    return package.kind == "name" and not call.has("--version", "--local", "--file")
