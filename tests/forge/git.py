"""Runs git, cut off from the machine's own configuration."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.forge.clock import Clock


_READING = frozenset(
    {"cat-file", "diff-tree", "for-each-ref", "ls-tree", "merge-base", "rev-list", "rev-parse", "show"}
)
_PEEL = "^{commit}"
_KNOWN: dict[tuple[str, ...], bytes] = {}


class GitError(Exception):
    """Git refused a command."""


class Git:
    """Git in one folder.

    Args:
        folder: Where it runs.
        clock: Dates what it writes.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self._current: dict[tuple[str, ...], bytes | GitError] = {}

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run git here, cut off from the machine's own configuration."""
        if arguments[0] not in _READING:
            self._current.clear()
        date = f"{int(self.clock.seconds())} +0000"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),  # noqa: TID251  git is found on it
            "LC_ALL": "C",
            "HOME": str(self.folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "dev",
            "GIT_AUTHOR_EMAIL": "dev@example.com",
            "GIT_COMMITTER_NAME": "forge",
            "GIT_COMMITTER_EMAIL": "forge@example.com",
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
        }
        done = subprocess.run(  # noqa: PLW1510  the code is looked at below, with git's own words
            ["git", *arguments], cwd=self.folder, env=environment, input=stdin, capture_output=True
        )
        if done.returncode:
            raise GitError(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def fixed(self, *arguments: str) -> bytes:
        """Run a command whose arguments name objects by full ids, once: its answer is the same in every repository."""
        if arguments not in _KNOWN:
            _KNOWN[arguments] = self.run(*arguments)
        return _KNOWN[arguments]

    def current(self, *arguments: str) -> bytes:
        """Run a command that only reads, once until another one may have written something.

        Raises:
            GitError: Git refuses it, or has refused it since then.
        """
        if arguments not in self._current:
            try:
                self._current[arguments] = self.run(*arguments)
            except GitError as refused:
                self._current[arguments] = refused
        known = self._current[arguments]
        if isinstance(known, GitError):
            raise GitError(*known.args)
        return known

    def resolve(self, name: str) -> str:
        """Return the commit that a ref, a full commit id or an abbreviation names."""
        return self.current(*_commit_asked(name)).decode().strip()

    def moving(self, ref: str, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a command that moves one full ref name and nothing else: what is known of the others stays known."""
        kept = {asked: answer for asked, answer in self._current.items() if _outlasts(asked, answer, ref)}
        done = self.run(*arguments, stdin=stdin)
        self._current = kept
        return done

    def stands_at(self, ref: str, commit: str) -> None:
        """Know where a full ref name has just been moved to."""
        self._current[_commit_asked(ref)] = commit.encode()


def _outlasts(asked: tuple[str, ...], answer: bytes | GitError, ref: str) -> bool:
    """Say whether an answer holds when a ref has moved: another full name's, or that a commit is there."""
    name = asked[-1].removesuffix(_PEEL)
    if asked != _commit_asked(name):
        return False
    return name != ref if name.startswith("refs/") else answer == name.encode() + b"\n"


def _commit_asked(name: str) -> tuple[str, ...]:
    return ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}{_PEEL}")
