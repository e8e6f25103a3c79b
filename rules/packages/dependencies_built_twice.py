"""See dependencies_built_twice.md.

Cargo's book ("Build Cache"): each profile, and each target that is named, has a folder of its own, in which nothing of
another one counts. `cargo chef cook` takes these options like `cargo build` (cargo-chef's README), and `recipe.json`
holds the project's `.cargo/config.toml` as well (cargo-chef, `src/skeleton/read.rs`).
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
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
from rules.copying.context.possibly_there import runs_script
from rules.model.work_folders import folder_of
from rules.packages.scripts import may_be_script

_COOK = "chef cook"
_KNOWN = frozenset("build b rustc zigbuild run r test t bench install".split()) | {
    "auditable build",
    "auditable zigbuild",
}
"""Commands of Cargo's whose options say which profile and target they compile for."""
_WITHOUT_CODE = ("--check", "--clippy", "--no-build")
"""What makes `cook` do less than compile."""
_FOLDERS = {"dev": "debug", "test": "debug", "bench": "release"}
"""Profiles that have no folder of their own, with whose they share."""
_CONFIGURED = re.compile(r"CARGO_BUILD_TARGET|CARGO_PROFILE|\.cargo/config|--config\b")
_SETTINGS = ("config.toml", "config")
"""How the file in `.cargo` is called that may name a target."""
_IDLE = frozenset(
    "about add audit check chef clippy deny fetch fmt generate-lockfile info install login metadata owner search sort "
    "sqlx tree uninstall update vendor version".split()
)
"""What Cargo does without compiling the project, or without using what was compiled for it."""
_RUN_CARGO = frozenset("make just trunk wasm-pack dx cross maturin tauri npm npx yarn pnpm bun ninja meson".split())
"""Programs that may call Cargo themselves."""
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
    for cook, builds in _cooked(change):
        ahead, used = _outputs(cook.calls), _outputs(builds)
        if not ahead or not used or not set(used).isdisjoint(ahead):
            continue
        here, there = ahead[-1], used[-1]
        if here.target == there.target or not _may_name_target(change):
            sure = here.target == there.target or change.repository.listing is not None
            yield _problem(cook, here, builds[-1], there, Confidence.CERTAIN if sure else Confidence.LIKELY)


class _Cook(NamedTuple):
    """Where a stage compiles its dependencies ahead.

    Attributes:
        run: The last RUN that does.
        calls: All of them, in order.
        folder: Where the last one works.
    """

    run: Run
    calls: tuple[PackageCall, ...]
    folder: str | None


def _cooked(change: DockerfileChange) -> Iterator[tuple[_Cook, list[PackageCall]]]:
    """Yield each stage's cooks with the builds behind them, where every build can be read."""
    cooks = {id(stage): cook for stage in change.stages if (cook := _cook(stage)) is not None}
    builds: dict[int, list[PackageCall] | None] = {one: [] for one in cooks}
    for stage in change.stages if cooks else ():
        taken = (id(one) for copy in stage.copies if copy.from_stage is not None for one in copy.from_stage.chain)
        for one in cooks.keys() & {*(id(base) for base in stage.chain), *taken}:
            found = _builds(stage, cooks[one]) if builds[one] is not None else None
            copied = found != [] and all(id(base) != one for base in stage.chain)
            builds[one] = None if found is None or copied else [*(builds[one] or ()), *found]
    for one, found in builds.items():
        if found is not None:
            yield cooks[one], found


def _cook(stage: Stage) -> _Cook | None:
    found = [(run, call) for run in stage.runs for call in run.package_calls if call.verb == _COOK]
    if not found:
        return None
    run, last = found[-1]
    return _Cook(run, tuple(call for _, call in found), folder_of(run, last.command))


def _builds(stage: Stage, cook: _Cook) -> list[PackageCall] | None:
    """Return the calls of Cargo in a stage that compile what was cooked for; `None` where something else may."""
    found: list[PackageCall] = []
    for run in stage.runs:
        if run.at < cook.run.at:
            continue
        if any(one.name in _RUN_CARGO or runs_script(one) or may_be_script(one) for one in run.commands):
            return None
        for call in run.package_calls:
            if call.manager != "cargo" or not _compiles(call):
                continue
            elsewhere = folder_of(run, call.command) != cook.folder or call.has("--manifest-path", "-C")
            if call.verb not in _KNOWN or elsewhere:
                return None
            found.append(call)
    return found


def _compiles(call: PackageCall) -> bool:
    """Whether a call of Cargo may compile the project."""
    if call.verb == "install":
        return call.option("--path") is not None
    return (call.verb.split() or ["version"])[0] not in _IDLE


def _may_name_target(change: DockerfileChange) -> bool:
    """Whether the project has settings of Cargo's, which the cook and the build see both."""
    named = change.repository.by_name
    return any(path.rpartition("/")[0].endswith(".cargo") for name in _SETTINGS for path in named.get(name, ()))


def _outputs(calls: Iterable[PackageCall]) -> list[_Output]:
    """Return where calls compile to, in order; none where one of them leaves it open."""
    found = [_output(call) for call in calls]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else []


def _output(call: PackageCall) -> _Output | None:
    """Return where a call compiles to; `None` where its words leave that open, or it compiles nothing."""
    if "$" in str(call.command) or call.has(*_WITHOUT_CODE) or call.has("--target-dir"):
        return None
    profile = call.option("--profile") or ("release" if call.has("--release") or _is_optimized(call) else "dev")
    return _Output(_FOLDERS.get(profile, profile), _GLIBC.sub("", call.option("--target") or ""))


def _is_optimized(call: PackageCall) -> bool:
    """Whether a command takes the profile `release` by itself."""
    return call.verb == "bench" or (call.verb == "install" and not call.has("--debug"))


def _problem(found: _Cook, here: _Output, build: PackageCall, there: _Output, confidence: Confidence) -> Problem:
    cook, stage = found.calls[-1], found.run.stage
    options = _options(build)
    way_out = f"Give it {quote(options)} as well" if options and here.target == "" else "Give both the same options"
    return Problem(
        cook.command.span,
        f"{stage.label} compiles the dependencies for {_name(here)} ({quote(_said(cook))}), and the program for "
        f"{_name(there)} ({quote(_said(build))}, line {build.command.line}). Cargo keeps the two apart: the second "
        f"compiles all dependencies once more, whenever a source changes. {way_out}.",
        confidence,
        doubt="settings of Cargo's in the project may name the target" if confidence is Confidence.LIKELY else "",
        stage=stage.key,
        instruction=found.run.instruction,
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
