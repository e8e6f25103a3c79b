"""Whether a COPY brings a project's sources, and whether an install needs them."""

from __future__ import annotations

import posixpath
import re
from itertools import islice
from typing import TYPE_CHECKING

from rules.facts.installers import NODE_MANAGERS
from rules.lazily import once
from rules.model.puts import within
from rules.model.search_path import DEFAULT_PATH
from rules.packages.projects.texts import text_read

if TYPE_CHECKING:
    from rules.api import Copy, CopySource, DockerfileChange, Model, Stage
    from rules.copying.installs.calls import Install

_FEW = 4
"""Files of a context that is not worth a second COPY."""

_NOT_SOURCES = frozenset(
    "requirements reqs requirement deps dependencies config conf docker scripts script build-files package packages "
    "patches vendor wheels .yarn".split()
)
"""Folders that hold what an install reads and no program."""

_READ_BY_INSTALLS = frozenset("prisma bin tools types db schema".split())
"""Folders that a script of an install often reads: `prisma generate`, a tool that is built first."""

_HOOKS = re.compile(
    r'"(?:workspaces|preinstall|install|postinstall|prepare|prepublish|patchedDependencies)"\s*:'
    r'|"(?:file|link|portal|patch):'
)
"""What makes a JavaScript install read more than the manifest: workspaces, scripts, patches, parts of the same tree."""

_LOCAL_REQUIREMENT = re.compile(
    r"^[ \t]*(?:-[ \t]+)?(?:-e\s|--editable\b|\.{1,2}(?:/|\[|[ \t]*$)|file:|gemspec\b|eval_gemfile\b|require_relative\b"
    r"|path\s+[\"'])|\b(?:Dir(?:\.glob|\[)|instance_eval\b|File\.(?:read|exist))"
    r"|\bpath:\s*['\"]|:path\s*=>|\bapps_path:|\{[^}\n]{0,200}\bpath\s*=|=>\s*\.{1,2}/|\"type\":\s*\"path\"|\.ruby-version"
    r"|<module>|<systemPath>|<relativePath>\s*[^\s<]|\.tool-versions|\[tool\.uv\.workspace\]|\bworkspace\s*=\s*true",
    re.MULTILINE,
)
"""A requirement that is a folder of the same tree, or the gem that the tree is; a manifest that reads other files."""

_OF_ONE_PROJECT = frozenset({"composer.json", "go.mod", "mix.exs", "pom.xml", "pyproject.toml", "Package.swift"})
"""Manifests of which a tree has several where its projects need each other."""
_BESIDE = {
    "bundle": re.compile(r"\.gemspec$"),
    "pip": re.compile(r"(?:^|/)(?:requirements|constraints)[^/]*\.txt$|^requirements/"),
    **dict.fromkeys(("npm", "pnpm", "yarn", "bun"), re.compile(r"^patches/")),
}
"""What a manifest often reads besides."""

_MONOREPO = re.compile(
    r"(?<![\w./-])(?:turbo|lerna|nx)(?![\w./-])|--filter\b|--recursive\b|\bpnpm -r\b"
    r"|(?<![\w./-])(?:--workspaces?|pnpm-workspace\.yaml|workspaces?(?=\s+[a-z@]))(?![\w/-])"
    r"|(?<![\w-])(?:apps|packages)/[a-z][\w-]*(?:/|\s|$)"
)
"""What in a Dockerfile says that the install is one of several packages of the same tree."""

_BUNDLED = re.compile(r"/programs/server/|/node_modules/")
"""Where the manifests lie of a built Meteor bundle, whose install scripts read its other files, and of its modules."""

_WORKSPACES = frozenset({"pnpm-workspace.yaml", "lerna.json", "rush.json", "turbo.json", "nx.json"})


def brings_all(copy: Copy) -> bool:
    """Tell whether a COPY brings here and now all that it names of the context."""
    return copy.from_context and not (
        copy.deferred or copy.instruction.flag("exclude") or copy.instruction.flag("parents")
    )


def source_folder(copy: Copy) -> str | None:
    """Return the folder of sources that a COPY takes out of the context by name; `None` for anything else."""
    if not brings_all(copy) or len(copy.sources) != 1 or copy.sources[0].has_wildcard or copy.sources[0].is_remote:
        return None
    path = copy.source_path(copy.sources[0])
    name = posixpath.basename(path or "")
    if path is None or not name or "." in name or name.isupper() or _names_program(copy):
        return None
    return None if name in _NOT_SOURCES or name in _READ_BY_INSTALLS or name.startswith("requirement") else path


def _names_program(copy: Copy) -> bool:
    """Whether a COPY says how something is called in a folder of programs: `/usr/local/bin/agent`, a file then."""
    return posixpath.dirname(copy.destination or "") in DEFAULT_PATH and not copy.into_folder


