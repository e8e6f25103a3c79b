"""See language_version_excluded.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Note,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.base_image.choices import is_argued, is_given
from rules.base_image.moved.version_contracts import demand_in
from rules.base_image.moved.version_ranges import satisfies
from rules.base_image.taken_out import OTHER_GO
from rules.copying.deletions import is_deleted
from rules.facts.distributions import release_title
from rules.facts.languages import system_rust
from rules.model.outcome import outcome_of_failure
from rules.model.work_folders import folder_of, path_of
from rules.numbers import numbers_of
from rules.packages.locks.manifest_edits import is_edited_before
from rules.packages.options import spelled
from rules.packages.projects.texts import text_in_image

_PIPS = frozenset({"pip", "pip3", "python -m pip", "python3 -m pip"})
"""How the image's own pip is called; another Python has another name."""
_PYTHON_IN_TAG = re.compile(r"(?:^|-)python(3\.\d+)(?:-|$)")
_BUILDS = {
    "go": frozenset({"build", "mod download", "run", "test", "vet", "generate"}),
    "cargo": frozenset({"build", "run", "test", "check", "rustc", "fetch"}),
}
_AWAY = ("--ignore-rust-version", "--manifest-path", "-C")
_OTHER_TOOLCHAINS = {
    "python": re.compile(r"\bpyenv\b|conda\b|mamba\b|\buv\b|virtualenv|deadsnakes|(?<![-:])\bpython3\.\d+\b"),
    "go": re.compile(rf"{OTHER_GO.pattern}|/usr/local/go\b"),
    "rust": re.compile(
        r"\brustup\b|RUSTUP_TOOLCHAIN|rust-toolchain|backports|\btrixie\b|\btesting\b|\bunstable\b|\bsid\b|cargo-web"
    ),
    "ruby": re.compile(r"\brbenv\b|\brvm\b|ruby-install|\basdf\b|\bmise\b"),
}
"""What in a file may bring another version than the base image's, or let the tool fetch one."""
_CHOOSING = ("rust-toolchain", "rust-toolchain.toml")
"""Files by which rustup takes another toolchain (The rustup book, "Overrides")."""
_OWN_TOOLCHAIN = (1, 21)
"""Since when Go stops at a newer `go` line, and its images set `GOTOOLCHAIN=local` (go.dev/doc/toolchain)."""


_REFUSED_BEFORE = re.compile(r"^(?:go[ \t]+\d+\.\d+\.\d+|toolchain[ \t]+\S+)", re.MULTILINE)
"""Lines of a `go.mod` at which a Go before 1.21 stops: "invalid go version '1.21.3': must match format 1.23", "unknown
directive: toolchain" (processone/docker-ejabberd, issue 115; airbusgeo/geocube, issue 5)."""


class _Demand(NamedTuple):
    """What a call reads: of which language, in which file of the image, and what then happens."""

    language: str
    path: str
    then: str


