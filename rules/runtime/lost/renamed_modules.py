"""Modules of the project that a change deletes or renames, and that a start command still imports."""

from __future__ import annotations

import posixpath
import re
import sys
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, Repository, quote
from rules.copying.context.made_outside import may_be_made_outside
from rules.repository.python_modules import module_files
from rules.runtime.programs.module_origins import MANIFEST, installed
from rules.runtime.starts.folders import module_named

if TYPE_CHECKING:
    from rules.api import DockerfileChange
    from rules.runtime.starts.instructions import Written


def renamed_module(change: DockerfileChange, found: Written, words: tuple[str, ...]) -> Problem | None:
    """Return the problem of a start that imports a module which the repository had before the change, and has no more.

    A package of that name may bring it where a manifest names one, or was not read.
    """
    module = module_named(words)
    if change.before is None or module is None or module.partition(".")[0] in sys.stdlib_module_names:
        return None
    then = _files(change.repository_before, module)
    if len(then) != 1 or _files(change.repository, module) or change.repository.exists(then[0]) is not False:
        return None
    if _may_be_package(change, module.partition(".")[0]) or may_be_made_outside(change, then[0]):
        return None
    return _problem(change, found, module, then[0])


def _files(repository: Repository, module: str) -> tuple[str, ...]:
    """Return the files that a module may be: of a package, which is imported and not started, its `__init__.py`."""
    return module_files(repository, module) or module_files(repository, f"{module}.__init__")


def _may_be_package(change: DockerfileChange, name: str) -> bool:
    """Whether a manifest has the name as a word of its own, or was not read, or an install names it."""
    word = re.compile(rf"(?<![\w.-]){re.escape(name).replace('_', '[-_]')}(?![\w.-])", re.IGNORECASE)
    manifests = (path for path in change.repository.listing or {} if MANIFEST.search(path))
    texts = [change.repository.text(path) for path in manifests]
    return any(text is None or word.search(text) for text in (*texts, *installed(change)))


def _problem(change: DockerfileChange, found: Written, module: str, then: str) -> Problem:
    name = posixpath.basename(then)
    before = change.repository_before
    new = [path for path in change.repository.by_name.get(name, ()) if before.exists(path) is False]
    way_out = f"It may be {quote(new[0])} now: name that." if len(new) == 1 else "Name the one that there is now."
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(module)}, and this change deletes or renames {quote(then)}, the only file "
        f"that it can be. The container exits: “No module named '{module}'”. {way_out}",
        Confidence.LIKELY,
        doubt="a package that is installed may bring a module of that name",
        stage=found.stage.key,
        key=module,
    )
