"""See dependencies_built_twice.md.

Cargo's book ("Build Cache"): each profile, and each target that is named, has a folder of its own, in which nothing of
another one counts. `cargo chef cook` takes these options like `cargo build` (cargo-chef's README), and `recipe.json`
holds the project's `.cargo/config.toml` as well (cargo-chef, `src/skeleton/read.rs`).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_after,
    quote,
    rule,
)

_COOK = "chef cook"
_BUILDS = frozenset({"build", "b", "rustc", "zigbuild", "auditable build", "auditable zigbuild"})
_TESTS = frozenset({"run", "r", "test", "t", "bench"})
_WITHOUT_CODE = ("--check", "--clippy", "--no-build")
"""What makes `cook` do less than compile."""
_FOLDERS = {"dev": "debug", "test": "debug", "bench": "release"}
"""Profiles that have no folder of their own, with whose they share."""
_CONFIGURED = re.compile(r"CARGO_BUILD_TARGET|CARGO_PROFILE|\.cargo/config|--config\b")
_SETTINGS = (".cargo/config.toml", ".cargo/config")
_RUN_CARGO = frozenset("make just trunk wasm-pack wasm-bindgen dx cross maturin tauri npm yarn pnpm bun ninja".split())
"""Programs that call Cargo themselves."""
_GLIBC = re.compile(r"\.\d+\.\d+\Z")
"""The version of glibc that `cargo zigbuild` takes behind a target, and that names no folder."""


class _Output(NamedTuple):
    """Where Cargo keeps what a call compiles.

    Attributes:
        profile: The folder of the profile: `debug`, `release` or the name of one of the project's own.
        target: The target that is named, empty for none.
    """

    profile: str
    target: str


@rule(
    "dependencies-built-twice",
    severity=Severity.WARNING,
    category=Category.BUILD_CACHE,
    keywords=("RUN",),
    mentions=("chef",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The dependencies are compiled ahead for another profile or target than the program, which compiles them again."""
    if _CONFIGURED.search(change.after.code):
        return
    for stage in change.stages:
        cooks = [(run, call) for run in stage.runs for call in run.package_calls if call.verb == _COOK]
        if not cooks:
            continue
        family = [other for other in change.stages if stage in other.chain]
        later = {id(call): call for other in family for run in other.all_runs for call in _building(run, cooks[0][0])}
        outputs = [_output(call) for call in (*(call for _, call in cooks), *later.values())]
        if not later or None in outputs:
            continue
        used = {_output(call) for call in later.values()}
        if used.isdisjoint(_output(call) for _, call in cooks):
            yield _problem(stage, *cooks[-1], list(later.values())[-1])


def _building(run: Run, cook: Run) -> Iterator[PackageCall]:
    """Yield the calls of Cargo behind a cook that compile the project's dependencies."""
    for call in run.package_calls if run.at >= cook.at else ():
        from_path = call.verb == "install" and call.option("--path") is not None
        if call.manager == "cargo" and (call.verb in _BUILDS | _TESTS or from_path):
            yield call


def _output(call: PackageCall) -> _Output | None:
    """Return where a call compiles to; `None` where its words leave that open, or it compiles nothing."""
    if "$" in str(call.command) or call.has(*_WITHOUT_CODE) or call.has("--target-dir"):
        return None
    profile = call.option("--profile") or ("release" if call.has("--release") or _is_optimized(call) else "dev")
    return _Output(_FOLDERS.get(profile, profile), call.option("--target") or "")


def _is_optimized(call: PackageCall) -> bool:
    """Whether a command takes the profile `release` by itself."""
    return call.verb == "bench" or (call.verb == "install" and not call.has("--debug"))


def _problem(stage: Stage, run: Run, cook: PackageCall, build: PackageCall) -> Problem:
    here, there = _output(cook), _output(build)
    assert here is not None, "the caller looked"
    assert there is not None, "the caller looked"
    options = _options(build)
    way_out = f"Give it {quote(options)} as well" if options and here.target == "" else "Give both the same options"
    return Problem(
        cook.command.span,
        f"{stage.label} compiles the dependencies for {_name(here)} ({quote(_said(cook))}), and the program for "
        f"{_name(there)} ({quote(_said(build))}, line {build.command.line}). Cargo keeps the two apart: the second "
        f"compiles all dependencies once more, whenever a source changes. {way_out}.",
        stage=stage.key,
        instruction=run.instruction,
        key=f"{here.profile} {there.profile}",
        fix=_fix(cook, options) if options and here == _Output("debug", "") else None,
    )


def _name(output: _Output) -> str:
    target = f" and {quote(output.target)}" if output.target else ""
    return f"the profile {quote({'debug': 'dev'}.get(output.profile, output.profile))}{target}"


def _said(call: PackageCall) -> str:
    return f"cargo {call.verb}"


def _options(build: PackageCall) -> str:
    """Return the options of a build that say where it compiles to."""
    profile = build.option("--profile")
    named = f"--profile {profile}" if profile else "--release" if build.has("--release") or _is_optimized(build) else ""
    target = build.option("--target")
    return " ".join(word for word in (named, f"--target {target}" if target else "") if word)


def _fix(cook: PackageCall, options: str) -> Fix | None:
    word = next((word for word in cook.command.args if word.value == "cook"), None)
    edit = insert_after(cook.command.source, word, f" {options}") if word is not None else None
    return fix(f"Compile them with {options}", edit)
