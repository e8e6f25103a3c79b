"""What the name of a path that is copied tells: a file, what may be a folder, or a pattern."""

import posixpath
import re

_FILES = frozenset(
    "Appfile Berksfile Brewfile COPYING Caddyfile Containerfile Dockerfile Earthfile Fastfile Gemfile Guardfile "
    "Jenkinsfile Justfile LICENCE LICENSE Makefile NOTICE Pipfile Podfile Procfile README Rakefile Snakefile Taskfile "
    "Vagrantfile cpanfile gradlew justfile makefile mvnw".split()
)
"""Names without a dot that tools give to files, and that custom gives to texts (REUSE's folder is `LICENSES`)."""
_PATTERN = re.compile(r"[*?\[]")
_PROJECT = re.compile(r"[^.]\.[A-Z][a-z]\w*\Z")


def names_a_file(path: str) -> bool:
    """Tell whether a path ends in the name of a file: one with a dot inside, or one that a tool looks for.

    `Shop.Api` is the folder of a .NET project as likely as not.
    """
    name = posixpath.basename(path.rstrip("/"))
    return ("." in name.strip(".") and _PROJECT.search(name) is None) or name in _FILES


def is_pattern(path: str) -> bool:
    """Tell whether a path is a pattern, as sources of COPY and lines of an ignore file are (Go, `filepath.Match`)."""
    return _PATTERN.search(path) is not None


def folder_looked_into(pattern: str) -> str:
    """Return the folder above the first mark of a pattern; empty where that stands in the first part."""
    return posixpath.dirname(_PATTERN.split(pattern, maxsplit=1)[0])
