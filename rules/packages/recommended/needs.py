"""What packages of apt's need for their work, and only recommend: what has to be named beside them with the flag."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.virtual_names import in_archive
from rules.model.audience import is_development_file
from rules.packages.options import spelled
from rules.packages.recommended.halves import for_a_task, other_halves
from rules.packages.recommended.knowledge import BY_RECOMMENDATION
from rules.packages.recommended.programs import NEED_CERTIFICATES, is_brought, missed, unexplained
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

_COMPILER = frozenset({"build-essential", "gcc", "g++", "clang"})
_FOR_CMAKE = ("make", "ninja-build", "build-essential")
"""What reads CMake's files: `make`, unless another is asked for."""
_GCC = re.compile(r"gcc(?:-\d+)?")
_WITH_HEADERS = re.compile(r"g\+\+(?:-\d+)?|build-essential|libc6?-dev")
"""What has the headers of the C library, or depends on what has them."""
_RECOMMENDS_COMPILER = {"python3-pip": "pip", "python-pip": "pip", "npm": "npm"}
"""Packages of Debian and Ubuntu that recommend `build-essential`, by the manager whose installs may compile with it."""
_PYTHON_HEADERS = re.compile(r"(?:lib)?python3?(?:\.\d+)?(?:-all)?-dev")
_COMPILED_BY_NOBODY = frozenset({"pip", "setuptools", "wheel"})


def needed(stage: Stage, run: Run, call: PackageCall) -> str:
    """Say what a package does its work with and only recommends (`apt-cache depends`), where nothing else brings it."""
    return _known_need(stage, run, call) or _seen_need(stage, run, call)


def _known_need(stage: Stage, run: Run, call: PackageCall) -> str:
    names = {package.name for package in call.packages}
    if "fail2ban" in names and not stage.packages.has("iptables", "nftables"):
        return " With the flag, name `nftables` or `iptables` too: `fail2ban` bans with one, and only recommends it."
    first, *others = missed(stage, run, call) or (None,)
    if others:
        every = [f"{quote(one.wanted)} (line {one.line})" for one in (first, *others) if one is not None]
        return f" With the flag, name {listed(every)} too, which come as recommendations only and are needed there."
    if first is not None:
        return (
            f" With the flag, name {quote(first.wanted)} too: it comes with {quote(first.package)} as a recommendation "
            f"only, and line {first.line} needs it."
        )
    if "cmake" in names and not _has(stage, run, call, "gcc", *_COMPILER):
        return " With the flag, name a compiler too: `cmake` only recommends `gcc`."
    return for_a_task(stage, run, call)


def _seen_need(stage: Stage, run: Run, call: PackageCall) -> str:
    unseen = unexplained(stage, run, call)
    if unseen is not None:
        return (
            f" Line {unseen.line} calls {quote(unseen.package)}, and no package that is named brings it: if it is "
            f"there by a recommendation, name {quote(unseen.wanted)} with the flag."
        )
    plugins = next((package.name for package in call.packages if BY_RECOMMENDATION.fullmatch(package.name)), None)
    if plugins is not None:
        return f" With the flag, name what your checks call too: {quote(plugins)} only recommends it."
    return ""


def _has(stage: Stage, run: Run, call: PackageCall, tool: str, *packages: str) -> bool:
    """Whether the base has a tool, or one of the packages that have it is installed as well."""
    there = stage.facts is not None and bool(stage.facts.full or stage.facts.has_tool(tool))
    return there or is_brought(stage, run, call, *packages)


def adds_archive(run: Run) -> bool:
    """Tell whether `add-apt-repository` takes a PPA next: what it calls for the key only comes as a recommendation."""
    later = (other for other in run.stage.done_runs if other.index >= run.index)
    brings = any(
        package.name == "software-properties-common" for call in run.package_calls for package in call.packages
    )
    return brings and any(
        word.value.startswith("ppa:")
        for other in later
        for command in other.calls("add-apt-repository", "apt-add-repository")
        for word in command.args
    )


