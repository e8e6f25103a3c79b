"""How packages are named on a command line: what all managers have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.managers.calls import Package

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.shell.words import ShellWord

_URL = re.compile(r"[a-z][a-z0-9.-]*://", re.IGNORECASE)
_VCS = re.compile(r"(?:git|hg|svn|bzr)\+|git@|(?:git|ssh)://|https?://[^\s@]+\.git(?:[@#]|$)", re.IGNORECASE)
# A name with variables in it, up to what may begin a version; a leading `@` is part of a name.
_NAME = re.compile(r"@?(?:\$\{[^}]*+\}|\$\((?:[^()]|\([^()]*\))*+\)|`[^`]*`|[^=<>~!@: ])++")

_ANY_VERSION = re.compile(r"(?:[=~:@-]=?)?\*(?:\.\*)*")
_ANY_OF_NODE = re.compile(r"@[*xX](?:\.[*xX])*")
"""Where `x` stands for any number as well (npm, `semver`)."""


def special(word: ShellWord, files: Sequence[str]) -> Package | None:
    """Return the package when it is a repository, URL, path or variable; `None` when it is a name.

    Args:
        word: The operand.
        files: Suffixes of package files.
    """
    value = word.value
    if _VCS.match(value):
        return Package(value, None, word, "vcs")
    if _URL.match(value):
        return Package(value, None, word, "url")
    if value[:1] in "./~" or value.endswith(tuple(files)):
        return Package(value, None, word, "path")
    if "$" in value or "`" in value:
        return variable(word)
    return None


def variable(word: ShellWord) -> Package | None:
    """Return the package when a variable is part of its name; `None` when only its version comes from one."""
    match = _NAME.match(word.value)
    name = match.group() if match else word.value
    if "$" not in name and "`" not in name:
        return None
    return Package(name, word.value[len(name) :] or None, word, "variable")


def version_split(value: str, separator: re.Pattern[str]) -> tuple[str, str | None]:
    """Split a package's name from its version, which keeps the separator; one at the very start is no separator."""
    match = separator.search(value, 1)
    if match is None:
        return value, None
    return value[: match.start()].rstrip(), value[match.start() :]


def without_wildcard(package: Package, *, node: bool = False) -> Package:
    """Take a version that matches each there is for none: `curl=*`, which is written to please a linter.

    apt-get(8) fills a `*` like a shell does, and so do dnf(8), conda, Cargo and NuGet.

    Args:
        package: As its manager reads it.
        node: Whether it comes from npm's registry.
    """
    pattern = _ANY_OF_NODE if node else _ANY_VERSION
    return package._replace(version=None) if package.version and pattern.fullmatch(package.version) else package
