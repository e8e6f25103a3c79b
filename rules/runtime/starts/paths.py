"""Where a start command's file is: at its path, elsewhere, or nowhere."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import OS_MANAGERS, Copy, Put, Stage, path_folders, within
from rules.copying.outputs.binaries import program_of
from rules.copying.python.packages import CONSOLE_SCRIPTS
from rules.facts.distributions import DEBIAN_FAMILY
from rules.model.puts import may_bring

if TYPE_CHECKING:
    from rules.api import Command

_DEBIAN, _ALPINE = "debian", "alpine"
_PACKAGED = {
    (_ALPINE, "bash"): "/bin/bash",
    (_ALPINE, "tini"): "/sbin/tini",
    (_ALPINE, "dumb-init"): "/usr/bin/dumb-init",
    (_ALPINE, "su-exec"): "/sbin/su-exec",
    (_DEBIAN, "tini"): "/usr/bin/tini",
    (_DEBIAN, "dumb-init"): "/usr/bin/dumb-init",
    (_DEBIAN, "gosu"): "/usr/sbin/gosu",
}
"""Where the distributions' packages put their program (packages.debian.org, pkgs.alpinelinux.org: file lists)."""

OF_THE_SYSTEM = ("/bin", "/sbin", "/usr", "/lib", "/lib64", "/etc", "/opt", "/var", "/docker-entrypoint", "/init")
_OF_PROJECTS = ("/usr/src/", "/var/www/", "/opt/app/")
"""Folders of the system where projects lie, and nothing of an image that holds a system or a language."""
_MOVERS = frozenset("ln cp mv install tee wget curl".split())
_INSTALLERS = frozenset("pip pip3 python python3 npm uv poetry bundle gem composer bun deno".split())
_INSTALLING = frozenset({"install", "i", "add", "ci", "clean-install", "sync", "cache"})
"""What they call it to install packages, `npm i` among it (npm's documentation, "npm-install", "npm-ci")."""


def is_packaged_at(distro: str, program: str) -> bool:
    """Tell whether a package of a distribution puts a program at a path, in every release of late."""
    return _PACKAGED.get((distro, posixpath.basename(program))) == program


def package_path(stage: Stage, program: str) -> str | None:
    """Return the right path of a program that a package of the distribution brings and the command seeks elsewhere."""
    if not program.startswith("/") or stage.facts is None:
        return None
    name = posixpath.basename(program)
    family = _DEBIAN if stage.facts.distro in DEBIAN_FAMILY else stage.facts.distro
    right = _PACKAGED.get((family or "", name))
    if right is None or _unmerged(program) == _unmerged(right) or stage.files.covering(program):
        return None
    if not stage.packages.has(name) or _may_be_made(stage, program):
        return None
    return right


_LOCAL = {
    "node": frozenset({"node", "npm", "npx"}),
    "php": frozenset({"php", "php-fpm"}),
    "python": frozenset({"python", "python3", "pip"}) | CONSOLE_SCRIPTS,
    "ruby": frozenset({"ruby", "bundle", "rake"}),
}
"""What these official images, and the installers in them, put into `/usr/local/bin` (docker-library)."""


def local_path(stage: Stage, program: str) -> str | None:
    """Return where an official image has a program that is sought in `/usr/bin`; `None` where it may be there."""
    folder, name = posixpath.split(program)
    facts = stage.facts
    if facts is None or folder not in ("/usr/bin", "/bin") or name not in _LOCAL.get(facts.name, ()):
        return None
    system = [item.name for item in stage.packages.present if item.manager in OS_MANAGERS]
    if name == "python3" and (facts.full or system):
        return None  # the distribution's own may have come along
    brought = any(facts.name in item or name in item or item in name or "$" in item for item in system)
    if brought or stage.files.has_unreadable_run:
        return None
    if stage.files.covering(program) or stage.files.covering(_merged(program)) or _may_be_made(stage, name):
        return None
    return f"/usr/local/bin/{name}"


def _unmerged(path: str) -> str:
    """Take `/usr/bin` and `/bin` for one folder: on merged systems they are, on the others nothing is said."""
    return path.removeprefix("/usr")


