"""Builds of Go below the sources that fetch the modules by the way: no layer keeps them from one edit to the next."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Confidence, Fix, Problem, insert_line_before, quote
from rules.copying.installs.calls import Install, install_folder
from rules.copying.installs.early_sources import source_before
from rules.copying.installs.manifests import copied_above, to_copy
from rules.copying.source_trees.trees import is_read
from rules.packages.projects.files import in_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, DockerfileChange, PackageCall, Put, Run, Stage

_FETCHING = frozenset({"get", "mod download", "mod tidy", "mod vendor"})
"""Commands of Go that fetch modules or keep them beside the sources."""
_BUILDING = frozenset({"build", "install"})
_SETTINGS = frozenset({"GOFLAGS", "GO111MODULE", "GOPROXY", "GOMODCACHE", "GOWORK"})
"""Variables by which a build takes its modules from elsewhere, or leaves them out (go help environment)."""

_CACHES = ("/go/pkg/mod", "/root/go/pkg/mod")
"""`GOMODCACHE`, as Go's official image has it and as it is elsewhere for root."""


def build_that_fetches(change: DockerfileChange, stage: Stage) -> tuple[Copy, Install] | None:
    """Return the first `go build` that fetches the project's modules, and the COPY of the sources above it.

    `None` where a call above fetches them, where they may come with the sources (`vendor/`) or from a cache, and where
    the repository is not known to have `go.mod` and `go.sum`: a project without modules fetches none.
    """
    fetching = ((run, call) for run in stage.done_runs for call in run.package_calls if _may_fetch(call))
    run, call = next(fetching, (None, None))
    if run is None or call is None or run.stage is not stage or call.verb in _FETCHING:
        return None
    return _behind_sources(change, stage, run, call)


def _may_fetch(call: PackageCall) -> bool:
    """Whether a call fetches modules of the project, by itself or because it builds with them."""
    return call.manager == "go" and (call.verb in _FETCHING or (call.verb in _BUILDING and bool(call.manifests)))


def _behind_sources(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall) -> tuple[Copy, Install] | None:
    folder = install_folder(run, call)
    if run.deferred or run.mounts or folder is None or call.command.conditional or _is_told_otherwise(run, call):
        return None
    install = Install(run, call, folder, tuple(posixpath.join(folder, name) for name in call.manifests))
    copy = source_before(change, stage, install)
    if copy is None or not _has_modules(change, to_copy(change, copy, install)) or _runs_own_code(stage, copy, call):
        return None
    if any(put.kind not in ("run", "workdir") for put in _in_cache(stage)):
        return None
    return copy, install


def _in_cache(stage: Stage) -> Iterator[Put]:
    """Yield what puts something where Go keeps the modules that it has fetched: another stage may have done it."""
    for cache in _CACHES:
        yield from stage.files.covering(cache)
        yield from stage.files.below(cache)


def _is_told_otherwise(run: Run, call: PackageCall) -> bool:
    """Whether an option or a variable says where modules come from."""
    told = any(call.env.get(name) or run.scope.get(name) for name in _SETTINGS)
    return told or call.has("-mod", "-modfile", "-overlay")


def _has_modules(change: DockerfileChange, manifests: tuple[str, ...]) -> bool:
    """Whether the repository has both manifests, and does not keep the modules beside them."""
    places = [in_repository(change, name) for name in manifests]
    if len(places) != 2 or not all(place and change.repository.exists(place) for place in places):  # noqa: PLR2004 - both
        return False
    kept = posixpath.join(posixpath.dirname(places[0] or ""), "vendor/modules.txt")
    return change.repository.exists(kept) is False


def _runs_own_code(stage: Stage, copy: Copy, call: PackageCall) -> bool:
    """Whether something in between may fetch them: a script or a program of the project's own."""
    known = {one.command.start for run in stage.runs for one in run.package_calls}
    first, last = copy.instruction.span.end, call.command.start
    return any(first < one.start < last and one.start not in known for one in stage.files.opaque_commands)


def problem(change: DockerfileChange, stage: Stage, copy: Copy, install: Install) -> Problem:
    """Say that each edit fetches the modules anew."""
    what = "the whole context" if copy.brings_context_root else "the sources"
    above = _manifests_above(stage, copy, install)
    first = f"Copy {' and '.join(map(quote, to_copy(change, copy, install)))} first"
    if above is not None:
        first = f"The manifests are already there (line {above.instruction.line}): behind them"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {what} (`{copy.instruction.keyword}`) before {quote(install.shown)} (line "
        f"{install.call.command.line}), which fetches the modules by the way. An edit of any file then makes every "
        f"build fetch all of them again. {first}, run `go mod download`, and copy the rest below.",
        Confidence.CERTAIN if is_read(change, install) and stage.base_known else Confidence.LIKELY,
        doubt="the modules may need more of the sources than their manifests"
        if stage.base_known
        else "the base image is not known, and may have the modules",
        instruction=copy.instruction,
        stage=stage.key,
        key="go",
        fix=_fix(change, copy, install, copied=above is not None),
    )


def _manifests_above(stage: Stage, copy: Copy, install: Install) -> Copy | None:
    """Return the COPY that brings the manifests by themselves, the last where there are two."""
    found = [copied_above(stage, copy, name) for name in install.manifests]
    return found[-1] if None not in found else None


def _fix(change: DockerfileChange, copy: Copy, install: Install, *, copied: bool) -> Fix | None:
    """Put what is missing above the COPY, where nothing in between says how the modules are fetched."""
    word = copy.destination_word
    if word is None or install.run.index != copy.index + 1 or install.folder != copy.destination:
        return None
    if not copy.brings_context_root or copy.instruction.flags:
        return None
    folder = word.text if word.text.endswith("/") else f"{word.text}/"
    manifests = [] if copied else [f"COPY {' '.join(to_copy(change, copy, install))} {folder}"]
    return Fix(
        "Fetch the modules in a layer of their own",
        (insert_line_before(copy.instruction, *manifests, "RUN go mod download"),),
    )
