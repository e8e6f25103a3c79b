"""What of a source tree no program reads when it runs: its tests, its documentation, settings of tools for developers.

Manifests and lock files are read by the tool that installs, and by one that starts the program (`uv run`, `yarn start`,
`bundle exec`): of Python and Node.js they are too much where none does. Everything else may be read: `.ruby-version`,
folders of data beside the code.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.context.ignore_file import has_surely_none
from rules.copying.needs import needs_of
from rules.copying.source_trees.carried import brought_by, is_gone
from rules.model.puts import within
from rules.model.settings import is_script
from rules.runtime.starts.instructions import shipped
from rules.runtime.starts.scripts import start_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.api import Copy, DockerfileChange, Put, Stage

HISTORY = ".git/"
"""Git's own folder: every version of every file, those that were deleted included."""
_TESTS = frozenset("test tests __tests__ e2e cypress".split())
_SPECS = frozenset({"spec", "specs"})
_DOCUMENTATION = frozenset({"doc", "docs"})
_OF_TOOLS = frozenset(".git .github .gitlab .circleci .buildkite .vscode .idea .devcontainer .husky .storybook".split())

_IS_SPEC = re.compile(r"(?:[._-](?:spec|test)s?\.\w+|spec_helper\.rb)$")
"""A file of tests: in `spec/`, others keep the description of an interface, which a server may send out."""
_PROSE = re.compile(r"\.(?:mdx?|rst|txt|adoc|png|jpe?g|gif|svg|drawio|puml|pdf)$", re.IGNORECASE)
"""What documentation is written in; `docs/openapi.yaml` may be sent out."""
_FILES = re.compile(
    r"(?:Dockerfile|Containerfile)(?:\..*)?|.*\.[Dd]ockerfile|(?:docker-)?compose(?:[.-].*)?\.ya?ml|Jenkinsfile"
    r"|\.env[.-](?:dist|example|sample|template)|\.(?:dockerignore|git\w+|editorconfig|prettierignore|eslintignore|flake8|pylintrc|rspec)"
    r"|\.(?:gitlab-ci|travis|codecov|pre-commit-config|rubocop)\.ya?ml|(?:codecov|azure-pipelines)\.ya?ml"
    r"|\.(?:prettierrc|eslintrc|stylelintrc|markdownlint)(?:\..*)?|eslint\.config\..*|mypy\.ini|pytest\.ini|tox\.ini"
    r"|noxfile\.py|conftest\.py|(?:jest|vitest|playwright|cypress)\.config\..*|karma\.conf\..*|phpunit\.xml(?:\.dist)?"
    r"|(?:README|CHANGELOG|CHANGES|CONTRIBUTING|CODE_OF_CONDUCT|SECURITY)(?:\.\w+)?",
)
_INSTALLED_FROM = (
    (
        re.compile(
            r"(?:uv|poetry|pdm|Pipfile)\.lock|Pipfile|pyproject\.toml|setup\.(?:py|cfg)|[\w-]*requirements[\w-]*\.(?:txt|in)"
        ),
        re.compile(r"\b(?:uv|poetry|pdm|pipenv|hatch|rye|pip|make|tox|nox|alembic|setup\.py)\b"),
    ),
    (
        re.compile(r"package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?"),
        re.compile(r"\b(?:npm|npx|yarn|pnpm|bun|bunx|corepack|make)\b"),
    ),
    (re.compile(r"Makefile"), re.compile(r"\bg?make\b")),
)
"""What an install reads, and what in a start command or its scripts reads it again."""
_RUNS_TESTS = re.compile(
    r"(?<![A-Za-z])(?:(?:py|x|c|go|php|vi)?(?:unit)?tests?|jest|rspec|phpunit|tox|nox|cypress|playwright|karma|mocha|behave"
    r"|cucumber|e2e)(?![A-Za-z])"
)
"""What in a start command says that the tests are what runs."""


_FEW = 25
"""Files that hardly make an image bigger, being text."""


class Surplus(NamedTuple):
    """What lies in a source tree and is not read when the program runs.

    Attributes:
        weighty: Git's history, folders of tests and of documentation.
        light: Single files, and settings of tools.
        rest: All else that the tree has of the build context; the program may read it.
        files: How many files lie in the folders.
    """

    weighty: tuple[str, ...]
    light: tuple[str, ...]
    rest: tuple[str, ...]
    files: int

    @property
    def is_small(self) -> bool:
        """Whether it is a little documentation alone: two pages."""
        documents = all(name.rstrip("/") in _DOCUMENTATION for name in self.weighty)
        return documents and self.files <= _FEW


