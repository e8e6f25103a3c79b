"""Which paths no instruction of a builder can have made, as far as its lines tell."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.context.recipes import runs_open_recipes, runs_recipes
from rules.lazily import once, once_for_each
from rules.model.filenames import is_pattern
from rules.model.puts import folders_of, meet, within
from rules.model.steps import Copy, Run

if TYPE_CHECKING:
    from rules.api import Put, Stage, Step

_SYSTEM = frozenset(
    "bin boot data dev etc home lib lib32 lib64 libexec media mnt nix opt proc root run sbin srv sys tmp usr "
    "var".split()
)
"""Folders at the root that a system has: what lies there an image may bring."""

_PLAIN = frozenset(
    ": [ addgroup adduser apk apt apt-get chgrp chmod chown dnf echo exit false groupadd install ln ls microdnf mkdir "
    "printf rm set test touch true useradd yum".split()
)
"""Commands that make no file or folder of the project but what they name."""

_OPEN_START = re.compile(r"(?<![^\s=:\"'])\$\{?\w+\}?/")
"""A path whose first folder is a variable's."""

_COMPOSED = re.compile(r"(?<![\w.$}-])(/[\w./-]*)(?:\$\{?(\w+)|\$\(|`)")
"""A path that ends in what is only known when the command runs: its known part, and the variable, if it is one."""

_NAMING = _PLAIN | frozenset("pip pip3 apt-key update-ca-certificates locale-gen corepack".split())
"""Commands that leave nothing in the folder that they work in but what they name."""

_OWN_FOLDERS = re.compile(r"/(?:srv|data|mnt)/[^/]+|/usr/src/app|/opt/(?:venv|app)")
"""Folders below a system's own that are a project's, and that no image brings which has no application."""

_OF_IMAGES = frozenset("usr etc bin sbin root var proc dev lib opt".split())
_PROJECTS = ("/usr/src/", "/opt/", "/var/www/")
"""Folders of a system in which files name a folder for their project."""

_OUTPUTS = frozenset(
    "dist build out target node_modules .venv .next .output vendor public _build publish dependencies "
    "spring-boot-loader snapshot-dependencies application".split()
)
"""What the tools of the languages make in the folder that they work in, and the layers of Spring Boot's jar."""


def is_left_out(builder: Stage, path: str) -> bool:
    """Tell whether a stage that makes no files unseen puts none at a path, above it as a tree, or below."""
    if is_pattern(path) or not _runs_only_plain(builder):
        return False
    if builder.image.onbuild or _is_of_image(builder, path.split("/")[1]):
        return False
    if any(isinstance(step, Copy) and step.destination is None for step in builder.done_steps):
        return False
    if any(put.kind != "workdir" for put in builder.files.covering(path)):
        return False
    top, name = path.split("/")[1], posixpath.basename(path)
    return not any(top in _text(run) and name in _text(run) for run in builder.done_runs)


@once
def _runs_only_plain(builder: Stage) -> bool:
    """Whether every command of the chain writes what it names, or to the system's own folders."""
    readable = not builder.files.has_unreadable_run and not any(run.instruction.heredocs for run in builder.done_runs)
    return readable and all(
        command.name in _PLAIN and "$" not in str(command) for run in builder.done_runs for command in run.commands
    )


def is_unmade(builder: Stage, path: str) -> bool:
    """Tell whether nothing in a builder of known contents makes a path that is copied by its full name.

    Installers and compilers write where their lines say. The tools of a language that run a project's scripts write
    below the folder that they work in; they are taken to do so only where what is copied is what they make there, from
    a folder of which the builder does not speak at all.
    """
    known = _known_part(path)
    root = _project_root(known)
    if root is None:
        return False
    if not runs_recipes(builder):
        return not (can_have(builder, root[1:]) and _is_reached(builder, known))
    return _is_output(known, root) and not runs_open_recipes(builder) and not can_have(builder, root[1:])


def _is_output(path: str, root: str) -> bool:
    """Whether a path is what a tool makes in the project's folder or, as in a monorepo, in that of a part of it."""
    return not _OUTPUTS.isdisjoint(path[len(root) + 1 :].split("/"))


def made(builder: Stage, path: str) -> str | None:
    """Return where a builder makes what is looked for in another folder; `None` where it is no usual output."""
    root, folder = _project_root(_known_part(path)), builder.image.workdir.value
    if root is None or folder is None or folder == "/" or not _is_output(path, root):
        return None
    if can_have(builder, root[1:]):
        return None
    return folder + path[len(root) :]


def holds_sources(put: Put) -> bool:
    """Tell whether a COPY brings the sources of a program under the program's name: `COPY cmd/shop ./cmd/shop`.

    Go's programs lie so ("Organizing a Go module", go.dev).
    """
    return put.tree and posixpath.basename(posixpath.dirname(put.path)) == "cmd"


def _known_part(path: str) -> str:
    """Return a path up to the first part that is a pattern."""
    parts = path.rstrip("/").split("/")
    end = next((at for at, part in enumerate(parts) if is_pattern(part)), len(parts))
    return "/".join(parts[:end])


def _project_root(path: str) -> str | None:
    """Return the folder of a project that a path lies in or is; `None` where an image may bring it."""
    if path.count("/") == 0:
        return None
    top = path.split("/")[1]
    if top not in _SYSTEM:
        return f"/{top}"
    own = _OWN_FOLDERS.match(path)
    return own[0] if own is not None and path[own.end() : own.end() + 1] in ("", "/") else None


