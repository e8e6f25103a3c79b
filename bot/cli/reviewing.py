"""`hullcheck check` and `hullcheck review`: folders in, findings out."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Final, TextIO

import rules
from bot.cli import json, manual, sarif, text, trees
from bot.cli.faults import UsageFault
from bot.cli.outcome import Outcome, merged, renamed
from rules.dockerfile.nodes import is_dockerfile
from rules.policy import DEFAULT, Policy
from rules.problem import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

FORMATS: Final = {"text": text.write, "json": json.write, "sarif": sarif.write}
THRESHOLDS: Final = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "never": None,
}
CONTEXT: Final = (
    ".hullcheck.yaml",
    ".hadolint.yaml",
    "*.dockerignore",
    "*compose*.y*ml",
    "*bake*.hcl",
    "*bake*.json",
    "skaffold.y*ml",
    "Makefile",
    "package.json",
    "pyproject.toml",
    ".python-version",
    ".nvmrc",
    "go.mod",
    "*.sh",
    "*entrypoint*",
)
"""Names of the files around a Dockerfile that a review reads."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the two commands share.

    Attributes:
        form: A key of `FORMATS`.
        fail_on: A key of `THRESHOLDS`.
        enable: Rules to switch on, by id or another linter's.
        ships: Stages that are built as targets.
        policy: A file to use instead of the tree's own.
        today: What end-of-life rules go by.
    """

    form: str
    fail_on: str
    enable: tuple[str, ...]
    ships: tuple[str, ...]
    policy: Path | None
    today: date


def check(paths: Sequence[Path], options: Options, out: TextIO) -> bool:
    """Review Dockerfiles as they stand; print the findings and say whether one reaches the threshold.

    Args:
        paths: Dockerfiles, and folders with Dockerfiles below them.
        options: How.
        out: Where to.

    Raises:
        UsageFault: A path does not exist or holds no Dockerfile, there is no such rule, the policy is no use.
    """
    by_root: dict[Path, list[Path]] = {}
    for path in paths:
        by_root.setdefault(trees.root_of(path), []).append(path)
    return _print(merged(_check(root, chosen, options) for root, chosen in by_root.items()), options, out)


def review(before: Path, after: Path, options: Options, out: TextIO) -> bool:
    """Review the change from one folder to another; otherwise as `check`.

    Raises:
        UsageFault: As for `check`.
    """
    old, new = (trees.read(folder, lambda path: is_dockerfile(path) or _context(path)) for folder in (before, after))
    return _print(_outcome(old.files, new, options, DEFAULT), options, out)


def _check(root: Path, paths: Iterable[Path], options: Options) -> Outcome:
    below = [_below(path, root) for path in paths]
    named = tuple(name for path, name in zip(paths, below, strict=True) if path.is_file())

    def chosen(path: str) -> bool:
        return path in named or (is_dockerfile(path) and any(_is_in(path, folder) for folder in below))

    folder = trees.read(root, lambda path: chosen(path) or (_context(path) and not is_dockerfile(path)))
    for path, name in zip(paths, below, strict=True):
        if not any(_is_in(each, name) and chosen(each) for each in (*folder.files, *folder.unread)):
            raise UsageFault(f"{path}: no Dockerfile lies below this folder. Name one, whatever it is called.")
    outcome = _outcome({}, folder, options, replace(DEFAULT, paths=named))
    return renamed(outcome, lambda path: _shown(root / path))


def _outcome(before: Mapping[str, bytes], after: trees.Folder, options: Options, policy: Policy) -> Outcome:
    enable = tuple(rule.id for name in options.enable for rule in manual.found(name))
    report = rules.review(
        before,
        after.files,
        listing=after.listing,
        ships=options.ships,
        policy=policy,
        today=options.today,
        enable=enable,
    )
    return Outcome(report, after.files, after.unread)


def _print(outcome: Outcome, options: Options, out: TextIO) -> bool:
    FORMATS[options.form](outcome, out)
    return outcome.reaches(THRESHOLDS[options.fail_on])


def _context(path: str) -> bool:
    name = path.rpartition("/")[2]
    return any(fnmatch(name, pattern) for pattern in CONTEXT) or path.startswith(".github/workflows/")


def _below(path: Path, root: Path) -> str:
    return "" if path.resolve() == root else path.resolve().relative_to(root).as_posix()


def _is_in(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _shown(path: Path) -> str:
    """Return the path as a reader in the working directory would write it."""
    return min(os.path.relpath(path), str(path), key=len)
