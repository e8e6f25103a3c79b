"""What an install of dependencies reads besides its sources: manifests, lock files, settings; and who brings them."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rules.copying.installs.looked_up import LOOKED_UP, above
from rules.copying.source_trees.trees import is_monorepo
from rules.facts.installers import NODE_MANAGERS
from rules.model.filenames import is_pattern
from rules.model.puts import within
from rules.model.steps import Copy
from rules.packages.projects.files import in_repository, is_ignored
from rules.packages.versions.tools import has_modern_yarn
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.copying.installs.calls import Install
    from rules.model.puts import Put
    from rules.model.stage import Stage

NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
_YARN_SETTINGS = (".yarnrc.yml", ".yarn")
"""What Yarn 2 and later are made of: the settings name the release, its plugins and patches below `.yarn`."""
_READ_BESIDE = {
    "npm": (".npmrc",),
    "pnpm": (".npmrc", ".pnpmfile.cjs"),
    "yarn": (".yarnrc", ".npmrc"),
    "bun": (".npmrc", "bunfig.toml"),
    "bundle": (".ruby-version", ".tool-versions"),
    "dotnet": (
        "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", "nuget.config",
        "NuGet.Config", "NuGet.config",
    ),
}  # fmt: skip
"""Settings that managers read in the project's folder besides: registries, which language, shared properties."""
WRAPPER = "mvnw"
"""Maven's script in the project, which reads `.mvn/wrapper/` (Apache Maven Wrapper)."""
_BRINGS_YARN = re.compile(r"\bcorepack\b|\byarn set version\b")
_INCLUDES = re.compile(r"^[ \t]*(?:-r|--requirement|-c|--constraint)[ =]*([^\s#]+)", re.MULTILINE)
"""How a requirements file names another one, relative to itself."""


def manifests_named(change: DockerfileChange, copy: Copy, *installs: Install) -> str:
    """Name what installs read, as the build context has it."""
    names: dict[str, None] = {}
    for install in installs:
        if install.call.manager == "dotnet":  # a solution names further projects, each of which is read
            names["the project files (`*.csproj`)"] = None
        else:
            names.update(dict.fromkeys(map(quote, to_copy(change, copy, install))))
        names.update(dict.fromkeys(name for _, name in _companions(change, copy, install)))
        if install.call.manager in NODE_MANAGERS and change.before is not None and is_monorepo(change.before):
            names["the `package.json` of each workspace"] = None  # as the file had it before the change
    return listed(list(names), len(names))


def _companions(change: DockerfileChange, copy: Copy, install: Install) -> list[tuple[str, str]]:
    """Return the files besides its manifests that an install reads, each with what a sentence calls it.

    They lie beside the first manifest, and are named as the sources have them. Where the repository's listing is known,
    those that it has.
    """
    manifest = next(iter(to_copy(change, copy, install)), _in_sources(copy, install.manifests[0]))
    folder = posixpath.dirname(manifest)
    root = "" if copy.brings_context_root else _folder_of_sources(copy)
    files = change.repository.context_files(change.path) if root is not None else None
    known = None if files is None or root is None else _entries(files, posixpath.join(root, folder))
    found = []
    if install.call.manager == "npm" and len(install.manifests) == 1:
        first = posixpath.join(root or "", manifest)
        paths = {name: posixpath.join(root or "", folder, name) for name in NPM_LOCKS}
        locks = [name for name, path in paths.items() if not _is_absent(change, path, first)]
        found += [_named(folder, name) for name in locks if known is not None]
        found += [(NPM_LOCKS[0], "its lock file")] if known is None and locks else []
    if has_modern_yarn(install.run, install.call) or (
        install.call.manager == "yarn" and ".yarnrc.yml" in (known or ())
    ):
        unknown = _YARN_SETTINGS[:1] if _BRINGS_YARN.search(change.after.code) else _YARN_SETTINGS
        found += [_named(folder, name, sure=known is not None) for name in unknown if known is None or name in known]
    if install.call.program == WRAPPER:
        found += [(name, quote(posixpath.join(folder, name))) for name in (WRAPPER, ".mvn")]
    beside = _READ_BESIDE.get(install.call.manager, ())
    return [*found, *(_named(folder, name) for name in beside if name in (known or ()))]


def _named(folder: str, name: str, *, sure: bool = True) -> tuple[str, str]:
    shown = quote(posixpath.join(folder, name))
    return name, shown if sure or name != _YARN_SETTINGS[1] else f"{shown} (where there is one)"


def _entries(files: tuple[str, ...], folder: str) -> set[str]:
    """Return what lies in a folder of the context."""
    start = f"{folder.rstrip('/')}/" if folder else ""
    return {path[len(start) :].partition("/")[0] for path in files if path.startswith(start)}


