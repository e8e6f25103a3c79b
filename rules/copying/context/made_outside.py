"""Files of a build context that no repository holds: they are made, or fetched, before the image is built."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.dockerfile.dockerignore import Dockerignore
from rules.lazily import once
from rules.repository import yamls
from rules.repository.contexts import folders_around
from rules.repository.elsewhere import releasers
from rules.repository.workflow_steps import scripts_before_builds

if TYPE_CHECKING:
    from collections.abc import Container

    from rules.change import DockerfileChange
    from rules.repository import Repository
    from rules.repository.workflow_steps import Script

MADE_OUTSIDE = re.compile(
    r"(?:^|/)\.git(?:/|$)|(?:^|/)(?:dist|build|target|out|output|bin|_?output|publish|release|node_modules|vendor|artifacts?|generated|tmp|"
    r"\.next|\.output|coverage|site|public|_site|result|pkg|packages|rootfs|wheels?|dockerbuild|docker-build)(?:/|$)|"
    r"\.(?:jar|war|ear|whl|deb|rpm|apk|so|dll|exe|class|wasm|pyz|phar|node|tar|tgz|gz|xz|bz2|zip|bin|img|iso|crt|key|pem|p12|jks)$",
    re.IGNORECASE,
)
"""What a build makes, or somebody fetches, before the image is built."""

WRITES_SUMS = re.compile(r"\bgo[ \t]+(?:mod[ \t]+(?:tidy|download|vendor)|work[ \t]+sync|get)\b")
"""What writes the sums of Go's modules."""

OFTEN_IGNORED = (".lock", "-lock.json", "lock.yaml", ".lockb", ".env", ".local", ".log", ".db")
"""Files that many projects keep out of git, and make where they build."""

_DESCRIBES = re.compile(
    r"^\.github/workflows/[^/]+$|(?:^|/)(?:\.gitlab-ci\.ya?ml|(?:GNU)?[Mm]akefile|[Jj]ustfile|Taskfile\.ya?ml|Jenkinsfile|"
    r"\.travis\.yml|\.drone\.yml|azure-pipelines\.yml|bitbucket-pipelines\.yml|cloudbuild\.ya?ml|buildspec\.ya?ml|"
    r"[^/]*build[^/]*\.(?:sh|bash)|(?:rollup|webpack|esbuild|rspack|tsup|vite)\.config\.[^/]+|[^/]+\.mk)$"
)
"""Files that say what is done before an image is built, as far as they are read, and what a bundler makes."""
_BUNDLER = re.compile(r"(?:^|/)(?:rollup|webpack|esbuild|rspack|tsup)\.config\.[^/]+$")
_FETCHES = re.compile(r"actions/download-artifact")
_BUILDS = re.compile(r"\b(?:docker|podman|buildah|buildx|nerdctl|kaniko)\b|build-push-action")
_GLOBAL = re.compile(r"[ \t](?:-g|--global|--location=global)\b")
"""What installs a program of the machine, and writes nothing into a project."""
_GOES = re.compile(r"(?<![\w-])(?:cd|pushd)[ \t]|[ \t](?:--prefix|--cwd|--dir|--project|--directory|-C)\b")
_PARTS = re.compile(r"[;&|\n]")


def may_be_made_outside(change: DockerfileChange, path: str) -> bool:
    """Tell whether something may put a file into the build context before the image is built.

    So it is where git is told to ignore it, where a pipeline, a Make file, a bundler's settings or a script of a
    package.json name it, where a workflow fetches what another job made, where a bundler has settings that were not
    read, and where GoReleaser builds images, which makes a context of its own ("Docker Images", its documentation).

    Args:
        change: The change under review.
        path: In the build context.
    """
    repository = change.repository
    place = posixpath.join(repository.context_of(change.path) or "", path)
    return is_git_ignored(repository, place) or bool(releasers(repository)) or _is_named(repository, path)


def is_git_ignored(repository: Repository, path: str) -> bool:
    """Tell whether a `.gitignore` that was read keeps a path of the repository out of git."""
    ignores = _git_ignores(repository)
    around = (folder for folder in folders_around(path) if folder in ignores)
    return any(ignores[folder].excludes(path[len(folder) :].lstrip("/")) for folder in around)


@once
def _git_ignores(repository: Repository) -> dict[str, Dockerignore]:
    """The `.gitignore` files that were read, by their folders."""
    paths = [path for path in repository.files if posixpath.basename(path) == ".gitignore"]
    return {posixpath.dirname(path): Dockerignore.parse(_anchored(repository.text(path) or "")) for path in paths}


def _anchored(text: str) -> str:
    """Write git's patterns as Docker reads them: one without a slash matches in every folder ("gitignore")."""
    lines = []
    for line in text.splitlines():
        pattern = line.strip().removeprefix("!")
        negated = "!" if line.strip().startswith("!") else ""
        if pattern and not pattern.startswith("#"):
            lines.append(f"{negated}{pattern}" if "/" in pattern.rstrip("/") else f"{negated}**/{pattern}")
    return "\n".join(lines)


def _is_named(repository: Repository, path: str) -> bool:
    name = re.compile(rf"(?<![\w.-]){re.escape(posixpath.basename(path))}(?![\w-])")
    given = re.compile(rf"(?:out-?file|-o|>|--file)[ =]+[^\s\"']*{name.pattern}")
    manifests = (repository.text(one) or "" for one in repository.files if posixpath.basename(one) == "package.json")
    if any(given.search(text) for text in manifests):
        return True
    texts = _texts(repository)
    if path.endswith((".js", ".mjs", ".cjs")) and _has_unread_bundler(repository):
        return True
    return any(name.search(text) or (_FETCHES.search(text) and _BUILDS.search(text)) for text in texts)


def _has_unread_bundler(repository: Repository) -> bool:
    return any(_BUNDLER.search(path) for path in repository.listing or {} if path not in repository.files)


def is_made_where_images_are_built(
    change: DockerfileChange, commands: re.Pattern[str], folders: Container[str]
) -> bool:
    """Tell whether a file that builds images runs one of some commands too.

    A GitHub workflow shows more: the command has to run in the same job before the last image, and in one of the
    folders, unless it says where it goes in another way.

    Args:
        change: The change under review.
        commands: What they look like.
        folders: Of the repository, `` for its root.
    """
    repository = change.repository
    for path in _describing(repository):
        text = repository.text(path) or ""
        if not _BUILDS.search(text) or not commands.search(text):
            continue
        is_workflow = path.startswith(".github/workflows/")
        scripts = scripts_before_builds(yamls.read(repository.files[path]), _BUILDS) if is_workflow else None
        if scripts is None or any(_runs_there(script, commands, folders) for script in scripts):
            return True
    return False


def _runs_there(script: Script, commands: re.Pattern[str], folders: Container[str]) -> bool:
    """Whether a script runs one of them in one of the folders, or goes to a folder that is not looked for."""
    if script.folder is not None and script.folder not in folders and not _GOES.search(script.text):
        return False
    parts = _PARTS.split(script.text)
    return any(commands.search(part) and not _GLOBAL.search(part) for part in parts)


@once
def _describing(repository: Repository) -> tuple[str, ...]:
    return tuple(path for path in sorted(repository.files) if _DESCRIBES.search(path))


@once
def _texts(repository: Repository) -> list[str]:
    return [repository.text(path) or "" for path in _describing(repository)]
