"""See lockfile_not_copied.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Copy,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert,
    quote,
    rule,
)
from rules.copying.installs.calls import install_folder
from rules.packages.locks.strict_installs import stops_without_lock
from rules.packages.options import hold_to_lock, spelled
from rules.packages.projects.files import (
    LOCKS,
    MANIFESTS,
    brings_folder,
    context_folder,
    copied,
    copies_before,
    in_repository,
    is_ignored,
)
from rules.packages.projects.settings import passes_lock_over
from rules.packages.projects.workspaces import stops_without_workspace


@rule(
    "lockfile-not-copied",
    severity=Severity.WARNING,
    category=Category.REPRODUCIBILITY,
    keywords=("COPY", "ADD", "RUN"),
    mentions=tuple(sorted(MANIFESTS)),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The manifest is copied before the install, the lock file beside it is not."""
    for stage, run, call in change.after.layers.needed_calls:
        found = _left_behind(change, run, call)
        if found is not None and not _is_installed_again(change, run, call):
            yield _problem(change, stage, run, call, *found)


def _left_behind(change: DockerfileChange, run: Run, call: PackageCall) -> tuple[str, str] | None:
    """Return the manifest that an install has and the lock file beside it in the repository that it has not."""
    if not _reads_lock(call) or passes_lock_over(change, run, call):
        return None
    folder = install_folder(run, call)
    if brings_folder(run, folder):
        return _ignored_of_folder(change, run, call)
    manifest = copied(run, MANIFESTS[call.manager], folder)
    if manifest is None or any(_has(change, copied(run, name, folder)) for name in LOCKS[call.manager]):
        return None
    lock = _lock_beside(change, call, manifest)
    return (manifest, lock) if lock is not None else None


def _ignored_of_folder(change: DockerfileChange, run: Run, call: PackageCall) -> tuple[str, str] | None:
    """Return manifest and lock file of a folder that is copied whole, where `.dockerignore` takes the lock file out."""
    if change.repository.dockerignore(change.path) is None:
        return None
    place = context_folder(run, install_folder(run, call))
    if place is None:
        return None
    manifest = posixpath.join(place, MANIFESTS[call.manager])
    lock = _lock_beside(change, call, manifest)
    there = in_repository(change, manifest)
    known = there is not None and change.repository.exists(there) and not is_ignored(change, manifest)
    return (manifest, lock) if known and lock is not None and is_ignored(change, lock) else None


def _reads_lock(call: PackageCall) -> bool:
    """Whether it would hold to a lock file if it saw one."""
    if call.manager == "cargo":
        return call.verb in ("build", "b", "fetch")
    if call.manager == "uv" and call.verb.startswith("pip "):
        return False  # it knows requirements and manifests alone (uv's documentation, "The pip interface")
    return call.manager in LOCKS and call.action in ("install", "sync") and call.project


def _has(change: DockerfileChange, lock: str | None) -> bool:
    return lock is not None and not is_ignored(change, lock)


def _lock_beside(change: DockerfileChange, call: PackageCall, manifest: str) -> str | None:
    for name in LOCKS[call.manager]:
        path = posixpath.join(posixpath.dirname(manifest), name)
        there = in_repository(change, path)
        if there is not None and change.repository.exists(there):
            return path
    return None


def _problem(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall, manifest: str, lock: str) -> Problem:
    short = quote(spelled(call))
    stops = stops_without_lock(run, call)
    if stops:
        effect = f"{short} needs {quote(lock)}, finds none, and the build stops."
    else:
        effect = (
            f"{short} never sees {quote(lock)} and takes the newest versions that the manifest allows: what ships is "
            "not what was tested, and changes from build to build."
        )
    ignored = is_ignored(change, lock)
    way_out = "`.dockerignore` keeps it out: let it in." if ignored else "Copy the lock file along."
    return Problem(
        call.command.span,
        f"{stage.label} installs from {quote(manifest)} alone: {effect} {way_out}",
        stage=stage.key,
        key=f"{lock} stops" if stops else lock,  # an install that held to none before is another matter
        fix=None if ignored else _fix(change, run, call, manifest, lock),
        severity=Severity.ERROR if stops else None,
    )


def _is_installed_again(change: DockerfileChange, run: Run, call: PackageCall) -> bool:
    """Whether the manager installs again behind a COPY that brings the lock file: what ships is made by that call.

    As where Cargo builds a placeholder first. `npm ci` begins anew, and the others exchange what is not as the lock
    file has it (tried with npm 11 and uv 0.13).
    """
    stages = change.after.stages
    upon = [stage for stage in stages if run.stage in stage.chain]
    parents = {id(stage.parent) for stage in stages}
    lent = {id(copy.from_stage) for stage in stages for copy in stage.copies}
    ends = [stage for stage in upon if id(stage) not in parents or id(stage) in lent]
    return all(_installs_again(change, stage, run, call) for stage in ends)


def _installs_again(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether a stage, or one below it, does so behind a RUN."""
    copies = (copy for copy in stage.all_copies if copy.at > run.at)
    brings = next((copy.at for copy in copies if _brings_lock(change, copy, call)), None)
    folder = install_folder(run, call)
    return brings is not None and any(
        other.at > brings and _reads_lock(again) and not passes_lock_over(change, other, again)
        for other in stage.all_runs
        for again in other.package_calls
        if again.manager == call.manager
        and not again.command.conditional
        and (call.manager == "cargo" or install_folder(other, again) == folder)
    )


def _brings_lock(change: DockerfileChange, copy: Copy, call: PackageCall) -> bool:
    """Whether a COPY takes the whole context, which has the lock file, or the lock file by its name."""
    if not copy.from_context:
        return False
    names = LOCKS[call.manager]
    paths = [(source, copy.source_path(source) or "") for source in copy.sources]
    whole = [posixpath.join(path, name) for source, path in paths if source.is_root for name in names]
    named = [path for _, path in paths if posixpath.basename(path) in names]
    return any(not is_ignored(change, path) for path in (*whole, *named))


def _fix(change: DockerfileChange, run: Run, call: PackageCall, manifest: str, lock: str) -> Fix | None:
    """Name the lock file behind the manifest, where the destination is a folder, and have the install hold to it."""
    free = call.frozen or stops_without_workspace(change, run, call)
    for copy, source in copies_before(run):
        if copy.source_path(source) != manifest or not copy.into_folder or copy.instruction.exec_form is not None:
            continue
        text = source.word.text
        if not text.endswith(posixpath.basename(manifest)):
            return None
        written = text.removesuffix(posixpath.basename(manifest)) + posixpath.basename(lock)
        held = [] if free else [edit for edit in (hold_to_lock(run, call),) if edit is not None]
        copied_too = insert(copy.instruction.source, source.word.span.end, f" {written}")
        return fix("Copy the lock file", copied_too, *held)
    return None