def missing(change: DockerfileChange, stage: Stage, copy: Copy, install: Install) -> list[str]:
    """Name what an install reads and no COPY above brings by itself."""
    folder = posixpath.dirname(install.manifests[0])
    there = to_copy(change, copy, install)
    names = [name for name in install.manifests[1:] if _in_sources(copy, name) in there]
    wanted = [(name, quote(_in_sources(copy, name))) for name in names]
    if install.call.manager == "dotnet":
        wanted = []
    wanted += [(posixpath.join(folder, name), shown) for name, shown in _companions(change, copy, install)]
    return [shown for name, shown in wanted if copied_above(stage, copy, name) is None]


def to_copy(change: DockerfileChange, copy: Copy, install: Install) -> tuple[str, ...]:
    """Return the manifests that a COPY of their own can bring, as the sources have them.

    A lock file that the project does not have, or that `.dockerignore` keeps out, would stop the build; none is
    returned where that holds for the manifest itself.
    """
    names = [_in_sources(copy, path) for path in install.manifests]
    folder = "" if copy.brings_context_root else _folder_of_sources(copy)
    if folder is None:
        return tuple(names)
    names = _looked_up(change, folder, install, names)
    names += [inner for name in names for inner in included(change, folder, name) if inner not in names]
    first = posixpath.join(folder, names[0])
    there = [name for name in names if "*" in name or not _is_absent(change, posixpath.join(folder, name), first)]
    return tuple(there) if there[:1] == names[:1] else ()


def _looked_up(change: DockerfileChange, folder: str, install: Install, names: list[str]) -> list[str]:
    """Return manifests where the repository has them, for a tool that looks for them in the folders above as well."""
    first, repository = names[0], change.repository
    if LOOKED_UP.get(install.call.manager) != posixpath.basename(first):
        return names
    for path in (first, *above(first)):
        if any(map(repository.exists, repository.places_of(change.path, posixpath.join(folder, path)))):
            return [posixpath.join(posixpath.dirname(path), posixpath.basename(name)) for name in names]
    return names


def included(change: DockerfileChange, folder: str, name: str) -> list[str]:
    """Return what a requirements file reads besides, as the sources have it; only that which was read tells."""
    path = in_repository(change, posixpath.join(folder, name)) if name.endswith((".txt", ".in")) else None
    found = _INCLUDES.findall(change.repository.text(path) or "") if path is not None else ()
    paths = (
        posixpath.normpath(posixpath.join(posixpath.dirname(name), inner)) for inner in found if "://" not in inner
    )
    return [inner for inner in dict.fromkeys(paths) if not inner.startswith(("..", "/"))]


def _folder_of_sources(copy: Copy) -> str | None:
    paths = [copy.source_path(source) for source in copy.sources]
    return paths[0] if len(paths) == 1 and paths[0] is not None and "*" not in paths[0] else None


def _is_absent(change: DockerfileChange, path: str, manifest: str) -> bool:
    """Whether the build context is known to lack a file, or not to be given it.

    Where it is not known which folder that is, the manifest lies in one that it may be, and the file in none.
    """
    repository = change.repository
    if is_ignored(change, path):
        return True
    places = repository.places_of(change.path, path)
    if len(places) > 1 and not any(map(repository.exists, repository.places_of(change.path, manifest))):
        return False
    return bool(places) and all(repository.exists(place) is False for place in places)


def _in_sources(copy: Copy, manifest: str) -> str:
    """Return a manifest's path as the sources have it: `web/package.json`."""
    folder = copy.destination
    known = copy.brings_context_root and folder is not None and within(manifest, folder)
    return posixpath.relpath(manifest, folder) if known else posixpath.basename(manifest)


def copied_above(stage: Stage, copy: Copy, wanted: str) -> Copy | None:
    """Return the COPY above that brings a manifest by itself."""
    return next(
        (
            put.step
            for put in stage.files.puts
            if isinstance(put.step, Copy)
            and not put.whole
            and put.step is not copy
            and (put.step.stage is not stage or put.step.index < copy.index)
            and (put.path == wanted or _may_hold(put, wanted) or _matches(put, wanted))
        ),
        None,
    )


def _may_hold(put: Put, manifest: str) -> bool:
    """Whether a folder that is put may hold a manifest; what `*.sln` and `tsconfig.*` name are files."""
    if not put.tree or not within(manifest, put.path):
        return False
    pattern = posixpath.basename(put.source)
    if pattern == "*" or not is_pattern(pattern):
        return True
    folder, name = posixpath.split(manifest)
    return folder == put.path.rstrip("/") and fnmatchcase(name, pattern)


def _matches(put: Put, pattern: str) -> bool:
    """Whether what is put is a file that a pattern among the manifests names: `*.csproj`."""
    folder, name = posixpath.split(pattern)
    return "*" in name and within(put.path, folder) and fnmatchcase(posixpath.basename(put.source), name)
