"""The repository around a Dockerfile, as far as it was read."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rules.dockerfile.dockerignore import Dockerignore
from rules.dockerfile.nodes import is_dockerfile
from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.repository.builds import Build, builds_in, builds_of_scripts
from rules.repository.composed import started_by_overrides
from rules.repository.contexts import context_by_sources, folders_around, is_built_from_above
from rules.repository.devcontainers import built_by_editors
from rules.repository.extraction import taken_apart
from rules.repository.hosting import is_hosting
from rules.repository.services import Service, services_in
from rules.repository.templates import is_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.dockerfile.nodes import Dockerfile

_WORD = re.compile(rb"\w+")
_SOURCE_ARCHIVE = "PKG-INFO"
"""What the root of a Python source archive has, from whose build it comes (PyPA, "Source distribution format")."""
_LINK, _SUBMODULE = 0o120000, 0o160000  # as git writes them


@dataclass(eq=False)
class Repository:
    """Files and names at one commit.

    Attributes:
        files: Path to bytes, for what was read.
        listing: Every path with its git mode; `None` when not known. Only from it may a file's absence be concluded.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    listing: Mapping[str, int] | None = None
    _parsed: dict[str, Dockerfile] = field(default_factory=dict, init=False, repr=False)
    _told: dict[str, str | None] = field(default_factory=dict, init=False, repr=False)
    _contexts: dict[str, tuple[str, ...] | None] = field(default_factory=dict, init=False, repr=False)
    _names: dict[str, frozenset[str] | None] = field(default_factory=dict, init=False, repr=False)
    _words: dict[str, frozenset[bytes]] = field(default_factory=dict, init=False, repr=False)
    _given: dict[str, defaultdict[str, set[str | None]]] = field(default_factory=dict, init=False, repr=False)

    def exists(self, path: str) -> bool | None:
        """Tell whether a file or folder exists; `None` when the listing is not known, or it may be kept elsewhere."""
        path = path.strip("/")
        if path in self.files or path in ("", "."):
            return True
        if self.listing is None:
            return True if any(name.startswith(f"{path}/") for name in self.files) else None
        if path in self.listing or path in self.folders:
            return True
        return None if self._is_kept_elsewhere(path) else False

    def _is_kept_elsewhere(self, path: str) -> bool:
        """Whether a submodule or what a link leads to may hold it, or a source archive of Python's leaves it out."""
        modes = self.listing or {}
        linked = any(modes.get(folder) in (_LINK, _SUBMODULE) for folder in folders_around(path))
        return linked or _SOURCE_ARCHIVE in modes

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder of the listing."""
        found: set[str] = set()
        for path in self.listing or {}:
            for folder in folders_around(path):
                if folder in found:
                    break
                found.add(folder)
        return frozenset(found - {""})

    @cached_property
    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """The files of the listing by their last name."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for path in self.listing or {}:
            found[posixpath.basename(path)].append(path)
        return {name: tuple(paths) for name, paths in found.items()}

    def mode(self, path: str) -> int | None:
        """Return a file's git mode, such as `0o100755`; `None` when not known."""
        return self.listing.get(path) if self.listing is not None else None

    def text(self, path: str) -> str | None:
        """Return a file's text if it was read; bytes that are not UTF-8 become replacement characters."""
        data = self.files.get(path)
        return data.decode("utf-8", "replace") if data is not None else None

    def parsed(self, path: str) -> Dockerfile:
        """Return a Dockerfile that was read, parsed.

        Raises:
            KeyError: It was not read.
        """
        if path not in self._parsed:
            self._parsed[path] = parse(Source.decode(path, self.files[path]))
        return self._parsed[path]

    @cached_property
    def builds(self) -> tuple[Build, ...]:
        """What compose, bake, workflow, skaffold, Make and hosting platforms' files of the repository build."""
        return tuple(build for path in sorted(self.files) for build in builds_in(path, self.files[path], self.files))

    def builds_of(self, dockerfile: str) -> tuple[Build, ...]:
        """Return the builds of one Dockerfile."""
        return self._builds_by_file.get(dockerfile, ())

    @cached_property
    def _builds_by_file(self) -> dict[str, tuple[Build, ...]]:
        found: dict[str, list[Build]] = {}
        for build in self.builds:
            found.setdefault(build.dockerfile, []).append(build)
        return {dockerfile: tuple(builds) for dockerfile, builds in found.items()}

    @cached_property
    def built_by_editors(self) -> frozenset[str]:
        """The Dockerfiles of containers that an editor makes to work in."""
        return frozenset(built_by_editors(self.files))

    def starts_otherwise(self, dockerfile: str) -> bool:
        """Tell whether a file starts another command in an image than the image's own, and not that one besides.

        Two services of a hosting platform's file may be built alike, one with a command: the other starts the image as
        it is. Of a compose file that is not known, since another one may give the service a command.
        """
        builds = self.builds_of(dockerfile)
        given = {(build.path, build.target) for build in builds if build.command}
        own = {(one.path, one.target) for one in builds if not one.command and is_hosting(one.path)}
        return bool(given - own)

    @cached_property
    def started_by_overrides(self) -> frozenset[str]:
        """The Dockerfiles of services to which a compose file that is laid over another one gives a command."""
        return started_by_overrides(self.files)

    def is_taken_apart(self, dockerfile: str) -> bool:
        """Tell whether scripts copy files out of the image, and no other file builds it: nobody starts or pulls it."""
        scripts = self._taken_apart.get(dockerfile, set())
        return bool(scripts) and all(build.path in scripts for build in self.builds_of(dockerfile))

    @cached_property
    def _taken_apart(self) -> dict[str, set[str]]:
        return taken_apart(self.files)

    def gives_otherwise(self, dockerfile: str, name: str, default: str | None) -> bool:
        """Tell whether a build of a Dockerfile gives an argument another value than its default."""
        if dockerfile not in self._given:
            found = self._given[dockerfile] = defaultdict(set)
            for args in self.arguments_of(dockerfile):
                for given, value in args.items():
                    found[given].add(value)
        return not self._given[dockerfile].get(name, set()) <= {None, "", default}

    def arguments_of(self, dockerfile: str) -> tuple[Mapping[str, str | None], ...]:
        """Return the arguments that each build of a Dockerfile passes, by name, the calls in shell scripts included."""
        return tuple(build.args for build in (*self.builds, *self.calls) if build.dockerfile == dockerfile)

    @cached_property
    def calls(self) -> tuple[Build, ...]:
        """The builds that shell scripts call, with the arguments that they pass."""
        return tuple(build for build in builds_of_scripts(self.files) if build.dockerfile in self.files)

    def is_named_beside(self, dockerfile: str, name: str) -> bool:
        """Tell whether a file that was read, and is no Dockerfile, holds a name: its build may pass the argument.

        How a build that no rule can read is described, a pipeline or a script, does not matter then.
        """
        if dockerfile not in self._words:
            others = (path for path in self.files if path != dockerfile and not is_dockerfile(path))
            self._words[dockerfile] = frozenset(word for path in others for word in _WORD.findall(self.files[path]))
        return name.encode() in self._words[dockerfile]

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """The services of compose files that give their containers what root alone has use for."""
        return tuple(service for path in sorted(self.files) for service in services_in(path, self.files[path]))

    def context_of(self, dockerfile: str) -> str | None:
        """Return the folder that is the build context: `` for the repository's root; `None` when it cannot be known.

        A build that names the Dockerfile says it; without one, a Dockerfile in the root has the root, and one with a
        `.dockerignore` beside it has its own folder, since Docker reads that file in the context's root alone, unless a
        comment builds it from a folder above the repository. Else what it copies may lie in one folder only.
        """
        if dockerfile not in self._told:
            self._told[dockerfile] = self._context_of(dockerfile)
        return self._told[dockerfile]

    def _context_of(self, dockerfile: str) -> str | None:
        contexts = {build.context for build in self.builds_of(dockerfile)}
        folder = posixpath.dirname(dockerfile)
        if contexts:
            return contexts.pop() if len(contexts) == 1 else None
        if dockerfile in self.files and is_built_from_above(self.parsed(dockerfile), dockerfile):
            return None
        if not folder or f"{folder}/.dockerignore" in self.files:
            return folder
        if dockerfile not in self.files or self.listing is None or is_template(self, dockerfile):
            return None
        return context_by_sources(dockerfile, self.parsed(dockerfile), self.listing, self.folders)

    def in_context(self, dockerfile: str, path: str) -> str | None:
        """Return the repository's path of a file of the build context.

        Where the context cannot be known, the file itself may tell it: only one of the folders around the Dockerfile,
        or of the contexts that its builds name, has one of that path.

        Args:
            dockerfile: The Dockerfile.
            path: As a `COPY` names it, relative to the context.

        Returns:
            `None` where it lies outside the repository, or where none or several of the folders have it.
        """
        context = self.context_of(dockerfile)
        if context is not None:
            return _below(context, path)
        there = [place for place in self.places_of(dockerfile, path) if self.exists(place)]
        return there[0] if len(there) == 1 else None

    def holds_in_context(self, dockerfile: str, path: str) -> bool | None:
        """Tell whether the build context has a file: no where none of the folders that it may be has it."""
        answers = [self.exists(place) for place in self.places_of(dockerfile, path)]
        if all(answer is False for answer in answers):
            return None if is_template(self, dockerfile) else False
        return answers.count(True) == 1 or None

    def places_of(self, dockerfile: str, path: str) -> tuple[str, ...]:
        """Return where a file of the build context may lie in the repository: in each folder that may be the context.

        Those are the context itself where it is known, else the contexts that its builds name, or the folders around
        the Dockerfile; of a template, which another project gets, only its own.
        """
        context = self.context_of(dockerfile)
        named = {build.context for build in self.builds_of(dockerfile)} if context is None else {context}
        around = [posixpath.dirname(dockerfile)] if is_template(self, dockerfile) else folders_around(dockerfile)
        places = (_below(folder, path) for folder in named or around)
        return tuple(place for place in places if place is not None)

    def dockerignore_path(self, dockerfile: str) -> str | None:
        """Return the ignore file in force: `<Dockerfile>.dockerignore`, else the context root's; `None` without."""
        own = f"{dockerfile}.dockerignore"
        if self.exists(own):
            return own
        context = self.context_of(dockerfile)
        for folder in (context,) if context is not None else (posixpath.dirname(dockerfile), ""):
            path = posixpath.join(folder, ".dockerignore") if folder else ".dockerignore"
            if path in self.files:
                return path
        return None

    def dockerignore(self, dockerfile: str) -> Dockerignore | None:
        """Return the parsed ignore file in force, `None` without one that was read."""
        path = self.dockerignore_path(dockerfile)
        text = self.text(path) if path is not None else None
        return Dockerignore.parse(text) if text is not None else None

    def context_files(self, dockerfile: str) -> tuple[str, ...] | None:
        """Return the files that `COPY . .` brings, relative to the context; `None` when that cannot be known."""
        if dockerfile not in self._contexts:
            self._contexts[dockerfile] = self._context_files(dockerfile)
        return self._contexts[dockerfile]

    def context_names(self, dockerfile: str) -> frozenset[str] | None:
        """Return the last names of the files that `COPY . .` brings; `None` when they cannot be known."""
        if dockerfile not in self._names:
            files = self.context_files(dockerfile)
            self._names[dockerfile] = frozenset(map(posixpath.basename, files)) if files is not None else None
        return self._names[dockerfile]

    def _context_files(self, dockerfile: str) -> tuple[str, ...] | None:
        context = self.context_of(dockerfile)
        if context is None or self.listing is None:
            return None
        prefix = f"{context}/" if context else ""
        held = any(mode == _SUBMODULE and path.startswith(prefix) for path, mode in self.listing.items())
        if held or _SOURCE_ARCHIVE in self.listing:
            return None  # what a submodule holds, or such an archive leaves out, is in no listing
        ignore = self.dockerignore(dockerfile)
        names = (path[len(prefix) :] for path in self.listing if path.startswith(prefix))
        return tuple(sorted(name for name in names if ignore is None or not ignore.excludes(name)))


def _below(folder: str, path: str) -> str | None:
    """Return a path below a folder of the repository, `None` where it leads out of it."""
    joined = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
    return None if joined == ".." or joined.startswith("../") else joined
