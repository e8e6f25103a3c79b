"""Which version of its language a project says it needs, in the files that say so."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.base_image.moved.composer_demands import as_ruby_says, php_wanted
from rules.packages.developers.parts import read_toml, table
from rules.packages.projects.package_json import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rules.api import DockerfileChange


_OF_COMPOSER = "require.php"


class Contract(NamedTuple):
    """What a project file demands.

    Attributes:
        path: The file.
        name: What the demand is called there: `requires-python`.
        constraint: As written there.
    """

    path: str
    name: str
    constraint: str

    @property
    def comparable(self) -> str:
        """The constraint in the operators of `version_ranges`."""
        return as_ruby_says(self.constraint) if self.name == _OF_COMPOSER else self.constraint


def contracts(change: DockerfileChange, language: str, *, before: bool = False) -> Iterator[Contract]:
    """Yield the demands of files beside the Dockerfile, in its build context and in the root, the nearest first.

    Args:
        change: The change.
        language: Of which language.
        before: Whether the files are read as they were.
    """
    rows = _FILES.get(language, ())
    for path, text in texts_near(change, *manifest_names(language), before=before):
        for name, read, title in rows:
            constraint = read(text) if posixpath.basename(path) == name else None
            if constraint:
                yield Contract(path, title, constraint)


def manifest_names(language: str) -> tuple[str, ...]:
    """Return the names of the files that may ask for a version of a language."""
    return tuple(dict.fromkeys(name for name, _, _ in _FILES.get(language, ())))


def demand_in(name: str, text: str) -> str | None:
    """Return the constraint that a manifest sets for its language's version, `None` where it sets none.

    Args:
        name: `pyproject.toml`, `go.mod`, `Cargo.toml`, `Cargo.lock` or `Gemfile`.
        text: What it says.
    """
    if name == "pyproject.toml":
        return _requires_python(text) or _poetry_python(text)
    if name == "Cargo.toml":
        own = table(read_toml(text), "package").get("rust-version")
        return f">={own}" if isinstance(own, str) else None
    if name == "Cargo.lock":
        return _LOCK_FORMATS.get(match[1]) if (match := _LOCK_FORMAT.search(text)) is not None else None
    return next((read(text) for rows in _FILES.values() for file, read, _ in rows if file == name), None)


def texts_near(change: DockerfileChange, *names: str, before: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the project's files of some names that were read, with their texts, the nearest first.

    They lie beside the Dockerfile, in its build context, or in the root.

    Args:
        change: The change.
        names: The names, in the order in which files of one folder are yielded.
        before: Whether the files are read as they were.
    """
    repository = change.repository_before if before else change.repository
    folder = posixpath.dirname(change.path)
    context = change.repository.context_of(change.path)
    for place in dict.fromkeys((folder, context if context is not None else folder, "")):
        for name in names:
            path = posixpath.join(place, name)
            text = repository.text(path)
            if text is not None:
                yield path, text


_LOCK_FORMAT = re.compile(r"^version = (\d+)$", re.MULTILINE)
_LOCK_FORMATS = {"4": ">=1.78"}
"""The format of a lock file to the Rust whose Cargo first reads it (Cargo's changelog, 1.78)."""


def _pattern(pattern: str, prefix: str = "") -> Callable[[str], str | None]:
    compiled = re.compile(pattern, re.MULTILINE)

    def read(text: str) -> str | None:
        match = compiled.search(text)
        return f"{prefix}{match[1].strip()}" if match is not None else None

    return read


def _requires_python(text: str) -> str | None:
    own = table(read_toml(text), "project").get("requires-python")
    return own if isinstance(own, str) else None


def _poetry_python(text: str) -> str | None:
    """Return what Poetry's own table says; a `python` elsewhere is that of an environment, as of Hatch's."""
    own = table(read_toml(text), "tool", "poetry", "dependencies").get("python")
    return own if isinstance(own, str) else None


def _node_engine(text: str) -> str | None:
    read = read_manifest(text)
    wanted = read.table("engines").get("node") if read is not None else None
    return wanted if isinstance(wanted, str) else None


def _major(text: str) -> str | None:
    match = re.match(r"\s*v?(\d+)", text)
    return match[1] if match is not None else None


def _sdk(text: str) -> str | None:
    read = read_manifest(text)
    sdk = read.table("sdk") if read is not None else {}
    version, free = sdk.get("version"), str(sdk.get("rollForward", "")).lower() in ("major", "latestmajor")
    match = re.match(r"(\d+\.\d+)", version) if isinstance(version, str) and not free else None
    return match[1] if match is not None else None


_FILES: dict[str, tuple[tuple[str, Callable[[str], str | None], str], ...]] = {
    "python": (
        ("pyproject.toml", _requires_python, "requires-python"),
        ("pyproject.toml", _poetry_python, "python"),
        (".python-version", _pattern(r"\A\s*(\d+\.\d+)(?:\.\d+)?\s*\Z"), ".python-version"),
    ),
    "node": (
        ("package.json", _node_engine, "engines.node"),
        (".nvmrc", _major, ".nvmrc"),
        (".node-version", _major, ".node-version"),
    ),
    "go": (("go.mod", _pattern(r"^go\s+(\d+\.\d+)", ">="), "go"),),
    "rust": (("Cargo.toml", _pattern(r"""^rust-version\s*=\s*["']([\d.]+)["']""", ">="), "rust-version"),),
    "ruby": (
        ("Gemfile", _pattern(r"""^ruby\s+["']([^"']+)["']\s*$"""), "ruby"),
        (".ruby-version", _pattern(r"\A\s*(?:ruby-)?(\d+\.\d+\.\d+)\s*\Z"), ".ruby-version"),
    ),
    "dotnet": (("global.json", _sdk, "sdk.version"),),
    "php": (("composer.json", php_wanted, _OF_COMPOSER),),
}
