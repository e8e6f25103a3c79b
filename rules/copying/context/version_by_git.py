"""Whether a build, or the program, may ask git for the version of the project, and so needs its history there."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.copying.installs.calls import installs_in
from rules.dockerfile.nodes import is_dockerfile
from rules.model.packages import OS_MANAGERS
from rules.model.run_writes import is_opaque

if TYPE_CHECKING:
    from rules.api import Copy, DockerfileChange, Run, Stage

_VERSION_BY_GIT = re.compile(
    rb"setuptools[_-]scm|hatch-vcs|versioneer|versioningit|poetry-dynamic-versioning|dunamai|setuptools-git|flit_scm"
    rb"|pdm.{0,40}source *= *.scm|git-commit-id|gitversion|MinVer|vergen|shadow-rs|git describe|git rev-parse|git log"
    rb"|-buildvcs=true|\bpbr *= *True\b|[\"']pbr\b",
)
"""What asks git for the version of a project when it is built."""


def may_need_history(change: DockerfileChange, copy: Copy) -> bool:
    """Tell whether a RUN below a COPY of the whole context may ask git, and a file that was read says that it does."""
    return may_be_read(copy) and is_read_for_version(change)


def may_be_read(copy: Copy) -> bool:
    """Tell whether a RUN below a COPY builds the project or runs its own code, which may ask git for its version."""
    return any(run.at > copy.at and not _only_fetches(run) for run in copy.stage.done_runs)


def _only_fetches(run: Run) -> bool:
    """Whether a RUN does no more than install dependencies and packages of the system, and care for files."""
    fetches = {install.call.command.start for install in installs_in(run)}
    fetches |= {call.command.start for call in run.package_calls if call.manager in OS_MANAGERS}
    return run.is_read and all(not is_opaque(c) or c.start in fetches for c in run.commands)


_CALLS_GIT = re.compile(
    rb"[\[(][ \t]*[\"']git[\"'],[ \t]*[\"']|[\"'`(]git (?:describe|rev-parse|log|show|diff|status|branch|tag)\b"
    rb"|\bgit\.Repo\(|^[ \t]*from git import\b|[\"'](?:rugged|simple-git|nodegit)[\"']\)",
    re.MULTILINE,
)
"""How a program calls git, or a library that reads a repository."""
_OF_GIT = frozenset({"git", "pre-commit", "semantic-release", "commitlint", "gitleaks", "lint-staged", "release-it"})
"""Programs that work on a repository."""


def is_read_by_program(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether what the image starts may read the history: the start names such a program, or a file calls git.

    The files of pipelines, which lie in hidden folders, run elsewhere.
    """
    starts = (setting.value for setting in stage.image.start_command if setting.value is not None)
    if any(posixpath.basename(word) in _OF_GIT for start in starts for text in start.words for word in text.split()):
        return True
    files = change.repository.files.items()
    own = (text for path, text in files if not (path.startswith(".") or path.endswith(".md") or is_dockerfile(path)))
    return any(_CALLS_GIT.search(text) or _VERSION_BY_GIT.search(text) for text in own)


def is_read_for_version(change: DockerfileChange) -> bool:
    """Tell whether a file of the project that was read says that a build asks git for the version."""
    return any(_VERSION_BY_GIT.search(text) for text in change.repository.files.values())
