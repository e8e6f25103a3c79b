"""Versions that a command named before a change and no longer names: `pm2@5.4.0` that is `pm2` now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Fix, Problem, quote, replace
from rules.facts.installers import NODE_MANAGERS
from rules.facts.python_names import compared_name
from rules.model.packages import OS_MANAGERS
from rules.packages.pins.given_versions import is_given_versions
from rules.packages.pins.pinned_elsewhere import elsewhere, is_listed
from rules.packages.pins.unpinned import MOVING
from rules.secrets.held_elsewhere import may_have_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.api import DockerfileChange, Package, PackageCall, Run, Stage

_NAMED = re.compile(r"(?:={1,3}|@|:)?[v^~]?(?:\d|\$)")
"""How a version begins that a command names."""
_LISTS = ("-c", "--constraint", "-r", "--requirement")
"""Options whose files may name the version in its place."""
_TOOLS = frozenset({"pip", "setuptools", "wheel"})
"""What is renewed for the install of the others."""


def lost_pins(change: DockerfileChange, stage: Stage, was: Sequence[Stage], now: Sequence[Stage]) -> Iterator[Problem]:
    """Yield the packages of a language's index whose version went, each once; the distribution's are another matter.

    Args:
        change: The file, and what lies beside it that may say the version now.
        stage: Where they are installed.
        was: The stages to compare with, as they were.
        now: The same after the change: a version that is named in one of them is not lost.
    """
    before = {_key(call, package): package for one in was for _, call, package in _asked(one) if _is_named(package)}
    kept = {_key(call, package) for one in now for _, call, package in _asked(one) if _is_named(package)}
    for run, call, package in _asked(stage) if before else ():
        key = _key(call, package)
        old = before.get(key)
        if package.version is None and call.manager == "go":
            continue  # it takes the version of `go.mod` then, and none without one (`go help install`)
        if old is None or key in kept or (package.version is not None and package.version not in MOVING):
            continue
        kept.add(key)
        if _comes_otherwise(change, run, call, package):
            continue
        meant = package.version is not None and call.manager != "go"  # `go install` asks for a version
        around = elsewhere(change, run, call)
        sure = Confidence.LIKELY if around.doubt else Confidence.CERTAIN
        yield _problem(stage, run, package, old, Confidence.POSSIBLE if meant else sure, around.doubt)


def _comes_otherwise(change: DockerfileChange, run: Run, call: PackageCall, package: Package) -> bool:
    """Whether a constraint, a list of requirements, a folder of wheels or a lock file says the version now."""
    if call.manager in ("pip", "uv"):
        return is_given_versions(call) or is_listed(change, run, call, package.name)
    return call.manager in NODE_MANAGERS and not call.global_ and may_have_lock(run, call.manager)


def _key(call: PackageCall, package: Package) -> tuple[str, str]:
    return call.manager, compared_name(call.manager, package.name)


def _asked(stage: Stage) -> Iterator[tuple[Run, PackageCall, Package]]:
    for run in stage.runs:
        for call in run.package_calls:
            if call.manager in OS_MANAGERS or call.action != "install" or call.has(*_LISTS):
                continue
            for package in call.packages:
                if package.kind == "name" and package.name not in _TOOLS:
                    yield run, call, package


def _is_named(package: Package) -> bool:
    return package.version is not None and _NAMED.match(package.version) is not None


def _problem(stage: Stage, run: Run, package: Package, old: Package, confidence: Confidence, doubt: str) -> Problem:
    version = old.version or ""
    joined = f"{old.name}{version}" if version[:1] in "=@:" else ""
    source, span = run.instruction.source, package.word.span
    plain = source.text[span.start : span.end] in (package.name, f"{package.name}{package.version}")
    return Problem(
        span,
        f"{stage.label} installs {quote(package.name)} in whatever version is newest now; before this change it was "
        f"{quote(joined or version)}. The same commit gives another image tomorrow, and a bad release goes straight "
        "in. Name the version that was tested.",
        confidence,
        doubt=doubt,
        instruction=run.instruction,
        stage=stage.key,
        key=f"pin {package.name}",
        fix=Fix(f"Name {joined} again", (replace(source, span, joined),))
        if joined and plain and "$" not in joined
        else None,
    )
