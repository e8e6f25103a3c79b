"""See lockfile_missing.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    folders_of,
    outcome_of_failure,
    quote,
    rule,
    within,
)
from rules.copying.context.absent import begins_elsewhere
from rules.copying.context.made_outside import is_made_where_images_are_built, may_be_made_outside
from rules.copying.context.possibly_there import begins_plain, may_be_made, may_be_there, runs_script_above
from rules.copying.installs.calls import install_folder
from rules.facts.installers import NODE_MANAGERS
from rules.packages.locks.foreign import foreign_lock
from rules.packages.locks.go_sums import SUMS, missing_sums
from rules.packages.locks.strict_installs import stops_without_lock
from rules.packages.projects.files import LOCKS, MANIFESTS, context_folder, copied, in_repository
from rules.repository.contexts import folders_around

_WRITTEN_BY = {
    "npm": "npm install --package-lock-only",
    "pnpm": "pnpm install --lockfile-only",
    "yarn": "yarn install --mode=update-lockfile",
    "uv": "uv lock",
    "cargo": "cargo generate-lockfile",
    "bundle": "bundle lock",
    "pipenv": "pipenv lock",
}
"""What writes the lock file, from each one's own documentation."""
_WRITES = {
    **dict.fromkeys(NODE_MANAGERS, re.compile(r"\b(?:npm|pnpm|yarn)[ \t]+(?:install|i|add|update|up)\b")),
    "uv": re.compile(r"\buv[ \t]+(?:lock|sync|add|run)\b"),
    "cargo": re.compile(r"\bcargo[ \t]+(?:generate-lockfile|update|build|check|test|clippy|run|vendor)\b"),
    "bundle": re.compile(r"\bbundle[ \t]+(?:install|lock|update)\b"),
    "pipenv": re.compile(r"\bpipenv[ \t]+(?:install|lock|update)\b"),
}
"""What writes it besides, where no one insists on it."""
_OF_WORKSPACE = re.compile(r"\bworkspace\s{0,9}=\s{0,9}true\b")
"""What a member says in its `Cargo.toml` (`version.workspace = true`) or, to uv, in its `pyproject.toml`."""
_WORKSPACE = re.compile(r"^\[(?:tool\.uv\.)?workspace(?:\.|\])", re.MULTILINE)
_OTHERS = {
    "yarn.lock": "Yarn",
    "pnpm-lock.yaml": "pnpm",
    "bun.lock": "Bun",
    "bun.lockb": "Bun",
    "package-lock.json": "npm",
}
"""The lock files of JavaScript's managers, which do not read each other's."""


