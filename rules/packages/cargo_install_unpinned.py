"""See cargo_install_unpinned.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Package, PackageCall, Problem, Severity, quote, rule
from rules.packages.pins.unpinned import Unpinned, unpinned


@rule(
    "cargo-install-unpinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("RUN",),
    mentions=("cargo",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A tool is compiled from crates.io in whatever version is newest."""
    for found in unpinned(change, ("cargo",), _wanted):
        names = found.fresh(change, "cargo-install-unpinned")
        way_out = _way_out(found, names[0])
        yield found.problem(names, way_out, way_out.replace(names[0], ""))


def _wanted(call: PackageCall, package: Package) -> bool:
    if "--version" in str(call.command):
        return False  # in a variable's words: `${VERSION:+--version $VERSION}`
    return package.kind == "name" and call.verb in ("install", "binstall") and not call.has("--path", "--offline")


def _way_out(found: Unpinned, name: str) -> str:
    """Say how to name a version; of its dependencies too, where the newest are compiled in as well."""
    call = next(call for call in found.run.package_calls if any(package.name == name for package in call.packages))
    if call.verb == "install" and not call.has("--locked", "--frozen"):
        way_out = f"cargo install --locked --version <version> {name}"
        return f"Name the version that was tested, with the dependencies that it was released with: {quote(way_out)}."
    return f"Name the version that was tested: {quote(f'{name}@<version>')}."