_WITH_CERTIFICATES = frozenset({"python", "pypy", "ruby", "rust"})
"""Official images whose slim variants install `ca-certificates` too, as their Dockerfiles say."""


def _has_certificates(stage: Stage) -> bool:
    """Whether the base has certificates, as those with curl or wget do, and the full images of languages."""
    facts = stage.facts
    if facts is None:
        return False
    return facts.name in _WITH_CERTIFICATES or bool(facts.full or facts.has_tool("curl") or facts.has_tool("wget"))


def lost(stage: Stage, run: Run, call: PackageCall) -> tuple[str, ...]:
    """Return what a call's packages need for their work and only recommend, where nothing else brings it.

    `gcc` without the headers of the C library compiles nothing (`apt-cache depends gcc`: Recommends: libc6-dev), and
    `cmake` calls `make`, which it only recommends, whoever calls it: a package that is built from its sources, too.
    """
    names = {package.name for package in call.packages}
    whole = any(_WITH_HEADERS.fullmatch(item.name) for item in stage.packages.present)
    headless = any(map(_GCC.fullmatch, names)) and not whole
    full = stage.facts is not None and bool(stage.facts.full)
    found = ["ca-certificates"] if _loses_certificates(stage, run, call) else []
    if "cmake" in names and not _has(stage, run, call, "make", *_FOR_CMAKE):
        found.append("make")
    if "git" in names and is_development_file(stage.model.path) and not _has(stage, run, call, "ssh", "openssh-client"):
        found.append("openssh-client")  # people push from there
    found += [name for name in other_halves(stage, run, call) if name not in found]
    return (*found, *(["libc6-dev"] if headless and not full else []))


def _loses_certificates(stage: Stage, run: Run, call: PackageCall) -> bool:
    names = {in_archive(package.name) for package in call.packages}
    if not names & NEED_CERTIFICATES or _has_certificates(stage):
        return False
    return not is_brought(stage, run, call, "ca-certificates")


def compiling(stage: Stage, run: Run, said: str) -> str:
    """Say what an install may compile with, where it comes as a recommendation only and is not `said` already."""
    needing = _loses_compiler(stage, run)
    if needing is None:
        return ""
    full, has_tool = (stage.facts.full, stage.facts.has_tool("gcc")) if stage.facts is not None else (None, None)
    compiler = "`build-essential`" in said or bool(full or has_tool or any(map(stage.packages.has, _COMPILER)))
    headers = needing.manager != "pip" or any(_PYTHON_HEADERS.fullmatch(item.name) for item in stage.packages.present)
    lost = [*(() if compiler else ("build-essential",)), *(() if headers else ("python3-dev",))]
    are = "they are such recommendations" if len(lost) > 1 else "it is such a recommendation"
    return (
        f" With the flag, name {' and '.join(map(quote, lost))} too if {quote(spelled(needing))} (line "
        f"{needing.command.line}) compiles something: {are}."
        if lost
        else ""
    )


def _loses_compiler(stage: Stage, run: Run) -> PackageCall | None:
    """Return the first install that may compile with what a package of a RUN recommends, and nothing else brings."""
    managers = {
        _RECOMMENDS_COMPILER[package.name]
        for call in run.package_calls
        if call.manager == "apt" and call.action == "install" and not call.no_recommends
        for package in call.packages
        if package.name in _RECOMMENDS_COMPILER
    }
    if stage.facts is not None and "python" in stage.facts.languages:
        managers.discard("pip")  # its own Python installs there, with its own headers
    calls = [call for one in stage.all_runs if one.at >= run.at for call in one.package_calls] if managers else []
    found = [call for call in calls if call.manager in managers and _may_compile(call)]
    return next((call for call in found if call.project and "." in call.manifests), found[0] if found else None)


def _may_compile(call: PackageCall) -> bool:
    names = {package.name for package in call.packages}
    return call.action == "install" and (bool(call.manifests) or not names <= _COMPILED_BY_NOBODY)
