"""Files that an install reads because the project's own package.json has scripts that run with it.

npm's documentation of `scripts` ("Life Cycle Operation Order"), which Yarn, pnpm and Bun follow, says which:
`preinstall`, `install`, `postinstall`, and `prepare`, which the others leave out with the packages for developers.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Confidence, Problem, quote
from rules.copying.installs.calls import install_folder
from rules.facts.installers import NODE_MANAGERS
from rules.packages.projects.files import copied, in_repository
from rules.packages.projects.install_scripts import NOTHING_RUNS, PREPARE, WITH_EVERY_INSTALL, may_be_off
from rules.packages.projects.package_json import commands_run, read_manifest, scripts_of
from rules.packages.projects.texts import manifest_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Command, DockerfileChange, PackageCall, Run, Stage

_LEAVES_OUT = ("--production", "--prod", "-P", "--omit")
_INTERPRETERS = frozenset("node ts-node tsx sh bash".split())
_SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".sh")
_SCHEMAS = ("prisma/schema.prisma", "schema.prisma")
"""Where Prisma looks for its schema unless told (its documentation, "Prisma schema location")."""
_BUILDS = re.compile(r"build|compile|bundle|\b(?:tsc|node|vite|webpack|rollup|gulp|make)\b")
"""What a script says that builds; `husky` and `patch-package` do not."""
_PATCHES = "patches"
"""The folder of patch-package; without it there is nothing to apply, and it ends well."""


class Wanted(NamedTuple):
    """A file that a script of the project reads during an install.

    Attributes:
        call: The install.
        script: The script's name: `postinstall`.
        command: What reads the file, as written.
        path: In the image, absolute.
        source: In the build context.
        silent: Whether the install goes through without it.
    """

    call: PackageCall
    script: str
    command: str
    path: str
    source: str
    silent: bool


def wanted_by_scripts(change: DockerfileChange, run: Run) -> Iterator[Wanted]:
    """Yield the files that the installs of a RUN read through the project's own scripts.

    Only those that the repository is known to have; without a package.json that was read, none.
    """
    for call in run.package_calls:
        if call.manager not in NODE_MANAGERS or call.action != "install" or not call.project or call.packages:
            continue
        if call.has(*NOTHING_RUNS) or call.command.conditional or may_be_off(change):
            continue
        folder, text = install_folder(run, call), manifest_text(change, run, call)
        beside = posixpath.dirname(copied(run, "package.json", folder) or "")
        if text is None or folder is None:
            continue
        for script, command, name in _read(text, call):
            source = posixpath.normpath(posixpath.join(beside, name))
            place = in_repository(change, source)
            if place is not None and change.repository.exists(place):
                path = posixpath.normpath(posixpath.join(folder, name))
                yield Wanted(call, script, str(command), path, source, name == _PATCHES)


def builds_by_install(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether an install of a stage may build the project: by a script of its own package.json that was read."""
    for run in stage.done_runs:
        for call in run.package_calls:
            if call.manager in NODE_MANAGERS and call.action == "install" and not call.has(*NOTHING_RUNS):
                scripts = scripts_of(manifest_text(change, run, call))
                if any(_BUILDS.search(scripts.get(name, "")) for name in (*WITH_EVERY_INSTALL, PREPARE)):
                    return True
    return False


def _read(text: str, call: PackageCall) -> Iterator[tuple[str, Command, str]]:
    """Yield the scripts that run, with each command that reads a file, and the file relative to the manifest."""
    scripts = scripts_of(text)
    prepares = call.manager == "npm" or not call.has(*_LEAVES_OUT)
    names = (*WITH_EVERY_INSTALL, PREPARE) if prepares else WITH_EVERY_INSTALL
    for name in names:
        if name not in scripts:
            continue
        commands = list(commands_run({**scripts, f"pre{name}": "", f"post{name}": ""}, name))
        for command in commands:
            bound = not command.conditional and command.after != "||" and not command.nested
            found = _file(command, text) if bound else None
            if found is not None:
                yield name, command, found


def _file(command: Command, text: str) -> str | None:
    """Return the file that a command cannot do without, relative to where it runs."""
    words = [word.value for word in command.words]
    if words[:1] in (["npx"], ["pnpx"], ["bunx"]):
        words = words[1:]
    if words[:2] == ["prisma", "generate"]:
        return command.option("--schema") or _schema(text)
    if words[:1] == ["patch-package"]:
        return _PATCHES
    program = words[0] if words else ""
    if program in _INTERPRETERS and len(words) > 1:
        program = words[1]
    plain = program.endswith(_SCRIPTS) and not program.startswith(("-", "/", "node_modules")) and "$" not in program
    return program if plain else None


def _schema(text: str) -> str | None:
    """Return where Prisma's schema is, as the manifest says, else the first of the usual places."""
    read = read_manifest(text)
    if read is None or "prisma" not in read.data:
        return _SCHEMAS[0]
    named = read.table("prisma").get("schema")
    return named if isinstance(named, str) else None


def missing_for_script(stage: Stage, run: Run, wanted: Wanted) -> Problem:
    """Say what a script of the project's own package.json reads that runs with the install."""
    then = (
        "so no patch is applied, and the build goes on"
        if wanted.silent
        else "and the install, and the build, stop here"
    )
    name = wanted.source.split("/", maxsplit=1)[0] if "/" in wanted.source else wanted.source
    return Problem(
        wanted.call.command.span,
        f"{stage.label} runs {quote(str(wanted.call.command))}, and with it {quote(wanted.script)} of "
        f"`package.json`: {quote(wanted.command)} reads {quote(wanted.path)}. No instruction above brings that, "
        f"{then}. Copy {quote(name)} in first.",
        Confidence.LIKELY,
        doubt="a package that is installed may bring it",
        instruction=run.instruction,
        stage=stage.key,
        key=wanted.source,
    )
