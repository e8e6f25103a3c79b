"""Which files `.dockerignore` keeps out of a build, exactly as BuildKit decides.

The reference is moby/patternmatcher (`patternmatcher.go`, `ignorefile.go`) as BuildKit uses it while it walks the
context: `MatchesUsingParentResults`. It is not `.gitignore`: `node_modules` does not exclude `web/node_modules`, the
last line that matches wins, and `!` brings a file back from an excluded folder.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.ignore_pattern import BadPatternError, Matcher, compiled

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

_BOM = "\ufeff"


class IgnorePattern(NamedTuple):
    """One line that is no comment.

    Attributes:
        line: Its number in the file, from 1.
        text: The cleaned pattern, without `!`.
        negated: Whether it brings files back (`!`).
    """

    line: int
    text: str
    negated: bool


class IgnoreFault(NamedTuple):
    """A line that makes every build fail.

    Attributes:
        line: Its number in the file, from 1.
        message: What is wrong with it.
    """

    line: int
    message: str


class _Verdict(NamedTuple):
    """What became of one path: which patterns matched, and which of them had the last word."""

    matched: frozenset[int]
    last: int | None
    excluded: bool


@dataclass(frozen=True, eq=False)
class Dockerignore:
    """The patterns of one `.dockerignore`.

    Attributes:
        patterns: The patterns in the order of the file.
        faults: Lines that Docker refuses; they are left out of `patterns`.
    """

    patterns: tuple[IgnorePattern, ...] = ()
    faults: tuple[IgnoreFault, ...] = ()
    _matchers: tuple[Matcher, ...] = field(default=(), repr=False)
    _plain: Mapping[str, list[int]] = field(default_factory=dict, repr=False)
    _wild: tuple[int, ...] = field(default=(), repr=False)
    _verdicts: dict[str, _Verdict] = field(default_factory=dict, repr=False)

    @classmethod
    @lru_cache(maxsize=4)  # several rules ask for the same file
    def parse(cls, text: str) -> Dockerignore:
        """Read the text of an ignore file; never raises."""
        patterns: list[IgnorePattern] = []
        faults: list[IgnoreFault] = []
        matchers: list[Matcher] = []
        for number, line in enumerate(text.removeprefix(_BOM).split("\n"), start=1):
            pattern = _read(number, line)
            if pattern is None:
                continue
            try:
                matchers.append(compiled(pattern.text))
            except BadPatternError as error:
                faults.append(IgnoreFault(number, str(error)))
            else:
                patterns.append(pattern)
        plain: dict[str, list[int]] = {}
        for index, pattern in enumerate(patterns):
            if not _is_wild(pattern.text):
                plain.setdefault(pattern.text, []).append(index)
        wild = tuple(index for index, pattern in enumerate(patterns) if _is_wild(pattern.text))
        return cls(tuple(patterns), tuple(faults), tuple(matchers), plain, wild)

    def excludes(self, path: str) -> bool:
        """Tell whether a file or folder of the context stays out of the build.

        Args:
            path: Relative to the context root, with forward slashes.
        """
        return self._verdict(_cleaned(path)).excluded

    def matching_line(self, path: str) -> int | None:
        """Return the line that decides about a path: the last one that matches it or a folder above it.

        Returns:
            The line's number, from 1; `None` where no line speaks about the path.
        """
        last = self._verdict(_cleaned(path)).last
        return None if last is None else self.patterns[last].line

    def _verdict(self, path: str) -> _Verdict:
        if path == ".":
            return _Verdict(frozenset(), None, excluded=False)
        folders = path.split("/")
        verdict: _Verdict | None = None
        for depth in range(1, len(folders) + 1):
            at = "/".join(folders[:depth])
            known = self._verdicts.get(at)
            if known is None:
                known = self._judge(at, verdict)
                if depth < len(folders):
                    self._verdicts[at] = known
            verdict = known
        assert verdict is not None, "a path has at least one component"
        return verdict

    def _judge(self, path: str, parent: _Verdict | None) -> _Verdict:
        """Match one path, given what became of its folder.

        A pattern that cannot change the verdict is not tried, so that it does not count below this path either.
        """
        above = parent.matched if parent is not None else frozenset()
        matched: list[int] = []
        excluded = False
        for index in sorted({*above, *self._plain.get(path, ()), *self._wild}):
            negated = self.patterns[index].negated
            if index in above or (negated == excluded and self._matchers[index](path)):
                excluded = not negated
                matched.append(index)
        return _Verdict(frozenset(matched), matched[-1] if matched else None, excluded)


def _is_wild(pattern: str) -> bool:
    return any(mark in pattern for mark in "*?[]\\")


def applicable(paths: Container[str], dockerfile: str, context: str | None = None) -> str | None:
    """Return the ignore file that a build uses.

    `<Dockerfile>.dockerignore` beside the Dockerfile comes before `.dockerignore` in the context's root.

    Args:
        paths: The files of the repository.
        dockerfile: The Dockerfile's path.
        context: The folder that is the context, empty for the repository's root; `None` where it is not known: then
            the Dockerfile's folder is taken if it has an ignore file, else the repository's root.

    Returns:
        The path of the ignore file, or `None` where there is none.
    """
    return next((path for path in candidates(dockerfile, context) if path in paths), None)


def candidates(dockerfile: str, context: str | None = None) -> tuple[str, ...]:
    """Return the paths where the ignore file of a build may be, the one that wins first."""
    folders = (posixpath.dirname(dockerfile), "") if context is None else (context,)
    shared = (posixpath.join(folder, ".dockerignore") for folder in folders)
    return tuple(dict.fromkeys((f"{dockerfile}.dockerignore", *shared)))


def _read(number: int, line: str) -> IgnorePattern | None:
    """Clean one line as `ignorefile.ReadAll` does; `None` for a comment or an empty line."""
    text = line.removesuffix("\r")
    if text.startswith("#"):
        return None
    text = text.strip()
    if not text:
        return None
    negated = text[0] == "!"
    pattern = text[1:].strip() if negated else text
    if pattern:
        pattern = _cleaned(pattern)
        if len(pattern) > 1:
            pattern = pattern.removeprefix("/")
    return IgnorePattern(number, pattern, negated)


def _cleaned(path: str) -> str:
    """Clean a path as Go's `filepath.Clean` does."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned
