"""What a start command finds in its working directory without naming a path: modules, and manifests."""

from __future__ import annotations

import posixpath
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from rules.api import quote
from rules.brought import brought, context_paths
from rules.copying.python.builds import leaves_project_out
from rules.copying.python.packages import MODULES
from rules.facts.installers import NODE_MANAGERS, PYTHON_MANAGERS
from rules.runtime.languages.node_manifest import script_called
from rules.runtime.languages.python_calls import PYTHONS
from rules.runtime.starts.instructions import behind_init
from rules.runtime.starts.text import only_command

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Stage, Start

_FOLDER_OPTIONS = frozenset({"--app-dir", "--chdir", "--pythonpath", "--workdir"})
_APPLICATION = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_][\w.]*(?:\(.*\))?\Z")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")
_LIST = re.compile(r"\.(?:txt|in|lock)\Z")
"""A list of requirements, which names what others made."""


class Found(NamedTuple):
    """What a start command looks for in the working directory.

    Attributes:
        path: Relative to it: `shop` of `shop.wsgi:app`, `package.json`.
        fact: How it is looked for, a sentence without a full stop.
        failure: What the container exits with, in quotation marks.
    """

    path: str
    fact: str
    failure: str


def found_in_folder(change: DockerfileChange, stage: Stage, start: Start, folder: str) -> Found | None:
    """Return what a start command looks for in its working directory, where a folder of the image surely has it.

    Args:
        change: The change under review.
        stage: The image.
        start: The start command.
        folder: Where it was started before.
    """
    words = _words(start)
    if script_called(words) is not None and words[0] in NODE_MANAGERS:
        fact = f"{quote(words[0])} reads `package.json` in the working directory"
        there = is_there(change, stage, posixpath.join(folder, "package.json"))
        return Found("package.json", fact, "“Could not read package.json”") if there else None
    module = imported_module(stage, words)
    if module is None:
        return None
    top = module.partition(".")[0]
    name = next((one for one in (top, f"{top}.py") if is_there(change, stage, posixpath.join(folder, one))), None)
    fact = f"Its start command imports {quote(module)} from the working directory"
    return Found(name, fact, f"“No module named '{top}'”") if name is not None else None


def imported_module(stage: Stage, words: tuple[str, ...]) -> str | None:
    """Return the module that a start command imports, where that can only lie in its working directory."""
    module = module_named(words)
    builders = [copy.from_stage for copy in stage.all_copies if copy.from_stage is not None]
    if module is not None and module.partition(".")[0] in sys.stdlib_module_names:
        return None
    if module is None or "PYTHONPATH" in stage.image.env or any(map(_installs_project, (stage, *builders))):
        return None
    return module


def _words(start: Start) -> tuple[str, ...]:
    if start.form == "exec":
        return behind_init(start.words)
    command = only_command(start)
    return command.argv if command is not None else ()


def module_named(words: tuple[str, ...]) -> str | None:
    """Return the module that a start command names, wherever it lies: `shop.wsgi` of `gunicorn shop.wsgi:app`."""
    if not words or not _FOLDER_OPTIONS.isdisjoint(word.partition("=")[0] for word in words):
        return None
    name, args = posixpath.basename(words[0]), words[1:]
    if name in PYTHONS and args[:1] == ("-m",) and len(args) > 1:
        if args[1] not in MODULES:
            return args[1] if _MODULE.match(args[1]) else None
        name, args = args[1], args[2:]
    if name == "celery":
        at = next((at for at, word in enumerate(args) if word in ("-A", "--app")), None)
        value = args[at + 1] if at is not None and len(args) > at + 1 else ""
        return value.partition(":")[0] if _MODULE.match(value.partition(":")[0]) else None
    if name not in MODULES:
        return None
    match = next((found for word in args if (found := _APPLICATION.match(word)) is not None), None)
    return match["module"] if match is not None else None


def _installs_project(stage: Stage) -> bool:
    """Whether an install may bring the project itself as a package, which is found from every folder."""
    for run in stage.done_runs:
        for call in run.package_calls:
            if call.manager == "uv" and call.action == "run":
                return True  # it syncs the project first
            if call.manager not in PYTHON_MANAGERS or call.action not in ("install", "sync"):
                continue
            by_list = call.manager == "pip" or (call.manager == "uv" and call.verb != "sync")
            if any(package.kind == "path" for package in call.packages) or call.has("-e", "--editable"):
                return True
            if leaves_project_out(call):
                continue
            if call.project and not (by_list and all(_LIST.search(name) for name in call.manifests)):
                return True
    return False


def is_there(change: DockerfileChange, stage: Stage, path: str) -> bool:
    """Tell whether the repository has what a COPY brings to a path of the image, a file through stages too."""
    there = any(change.repository.exists(one) is True for one in context_paths(change, stage, path))
    return there or brought(change, stage, path, through_stages=True) is not None