def _merged(path: str) -> str:
    """Return the same place under `/usr`, and the other way round."""
    return path.removeprefix("/usr") if path.startswith("/usr/") else f"/usr{path}"


def misplaced(stage: Stage, path: str | None) -> Put | None:
    """Return the copy that brings a file of this name to another folder, when nothing can have put it at the path.

    What is copied to a folder of parts (`/docker-entrypoint.d`) is read by another program, and was not meant.
    """
    if path is None or stage.files.covering(path) or stage.files.covering(_merged(path)):
        return None
    name = posixpath.basename(path)
    if _may_be_made(stage, name):
        return None
    if "." not in name.strip("."):
        return _compiled(stage, path)
    if _is_started_by_base(stage, path) or any(change.path == path for change in stage.files.attribute_changes):
        return None  # which a RUN found there, where it gave it a mode or an owner
    put = _copied(stage, name)
    return None if put is not None and any(part.endswith(".d") for part in put.path.split("/") if part != name) else put


def renamed(stage: Stage, path: str | None) -> Put | None:
    """Return the copy that gives a program another name in the very folder where it is sought by the old one."""
    if path is None or not stage.base_known or stage.files.has_unreadable_run or stage.files.opaque_commands:
        return None
    folder, name = posixpath.split(path)
    tools = stage.facts.tools if stage.facts is not None else None
    of_base = not stage.root.is_scratch and (tools is None or name in tools or path in tools)
    if of_base or stage.files.covering(path) or _may_be_made(stage, name):
        return None
    puts = (put for put in stage.files.puts if put.kind in ("context", "stage") and not put.whole)
    return next((put for put in puts if posixpath.basename(put.source) == name and _is_beside(put, folder, name)), None)


def _is_beside(put: Put, folder: str, name: str) -> bool:
    return posixpath.dirname(put.path) == folder and posixpath.basename(put.path) != name


def spilled(stage: Stage, path: str) -> Put | None:
    """Return the COPY of a build's output that brings what is in the folder, where the path names the folder itself.

    `COPY --from=build /app/dist .` puts `main.js` there, and no `dist/main.js`.
    """
    found = None
    for put in stage.files.covering(path):
        if put.kind == "workdir":
            continue
        name = posixpath.basename(put.source.rstrip("/"))
        folder = posixpath.join(put.path, name)
        if put.tree and put.kind == "stage" and not put.whole and name in _OUTPUTS and within(path, folder):
            origin = put.step.from_stage if isinstance(put.step, Copy) else None
            inner = posixpath.join(put.source, name)
            if path != folder and origin is not None and not origin.files.below(inner) and put.source != "/":
                found = put
                continue
        if "." not in name.strip("."):
            return None  # a folder, or a command, that may bring it
    return found


_OUTPUTS = frozenset("dist build out output .output target publish public bin lib release".split())
"""Folders that builders write into, and that hold no folder of their own name."""


def not_on_path(stage: Stage, name: str) -> Put | None:
    """Return the copy that brings a script to a folder where a bare name is not looked for."""
    if name.endswith(".wasm") or _may_be_made(stage, name):
        return None
    folders = path_folders(stage)
    put = _copied(stage, name) if "." in name else _compiled(stage, name)
    if put is None or folders is None:
        return None
    if any(other.tree and any(within(folder, other.path) for folder in folders) for other in stage.files.puts):
        return None
    place = put.path if posixpath.basename(put.path) != name else posixpath.dirname(put.path)
    return None if place in folders else put


def _compiled(stage: Stage, path: str) -> Put | None:
    """Return the copy of a program that a builder compiles, under that name, when nothing else may bring one."""
    name, facts = posixpath.basename(path), stage.facts
    put = _copied(stage, name)
    if put is None or not isinstance(put.step, Copy) or put.step.from_stage is None or program_of(put.step) is None:
        return None
    of_base = not stage.root.is_scratch and (facts is None or facts.tools is None or name in facts.tools)
    packaged = any(name in item.name or "$" in item.name for item in stage.packages.present)
    open_ends = of_base or packaged or stage.files.has_unreadable_run or bool(stage.files.opaque_commands)
    linked = any(other.kind == "run" and posixpath.basename(other.path) == name for other in stage.files.puts)
    return None if open_ends or linked else put


