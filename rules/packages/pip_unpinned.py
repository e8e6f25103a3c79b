"""See pip_unpinned.md."""

import dataclasses
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Package,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    quote,
    rule,
)
from rules.facts.python_names import index_name
from rules.packages.locks.synced_before import is_synced
from rules.packages.pins.beside_environment import is_beside_environment
from rules.packages.pins.given_versions import is_constrained, is_given_versions
from rules.packages.pins.moving_requirements import moving_requirements
from rules.packages.pins.pinned_elsewhere import ANEW, Elsewhere, elsewhere, is_built, is_listed
from rules.packages.pins.system_satisfied import is_satisfied
from rules.packages.pins.unpinned import BRANCHES, Unpinned, unpinned

_SOURCES = ("vcs", "url")
"""Kinds of packages that a repository gives, and no index."""
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv", "virtualenv", "pip-tools", "build"})
_LOST = re.compile(r"[<>]=?\d")
_EXTRA = re.compile(r"\[[\w.,-]+\]$")
_REF = re.compile(r"@(?P<ref>[^/@]+)$")
_ARCHIVE = re.compile(
    rf"(?P<before>/(?:archive|zipball|tarball)/)(?:refs/heads/)?(?:{'|'.join(sorted(BRANCHES))})"
    r"(?=\.zip$|\.tar\.gz$|/[\w.-]+$|$)"
)
"""The archive that GitHub, GitLab and Gitea make of a branch."""
_TIED = {"torchvision": "torch", "torchtext": "torch"}
"""Packages each release of which requires one release of another (setup.py of pytorch/vision and pytorch/text: what is
released says `torch==…`); those of torchaudio do so no longer (pytorch/audio, pull request 4171)."""


