"""See run_file_not_copied.md."""

import math
import posixpath
from collections.abc import Iterator

from rules.api import (
    OS_MANAGERS,
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    folders_of,
    once,
    outcome_of_failure,
    quote,
    rule,
    within,
)
from rules.copying.build_manifests import manifests_of
from rules.copying.cached_outputs import read_from_caches
from rules.copying.early_builds import early_builds, too_early
from rules.copying.failing import wants_lock, without_manifest
from rules.copying.foreign_contexts import missing_in_a_build
from rules.copying.installs import install_folder, installs_in, needs_manifest
from rules.copying.misnamed_folders import misnamed_folders
from rules.copying.named_manifests import renamed, sent
from rules.copying.read_besides import copies_anywhere, missing_besides
from rules.copying.unmade_paths import holds_sources, is_of_system
from rules.dockerfile.shell_nested import SHELLS
from rules.model.work_folders import folder_of, path_of

_INTERPRETERS = frozenset({*SHELLS, "python", "python3", "node", "ruby", "perl", "php"})
_SCRIPTS = (".sh", ".bash", ".py", ".js", ".mjs", ".rb", ".pl", ".php")
_WRAPPERS = frozenset({"mvnw", "gradlew"})
"""Scripts of a project's own that go without an ending."""
_FETCHING = frozenset(
    "git curl wget tar unzip make cmake svn hg rsync ansible-playbook npx degit cargo go mv cp mvn gradle".split()
)
"""Commands behind which a file may be there that no instruction names."""

_BUILDERS = frozenset({"composer", "poetry", "uv", "pdm"})
"""Managers whose install of a project builds the project too, and which cannot do without its manifest."""
_RUNNERS = frozenset("npm npx yarn pnpm pnpx bun bunx nx turbo lerna ng vite webpack rake grunt gulp".split())
"""Programs that run what a project has written down, such as a build."""

_PACKAGE_FOLDERS = frozenset(
    "node_modules vendor .venv venv env virtualenv site-packages bower_components .bundle .gem deps .yarn".split()
)
"""Folders that package managers fill, `bin` and all, from what a manifest or the command line names."""

_CREATING = frozenset({"init", "create", "new", "create-project", "generate", "dlx"})