def surplus_of(change: DockerfileChange, stage: Stage, copy: Copy, path: str, filled: Put) -> Surplus | None:
    """Sort what the repository's listing has of a tree; `None` where that is not known.

    What the shipped stage speaks of, in an instruction or in the script that starts it, is no surplus.

    Args:
        change: The change.
        stage: The stage that ships.
        copy: The COPY that takes the tree.
        path: What it takes, absolute.
        filled: What brought the tree there.
    """
    if copy.from_stage is None:
        return None
    way = brought_by(copy.from_stage, filled)
    files = change.repository.context_files(change.path) if way[-1][1].kind == "context" else None
    if files is None:
        return None
    roots = dict.fromkeys(name.split("/")[0] + ("/" if "/" in name else "") for name in files)
    history = (HISTORY,) if _brings_history(change) else ()
    there = [name for name in (*history, *roots) if not is_gone(way, name)]
    asked = _asked(change, stage, copy, posixpath.relpath(filled.path, path))
    kept = _kept_on_purpose(change)
    weighty = [name for name in there if _is_weighty(name, files) and not (asked(name) or name.rstrip("/") in kept)]
    light = [
        name
        for name in there
        if name != HISTORY and (_is_light(name) or asked.only_to_install(name)) and not asked(name)
    ]
    rest = [name for name in there if name not in weighty and name not in light]
    inside = sum(file.startswith(tuple(weighty)) for file in files) if weighty else 0
    return Surplus(tuple(weighty), tuple(light), tuple(rest), inside)


def _kept_on_purpose(change: DockerfileChange) -> frozenset[str]:
    """Return the entries whose line in the ignore file somebody has made a comment: the image is to have them."""
    path = change.repository.dockerignore_path(change.path)
    text = change.repository.text(path) if path is not None else None
    lines = (line.removeprefix("#").strip() for line in (text or "").splitlines() if line.startswith("#"))
    return frozenset(line.strip("/") for line in lines if " " not in line)


def _brings_history(change: DockerfileChange) -> bool:
    """Whether the root of a checkout is the context, and nothing keeps git's own folder out, which no listing has."""
    ignore = change.repository.dockerignore(change.path)
    known = not ignore.excludes(f"{HISTORY}HEAD") if ignore is not None else has_surely_none(change)
    return known and change.repository.context_of(change.path) == ""


def _is_weighty(entry: str, files: Iterable[str]) -> bool:
    if entry == HISTORY:
        return True
    name = entry.rstrip("/")
    if name == entry:
        return False
    if name in _TESTS:
        return True
    inside = [file for file in files if file.startswith(entry)] if name in _SPECS | _DOCUMENTATION else []
    if name in _SPECS:
        return any(map(_IS_SPEC.search, inside))
    return bool(inside) and all(map(_PROSE.search, inside))


def _is_light(entry: str) -> bool:
    return entry.rstrip("/") in _OF_TOOLS if entry.endswith("/") else _FILES.fullmatch(entry) is not None


class _Asked:
    """What a shipped stage speaks of."""

    def __init__(self, text: str, starts: str | None, needed: tuple[str, ...], folder: str) -> None:
        self._text, self._starts, self._needed, self._folder = text, starts, needed, folder
        self._runs_tests = starts is not None and _RUNS_TESTS.search(starts) is not None

    def only_to_install(self, entry: str) -> bool:
        """Tell whether an install alone reads an entry; all that runs at the start has to be known for that."""
        reader = next((reader for files, reader in _INSTALLED_FROM if files.fullmatch(entry)), None)
        return reader is not None and self._starts is not None and reader.search(self._starts) is None

    def __call__(self, entry: str) -> bool:
        """Tell whether it speaks of an entry of the tree."""
        name = entry.rstrip("/")
        if self._runs_tests and name in _TESTS | _SPECS:
            return True
        path = posixpath.join(self._folder, name)
        named = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", self._text) is not None
        return named or any(within(need, path) for need in self._needed)


def _asked(change: DockerfileChange, stage: Stage, copy: Copy, below: str) -> _Asked:
    needed = tuple(need.path for need in needs_of(change, stage))
    scripts = list(_scripts(change, stage))
    read = " ".join((stage.image.start_line(), *(text for text in scripts if text is not None)))
    own = (step.instruction.text for step in stage.done_steps if step is not copy)
    folder = posixpath.normpath(posixpath.join(copy.destination or "/", below))
    return _Asked(" ".join((read, *own)), None if None in scripts else read, needed, folder)


def _scripts(change: DockerfileChange, stage: Stage) -> Iterator[str | None]:
    """Yield the texts of the scripts that start a stage's program, `None` for one that was not read."""
    for found in shipped(change):
        if found.stage is stage:
            script = start_script(change, found, through_stages=True)
            if script is not None or any(map(is_script, found.start.words)):
                yield script.text if script is not None else None


def usual_surplus(change: DockerfileChange, builder: Stage, filled: Put) -> tuple[str, ...]:
    """Name what most source trees hold of it, as far as neither `.dockerignore` nor a builder takes it out.

    Where the repository is listed, it has to lie in one of the folders that may be the context.
    """
    way = brought_by(builder, filled)
    repository = change.repository if way[-1][1].kind == "context" else None
    here = repository if repository is not None and repository.listing is not None else None
    ignore = repository.dockerignore(change.path) if repository is not None else None
    kinds = {"tests": sorted(_TESTS - {"cypress"} | _SPECS), "documentation": sorted(_DOCUMENTATION)}
    return tuple(
        what
        for what, names in kinds.items()
        if not any(is_gone(way, name) or (ignore and ignore.excludes(f"{name}/x")) for name in names)
        and (here is None or any(here.exists(place) for name in names for place in here.places_of(change.path, name)))
    )