@rule(
    "pip-unpinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("RUN",),
    mentions=("pip", "uv"),
    aliases=("DL3013", "DF051"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A Python package is installed in whatever version is newest."""
    yield from moving_requirements(change)

    def is_there(run: Run, call: PackageCall, package: Package) -> bool:
        if _is_there(run, call, package) or is_listed(change, run, call, package.name):
            return True
        if is_built(change, package.name) or is_satisfied(run, call, package):
            return True
        return is_synced(change, run, call, package.name)

    for found in unpinned(change, ("pip", "pipx", "uv"), _wanted, is_there, ("install", "build", "download")):
        names = found.fresh(change, "pip-unpinned")
        other = elsewhere(change, found.run, found.call)
        if not any(package.kind == "name" for package in found.packages):
            other = Elsewhere(project=False, unread=None)
        newest, way_out = _advice(found, names)
        problem = found.problem(names, way_out, way_out.replace(names[0], ""), f"in {newest}")
        sure = min(problem.confidence, _confidence(other))
        beside = is_beside_environment(found.stage, found.call, found.names)
        yield dataclasses.replace(
            problem,
            confidence=sure,
            doubt=problem.doubt or other.doubt,
            minor=beside,
            held_before=found.is_renamed(change, "pip-unpinned"),
        )


def _confidence(other: Elsewhere) -> Confidence:
    """How sure it is that no other install decides on the version."""
    if other.project:
        return Confidence.POSSIBLE
    return Confidence.LIKELY if other.unread is not None else Confidence.CERTAIN


def _advice(found: Unpinned, names: tuple[str, ...]) -> tuple[str, str]:
    """What is taken now, and how to say which one was tested: a repository's commit, a package's version."""
    chosen = {package.name: package for package in found.packages if package.name in names}
    commits = [_at_commit(package) for package in chosen.values() if package.kind in _SOURCES]
    plain = [package.name for package in chosen.values() if package.kind not in _SOURCES]
    if not plain:
        newest = f"whatever state {'its branch has' if len(names) == 1 else 'their branches have'}"
        return newest, f"Name the commit that was tested: {quote(commits[0])}."
    by_file = "" if found.call.manager == "pipx" else ", or give a constraints file with `-c`"  # pipx has none
    way_out = f"Name the version that was tested ({quote(f'{plain[0]}==<version>')}){by_file}"
    if commits:
        way_out += f"; of a repository, the commit ({quote(commits[0])})"
    return "whatever version is newest", f"{way_out}."


def _at_commit(package: Package) -> str:
    """Return a repository as it is written with a commit."""
    if package.kind == "url":
        return _ARCHIVE.sub(r"\g<before><commit>", package.name)
    address, hash_, fragment = _address(package).partition("#")
    ref = _REF.search(address)
    bare = address[: ref.start()] if ref is not None else address
    name = f"{package.name} @ " if package.version is not None else ""
    return f"{name}{bare}@<commit>{hash_}{fragment}"


def _address(package: Package) -> str:
    """Where a repository lies: as named, or behind the name (`name @ git+https://…`, PEP 508).

    An extra behind it (`….git@main[panel]`) belongs before it, and says nothing of the state that is taken.
    """
    written = package.version.removeprefix("@") if package.version is not None else package.name
    address, hash_, fragment = written.partition("#")
    return f"{_EXTRA.sub('', address)}{hash_}{fragment}"


def _wanted(call: PackageCall, package: Package) -> bool:
    if is_constrained(call) or (call.manager == "uv" and call.verb not in ("pip install", "tool install")):
        return False
    if package.kind not in _SOURCES and any(other.kind in ("path", "url", "variable") for other in call.packages):
        return False  # of which the requirements may say the version
    if package.kind in _SOURCES:
        return _moves(call, package)
    if package.kind != "name" or index_name(package.name) in _TOOLS:
        return False
    if _LOST.match(call.command.source.text, package.word.span.end):
        return False  # a version without quotes, of which comparison-redirects speaks
    return not (_is_tied(call, package) or is_given_versions(call))


def _moves(call: PackageCall, package: Package) -> bool:
    """Whether a repository, or an archive that it makes, is taken as a branch has it."""
    address = _address(package).partition("#")[0].removeprefix("git+")
    if package.kind == "url":
        return _ARCHIVE.search(address) is not None and not _is_chosen(call, package)
    found = _REF.search(address)
    return found is None or (found["ref"] in BRANCHES and not _is_chosen(call, package))


def _is_tied(call: PackageCall, package: Package) -> bool:
    """Whether the exact version of another package in the call decides on that of this one."""
    to = _TIED.get(index_name(package.name))
    versions = (other.version or "" for other in call.packages if index_name(other.name) == to)
    return any(re.fullmatch(r"===?[^*,]+", version) for version in versions)


def _is_chosen(call: PackageCall, package: Package) -> bool:
    """Whether a variable names what is taken of a repository: whoever builds chooses it."""
    written = call.command.source.text[package.word.span.start : package.word.span.end].split("#")[0]
    return "$" in written.rpartition("@")[2]


def _is_there(run: Run, call: PackageCall, package: Package) -> bool:
    """Whether an earlier call has put a package there: unless they are told to upgrade, pip and uv leave it alone."""
    if call.verb not in ("install", "pip install") or call.has(*ANEW):
        return False
    before = _first_installs(run.stage).get((_environment(call), index_name(package.name)))
    return before is not None and before < call.command.start


@once
def _first_installs(stage: Stage) -> dict[tuple[tuple[str | None, ...], str], int]:
    """Where each package that stays was installed first, by its environment and its name."""
    found: dict[tuple[tuple[str | None, ...], str], int] = {}
    for item in stage.packages.installed:
        stays = item.removed_by is None and not item.call.command.conditional
        if item.manager in ("pip", "uv") and stays and item.package.kind in ("name", "vcs"):
            found.setdefault((_environment(item.call), index_name(item.name)), item.call.command.start)
    return found


def _environment(call: PackageCall) -> tuple[str | None, ...]:
    """What tells one environment from another on two command lines: the installer, its Python, folders, variables."""
    program = call.command.called
    env = (call.env.get(name) for name in ("VIRTUAL_ENV", "PATH", "UV_SYSTEM_PYTHON", "PIP_TARGET", "PIP_PREFIX"))
    folders = (call.option(name) for name in ("--target", "--prefix", "--root", "--python"))
    return call.program, program, str(call.has("--system")), str(call.user), *folders, *env
