"""`go mod tidy` where only the manifests lie: it was meant to fetch the modules, and fetches none."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Confidence, Note, Problem, fix, quote, replace
from rules.copying.installs.calls import install_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, DockerfileChange, Fix, PackageCall, Put, Run, Stage

_MANIFESTS = frozenset({"go.mod", "go.sum"})
_BUILDING = frozenset({"build", "install", "run", "test"})
_ELSEWHERE = ("-C", "-modfile")
_GENERIC = frozenset("apt-get apt apk dnf yum microdnf update-ca-certificates rm mkdir set".split())
"""What brings no sources of Go into a project's folder."""


def tidy_without_sources(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield the `go mod tidy` behind which a COPY brings the manifests again, together with the sources.

    Without a package that imports something no module is needed: Go says “"all" matched no packages”, fetches nothing
    and takes the requirements out of `go.mod` (tried with Go 1.19; Go Modules Reference, `go mod tidy`). A tool that
    `go.mod` names is needed all the same.
    """
    if not stage.base_known:
        return
    for run in stage.runs:
        for call in run.package_calls:
            folder = _folder(run, call)
            copy = _sources_behind(stage, run, folder) if folder is not None else None
            build = _build_behind(stage, copy) if copy is not None and not _names_tools(change) else None
            if copy is not None and build is not None and not _fetches_above(stage, build):
                yield _problem(stage, run, call, copy, build)
                return


def _folder(run: Run, call: PackageCall) -> str | None:
    """Return the folder of a `go mod tidy` that surely finds no source there."""
    if call.manager != "go" or call.verb != "mod tidy" or run.mounts or run.deferred or call.command.conditional:
        return None
    folder = install_folder(run, call) if not call.has(*_ELSEWHERE) else None
    if folder is None or _has_sources(run.stage, run, folder) or _may_make_sources(run.stage, run):
        return None
    return folder


def _has_sources(stage: Stage, run: Run, folder: str) -> bool:
    """Whether anything but the manifests is put there by a step above; they have to come from somewhere, too."""
    there = [put for put in (*stage.files.covering(folder), *stage.files.below(folder)) if put.step.at < run.at]
    files = [put for put in there if put.kind != "workdir" and not put.makes_folder]
    names = {_name(put) for put in files}
    return "go.mod" not in names or not names <= _MANIFESTS


def _name(put: Put) -> str:
    return posixpath.basename(put.source if put.kind == "context" else put.path) if not put.tree else ""


def _may_make_sources(stage: Stage, run: Run) -> bool:
    """Whether a command above may have put sources there that no instruction names: `git clone`, `go mod init`."""
    return any(
        command.name not in _GENERIC for other in stage.all_runs if other.at < run.at for command in other.commands
    ) or any(command.start < call.command.start for command in run.commands for call in run.package_calls[:1])


def _sources_behind(stage: Stage, run: Run, folder: str) -> Copy | None:
    """Return the COPY below that brings the whole context into the folder."""
    below = (copy for copy in stage.copies if copy.at > run.at and copy.from_context and copy.brings_context_root)
    return next(
        (copy for copy in below if copy.destination is not None and copy.destination.rstrip("/") == folder), None
    )


def _build_behind(stage: Stage, copy: Copy) -> PackageCall | None:
    calls = (call for run in stage.runs if run.at > copy.at for call in run.package_calls)
    return next((call for call in calls if call.manager == "go" and call.verb in _BUILDING and call.manifests), None)


def _fetches_above(stage: Stage, build: PackageCall) -> bool:
    """Whether another command fetches the modules: then `go mod tidy` need not."""
    calls = (call for run in stage.all_runs for call in run.package_calls if call.command.start < build.command.start)
    return any(call.manager == "go" and call.verb in ("get", "mod download", "mod vendor") for call in calls)


def _names_tools(change: DockerfileChange) -> bool:
    """Whether a `go.mod` that was read names tools of the project (Go 1.24 and later), or modules lie in `vendor/`."""
    files = change.repository.files
    listed = change.repository.listing or ()
    tools = any(path.endswith("go.mod") and b"\ntool " in data for path, data in files.items())
    return tools or any(path.endswith("vendor/modules.txt") for path in (*files, *listed))


def _problem(stage: Stage, run: Run, call: PackageCall, copy: Copy, build: PackageCall) -> Problem:
    return Problem(
        call.command.span,
        f"{stage.label} runs `go mod tidy` where only the manifests are: no source imports anything there, so it "
        f"fetches no module, and takes the requirements out of `go.mod`. {quote(str(copy.instruction), 60)} (line "
        f"{copy.instruction.line}) brings that back, and {quote(build.program + ' ' + build.verb)} (line "
        f"{build.command.line}) fetches all modules anew after each edit. Run `go mod download` instead, which fetches "
        "what `go.mod` asks for.",
        Confidence.LIKELY,
        doubt="the modules may lie in `vendor/`",
        instruction=run.instruction,
        stage=stage.key,
        key="go mod tidy",
        notes=(Note(copy.instruction.span, "the sources come here"),),
        fix=_fix(run, call),
    )


def _fix(run: Run, call: PackageCall) -> Fix | None:
    """Write the command that fetches them, where no option of the other stands behind it."""
    words = call.command.args
    if [word.value for word in words] != ["mod", "tidy"] or run.instruction.exec_form is not None:
        return None
    return fix("Run `go mod download`", replace(run.instruction.source, words[1].span, "download"))
