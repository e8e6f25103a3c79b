"""See pip_unpinned.md."""

import re
from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Package, PackageCall, Problem, Severity, quote, rule
from rules.packages.build_packages import listed
from rules.packages.unpinned import unpinned

_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv", "virtualenv", "pip-tools", "build"})
_REF = re.compile(r"@(?P<ref>[^/@]+)$")
_BRANCHES = frozenset({"main", "master", "develop", "dev", "trunk", "HEAD"})
"""Names under which a repository's newest state goes."""


@rule(
    "pip-unpinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("RUN",),
    mentions=("pip", "uv tool"),
    aliases=("DL3013", "DF051"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A Python package is installed in whatever version is newest."""
    for found in unpinned(change, ("pip", "pipx", "uv"), _wanted):
        names = change.fresh("pip-unpinned", found.stage, found.names)
        first = names[0].split("#")[0]
        if all(name.startswith(("git+", "hg+", "svn+", "bzr+")) for name in names):
            newest = f"whatever state {'its branch has' if len(names) == 1 else 'their branches have'}"
            found_ref = _REF.search(first)
            bare = first[: found_ref.start()] if found_ref is not None else first
            way_out = f"Name the commit that was tested: {quote(f'{bare}@<commit>')}."
        else:
            newest = "whatever version is newest"
            tested = quote(f"{first}==<version>")
            by_file = "" if found.call.manager == "pipx" else ", or give a constraints file with `-c`"  # pipx has none
            way_out = f"Name the version that was tested ({tested}){by_file}."
        yield Problem(
            found.place(names),
            f"{found.stage.label} installs {listed(map(quote, names))} in {newest} on the day of "
            f"the build. The same commit gives another image tomorrow, and a bad release goes straight in. {way_out}",
            stage=found.stage.key,
            items=found.names,
            decision=f"{names} {way_out}",
        )


def _wanted(call: PackageCall, package: Package) -> bool:
    if call.has("--requirement", "--constraint", "--require-hashes", "--no-index"):
        return False
    if call.has("--editable") and package.kind != "vcs":
        return False
    if call.env.get("PIP_CONSTRAINT") or call.env.get("UV_CONSTRAINT") or call.env.get("PIP_NO_INDEX"):
        return False
    if call.manager == "uv" and call.verb not in ("pip install", "tool install"):
        return False
    if package.kind == "vcs":
        found = _REF.search(package.name.split("#")[0].removeprefix("git+"))
        return found is None or found["ref"] in _BRANCHES
    return package.kind == "name" and package.name.lower() not in _TOOLS
