"""See gem_unpinned.md."""

from collections.abc import Iterator
from dataclasses import replace

from rules.api import Category, DockerfileChange, Package, PackageCall, Problem, Run, Severity, quote, rule
from rules.packages.pins.unpinned import unpinned
from rules.packages.projects.files import copied


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
        problem = found.problem(names, way_out, "version of a gem")
        yield replace(problem, minor=problem.minor or _is_chosen_by_lock(change, found.run, names))


def _is_chosen_by_lock(change: DockerfileChange, run: Run, names: tuple[str, ...]) -> bool:
    """Whether it is Bundler alone, which goes over to the version that made `Gemfile.lock` ("BUNDLED WITH")."""
    installs = (call for other in run.stage.runs for call in other.package_calls if call.manager == "bundle")
    return names == ("bundler",) and any(call.action == "install" for call in installs) and _has_lock(change, run)


def _has_lock(change: DockerfileChange, run: Run) -> bool:
    return copied(run, "Gemfile.lock") is not None or bool(change.repository.by_name.get("Gemfile.lock"))


def _wanted(call: PackageCall, package: Package) -> bool:
    return package.kind == "name" and not call.has("--version", "--local", "--file", "--system")
