"""Requirements files for developers, `dev.txt` or `requirements-test.txt`, that pip installs into what ships."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Problem, folders_of, once, quote
from rules.copying.python.environments import environments
from rules.purpose import FOR_CHECKING, is_for_development
from rules.quoting import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, DockerfileChange, PackageCall, Run, Stage

_PACKAGES = re.compile(r"/(?:site|dist)-packages/?$")
_TESTING = frozenset({"pytest", "py.test", "tox", "nox", "flake8", "pylint", "mypy", "coverage", "ruff"})


class _Extra(NamedTuple):
    """An install of developers' requirements beside those of the program: the call, and the files."""

    run: Run
    call: PackageCall
    files: tuple[str, ...]


def requirements_for_developers(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the shipped stages that hold what such files name, installed there or copied out of another stage."""
    said: set[int] = set()
    told: set[int] = set()
    for shipped in change.after.shipped:
        if is_for_development(change, shipped) or not _runs(shipped) or _tests(shipped):
            continue
        for stage in shipped.chain:
            if stage.index in said:
                continue
            said.add(stage.index)
            extras = _extras(shipped)
            mine = [extra for extra in extras if extra.run.stage is stage]
            if mine:
                yield _problem(shipped, mine, None)
            for copy in stage.copies:
                builder = copy.from_stage
                if builder is None or builder.index in told or copy.deferred or _tests(builder):
                    continue
                path = _environment_in(copy) if _extras(builder) else None
                if path is not None:
                    told.add(builder.index)
                    yield _problem(shipped, list(_extras(builder)), copy, path)


def _runs(stage: Stage) -> bool:
    """Whether the file says that a program runs in the image: what it starts, or where it listens."""
    return stage.image.start_in_file or any(port.instruction is not None for port in stage.image.ports)


@once
def _extras(stage: Stage) -> tuple[_Extra, ...]:
    """The installs of a chain that surely take developers' requirements, where others are installed there as well."""
    found: list[_Extra] = []
    others = False
    for run in stage.done_runs:
        for call in run.package_calls:
            if call.manager not in ("pip", "uv") or call.action != "install" or call.command.conditional:
                continue
            files = tuple(use.value for use in call.uses("--requirement") if use.value and "$" not in use.value)
            extra = tuple(name for name in files if FOR_CHECKING.search(posixpath.basename(name)))
            others = others or len(extra) < len(files) or _installs_project(call)
            if extra:
                found.append(_Extra(run, call, extra))
    return tuple(found) if others else ()


def _installs_project(call: PackageCall) -> bool:
    """Whether the call installs the project itself, with what its `pyproject.toml` asks for and no extras."""
    if call.manager != "pip" or call.has("--no-deps"):
        return False
    return any(package.kind == "path" and "[" not in package.word.value for package in call.packages)


@once
def _tests(stage: Stage) -> bool:
    """Whether a RUN of the chain runs tests or linters, so that the image may be there for that."""
    names = {command.name for run in stage.done_runs for command in run.commands}
    modules = {word.value for run in stage.done_runs for c in run.commands for word in c.args if c.option("-m")}
    return not _TESTING.isdisjoint(names | modules)


def _environment_in(copy: Copy) -> str | None:
    """Return the folder of Python packages, or with a virtual environment, that a COPY takes out of another stage."""
    assert copy.from_stage is not None
    above = _above_environments(copy.from_stage)
    for source in copy.sources:
        path = (copy.source_path(source) or "").rstrip("/")
        if path and (_PACKAGES.search(path) or path in above):
            return path
    return None


@once
def _above_environments(stage: Stage) -> frozenset[str]:
    """The virtual environments of a stage, and the folders above them."""
    return frozenset(folder for environment in environments(stage) for folder in folders_of(environment.path))


def _problem(shipped: Stage, extras: list[_Extra], copy: Copy | None, path: str = "") -> Problem:
    names = list(dict.fromkeys(name for extra in extras for name in extra.files))
    numbers = dict.fromkeys(extra.call.command.line for extra in extras)
    lines = f"line{'s' if len(numbers) > 1 else ''} {listed(map(str, numbers))}"
    files = listed(map(quote, names))
    first = extras[0]
    if copy is not None:
        builder = first.run.stage.label
        fact = f"{quote(path)} comes out of {builder}, where {files} ({lines}) is installed"
        way_out = "Leave it out there, or copy from a stage that installs without it"
    else:
        fact = f"{files} is installed ({lines})"
        way_out = "Leave it out"
    if len(names) > 1:
        fact, way_out = fact.replace(" is installed", " are installed"), re.sub(r"\bit\b", "them", way_out)
    return Problem(
        copy.instruction.span if copy is not None else first.call.command.span,
        f"{shipped.label} ships what only developers need: {fact} beside the program's own requirements. {way_out}.",
        Confidence.LIKELY,
        doubt="the image may be meant to run tests as well",
        instruction=copy.instruction if copy is not None else first.run.instruction,
        stage=shipped.key,
        key="requirements",
    )