def _is_reached(builder: Stage, path: str) -> bool:
    """Whether an instruction of the chain puts something at a path, above or below it, works there, or names it."""
    top = path.split("/")[1]
    if builder.files.has_unreadable_run or builder.image.onbuild or _is_of_image(builder, top):
        return True
    if _writes_anywhere(builder) or _is_composed(builder, path):
        return True
    if any(put.kind != "workdir" or put.path == path for put in builder.files.covering(path)):
        return True
    if any(_may_be_worked_in(step, path) for step in builder.done_steps):
        return True
    above = "|".join(re.escape(folder) for folder in folders_of(path) if folder not in ("", "/", path))
    named = rf"{re.escape(path)}(?![\w-])" + (rf"|(?:{above})/?(?![\w/.-])" if above else "")
    spoken = re.compile(rf"(?:(?<![\w.-])|(?<=\.\.))(?:{named})")
    return any(_may_speak(step) and _speaks(step, spoken) for step in builder.done_steps)


def _may_be_worked_in(step: Step, path: str) -> bool:
    """Whether a step runs in a folder above a path, or where it may make the path by a relative name."""
    folder = step.workdir.value
    above = folder is not None and folder != "/" and within(path, folder)
    return (above and isinstance(step, Run)) or _works_in(step, path)


def _speaks(step: Step, spoken: re.Pattern[str]) -> bool:
    texts = (step.instruction.whole_value, *(heredoc.body for heredoc in step.instruction.heredocs))
    return any(spoken.search(text) for text in texts)


def is_open(path: str) -> bool:
    """Tell whether a path's first folder is one that a system has, or a pattern: an image may bring it."""
    top = path.split("/")[1]
    return top in _SYSTEM or is_pattern(top)


@once_for_each
def can_have(builder: Stage, top: str) -> bool:
    """Tell whether an instruction of the builder's chain puts something there, works there, or speaks of it."""
    root = f"/{top}"
    if any(meet(put.path, root) for put in builder.files.puts if put.kind != "workdir" or put.path != "/"):
        return True
    if any(_works_in(step, root) for step in builder.done_steps):
        return True
    if builder.files.has_unreadable_run or builder.image.onbuild or _is_of_image(builder, top):
        return True
    if _writes_anywhere(builder) or _is_composed(builder, root):
        return True
    spoken = re.compile(rf"(?<![\w.-]){re.escape(root)}(?![\w-])")
    return any(_may_speak(step) and spoken.search(step.instruction.whole_value) for step in builder.done_steps) or any(
        root in heredoc.body for step in builder.done_steps for heredoc in step.instruction.heredocs
    )


def _text(run: Run) -> str:
    return run.instruction.whole_value


@once
def _writes_anywhere(builder: Stage) -> bool:
    """Whether a RUN has a path whose first folder is left to the build."""
    return any(run.scope.left_to_build(text) for run in builder.done_runs for text in _OPEN_START.findall(_text(run)))


def _is_composed(builder: Stage, path: str) -> bool:
    """Whether a RUN names a path that begins as this one does, and goes on as nobody can read off: `/shop-$(arch)`."""
    return any(
        path.startswith(found[1]) and not (found[2] and isinstance(run.scope.lookup(found[2]), str))
        for run in builder.done_runs
        for found in _COMPOSED.finditer(_text(run))
    )


def _is_of_image(builder: Stage, top: str) -> bool:
    """Whether the image has it at the root: the folder that it works in, its start script, the shell for debugging."""
    facts = builder.facts
    if facts is None:
        return False
    reference = builder.root.reference
    debug = reference is not None and "debug" in (reference.tag or "")
    return within(facts.workdir or "/", f"/{top}") or "entrypoint" in top or (debug and top == "busybox")


def _may_speak(step: Step) -> bool:
    """Whether naming a folder may make it: a COPY whose destination is known names others' folders besides."""
    return not isinstance(step, Copy) or step.destination is None


def _works_in(step: Step, root: str) -> bool:
    """Whether a step runs in a folder, or in the root, from where it may make the folder."""
    folder = step.workdir.value
    if folder is None or within(folder, root):
        return True
    if isinstance(step, Run) and _leaves_only_what_it_names(step):
        return False
    return folder == "/" and step.instruction.keyword in ("RUN", "COPY", "ADD") and _may_speak(step)


def _leaves_only_what_it_names(run: Run) -> bool:
    """Whether a RUN leaves nothing in the folder that it works in: a tool for the whole system goes to its own."""
    shared = {call.command.start for call in run.package_calls if call.global_ and call.target is None}
    return all(command.name in _NAMING or command.start in shared for command in run.commands)


def is_of_system(stage: Stage, path: str) -> bool:
    """Tell whether a file lies in a folder of the system's, where the image may have it.

    What lies in a folder that a WORKDIR makes for the project, and that the image does not work in, is the project's.
    """
    if posixpath.dirname(path) == "/" or path.split("/")[1] not in _OF_IMAGES:
        return False
    own = stage.facts.workdir if stage.facts is not None else None
    folders = {step.workdir.value for step in stage.done_steps} - {own}
    return not (path.startswith(_PROJECTS) and posixpath.dirname(path) in folders)
