"""What the name of a path that is copied tells: a file, or what may be a folder."""

import posixpath
import re

_FILES = frozenset(
    "Appfile Berksfile Brewfile COPYING Caddyfile Containerfile Dockerfile Earthfile Fastfile Gemfile Guardfile "
    "Jenkinsfile Justfile LICENCE LICENSE Makefile NOTICE Pipfile Podfile Procfile README Rakefile Snakefile Taskfile "
    "Vagrantfile cpanfile gradlew justfile makefile mvnw".split()
)
"""Names without a dot that tools give to files, and that custom gives to texts (REUSE's folder is `LICENSES`)."""
_PROJECT = re.compile(r"[^.]\.[A-Z][a-z]\w*\Z")


def names_a_file(path: str) -> bool:
    """Tell whether a path ends in the name of a file: one with a dot inside, or one that a tool looks for.

    `Shop.Api` is the folder of a .NET project as likely as not.
    """
    name = posixpath.basename(path.rstrip("/"))
    return ("." in name.strip(".") and _PROJECT.search(name) is None) or name in _FILES
