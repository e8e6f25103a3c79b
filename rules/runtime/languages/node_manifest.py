"""The `package.json` of an image, and what a start command calls by it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.brought import is_nowhere, unedited
from rules.facts.installers import NODE_MANAGERS
from rules.lazily import once
from rules.model.work_folders import folder_of
from rules.packages.projects.package_json import commands_run, read_manifest
from rules.runtime.starts.instructions import behind_init, executes_cmd, full_words, reads_code
from rules.runtime.starts.scripts import script_above, start_script
from rules.runtime.starts.text import shell_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, Copy, DockerfileChange, Model, Run, Stage
    from rules.packages.projects.package_json import Manifest
    from rules.runtime.starts.instructions import Written

_EDITED = re.compile(r"package\.json|\b(?:npm|pnpm) (?:pkg|init|set-script|version)\b")
_GOES = re.compile(r"(?:^|[;&|(]|\b(?:then|else|do)\b)[ \t]*(?:cd|pushd|\.|source)\b", re.MULTILINE)
"""With this the script of an ENTRYPOINT may start what CMD says in another folder."""
_ELSEWHERE = frozenset("--prefix -C --cwd --dir --workspace -w --workspaces -ws --filter -F -r --recursive".split())
"""Options that lead a package manager to another `package.json`."""


_OWN = frozenset({"start", "restart", "stop", "test", "env", "version"})
"""Names that mean something to a package manager without a script."""


class Call(NamedTuple):
    """A command line that surely runs at the start.

    Attributes:
        words: The program and its arguments.
        script: The start script that it stands in, empty where the instruction says it.
        line: Where, in the script or in the Dockerfile.
    """

    words: tuple[str, ...]
    script: str
    line: int


class ScriptOf(NamedTuple):
    """A script of a package.json.

    Attributes:
        call: What starts it: `npm run serve`.
        name: Its name.
        path: The package.json in the repository.
    """

    call: str
    name: str
    path: str


def manifest_of(change: DockerfileChange, stage: Stage) -> Manifest | None:
    """Return the `package.json` in the working directory of an image; `None` where a RUN may edit it."""
    folder = stage.image.workdir.value
    found = _manifest_in(change, stage, folder) if folder is not None else None
    return found[0] if found is not None else None


def is_without_manifest(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether the working directory of an image gets no `package.json` that the repository has."""
    folder = stage.image.workdir.value
    return folder is not None and is_nowhere(change, stage, posixpath.join(folder, "package.json"))


def manifest_for(change: DockerfileChange, run: Run, command: Command) -> Manifest | None:
    """Return the `package.json` that a command of a RUN finds in its folder; `None` where a RUN may edit it."""
    folder = folder_of(run, command)
    found = _manifest_in(change, run.stage, folder) if folder is not None else None
    return found[0] if found is not None and found[1].at < run.at else None


def _manifest_in(change: DockerfileChange, stage: Stage, folder: str) -> tuple[Manifest, Copy] | None:
    if not any(path.endswith("package.json") for path in change.repository.files) or _is_edited(stage.model):
        return None
    found = unedited(change, stage, posixpath.join(folder, "package.json"))
    read = read_manifest(found.text) if found is not None else None
    return (read._replace(path=found.path), found.copy) if found is not None and read is not None else None


@once
def _is_edited(model: Model) -> bool:
    return any(_EDITED.search(run.instruction.whole_value) for stage in model.stages for run in stage.runs)


def calls(change: DockerfileChange, found: Written) -> Iterator[Call]:
    """Yield what a start command surely runs, in the working directory: in its start script, if it has one."""
    script = start_script(change, found, through_stages=True)
    if script is not None:
        yield from _until_moved(script.outer_commands, script.path)
        return
    above, start = script_above(change, found), found.start
    if above is not None and _GOES.search(above.code):
        return
    if start.form == "exec" and not reads_code(start.words):
        words = start.words if executes_cmd(found.stage) else full_words(found)
        yield Call(behind_init(words or ()), "", found.instruction.line)
    else:
        yield from _until_moved(shell_commands(start), "")


def _until_moved(commands: tuple[Command, ...], script: str) -> Iterator[Call]:
    for command in commands:
        if command.name in ("cd", "pushd", ".", "source"):
            return
        if not command.conditional and command.before != "||" and command.after != "||" and command.program is not None:
            yield Call(command.argv, script, command.line)


def script_commands(change: DockerfileChange, found: Written) -> Iterator[tuple[ScriptOf, Command]]:
    """Yield the commands of the scripts of the image's package.json that a start command surely runs."""
    manifest = manifest_of(change, found.stage)
    for call in calls(change, found) if manifest is not None else ():
        called = script_called(call.words)
        if called is not None and manifest is not None:
            script = ScriptOf(" ".join(call.words), called[0], manifest.path)
            yield from ((script, command) for command in commands_run(manifest.scripts, called[0]))


def script_called(words: tuple[str, ...]) -> tuple[str, bool] | None:
    """Return the script of a `package.json` that a command runs, and whether the name can mean nothing else.

    `yarn till` and `bun run till` may be a program of a package as well.

    Returns:
        `None` for what runs none, and where an option leads to another `package.json`.
    """
    runner = posixpath.basename(words[0]) if words else ""
    if runner not in NODE_MANAGERS or any(word.partition("=")[0] in _ELSEWHERE or "$" in word for word in words):
        return None
    rest = [word for word in words[1:] if not word.startswith("-")]
    if "--if-present" in words or not rest:
        return None
    if rest[0] in ("run", "run-script") and len(rest) > 1:
        sure = (runner in ("npm", "pnpm") and rest[1] not in _OWN) or ":" in rest[1]
        return rest[1], sure
    if rest[0] == "start":
        return "start", False
    return (rest[0], True) if runner in ("yarn", "pnpm") and ":" in rest[0] else None
