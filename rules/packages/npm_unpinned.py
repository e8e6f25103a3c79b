"""See npm_unpinned.md."""

from collections.abc import Iterator
from functools import partial

from rules.api import Category, DockerfileChange, Package, PackageCall, Problem, Run, Severity, quote, rule
from rules.comments import comments_on, is_meant_to_move
from rules.facts.installers import NODE_MANAGERS
from rules.packages.pins.unpinned import MOVING, Unpinned, unpinned
from rules.packages.projects.package_json import read_manifest
from rules.packages.projects.texts import manifest_text
from rules.packages.versions.corepack import Fetched, newest_by_corepack
from rules.packages.versions.tools import has_old_npm
from rules.quoting import listed

_PARTS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


@rule(
    "npm-unpinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("RUN",),
    mentions=("npm", "yarn", "pnpm", "bun", "corepack"),
    aliases=("DL3016",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A tool is installed from npm in whatever version is newest."""
    for found in unpinned(change, NODE_MANAGERS, _wanted, partial(_is_held, change)):
        names = found.fresh(change, "npm-unpinned")
        if found.call.verb == "link":
            names = tuple(name for name in names if not _is_global(found, name))
            if not names:
                continue
        ranged = {package.name: (package.version or "")[1:] for package in found.packages if _is_range(package)}
        newest = "in whatever version is newest"
        if all(name in ranged for name in names):
            ranges = list(dict.fromkeys(ranged[name] for name in names))
            newest = f"in the newest version that {listed(map(quote, ranges))} allow{'s' if len(ranges) == 1 else ''}"
        way_out = f"Name the version that was tested: {quote(f'{names[0]}@<version>')}."
        yield found.problem(names, way_out, newest, newest)
    for fetched in newest_by_corepack(change):
        yield _by_corepack(fetched)


def _is_held(change: DockerfileChange, run: Run, call: PackageCall, package: Package) -> bool:
    """Whether the project's manifest names the package, which npm then installs as that says (npm 7 and later, tried).

    Yarn, pnpm and Bun take the newest and rewrite the manifest.
    """
    if call.manager != "npm" or call.global_ or package.version is not None or has_old_npm(run.stage):
        return False
    manifest = read_manifest(manifest_text(change, run, call) or "")
    return manifest is not None and package.name in manifest.packages(*_PARTS)


def _by_corepack(fetched: Fetched) -> Problem:
    """Say where the version belongs: in the command that asks for the newest, else in the manifest that Corepack reads.

    The manifest alone would leave the newest in the layer, and Corepack would fetch the one that is named at its next
    call, which may be the start of the container (tried with Node.js 20).
    """
    how = "no version is named in `package.json`" if fetched.by_default else "that is what it is told"
    named = '`"packageManager": "pnpm@<version>"` in `package.json`' if fetched.by_default else "`pnpm@<version>`"
    return Problem(
        fetched.command.span,
        f"{fetched.stage.label} takes the `pnpm` that is newest on the day of the build: `corepack` fetches it, and "
        f"{how}. The same commit builds with another one tomorrow, and a new major version may refuse the lock "
        f"file. Name the version that was tested{'' if fetched.by_default else ' in the command'}: {named}.",
        stage=fetched.stage.key,
        key="corepack pnpm",
        decision=f"corepack pnpm {fetched.by_default}",
        leads=fetched.run.stage.layers_ship,
        untold=is_meant_to_move(comments_on(fetched.run)),
    )


def _is_global(found: Unpinned, name: str) -> bool:
    """Whether a package was installed for all above: `npm link` then only points at it."""
    return any(
        call.global_ and call.action == "install" and any(package.name == name for package in call.packages)
        for run in found.stage.all_runs
        for call in run.package_calls
        if call.command.start < found.call.command.start
    )


def _is_range(package: Package) -> bool:
    """Whether the version is a range: there is one, and it is no name for the newest."""
    return package.version is not None and package.version not in MOVING


def _wanted(call: PackageCall, package: Package) -> bool:
    if package.kind == "vcs":
        return "#" not in package.name and package.version is None
    if package.kind == "url":
        return False
    return call.verb in ("install", "i", "add", "global add", "link") or call.global_
