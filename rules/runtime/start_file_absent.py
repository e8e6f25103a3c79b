"""See start_file_absent.md."""

import posixpath
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Note, Problem, Severity, Stage, quote, rule, within
from rules.copying.context.absent import Absent, absent
from rules.purpose import is_called_for_development
from rules.runtime.lost.renamed_modules import renamed_module
from rules.runtime.programs.hyphenated_modules import hyphenated_module
from rules.runtime.programs.module_origins import MANIFEST, installed, is_led, may_be_package
from rules.runtime.scripts.given import script_of
from rules.runtime.starts.folders import imported_module
from rules.runtime.starts.instructions import Written, behind_init, reads_code, shipped
from rules.runtime.starts.paths import makes_files
from rules.runtime.starts.started_paths import absolute_of, is_open, words_of


@rule(
    "start-file-absent",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The start command names a file of the project that the repository does not have."""
    if change.repository.listing is None:
        return
    for found in shipped(change):
        stage = found.stage
        if stage.runtime.is_windows or is_open(change, found) or makes_files(stage) or reads_code(found.start.words):
            continue
        words = behind_init(words_of(found))
        if not words or is_called_for_development(change, stage):
            continue
        problem = (
            _of_file(change, found, words)
            or _of_module(change, found, words)
            or hyphenated_module(change, found, words)
            or renamed_module(change, found, words)
        )
        if problem is not None:
            yield problem


def _of_file(change: DockerfileChange, found: Written, words: tuple[str, ...]) -> Problem | None:
    """A program of the project, or what an interpreter is given."""
    named = script_of(words) or (words[0] if "/" in words[0] else None)
    path = absolute_of(found.stage, named) if named is not None and "$" not in named else None
    gone = _absent(change, found.stage, path) if path is not None and not _is_loose(words, named or "") else None
    if named is None or gone is None:
        return None
    who = quote(words[0]) if named != words[0] else "it"
    return _problem(found, named, gone, f"{who} finds no such file" if named != words[0] else "no such file")


def _is_loose(words: tuple[str, ...], named: str) -> bool:
    """Whether a name without an ending is a compiled program, a module or a task: `./shop`, `node server`, `bun start`.

    Node.js and Bun look for the endings, Bun and Deno for scripts and tasks of that name too; Deno runs addresses.
    """
    if ":" in named:
        return True
    bare = "." not in posixpath.basename(named)
    return bare and (named == words[0] or posixpath.basename(words[0]) in ("node", "bun", "deno"))


def _of_module(change: DockerfileChange, found: Written, words: tuple[str, ...]) -> Problem | None:
    """A module of Python that can only lie in the working directory."""
    stage, folder = found.stage, found.stage.image.workdir.value
    module = imported_module(stage, words)
    if module is None or not folder or may_be_package(change, module.partition(".")[0]) or is_led(change):
        return None
    place = folder
    for name in module.split("."):
        place = posixpath.join(place, name)
        file, package = _absent(change, stage, f"{place}.py"), _absent(change, stage, place)
        if file is not None and package is not None and (file.ignored or _is_own(change, words, file)):
            return _problem(found, module, file, f"“No module named '{module}'”")
        if file is None and package is None:
            return None
    return None


def _absent(change: DockerfileChange, stage: Stage, path: str) -> Absent | None:
    if any(volume.value and within(path, volume.value) for volume in stage.image.volumes):
        return None
    return absent(change, stage, path)


def _is_own(change: DockerfileChange, words: tuple[str, ...], file: Absent) -> bool:
    """Whether a module is the project's, by a file of its name elsewhere, or as nothing is installed that may be it.

    A package may bring modules of other names than its own; of the programs that serve, none serves such a one.
    """
    if any(posixpath.basename(name) == posixpath.basename(file.path) for name in file.near):
        return True
    listing = change.repository.listing or {}
    installs = installed(change) or any(MANIFEST.search(path) for path in listing)
    return bool(file.near) and not (installs and "-m" in words)


def _problem(found: Written, named: str, gone: Absent, failure: str) -> Problem:
    copy = gone.copy.instruction
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(named)}, which only {quote(str(copy))} (line {copy.line}) can bring, and "
        f"{gone.lack}. The container exits: {failure}. {gone.way_out}",
        Confidence.LIKELY,
        doubt="something may write it into the build context first",
        stage=found.stage.key,
        key=named,
        notes=(Note(copy.span, "brings no such file"),),
    )