@rule(
    "language-version-excluded",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("pip", "go", "cargo", "bundle"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A project is built or installed with a version of its language that its own manifest excludes."""
    for stage in change.stages:
        said: set[str] = set()
        for run in stage.runs:
            for call in run.package_calls:
                if run.deferred or outcome_of_failure(run, call.command) != "stops" or call.command.conditional:
                    continue
                for demand in _demands(run, call):
                    problem = _problem(change, stage, run, call, demand) if demand.language not in said else None
                    if problem is not None:
                        said.add(demand.language)
                        yield problem


def _demands(run: Run, call: PackageCall) -> Iterator[_Demand]:
    """Yield what a call reads that says for which version of the language the project is."""
    folder = folder_of(run, call.command)
    if call.manager == "pip" and call.program in _PIPS and call.action == "install":
        if not call.has("--ignore-requires-python", "--python", "--target", "--dry-run"):
            for package in call.packages:
                path = path_of(run, call.command, package.word.value.partition("[")[0])
                if package.kind == "path" and path is not None:
                    yield _Demand("python", posixpath.join(path, "pyproject.toml"), "pip refuses the project")
    elif folder is None:
        return
    elif _builds(call):
        if call.manager == "go":
            yield _Demand("go", posixpath.join(folder, "go.mod"), "The official images let Go fetch no other toolchain")
        else:
            yield from _of_cargo(call, folder)
    elif call.manager == "bundle" and call.action == "install" and not call.has("--gemfile"):
        yield _Demand("ruby", posixpath.join(folder, "Gemfile"), "Bundler refuses it")


def _of_cargo(call: PackageCall, folder: str) -> Iterator[_Demand]:
    """Yield what Cargo reads, unless it is told which toolchain is to run (`cargo +nightly build`)."""
    if any(word.value.startswith("+") for word in call.command.args):
        return
    if call.verb != "fetch":  # which compiles nothing
        yield _Demand("rust", posixpath.join(folder, "Cargo.toml"), "Cargo refuses the package")
    then = "Cargo of that release does not know the format of the lock file"
    yield _Demand("rust", posixpath.join(folder, "Cargo.lock"), then)


def _builds(call: PackageCall) -> bool:
    """Whether a call builds the project of its folder, with the release that the image has.

    `go1.25.1` is another one, named by its number (go.dev, "Managing Go installations").
    """
    if call.manager == "go" and call.command.name != "go":
        return False
    return call.verb in _BUILDS.get(call.manager, ()) and not call.has(*_AWAY)


def _problem(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall, demand: _Demand) -> Problem | None:
    text = text_in_image(change, run, demand.path)
    asked = demand_in(posixpath.basename(demand.path), text) if text is not None else None
    version = _version(stage, demand.language)
    now = numbers_of(version.number)
    name = posixpath.basename(demand.path)
    if asked is None or not now or satisfies(now, asked) is not False or _may_be_another(change, stage, demand, now):
        return None
    then = _outcome(demand, text or "", now)
    if then is None or is_edited_before(run, call, name) or is_deleted(run, call.command, demand.path):
        return None
    argued = is_argued(stage)
    wanted = f"{quote(asked.removeprefix('>='))} or newer" if demand.language in ("go", "rust") else quote(asked)
    return Problem(
        call.command.span,
        f"{quote(spelled(call))} of {stage.label} reads {quote(name)}, which asks for {_NAMES[demand.language]} "
        f"{wanted}, and {version.bringer} has {quote(version.number or '')}. {then}, and the build "
        "stops here. Start from an image with a version that fits, or change what the project asks for.",
        Confidence.CERTAIN if version.sure and not argued else Confidence.LIKELY,
        doubt=BY_ARGUMENT if argued else "the tag alone tells the image's version",
        instruction=run.instruction,
        stage=stage.key,
        key=demand.language,
        notes=(Note(stage.root.from_.span, "the version comes from here"),),
    )


def _outcome(demand: _Demand, text: str, now: tuple[int, ...]) -> str | None:
    """Say what a tool of that version does with a manifest; `None` for an old Go, which builds what it can."""
    if demand.language != "go" or now >= _OWN_TOOLCHAIN:
        return demand.then
    line = _REFUSED_BEFORE.search(text)
    return f"Go before 1.21 refuses the line {quote(line[0])}" if line is not None else None


_NAMES = {"python": "Python", "go": "Go", "rust": "Rust", "ruby": "Ruby"}


class _Version(NamedTuple):
    """A version: who brings it, as a message says that, and whether a table knows it, and not the image's tag alone."""

    number: str | None
    bringer: str
    sure: bool = True


def _version(stage: Stage, language: str) -> _Version:
    """Return the version that the base image has, or a package of its distribution."""
    version, image = stage.runtime.languages.get(language), quote(stage.root.base_text or "")
    reference, release = stage.root.reference, stage.runtime.release
    distro = stage.runtime.distribution
    if version is None and language == "rust" and release is not None and distro and stage.packages.has("cargo"):
        return _Version(system_rust(distro, release.number), f"the package `cargo` of {release_title(distro, release)}")
    if version is not None or stage.facts is not None or language != "python" or reference is None:
        return _Version(version, image)
    tagged = _PYTHON_IN_TAG.search(reference.tag or "")
    return _Version(tagged[1] if tagged is not None else None, image, sure=False)


def _may_be_another(change: DockerfileChange, stage: Stage, demand: _Demand, now: tuple[int, ...]) -> bool:
    """Whether the tool may run another version than the base image's, or does not mind."""
    if is_given(change, stage) or _OTHER_TOOLCHAINS[demand.language].search(change.after.code):
        return True
    if len(now) == 1:
        return True  # `python:3`: the tag moves
    if demand.language == "go":
        return stage.facts is None or stage.facts.name != "golang"
    if demand.language == "rust":
        names = change.repository.context_names(change.path)
        return names is None or not names.isdisjoint(_CHOOSING)
    return False