def makes_files(stage: Stage) -> bool:
    """Tell whether a RUN may write files of any name: all but the installers of packages do."""
    return stage.files.has_unreadable_run or not all(
        command.name == "corepack" or (command.name in _INSTALLERS and command.subcommand in _INSTALLING)
        for command in stage.files.opaque_commands
    )


def is_nowhere(stage: Stage, path: str, *, as_script: bool = False) -> bool:
    """Tell whether neither an instruction nor the base can have put a file at a path.

    Args:
        stage: The stage.
        path: Absolute.
        as_script: Whether an interpreter is given the file: what installs packages then makes none.
    """
    files = stage.files
    open_ends = (
        makes_files(stage) if as_script else bool(files.opaque_commands),
        files.has_unreadable_run,
        _may_be_made(stage, posixpath.basename(path)),
        any(may_bring(put, path) for put in files.puts),
        any(isinstance(step, Copy) and step.destination is None for step in stage.done_steps),
        any(volume.value and within(path, volume.value) for volume in stage.image.volumes),
        any(change.path == path for change in files.attribute_changes),
    )
    return not any(open_ends) and (stage.root.is_scratch or _lacks(stage, path))


def _lacks(stage: Stage, path: str) -> bool:
    """Whether the base is known not to hold a path: a plain system or language image, and no folder of the system."""
    facts = stage.facts
    if facts is None or not facts.exact or not facts.is_plain:
        return False
    is_empty = facts.tools is not None and not facts.tools and not facts.languages
    own = is_empty or path.startswith(_OF_PROJECTS)
    return (own or not path.startswith(OF_THE_SYSTEM)) and not _is_started_by_base(stage, path)


def _is_started_by_base(stage: Stage, path: str) -> bool:
    facts = stage.facts
    starts = (*(facts.entrypoint or ()), *(facts.cmd or ())) if facts is not None else ()
    return posixpath.basename(path) in {posixpath.basename(word) for word in starts}


def _copied(stage: Stage, name: str) -> Put | None:
    """Return the last copy of one file of that name; `None` also where a folder could bring it too."""
    found = None
    for put in stage.files.puts:
        if put.kind not in ("context", "stage", "heredoc"):
            continue
        if posixpath.basename(put.path) == name:
            found = put
        elif posixpath.basename(put.source) == name and put.path != "/":
            found = put if isinstance(put.step, Copy) and put.step.lands_in_folder else found
    return found


def _may_be_made(stage: Stage, name: str) -> bool:
    """Whether a RUN may move or make a file of that name."""
    runs = stage.done_runs
    spoken_of = any(name in heredoc.body for run in runs for heredoc in run.instruction.heredocs)
    return spoken_of or any(_may_make(command, name) for run in runs for command in run.commands)


def _may_make(command: Command, name: str) -> bool:
    if command.name == "go" and command.subcommand in ("get", "install"):
        return True  # which calls a program after the last part of its package's path
    words = list(command.args) if command.name in _MOVERS else []
    words += [redirect.target for redirect in command.redirects if redirect.target is not None]
    return any(name in word.value for word in words)


def has_siblings_on_path(stage: Stage, name: str) -> bool:
    """Tell whether scripts of the project are copied one by one to where programs are looked for, and this one is not.

    Nothing else in the file may speak of the name, and no folder may be copied there.
    """
    if not name.endswith(".sh") or not stage.base_known or stage.facts is None or not stage.facts.is_plain:
        return False
    folders = path_folders(stage)
    mentions = sum(name in str(instruction) for link in stage.chain for instruction in link.instructions)
    if folders is None or mentions != 1 or stage.files.has_unreadable_run or _is_started_by_base(stage, name):
        return False
    puts = [put for put in stage.files.puts if put.kind == "context"]
    if any(put.tree and any(within(folder, put.path) for folder in folders) for put in puts):
        return False
    return any(put.path.endswith(".sh") and posixpath.dirname(put.path) in folders for put in puts)