@rule(
    "lockfile-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=(*sorted(_WRITTEN_BY), "go"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An install insists on a lock file, and there is none."""
    for stage, run, call in change.after.layers.needed_calls:
        if not _insists(run, call) or _is_made_above(run, call) or runs_script_above(stage, call.command):
            continue
        other = foreign_lock(change, run, call)
        if other is not None:
            fact = (
                f"goes by `uv.lock`. That was written for the project {quote(other.locked)}, which `pyproject.toml` "
                f"now calls {quote(other.project)}, so uv takes it for a lock file that needs to be updated"
            )
            yield _problem(stage, run, call, fact, "Write it anew with `uv lock`, and commit it.")
            continue
        folder = install_folder(run, call)
        if folder is None or not begins_plain(stage) or _is_mounted(run, call, folder):
            continue
        problem = _of_repository(change, stage, run, call, folder) or _of_image(stage, run, call, folder)
        if problem is not None:
            yield problem
    for stage, run, command, fact, way_out in missing_sums(change):
        yield _lacking(stage, run, command, SUMS, fact, way_out)


def _insists(run: Run, call: PackageCall) -> bool:
    reads = call.action in ("install", "sync") if call.manager != "cargo" else call.verb in ("build", "b", "fetch")
    if not reads or call.packages or call.global_ or call.has("--script", "--manifest-path"):
        return False
    return stops_without_lock(run, call) and outcome_of_failure(run, call.command) == "stops"


def _is_made_above(run: Run, call: PackageCall) -> bool:
    """Whether a call above may have written the lock file: one that does not insist on it, or that is not read."""
    return any(
        other.manager == call.manager and not other.frozen and not other.global_ and not other.packages
        for one in run.stage.all_runs
        for other in one.package_calls
        if other.command.start < call.command.start
    )


def _of_image(stage: Stage, run: Run, call: PackageCall, folder: str) -> Problem | None:
    """The manifest is brought by its name, and nothing above can have brought a lock file."""
    if any(mount.type == "bind" for mount in run.mounts) or copied(run, MANIFESTS[call.manager], folder) is None:
        return None
    folders = [*folders_of(folder)]
    paths = [posixpath.join(each or "/", name) for each in reversed(folders) for name in LOCKS[call.manager]]
    if any(may_be_there(stage, run, call.command, path) for path in paths):
        return None
    fact = f"needs {quote(paths[0])}, and no instruction above brings that file"
    return _problem(stage, run, call, fact, f"Copy {quote(LOCKS[call.manager][0])} in first.")


def _of_repository(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall, folder: str) -> Problem | None:
    """The manifest is in the repository, and no lock file is, there or in a folder above."""
    files = change.repository.context_files(change.path)
    manifest = copied(run, MANIFESTS[call.manager], folder) or _in_tree(run, call, folder)
    if files is None or manifest is None or manifest not in files:
        return None
    beside = posixpath.dirname(manifest)
    names = LOCKS[call.manager]
    above = [name for each in folders_around(manifest) for name in (posixpath.join(each, n) for n in names)]
    if (
        any(_is_there(change, name) for name in above)
        or _is_by_branch(call, files)
        or _comes_otherwise(run, call, folder)
        or _is_member(change, manifest)
    ):
        return None
    folders = tuple(folders_around(in_repository(change, manifest) or manifest))
    made = is_made_where_images_are_built(change, _WRITES[call.manager], folders)
    if made or any(may_be_made_outside(change, posixpath.join(beside, name)) for name in names):
        return None
    if any(begins_elsewhere(change, files, manifest, posixpath.join(beside, name)) for name in names):
        return None
    others = [name for name in _OTHERS if posixpath.join(beside, name) in files]
    fact = f"needs {quote(names[0])}, and the repository has none beside {quote(manifest)}"
    if others and call.manager in NODE_MANAGERS:
        return _problem(stage, run, call, fact, f"It has {quote(others[0])}: install with {_OTHERS[others[0]]}.")
    return _problem(stage, run, call, fact, f"Write one with {quote(_WRITTEN_BY[call.manager])}, and commit it.")


def _is_member(change: DockerfileChange, manifest: str) -> bool:
    """Whether a manifest takes parts from a workspace that it does not define: the lock file lies with that one."""
    text = change.repository.text(in_repository(change, manifest) or manifest) or ""
    return _OF_WORKSPACE.search(text) is not None and _WORKSPACE.search(text) is None


def _is_by_branch(call: PackageCall, files: tuple[str, ...]) -> bool:
    """Whether pnpm keeps a lock file for each branch: `pnpm-lock.main.yaml` (`git-branch-lockfile`)."""
    return call.manager == "pnpm" and any(posixpath.basename(name).startswith("pnpm-lock.") for name in files)


def _in_tree(run: Run, call: PackageCall, folder: str) -> str | None:
    """Return the manifest's place in the context where a whole folder of it was brought."""
    place = context_folder(run, folder)
    return posixpath.join(place, MANIFESTS[call.manager]) if place is not None else None


def _is_there(change: DockerfileChange, path: str) -> bool:
    there = in_repository(change, path)
    return there is not None and change.repository.exists(there) is True


def _is_mounted(run: Run, call: PackageCall, folder: str) -> bool:
    """Whether a mount of the RUN may have the lock file."""
    paths = [posixpath.join(folder, name) for name in LOCKS[call.manager]]
    mounted = [run.resolve(mount.target) for mount in run.mounts if mount.type == "secret" or "from" in mount.options]
    return any(target is not None and within(path, target) for path in paths for target in mounted)


def _comes_otherwise(run: Run, call: PackageCall, folder: str) -> bool:
    """Whether a lock file is copied by its name, comes from elsewhere than the repository, or is made."""
    names, stage = LOCKS[call.manager], run.stage
    puts = stage.files.puts
    if any(posixpath.basename(put.source) in names or put.kind == "remote" for put in puts):
        return True
    if any(source.is_archive for copy in stage.all_copies for source in copy.sources):
        return True
    paths = [posixpath.join(folder, name) for name in names]
    carried = any(put.kind not in ("workdir", "context", "run") for path in paths for put in stage.files.covering(path))
    return carried or any(may_be_made(stage, call.command, path) for path in paths)


def _problem(stage: Stage, run: Run, call: PackageCall, fact: str, way_out: str) -> Problem:
    return _lacking(stage, run, call.command, LOCKS[call.manager][0], fact, way_out)


def _lacking(stage: Stage, run: Run, command: Command, name: str, fact: str, way_out: str) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command))}, which {fact}. The build stops here. {way_out}",
        Confidence.LIKELY,
        doubt="something may write it into the build context first",
        instruction=run.instruction,
        stage=stage.key,
        key=name,
        decision=f"{fact} {way_out}",
    )