@rule(
    "run-file-not-copied",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN reads a file that nothing has brought into the stage."""
    for stage in change.stages:
        yield from read_from_caches(stage)
        if not _is_known(stage):
            continue
        said: set[str] = set()
        yield from (too_early(stage, found) for found in early_builds(stage))
        yield from missing_in_a_build(change, stage)
        for run in stage.runs:
            if run.deferred or any(m.type == "bind" for m in run.mounts):
                continue
            for command, path in _wanted(run):
                caught = outcome_of_failure(run, command) == "caught"
                if path not in said and not caught and not _may_be_there(stage, run, command, path):
                    said.add(path)
                    yield _problem(stage, run, command, path)
            for path, problem in (*missing_besides(change, stage, run), *misnamed_folders(stage, run)):
                if path not in said:
                    said.add(path)
                    yield problem


def _is_known(stage: Stage) -> bool:
    """Whether the base brings a system and no application."""
    facts = stage.facts
    if facts is None or facts.windows or facts.onbuild:
        return False
    return facts.is_plain and not stage.files.has_unreadable_run


def _wanted(run: Run) -> Iterator[tuple[Command, str]]:
    """Yield the files that a RUN cannot do without: manifests of installs, and scripts of the project."""
    for install in installs_in(run):
        first = install.manifests[0]
        plain = first.startswith("/") and not any(mark in first for mark in "*?$~")
        if plain and install.call.manager != "go" and needs_manifest(install):
            yield install.call.command, first
    yield from manifests_of(run)
    for call in run.package_calls:
        named = bool(call.packages)  # a folder on the command line, such as `.`, and no manifest
        if call.manager in _BUILDERS and call.project and not named and call.action in ("install", "sync"):
            folder, name = install_folder(run, call), renamed(call.manifests, sent(run, call).file)[0]
            if folder is not None and not call.command.conditional and not call.has("--script"):
                yield call.command, posixpath.join(folder, name)
    for command in run.commands:
        text = _script(command) or _copied_name(run.stage, command)
        if text is None or command.conditional or any(mark in text for mark in "$*?~"):
            continue
        path = path_of(run, command, text)
        if path is not None:
            yield command, path


def _script(command: Command) -> str | None:
    """Return the script that a command runs or makes executable, as written: `./setup.sh`, `bash scripts/build.sh`."""
    program = command.program.value if command.program is not None else ""
    rooted = program.startswith(("./", "/")) and program.count("/") > 1
    if "/" in program and (_is_script(program) or rooted):
        return program
    if command.name == "chmod" and len(command.args) == 2:  # noqa: PLR2004 - a mode and one file
        last = command.args[1].value
        return last if _is_script(last) else None
    if command.name in _INTERPRETERS and command.args:
        first = command.args[0].value
        return first if _is_script(first) and not first.startswith("-") else None
    return None


def _is_script(name: str) -> bool:
    return name.endswith(_SCRIPTS) or posixpath.basename(name) in _WRAPPERS


def _copied_name(stage: Stage, command: Command) -> str | None:
    """Return the path that a `chmod` gives to a file which an instruction brings under that name, wherever to."""
    last = command.args[1].value if command.name == "chmod" and len(command.args) == 2 else ""  # noqa: PLR2004 - a mode and one file
    named = last.startswith(("./", "/")) and posixpath.basename(last) in _copied_names(stage)
    return last if named and not stage.files.below(posixpath.normpath(posixpath.join("/", last))) else None


@once
def _copied_names(stage: Stage) -> frozenset[str]:
    puts = (put for put in stage.files.puts if put.kind in ("context", "remote"))
    return frozenset(posixpath.basename(put.path) for put in puts)


def _may_be_there(stage: Stage, run: Run, command: Command, path: str) -> bool:
    """Whether an instruction above may have brought the file, or the base has a folder of that name."""
    if is_of_system(stage, path):
        return True
    if any(put.kind != "workdir" and put.step.at <= run.at for put in stage.files.covering(path)):
        return True
    trees = _trees(stage)
    if any(folder in trees and trees[folder] <= run.at for folder in folders_of(path)):
        return True
    return copies_anywhere(stage) or _is_made(stage, command, path)


@once
def _trees(stage: Stage) -> dict[str, tuple[int, int]]:
    """The destinations of COPYs that may bring trees, each with where the first such COPY stands."""
    found: dict[str, tuple[int, int]] = {}
    for put in stage.files.puts:
        if isinstance(put.step, Copy) and put.tree and put.step.destination is not None:
            found.setdefault(put.step.destination.rstrip("/"), put.step.at)
    return found


def _is_made(stage: Stage, before: Command, path: str) -> bool:
    """Whether a command above may make or fetch the file."""
    if _first_maker(stage) < before.start or _is_built(stage, before, path) or _is_installed(stage, before, path):
        return True
    name = posixpath.basename(path)
    start = stage.chain[0].from_.span.start
    if before.source.text.find(name, start, before.start) < 0:
        return False
    commands = (command for run in stage.all_runs for command in run.commands)
    return any(command.start < before.start and _speaks_of(command, name) for command in commands)


def _is_installed(stage: Stage, before: Command, path: str) -> bool:
    """Whether a package manager above may have put the file where it puts packages and their programs."""
    if _PACKAGE_FOLDERS.isdisjoint(path.split("/")[:-1]):
        targets = [folder for start, folder in _install_targets(stage) if start < before.start and folder is not None]
        return any(within(path, folder) for folder in targets)
    return any(start < before.start for start, _ in _install_targets(stage))


@once
def _install_targets(stage: Stage) -> list[tuple[int, str | None]]:
    """Where each install of a language's packages starts, and the folder it was told to fill."""
    return [
        (call.command.start, run.resolve(call.target) if call.target else None)
        for run in stage.all_runs
        for call in run.package_calls
        if call.manager not in OS_MANAGERS and call.action in ("install", "sync", "upgrade", "download")
    ]


def _is_built(stage: Stage, before: Command, path: str) -> bool:
    """Whether a script of the project, run in a folder above the file's, may have made that folder: `dist/api`."""
    return any(
        start < before.start and within(path, folder) and posixpath.dirname(path) != folder
        for start, folder in _scripts_run(stage)
    )


@once
def _scripts_run(stage: Stage) -> list[tuple[int, str]]:
    """Where each command that runs a project's own script starts, and in which folder it runs."""
    found = [
        (command.start, folder_of(run, command))
        for run in stage.all_runs
        for command in run.commands
        if command.name in _RUNNERS and command.start not in _fetching(run)
    ]
    return [(start, folder) for start, folder in found if folder is not None]


@once
def _fetching(run: Run) -> frozenset[int]:
    """Where the package managers' calls start that bring packages and run nothing of the project's own."""
    return frozenset(call.command.start for call in run.package_calls if call.action not in ("run", "build", "other"))


@once
def _first_maker(stage: Stage) -> float:
    """Where the first command stands that may make or fetch files which no instruction names."""
    starts = (command.start for run in stage.all_runs for command in run.commands if _makes(command))
    return min(starts, default=math.inf)


def _speaks_of(command: Command, name: str) -> bool:
    """Whether a command names a file, and not to install from it."""
    written = command.source.text[command.start : command.end]
    return name in written and command.name not in ("pip", "pip3", "npm", "yarn", "pnpm", "bundle", "pipenv", "echo")


def _makes(command: Command) -> bool:
    """Whether a command may make or fetch files that no instruction names."""
    if command.name in _FETCHING and not _is_piped_installer(command) and not _fetches_modules(command):
        return True
    if any(word.value in _CREATING for word in command.args[:2]):
        return True
    return "/" in (command.program.value if command.program is not None else "") and not command.name.startswith("pip")


def _fetches_modules(command: Command) -> bool:
    """Whether Go brings modules into its cache, and nothing into another folder (`go help mod`)."""
    return command.name == "go" and command.subcommand == "mod" and all(w.value != "vendor" for w in command.args)


def _is_piped_installer(command: Command) -> bool:
    """Whether a download goes to a pipe or a named file: it leaves nothing else behind."""
    if command.name not in ("curl", "wget") or any("$" in word.value for word in command.args):
        return command.name in ("curl", "wget") and command.after == "|"
    return command.after == "|" or command.has("-o", "-O", "--output", "--remote-name")


def _project(stage: Stage, run: Run) -> Put | None:
    """Return what brings the whole context to another folder above a RUN."""
    return next((put for put in stage.files.whole_trees if put.kind == "context" and put.step.at < run.at), None)


def _problem(stage: Stage, run: Run, command: Command, path: str) -> Problem:
    name = posixpath.basename(path)
    named = (put for put in stage.files.puts if posixpath.basename(put.path) == name and not holds_sources(put))
    elsewhere = next((put for put in named if put.kind in ("context", "remote")), None)
    below = elsewhere is not None and elsewhere.step.index > run.index and elsewhere.step.stage is stage
    if elsewhere is not None and below and elsewhere.path == path:
        way_out = f"It is copied below, on line {elsewhere.step.instruction.line}: copy it first."
    elif elsewhere is None and (tree := _project(stage, run)) is not None:
        way_out = f"Line {tree.step.instruction.line} brings the project to {quote(tree.path)}: run it there."
    elif elsewhere is not None:
        way_out = f"It is copied to {quote(elsewhere.path)} (line {elsewhere.step.instruction.line})."
    else:
        locked = any("lock" in posixpath.basename(put.path) for put in stage.files.puts)
        way_out = f"Copy {quote(name)}{' and its lock file' if wants_lock(command) and not locked else ''} in first."
    verb = "changes" if command.name == "chmod" else "reads"
    return Problem(
        command.span,
        f"{stage.label} runs {quote(str(command))}, which {verb} {quote(path)}, and no instruction above brings that "
        f"file. {without_manifest(command, outcome_of_failure(run, command))} {way_out}",
        Confidence.LIKELY,
        doubt="an earlier command may make the file",
        instruction=run.instruction,
        stage=stage.key,
        key=name,  # the same file is missing wherever a new WORKDIR has it looked for
    )
