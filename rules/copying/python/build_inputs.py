"""What the build backend of a Python project cannot do without: the files that `pyproject.toml` names, and the package.

Each backend was tried without the file, with a wheel and with an editable install (hatchling 1.33, flit-core 4.2,
poetry-core 2.5, pdm-backend 2.5, uv-build 0.13, scikit-build-core 1.1, maturin 1.16; setuptools 84 warns and goes on).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.packages.developers.parts import read_toml, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_BACKENDS = {
    "hatchling.build": "Hatchling",
    "flit_core.buildapi": "Flit",
    "poetry.core.masonry.api": "Poetry",
    "pdm.backend": "PDM",
    "uv_build": "uv",
    "scikit_build_core.build": "scikit-build-core",
    "maturin": "Maturin",
}
_PASS_LICENCES_OVER = frozenset({"Hatchling", "Maturin"})
"""Those that take `license-files` for patterns which may match nothing."""


class Input(NamedTuple):
    """Something that the build of a package reads.

    Attributes:
        fact: What says so, as a message has it before the file's name.
        paths: Where it may lie, relative to the project; one of them is enough.
        in_any_folder: Whether one that lies in any folder of the project's is enough, too.
    """

    fact: str
    paths: tuple[str, ...]
    in_any_folder: bool = False


def name_of(text: str) -> str | None:
    """Return the name of a project, as its `pyproject.toml` has it for all tools or for Poetry."""
    data = read_toml(text)
    name = table(data, "project").get("name") or table(data, "tool", "poetry").get("name")
    return name if isinstance(name, str) else None


def is_package(text: str) -> bool:
    """Tell whether uv, Poetry or PDM install the project as a package: told so, or told nothing and there is a backend.

    uv's `package` ("Project packaging") is the only one of the settings that asks for it without a backend.
    """
    data = read_toml(text)
    told = _told_package(data)
    return told is True or (told is None and "build-system" in data)


def _told_package(data: dict[str, Any]) -> bool | None:
    """What a project tells uv or Poetry of whether it is a package; a refusal of either counts."""
    told = (table(data, "tool", "uv").get("package"), table(data, "tool", "poetry").get("package-mode"))
    return False if False in told else True if told[0] is True else None


def backend_of(text: str) -> str | None:
    """Return the backend that builds a project; `None` for one that does without what is named, or is not known.

    A project that names none is built by setuptools (PEP 517, "Source trees"). One that uv or Poetry are told is no
    package is not built by them (tried: `package = false`).
    """
    data = read_toml(text)
    named = table(data, "build-system").get("build-backend")
    return _BACKENDS.get(named) if isinstance(named, str) and _told_package(data) is not False else None


def inputs_of(text: str) -> Iterator[Input]:
    """Yield what a project's backend stops without."""
    backend = backend_of(text)
    if backend is None:
        return
    for what, path in files_named(text):
        yield Input(f"{backend} stops without the {what} that `pyproject.toml` names,", (path,))
    name = name_of(text)
    package = _package(backend, read_toml(text), name.replace("-", "_")) if name is not None else None
    if package is not None:
        yield package


def files_named(text: str) -> Iterator[tuple[str, str]]:
    """Yield the files that a `pyproject.toml` names, and that its backend stops without, each behind what it is."""
    backend, data = backend_of(text), read_toml(text)
    if backend is None:
        return
    project, poetry = table(data, "project"), table(data, "tool", "poetry") if backend == "Poetry" else {}
    yield from (("readme", path) for path in (*_paths(project.get("readme")), *_paths(poetry.get("readme"))))
    licence = project.get("license")
    yield from (("license file", path) for path in (_paths(licence) if isinstance(licence, dict) else ()))
    listed = project.get("license-files") if backend not in _PASS_LICENCES_OVER else None
    yield from (("license file", path) for path in (_paths(listed) if isinstance(listed, list) else ()))
    hatch, pdm = table(data, "tool", "hatch", "version"), table(data, "tool", "pdm", "version")
    if backend == "Hatchling" and hatch.get("source", "regex") == "regex":
        yield from (("file with the version", path) for path in _paths(hatch.get("path")))
    elif backend == "PDM" and pdm.get("source") == "file":
        yield from (("file with the version", path) for path in _paths(pdm.get("path")))


def _paths(value: object) -> Iterator[str]:
    """Yield the files that a setting names: as a word, as `{file = …}`, as a list; a pattern names none for certain."""
    found = value.get("file") if isinstance(value, dict) else value
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, str) and one and not any(mark in one for mark in "*?[$"):
            yield posixpath.normpath(one)


def _package(backend: str, data: dict[str, Any], name: str) -> Input | None:
    """Return the folder or module of the package's name, where nothing says what the package consists of."""
    fact = f"{backend} stops without the package itself,"
    paths = tuple(posixpath.join(folder, f"{name}{end}") for folder in ("src", "") for end in ("", ".py"))
    match backend:
        case "Hatchling" if not table(data, "tool", "hatch", "build"):
            return Input(fact, tuple(path for path in paths if path != f"src/{name}.py"), in_any_folder=True)
        case "Flit" if not table(data, "tool", "flit"):
            return Input(fact, paths)
        case "Poetry" if table(data, "tool", "poetry").keys().isdisjoint(("packages", "package-mode", "include")):
            return Input(fact, paths)
        case "uv" if not table(data, "tool", "uv", "build-backend"):
            return Input(fact, (f"src/{name}",))
    return None
