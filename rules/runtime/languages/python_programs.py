"""The text of a Python program of the repository that a container starts, and the modules that it imports."""

from __future__ import annotations

import posixpath
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from rules.brought import brought, is_nowhere, place_of
from rules.repository.python_modules import module_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Repository, Stage
    from rules.runtime.languages.python_calls import PythonCall

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+([\w, \t]+)?|import[ \t]+([\w., \t]+))", re.MULTILINE
)
_BY_ITSELF = re.compile(r"\bexec[lv]\w*[ \t]*\(|\bsite\.addsitedir\b|\bsite-packages\b|\.venv\b")
"""What a program says that looks for its packages by itself, or hands over to another interpreter."""


class Program(NamedTuple):
    """A program that was read.

    Attributes:
        path: In the repository.
        root: The folder in which Python looks for its modules.
        text: Its text.
    """

    path: str
    root: str
    text: str


def program_of(change: DockerfileChange, stage: Stage, call: PythonCall) -> Program | None:
    """Return the program that a call starts by its module or its file, `None` where it was not read."""
    return _module(change, call.value) if call.kind == "m" else _script(change, stage, call.value)


def program_files(change: DockerfileChange, stage: Stage, call: PythonCall) -> dict[str, str | None]:
    """Return the texts of a program and of the project's modules that it imports, by path; empty where it is not read.

    The program's own comes first; `None` stands for a module that was not read.

    Args:
        change: The change under review.
        stage: The stage that starts it.
        call: How it is started: a module or a script.
    """
    program = program_of(change, stage, call)
    if program is None:
        return {}
    own = (path for module in modules_of(program) if (path := own_module(change.repository, *module)) is not None)
    return {program.path: program.text, **{path: change.repository.text(path) for path in own if path != program.path}}


def needs_packages(change: DockerfileChange, stage: Stage, call: PythonCall) -> bool:
    """Tell whether a program may import what only an installed package brings: no, where nothing of it gets there.

    As where the file is not there at all, the module is Python's own, or all that is read imports Python's own alone.
    """
    if call.kind == "m" and call.value.partition(".")[0] in sys.stdlib_module_names:
        return False
    target = place_of(stage, call.value if "/" in call.value else f"./{call.value}") if call.kind == "file" else None
    if target is not None and is_nowhere(change, stage, target):
        return False
    program = program_of(change, stage, call) if call.kind in ("m", "file") else None
    if program is None:
        return True
    others = any(top not in sys.stdlib_module_names for top, _ in modules_of(program))
    return others and not _BY_ITSELF.search(program.text)


def _module(change: DockerfileChange, name: str) -> Program | None:
    files = module_files(change.repository, name)
    text = change.repository.text(files[0]) if len(files) == 1 else None
    if text is None:
        return None
    tail = f"{name.replace('.', '/')}{'/__main__' if files[0].endswith('/__main__.py') else ''}.py"
    return Program(files[0], files[0].removesuffix(tail).rstrip("/"), text)


def _script(change: DockerfileChange, stage: Stage, name: str) -> Program | None:
    place = name if "/" in name else f"./{name}"
    target = place_of(stage, place) if name.endswith(".py") else None
    file = brought(change, stage, target, through_stages=True) if target is not None else None
    return Program(file.path, posixpath.dirname(file.path), file.text) if file is not None else None


def modules_of(program: Program) -> Iterator[tuple[str, str]]:
    """Yield the modules that a program names: the first word of each, and where it would lie, without `.py`."""
    for source, names, plain in _IMPORT.findall(program.text):
        above = source.lstrip(".")
        dots = len(source) - len(above)
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(program.path), *[".."] * (dots - 1)))
        base = posixpath.join(folder if dots else program.root, above.replace(".", "/"))
        if source:
            top = above.split(".")[0] if not dots else ""
            yield top, base.rstrip("/")
            yield from ((top, posixpath.join(base, name.split()[0])) for name in names.split(",") if name.strip())
        for name in filter(None, map(str.strip, plain.split(","))):
            path = name.split()[0].replace(".", "/")
            yield path.split("/")[0], posixpath.join(program.root, path)


def own_module(repository: Repository, top: str, path: str) -> str | None:
    """Return the file of a module that is, or may be, one of the repository's."""
    for name in (f"{path}.py", f"{path}/__init__.py"):
        if repository.exists(name):
            return name
    return path if repository.listing is None and top not in sys.stdlib_module_names else None
