"""What to read of a repository for one review: the Dockerfiles of the change, and a few files around them. Pure."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.forges.blobs import LINK, SUBMODULE
from rules import policy_file
from rules.dockerfile.nodes import is_dockerfile
from rules.repository import Repository, contexts
from rules.repository.named_files import named_files

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from bot.forges.base import ChangedFile, PullRequest
    from rules.policy import Policy

POLICY_PATHS: Final = (*policy_file.PATHS, *policy_file.HADOLINT_PATHS)
"""Where a repository keeps its policy, read from the tip of the base branch."""

MOST_DOCKERFILES: Final = 100
"""Dockerfiles of one review; the others are named in the summary as not reviewed."""
MOST_AROUND: Final = 40
"""Files around them. They are read all at once, and only once for as long as their content stays."""
MOST_NAMED: Final = 20
"""Further files that the Dockerfiles themselves name."""

MOST_MANIFESTS: Final = 5
"""Manifests of Kubernetes among them: what probes the container there, and as whom it may run."""
MOST_CHANGED_SCRIPTS: Final = 10
"""Shell scripts of the change among them."""

_SHELL_SCRIPTS: Final = (".sh", ".bash")
_DESCRIBES_BUILDS: Final = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml"
    r"|(?:\.config/)?\.?goreleaser\.ya?ml|heroku\.ya?ml|render\.ya?ml|fly(?:\.[\w-]+)?\.toml"
    r"|railway\.(?:toml|json)"
    r"|(?:[^/]+/)*(?:[^/]*compose[^/]*\.ya?ml|[^/]*bake[^/]*\.(?:hcl|json)|skaffold\.ya?ml|\.gitlab-ci\.yml|Makefile)"
)
_PASSES_ARGUMENTS: Final = re.compile(
    r"(?:[^/]+/)*(?:[^/]*(?:build|compil|docker|image|publish|release|test)[^/]*\.(?:sh|bash)"
    r"|[^/]*(?:build|docker|image|publish|release)[^/]*\.py|Jenkinsfile|[Jj]ustfile|Taskfile\.ya?ml"
    r"|\.travis\.yml|\.drone\.yml|\.woodpecker(?:/[^/]+)?\.ya?ml|azure-pipelines\.yml|bitbucket-pipelines\.yml"
    r"|cloudbuild\.ya?ml|buildspec\.ya?ml)"
)
"""Scripts and pipelines that build images: not all are understood, and all may name an argument that they pass."""
_NAMES_WHO_WORKS_THERE: Final = "devcontainer.json"
_EDITORS_FOLDER: Final = ".devcontainer"
_DESCRIBES_THE_PROGRAM: Final = (
    "action.yml",
    "action.yaml",
    "package.json",
    "pyproject.toml",
    ".python-version",
    ".nvmrc",
    ".node-version",
    ".npmrc",
    ".gitignore",
    ".ruby-version",
    "Cargo.toml",
    "Gemfile",
    "composer.json",
    "global.json",
    "go.mod",
    "pnpm-workspace.yaml",
    "requirements.txt",
    "rust-toolchain.toml",
    "setup.cfg",
    "setup.py",
    ".yarnrc",
    ".yarnrc.yml",
    "bunfig.toml",
)
_RUNS_THE_IMAGE: Final = re.compile(
    r"(?:[^/]+/)*(?:(?:k8s|kubernetes)/[^/]+|(?:[\w.-]+-)?(?:deployment|statefulset|daemonset|pod)|values)\.ya?ml"
)
"""Manifests of Kubernetes and the values of a Helm chart, by the names that most have."""
_STARTS_THE_PROGRAM: Final = re.compile(r"[^/]*entrypoint[^/]*|(?:start|run|init|boot)[^/]*\.sh")
_SCRIPT_FOLDERS: Final = frozenset({"docker", "scripts", "bin", "deploy", ".docker", "build"})
_WORKFLOWS: Final = ".github/workflows"
_UNREAD_MODES: Final = (LINK, SUBMODULE)

ROUNDS: Final = 2
"""How often named files are looked for: those that a Dockerfile names may name others in turn."""


class Wanted(NamedTuple):
    """Paths to be read.

    Attributes:
        dockerfiles: At head, those to be reviewed.
        after: All of them at head, the files around included.
        before: At the merge base: what the change touches of them, under its path there.
        skipped: Dockerfiles of the change beyond the cap.
    """

    dockerfiles: tuple[str, ...]
    after: tuple[str, ...]
    before: tuple[str, ...]
    skipped: tuple[str, ...] = ()

    def further(
        self, pull_request: PullRequest, files: Mapping[str, bytes], listing: Mapping[str, int] | None
    ) -> Wanted:
        """Return what to read besides, now that the Dockerfiles are read: the files that they name.

        Args:
            pull_request: With the files of the change.
            files: What was read at head.
            listing: The paths at head with their modes, as far as they are known.
        """
        after = tuple(further(self.dockerfiles, files, listing))
        before = tuple(file.old_path for file in pull_request.files if _was_there(file) and file.path in after)
        return self._replace(after=after, before=before)

    def with_further(self, more: Wanted) -> Wanted:
        """Return both together."""
        return self._replace(after=(*self.after, *more.after), before=(*self.before, *more.before))

    def unchanged(self, pull_request: PullRequest) -> Iterator[str]:
        """Give the paths whose content is the same at the merge base and at head."""
        touched = {file.path for file in pull_request.files}
        return (path for path in self.after if path not in touched)


def wanted(pull_request: PullRequest, listing: Mapping[str, int] | None, policy: Policy) -> Wanted:
    """Choose what a review reads.

    Args:
        pull_request: With the files of the change.
        listing: The paths at head with their modes, as far as they are known; without it only fixed names are tried.
        policy: Which further files are Dockerfiles, and which are never reviewed.
    """
    chosen = list(_dockerfiles(pull_request.files, listing, policy))
    dockerfiles, skipped = chosen[:MOST_DOCKERFILES], chosen[MOST_DOCKERFILES:]
    nearby = [*_changed_scripts(pull_request.files, listing), *around(dockerfiles, listing)] if dockerfiles else []
    after = tuple(dict.fromkeys([*dockerfiles, *list(dict.fromkeys(nearby))[:MOST_AROUND]]))
    return Wanted(tuple(dockerfiles), after, tuple(_before(pull_request.files, after)), tuple(skipped))


def around(dockerfiles: Iterable[str], listing: Mapping[str, int] | None, most: int = MOST_AROUND) -> list[str]:
    """Return the files around Dockerfiles that a review reads, the most telling and the nearest first.

    Args:
        dockerfiles: Paths of those to be reviewed.
        listing: Paths with their modes, as far as they are known; without it only fixed names are given.
        most: Paths to return at most.
    """
    folders = list(dict.fromkeys(folder for path in dockerfiles for folder in contexts.folders_around(path)))
    ignores = [f"{path}.dockerignore" for path in dockerfiles]
    ignores += [posixpath.join(folder, ".dockerignore") for folder in folders]
    if listing is None:
        names = [posixpath.join(folder, name) for folder in folders for name in _DESCRIBES_THE_PROGRAM]
        return [*ignores, *names][:most]
    at_hand = set(folders)
    near = [path for path in listing if posixpath.dirname(path) in at_hand]
    builds = sorted(filter(_DESCRIBES_BUILDS.fullmatch, listing), key=_depth_first)
    candidates = [
        *(path for path in ignores if path in listing),
        *(path for path in near if posixpath.basename(path) in _DESCRIBES_THE_PROGRAM),
        *builds,
        *(path for path in listing if _starts_the_program(path, at_hand)),
        *(path for path in near if _PASSES_ARGUMENTS.fullmatch(path)),
        *(path for path in near if posixpath.basename(path) == _NAMES_WHO_WORKS_THERE),
        *(path for path in map(_editors_settings, folders) if path in listing),
        *sorted(filter(_RUNS_THE_IMAGE.fullmatch, listing), key=_depth_first)[:MOST_MANIFESTS],
    ]
    regular = (path for path in dict.fromkeys(candidates) if listing[path] not in _UNREAD_MODES)
    return list(regular)[:most]


def further(
    dockerfiles: Iterable[str], files: Mapping[str, bytes], listing: Mapping[str, int] | None, most: int = MOST_NAMED
) -> list[str]:
    """Return the files that Dockerfiles name and that are not read yet; none without a listing.

    Args:
        dockerfiles: Paths of those to be reviewed.
        files: What was read so far.
        listing: Paths with their modes, as far as they are known.
        most: Paths to return at most.
    """
    repository = Repository(files, listing)
    named = (path for dockerfile in dockerfiles for path in named_files(repository, dockerfile))
    fresh = dict.fromkeys(path for path in named if path not in files)
    return [path for path in fresh if listing is not None and listing[path] not in _UNREAD_MODES][:most]


def folders_around(paths: Iterable[str]) -> list[str]:
    """Return the folders in which a review looks for the files around, where a tree is too large to be listed whole.

    Args:
        paths: What the change touches; the folders of Dockerfiles come first, and of each the nearest.
    """
    ordered = sorted(paths, key=lambda path: (not is_dockerfile(path), path))
    return list(
        dict.fromkeys(["", *(folder for path in ordered for folder in contexts.folders_around(path)), _WORKFLOWS])
    )


def is_script_folder(path: str) -> bool:
    """Tell whether a folder is named like one that holds the scripts of the Dockerfile beside it."""
    return posixpath.basename(path) in _SCRIPT_FOLDERS


def _changed_scripts(files: Iterable[ChangedFile], listing: Mapping[str, int] | None) -> list[str]:
    """Return the shell scripts of the change, whatever they are called: the container may start through one."""
    there = (file.path for file in files if file.status != "removed" and file.path.endswith(_SHELL_SCRIPTS))
    chosen = (path for path in there if listing is None or listing.get(path) not in (None, *_UNREAD_MODES))
    return sorted(chosen, key=_depth_first)[:MOST_CHANGED_SCRIPTS]


def _dockerfiles(files: Iterable[ChangedFile], listing: Mapping[str, int] | None, policy: Policy) -> Iterator[str]:
    """Give each Dockerfile once: the changed ones, then those whose ignore file changed."""
    there = [file for file in files if file.status != "removed"]
    changed = sorted(file.path for file in there if policy.reviews(file.path))
    ignores = [file.path for file in files if _is_ignore_file(file.path)]
    known = sorted(path for path in listing or () if policy.reviews(path)) if ignores else []
    hit = (path for path in known if any(_governs(ignore, path) for ignore in ignores))
    yield from dict.fromkeys([*changed, *hit])


def _is_ignore_file(path: str) -> bool:
    return path.endswith(".dockerignore")


def _governs(ignore: str, dockerfile: str) -> bool:
    """Tell whether an ignore file may be the one in force for a Dockerfile: its own, or one of a folder around it."""
    if posixpath.basename(ignore) != ".dockerignore":
        return ignore == f"{dockerfile}.dockerignore"
    folder = posixpath.dirname(ignore)
    return not folder or dockerfile.startswith(f"{folder}/")


def _starts_the_program(path: str, folders: Container[str]) -> bool:
    """Tell whether a file is named like a start script, in a folder of a Dockerfile or the usual one below it."""
    if not _STARTS_THE_PROGRAM.fullmatch(posixpath.basename(path)):
        return False
    folder = posixpath.dirname(path)
    usual = posixpath.basename(folder) in _SCRIPT_FOLDERS and posixpath.dirname(folder) in folders
    return folder in folders or usual


def _editors_settings(folder: str) -> str:
    """Return where an editor looks for the container in which a folder is worked on."""
    return posixpath.join(folder, _EDITORS_FOLDER, _NAMES_WHO_WORKS_THERE)


def _depth_first(path: str) -> tuple[int, str]:
    return path.count("/"), path


def _before(files: Iterable[ChangedFile], after: Iterable[str]) -> Iterator[str]:
    """Give the old paths of the files that are read and touched by the change."""
    read = set(after)
    for file in files:
        if _was_there(file) and file.path in read:
            yield file.old_path
        elif file.status == "removed" and (is_dockerfile(file.path) or _is_ignore_file(file.path)):
            yield file.path


def _was_there(file: ChangedFile) -> bool:
    """Tell whether a file of the head was there before the change touched it."""
    return file.status in ("modified", "renamed", "copied")
