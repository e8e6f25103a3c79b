"""See wheels_resolve_from_index.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Copy,
    DockerfileChange,
    Mount,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    quote,
    rule,
    within,
)
from rules.packages.options import add_option, delete_option, spelled
from rules.packages.project_texts import requirements_text

_RESOLVER = re.compile(
    r"\b(?:poetry|uv|pdm|hatch)\s+(?:\S+\s+)?export\b|\bpip-compile\b|\bpip\s+compile\b|\bpipenv\s+(?:requirements|lock)\b|"
    r"\bpip3?\s+freeze\b"
)
"""What writes a list of requirements that names every dependency."""
_OPEN = re.compile(r"^[A-Za-z0-9][\w.-]*(?:\[[^\]\n]*\])?[ \t]*(?:[<>~!][^;#\n]*)?(?=$|[;#])", re.MULTILINE)
"""A requirement that leaves the version open (PEP 508), which no resolver writes."""


@rule(
    "wheels-resolve-from-index",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("COPY", "RUN"),
    mentions=("wheel",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Wheels that were built without their dependencies are installed with the index open."""
    for stage, run, call in change.after.layers.shipped_calls:
        if call.manager != "pip" or call.action != "install" or call.has("--no-index", "--no-deps", "--require-hashes"):
            continue
        if any(call.env.get(name) for name in ("PIP_NO_INDEX", "PIP_NO_DEPS", "PIP_CONSTRAINT")):
            continue
        if call.has("--constraint"):
            continue  # which says the versions of all that is fetched
        folder = next((_folder(package.name) for package in call.packages if package.kind == "path"), None)
        folder = folder or call.option("--find-links")
        made = _made_without_dependencies(run, folder) if folder is not None else None
        if folder is not None and made is not None:
            yield _problem(change, stage, run, call, folder, *made)


def _folder(path: str) -> str:
    return posixpath.dirname(path) if "*" in path or path.endswith(".whl") else path.rstrip("/")


def _made_without_dependencies(run: Run, folder: str) -> tuple[Run, PackageCall] | None:
    """Return the `pip wheel --no-deps` of another stage whose folder was copied or mounted here, and its RUN."""
    here = run.resolve(folder)
    for step in run.stage.all_steps:
        if step is run or here is None:
            break
        if isinstance(step, Copy) and step.from_stage is not None and step.destination is not None:
            if not within(here, step.destination.rstrip("/") or "/"):
                continue
            found = _wheel_call(step.from_stage)
            if found is not None:
                return found
    for mount in run.mounts:
        target, other = run.resolve(mount.target), _mounted_stage(run, mount)
        if other is not None and here is not None and target is not None and within(here, target):
            return _wheel_call(other)
    return None


def _mounted_stage(run: Run, mount: Mount) -> Stage | None:
    name = mount.options.get("from")
    return run.stage.model.copied_stage(name, run.stage.index) if name and mount.type == "bind" else None


def _wheel_call(stage: Stage) -> tuple[Run, PackageCall] | None:
    """Return a stage's `pip wheel --no-deps` of a list, where nothing tells that the folder is complete, or never was.

    A resolver writes complete lists; a call that takes the dependencies along may fill the same folder; and of what is
    named on the command line (a repository, `.`) the dependencies are meant to come from elsewhere.
    """
    calls = [(run, call) for run in stage.all_runs for call in run.package_calls if call.manager == "pip"]
    wheels = [(run, call) for run, call in calls if call.verb == "wheel"]
    if any(not call.has("--no-deps") for _, call in wheels) or any(map(_resolves, stage.all_runs)):
        return None
    return next(((run, call) for run, call in wheels if call.manifests and not call.packages), None)


def _resolves(run: Run) -> bool:
    return _RESOLVER.search(run.instruction.whole_value) is not None


def _problem(
    change: DockerfileChange, stage: Stage, run: Run, call: PackageCall, folder: str, maker: Run, made: PackageCall
) -> Problem:
    options = f"--no-index --find-links={folder}"
    added = "--no-index" if call.has("--find-links") else options
    lacking = any(package.kind != "path" for package in call.packages)  # by name, and perhaps none of the wheels
    edits = [add_option(run, call, added)]
    way_out = f"With {quote(options)} the build stops and names what is missing."
    open_list = _open_list(change, maker, made)
    if open_list is not None:
        said = made.flag_word("--no-deps")
        edits.append(delete_option(maker, said) if said is not None else None)
        way_out = (
            f"{quote(open_list)} leaves versions open, so no resolver wrote it, and many dependencies may be missing. "
            f"Build the wheels without `--no-deps`, and install them with {quote(options)}."
        )
    return Problem(
        call.command.span,
        f"{stage.label} installs the wheels in {quote(folder)} with the index open, and line {made.command.line} "
        "built them "
        f"with `--no-deps`: whatever is missing among them is fetched by {quote(spelled(call))} in its newest version, "
        f"unseen and unpinned. {way_out}",
        stage=stage.key,
        fix=None if lacking else fix("Install from the wheels alone", *edits),
    )


def _open_list(change: DockerfileChange, run: Run, call: PackageCall) -> str | None:
    """Return the list of requirements of a call that was read and is no lock: it leaves a version open."""
    folder = run.workdir.value
    texts = ((name, requirements_text(change, run, folder, name)) for name in call.manifests)
    return next((name for name, text in texts if text is not None and _OPEN.search(text)), None)
