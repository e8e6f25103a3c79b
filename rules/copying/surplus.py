"""What of a source tree no program reads when it runs: its tests, its documentation, settings of tools for developers.

Everything else may be read: lock files (`bundle exec`, `yarn start`), `.ruby-version`, folders of data beside the code.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.carried_trees import brought_by, is_gone
from rules.copying.needs import needs_of
from rules.model.puts import within
from rules.runtime.start_instructions import shipped
from rules.runtime.start_scripts import start_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.api import Copy, DockerfileChange, Put, Stage

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
    r"|\.(?:dockerignore|git\w+|editorconfig|prettierignore|eslintignore|flake8|pylintrc|rspec)"
    r"|\.(?:gitlab-ci|travis|codecov|pre-commit-config|rubocop)\.ya?ml|(?:codecov|azure-pipelines)\.ya?ml"
    r"|\.(?:prettierrc|eslintrc|stylelintrc|markdownlint)(?:\..*)?|eslint\.config\..*|mypy\.ini|pytest\.ini|tox\.ini"
    r"|noxfile\.py|conftest\.py|(?:jest|vitest|playwright|cypress)\.config\..*|karma\.conf\..*|phpunit\.xml(?:\.dist)?"
    r"|(?:README|CHANGELOG|CHANGES|CONTRIBUTING|CODE_OF_CONDUCT|SECURITY)(?:\.\w+)?",
)
_RUNS_TESTS = re.compile(
    r"(?<![A-Za-z])(?:(?:py|x|c|go|php|phpunit|vi|mocha)?(?:unit)?tests?|jest|vitest|rspec|phpunit|tox|nox|cypress|playwright|karma|mocha|behave"
    r"|cucumber|e2e)(?![A-Za-z])"
)
"""What in a start command says that the tests are what runs."""


class Surplus(NamedTuple):
    """What lies in a source tree and is not read when the program runs.

    Attributes:
        weighty: Folders of tests and of documentation.
        light: Single files, and settings of tools.
        rest: All else that the tree has of the build context; the program may read it.
    """

    weighty: tuple[str, ...]
    light: tuple[str, ...]
    rest: tuple[str, ...]


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
    there = [name for name in roots if not is_gone(way, name)]
    asked = _asked(change, stage, copy, posixpath.relpath(filled.path, path))
    weighty = [name for name in there if _is_weighty(name, files) and not asked(name)]
    light = [name for name in there if _is_light(name) and not asked(name)]
    rest = [name for name in there if name not in weighty and name not in light]
    return Surplus(tuple(weighty), tuple(light), tuple(rest))


def _is_weighty(entry: str, files: Iterable[str]) -> bool:
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

    def __init__(self, text: str, starts: str, needed: tuple[str, ...], folder: str) -> None:
        self._text, self._needed, self._folder = text, needed, folder
        self._runs_tests = _RUNS_TESTS.search(starts) is not None

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
    starts = " ".join((stage.image.start_line(), *_scripts(change, stage)))
    own = (step.instruction.text for step in stage.done_steps if step is not copy)
    return _Asked(
        " ".join((starts, *own)), starts, needed, posixpath.normpath(posixpath.join(copy.destination or "/", below))
    )


def _scripts(change: DockerfileChange, stage: Stage) -> Iterator[str]:
    for found in shipped(change):
        script = start_script(change, found, through_stages=True) if found.stage is stage else None
        if script is not None:
            yield script.text


def usual_surplus(change: DockerfileChange, builder: Stage, filled: Put) -> tuple[str, ...]:
    """Name what most source trees hold of it, as far as neither `.dockerignore` nor a builder takes it out."""
    way = brought_by(builder, filled)
    ignore = change.repository.dockerignore(change.path) if way[-1][1].kind == "context" else None
    kinds = {"tests": sorted(_TESTS - {"cypress"} | _SPECS), "documentation": sorted(_DOCUMENTATION)}
    return tuple(
        what
        for what, names in kinds.items()
        if not any(is_gone(way, name) or (ignore and ignore.excludes(f"{name}/x")) for name in names)
    )