def is_source_tree(change: DockerfileChange, stage: Stage, copy: Copy, install: Install) -> bool:
    """Tell whether a COPY brings the sources that lie around an install's manifests."""
    if not brings_all(copy):
        return False
    if copy.brings_context_root:
        return not _is_small(change, "")
    return any(_is_project_folder(change, stage, copy, source, install) for source in copy.sources)


def _is_project_folder(
    change: DockerfileChange, stage: Stage, copy: Copy, source: CopySource, install: Install
) -> bool:
    """Whether a source is the folder that holds the manifest, and nothing above copies the manifest by itself."""
    path = copy.source_path(source)
    if path is None or source.has_wildcard or source.is_remote or copy.has_flag("link"):
        return False
    name = posixpath.basename(path)
    if "." in name.strip(".") or name in _NOT_SOURCES or name.startswith("requirement") or name.isupper():
        return False
    manifest = install.manifests[0]
    if copy.destination is None or posixpath.dirname(manifest) != copy.destination:
        return False
    context = change.repository.context_of(change.path)
    at = posixpath.join(context or "", path, posixpath.basename(manifest))
    if context is None or change.repository.exists(at) is not True:
        return False
    return not _is_small(change, path) and not any(
        put.path == manifest and not put.tree and put.step is not copy for put in stage.files.covering(manifest)
    )


def _is_small(change: DockerfileChange, folder: str) -> bool:
    """Whether a folder of the context is known to hold only a few files."""
    files = change.repository.context_files(change.path)
    if files is None:
        return False
    inside = (name for name in files if not folder or name.startswith(f"{folder}/"))
    return sum(1 for _ in islice(inside, _FEW + 1)) <= _FEW


@once
def is_monorepo(model: Model) -> bool:
    """Tell whether the Dockerfile says that the project is several packages of one tree."""
    return _MONOREPO.search(model.code) is not None


def is_read(change: DockerfileChange, install: Install) -> bool:
    """Tell whether the manifest was read, so that what else an install needs is known."""
    return bool(_texts(change, install))


def _texts(change: DockerfileChange, install: Install) -> list[str]:
    texts = (text_read(change, install.run, path) for path in install.manifests)
    return [text for text in texts if text is not None]


def _is_of_several(change: DockerfileChange, install: Install) -> bool:
    """Whether the listing has what an install may read besides, and no manifest that was read says that it does not."""
    names = change.repository.context_names(change.path) or frozenset()
    if "go.work" in names and install.call.manager == "go":
        return True
    if install.call.manager in NODE_MANAGERS and "schema.prisma" in names:
        return "prisma generate" not in change.source.text  # Prisma's own package makes the client when installed
    if is_read(change, install):
        return False
    manifest = posixpath.basename(install.manifests[0])
    beside = _BESIDE.get(install.call.manager)
    files = change.repository.context_files(change.path) or ()
    named = [posixpath.basename(file) == manifest for file in files]
    if manifest in _OF_ONE_PROJECT and sum(named) > 1:
        return True
    others = (file for file, is_manifest in zip(files, named, strict=True) if not is_manifest)
    return beside is not None and any(map(beside.search, others))


_OUTPUTS = frozenset({"build", "dist", "out", "output"})
"""Folders of a project that its build makes."""


def _is_built(change: DockerfileChange, install: Install) -> bool:
    """Whether the manifest lies in a folder that the project's build makes, and not in the repository."""
    manifest = install.manifests[0]
    folder = posixpath.dirname(manifest)
    name, above = posixpath.basename(folder), posixpath.dirname(folder)
    puts = install.run.stage.files.covering(above)
    inside = any(put.tree and put.kind == "context" and within(above, put.path) for put in puts)
    files = change.repository.context_files(change.path) or ()
    ending = posixpath.join("/", name, posixpath.basename(manifest))
    return name in _OUTPUTS and inside and not any(f"/{file}".endswith(ending) for file in files)


def needs_sources(change: DockerfileChange, install: Install) -> bool:
    """Tell whether what is known of the manifests says that the install reads the project's tree."""
    text = "\n".join(_texts(change, install))
    if _is_of_several(change, install):
        return True
    if install.call.manager not in NODE_MANAGERS:
        return bool(_LOCAL_REQUIREMENT.search(text))
    if is_monorepo(change.after) or _BUNDLED.search(install.manifests[0]) or _is_built(change, install):
        return True
    if _HOOKS.search(text) or install.call.verb.startswith("workspaces"):
        return True
    files = change.repository.context_files(change.path) or ()
    if any(name in _WORKSPACES for name in files):
        return True
    manifests = [name for name in files if posixpath.basename(name) == "package.json"]
    return sum(name.count("/") for name in manifests) > 0 and "package.json" in manifests
