"""See start_manifest_missing.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, Stage, folders_of, quote, rule
from rules.facts.installers import NODE_MANAGERS
from rules.model.carried import fills_root
from rules.runtime.languages.node_manifest import Call, calls, script_called
from rules.runtime.starts.instructions import Written, is_below_script, shipped
from rules.runtime.starts.scripts import script_above

_MANIFEST = "package.json"
_BRINGS = re.compile(r"\b(?:package\.json|cp|mv|ln|rsync|tar|unzip|git|curl|wget|npm|yarn|pnpm)\b")


@rule(
    "start-manifest-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
    mentions=("npm", "yarn", "pnpm"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships starts a script of a package.json, and no instruction brings that file."""
    for found in shipped(change):
        stage = found.stage
        if stage.facts is None or stage.facts.name != "node" or stage.runtime.is_windows or _is_mounted(change):
            continue
        folder = stage.image.workdir.value
        if not folder or _may_have(stage, posixpath.join(folder, _MANIFEST)):
            continue
        call = next((one for one in calls(change, found) if not one.script and _runs_script(one)), None)
        if call is not None and not _may_be_brought(change, found):
            yield _problem(found, call, folder)


def _runs_script(call: Call) -> bool:
    runner = posixpath.basename(call.words[0]) if call.words else ""
    return runner in ("npm", "yarn", "pnpm") and script_called(call.words) is not None


def _is_mounted(change: DockerfileChange) -> bool:
    """Whether a compose file starts something else, or mounts folders into the container."""
    repository = change.repository
    return repository.starts_otherwise(change.path) or any(build.mounts for build in repository.builds_of(change.path))


def _may_be_brought(change: DockerfileChange, found: Written) -> bool:
    """Whether the script of an ENTRYPOINT may bring the file before it starts what CMD says, or was not read."""
    if not is_below_script(found):
        return False
    above = script_above(change, found)
    return above is None or _BRINGS.search(above.code) is not None


def _may_have(stage: Stage, path: str) -> bool:
    """Whether an instruction brings the file, or one that is not read may."""
    files = stage.files
    written = any(call.manager in NODE_MANAGERS for run in stage.all_runs for call in run.package_calls)
    named = any(_MANIFEST in run.instruction.whole_value for run in stage.all_runs)
    brought = any(put.kind != "workdir" for put in files.covering(path))
    above = any(files.at(posixpath.join(folder or "/", _MANIFEST)) for folder in folders_of(posixpath.dirname(path)))
    unknown = files.has_unreadable_run or any(map(fills_root, files.puts)) or _is_open(stage)
    return written or named or brought or above or unknown


def _is_open(stage: Stage) -> bool:
    """Whether a COPY's destination is not known, or nothing is copied at all."""
    return not stage.all_copies or any(copy.destination is None for copy in stage.all_copies)


def _problem(found: Written, call: Call, folder: str) -> Problem:
    stage, command = found.stage, " ".join(call.words)
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(command, 60)}, which reads the script from {quote(f'{folder}/{_MANIFEST}')}, and "
        "no instruction brings that file into the image. The container exits at once, since it is not found. Copy it "
        "as well, or start the program itself: `node …`.",
        Confidence.LIKELY,
        doubt="it may be mounted when the container starts",
        instruction=found.instruction,
        stage=stage.key,
        key=folder,
    )
