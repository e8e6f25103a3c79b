"""The instructions of a stage with the state they run in: user, folder, variables, shell."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.package_calls import Cleaning, PackageCall, cleans, package_calls
from rules.dockerfile.shell.script import Script, script_of
from rules.lazily import cached_property
from rules.model.filenames import names_a_file

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Flag, Heredoc, Instruction, Word
    from rules.dockerfile.reference import ImageReference
    from rules.dockerfile.shell.script import Command
    from rules.model.copy_source import CopySource
    from rules.model.scope import Scope
    from rules.model.settings import Setting
    from rules.model.stage import Stage


@dataclass(eq=False, repr=False)
class Step:
    """One instruction of a stage.

    Attributes:
        instruction: The instruction; for an ONBUILD of a parent stage, its trigger.
        stage: The stage it stands in.
        index: Its place in the stage, from 0.
        user: The user in force.
        workdir: The folder in force; value `None` when unknown.
        scope: The variables in force before it.
        shell: What shell form is handed to.
        deferred: Whether it is an ONBUILD trigger, which runs in images built from this one, not here.
    """

    instruction: Instruction
    stage: Stage
    index: int
    user: Setting[str]
    workdir: Setting[str]
    scope: Scope
    shell: Setting[tuple[str, ...]]
    deferred: bool

    def resolve(self, path: str | None) -> str | None:
        """Make a path absolute with the WORKDIR in force and normalise it; `None` when one is unknown or too long."""
        if path is None or len(path) > _LONGEST_PATH:
            return None
        if path.startswith("/"):
            return posixpath.normpath("/" + path.lstrip("/"))
        folder = self.workdir.value
        return posixpath.normpath(posixpath.join(folder, path)) if folder is not None else None

    @property
    def at(self) -> tuple[int, int]:
        """Its stage's place and its own, which sort the steps of a chain."""
        return self.stage.index, self.index

    def __repr__(self) -> str:
        """Name the instruction."""
        return f"<{type(self).__name__} {self.instruction!r}>"


class Mount(NamedTuple):
    """A `RUN --mount` (Dockerfile reference, "RUN --mount").

    Attributes:
        type: `bind` unless written.
        options: By lower-case key; a bare key has an empty value. `dst`, `destination` are under `target`, `src`
            under `source`.
        flag: Where it stands.
    """

    type: str
    options: dict[str, str]
    flag: Flag

    @property
    def target(self) -> str:
        """The mount point; of a secret without one the last part of `source` or `id` (none where it is a variable)."""
        written = self.options.get("target", "")
        if written or self.type != "secret" or self.options.get("env"):
            return written
        return f"/run/secrets/{posixpath.basename(self.options.get('source') or self.options.get('id', ''))}"


_LONGEST_PATH = 4096
"""Characters of a path that Linux takes (limits.h, `PATH_MAX`)."""
_MOUNT_ALIASES = {"dst": "target", "destination": "target", "src": "source", "readonly": "ro"}


def _mount(flag: Flag, scope: Scope) -> Mount:
    text = scope.expand(flag.value or "")
    options: dict[str, str] = {}
    for part in (text if text is not None else flag.value or "").split(","):
        key, _, value = part.partition("=")
        key = key.strip().lower()
        options[_MOUNT_ALIASES.get(key, key)] = value.strip().strip('"')
    return Mount(options.get("type", "bind"), options, flag)


@dataclass(eq=False, repr=False)
class Run(Step):
    """A RUN."""

    @cached_property
    def script(self) -> Script:
        """Its shell commands, with places in the file. Nothing is understood under PowerShell or cmd."""
        return script_of(self.instruction, shell=self.shell.value)

    @property
    def is_read(self) -> bool:
        """Whether its script parses, and is in a language that is understood: then its commands are all that runs."""
        return self.script.understood and not self.script.errors

    @property
    def commands(self) -> tuple[Command, ...]:
        """Its commands in order, those inside `sh -c` and `$(…)` included."""
        return self.script.commands

    @cached_property
    def package_calls(self) -> tuple[PackageCall, ...]:
        """What package managers do here, with variables of known value filled in."""
        return package_calls(self.script, self.scope.known())

    @cached_property
    def cleanings(self) -> tuple[Cleaning, ...]:
        """What it removes of what package managers leave: lists, caches."""
        return cleans(self.script, self.scope.known())

    def cleans_behind(self, offset: int, manager: str, what: str) -> bool:
        """Tell whether something of a manager is removed behind a place in the script; see `Cleaning`."""
        return self._last_cleanings.get((manager, what), -1) > offset

    @cached_property
    def _last_cleanings(self) -> dict[tuple[str, str], int]:
        """Where it cleans last, by the manager and by what it cleans."""
        found: dict[tuple[str, str], int] = {}
        for cleaning in self.cleanings:
            key = cleaning.manager, cleaning.what
            found[key] = max(found.get(key, -1), self.commands[cleaning.order].start)
        return found

    @cached_property
    def mounts(self) -> tuple[Mount, ...]:
        """Its `--mount` flags."""
        return tuple(_mount(flag, self.scope) for flag in self.instruction.flags if flag.name == "mount")

    def calls(self, *names: str) -> tuple[Command, ...]:
        """Return the commands of these names (base name of the program)."""
        if self._names.isdisjoint(names):
            return ()
        return tuple(command for command in self.script.commands if command.name in names)

    @property
    def pipelines(self) -> dict[int, list[Command]]:
        """Its commands by the number of their pipeline, in order."""
        return self.script.pipelines

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(command.name for command in self.script.commands)

    def is_mounted(self, path: str) -> bool:
        """Tell whether a path lies in a cache, tmpfs, bind or secret mount, so that no layer keeps it."""
        return bool(self.instruction.flags) and any(_within(path, target) for target in self._mounted)

    @cached_property
    def _mounted(self) -> tuple[str, ...]:
        return tuple(self.resolve(mount.target) or mount.target for mount in self.mounts if mount.target)


def _within(path: str, folder: str) -> bool:
    folder = folder.rstrip("/")
    return path == folder or path.startswith(f"{folder}/")


@dataclass(eq=False, repr=False)
class Copy(Step):
    """A COPY or an ADD.

    Attributes:
        sources: Without heredocs.
        heredocs: Files written in place.
        destination: Absolute; `None` when unknown.
        destination_word: The last word; `None` when the instruction is broken.
        into_folder: Whether the destination is written as a folder: trailing slash, `.`, or several sources.
        from_text: What `--from` says, expanded; empty for the build context, `None` when unknown.
        from_stage: The stage `--from` names.
        from_image: The image `--from` names.
    """

    sources: tuple[CopySource, ...]
    heredocs: tuple[Heredoc, ...]
    destination: str | None
    destination_word: Word | None
    into_folder: bool
    from_text: str | None
    from_stage: Stage | None
    from_image: ImageReference | None

    @property
    def is_add(self) -> bool:
        """Whether it is an ADD."""
        return self.instruction.keyword == "ADD"

    @property
    def from_context(self) -> bool:
        """Whether its sources come from the build context."""
        return self.from_text == ""

    @property
    def brings_context_root(self) -> bool:
        """Whether it copies the whole build context."""
        return self.from_context and any(source.is_root for source in self.sources)

    @property
    def lands_in_folder(self) -> bool:
        """Whether the destination is a folder for certain: written as one, or one in the stage (see `Folders`)."""
        return self.into_folder or self.stage.files.takes_in(self)

    def option(self, name: str) -> str | None:
        """Return a flag's value expanded (`chown`, `chmod`, `checksum`); `None` when not given or unknown."""
        flag = self.instruction.flag(name)
        return self.scope.expand(flag.value) if flag is not None and flag.value is not None else None

    def has_flag(self, name: str) -> bool:
        """Tell whether a flag is given and not `=false`."""
        flag = self.instruction.flag(name)
        return flag is not None and (flag.value or "true").lower() != "false"

    def unpacks(self, source: CopySource) -> bool:
        """Tell whether it unpacks a source: ADD does so with an archive of the context, or as `--unpack` says."""
        if not self.is_add:
            return False
        if self.instruction.flag("unpack") is not None:
            return self.has_flag("unpack") and (source.is_archive or source.is_remote)
        return source.is_archive and not source.is_remote

    def source_path(self, source: CopySource) -> str | None:
        """Return where a source lies: in the context (relative, `.` for its root) or in the other stage (absolute)."""
        if source.path is None or source.is_remote:
            return None
        clean = posixpath.normpath("/" + source.path.lstrip("/"))
        return (clean.lstrip("/") or ".") if self.from_context else clean

    def target_of(self, source: CopySource) -> str | None:
        """Return the absolute path that a source ends at, as far as the text alone tells.

        A folder's contents land in the destination itself (reference, "COPY"), so for a name that may be a folder the
        answer is the destination; into a folder (trailing slash, or one that exists) the name of a file
        is taken for one. A source whose name is not known ends at or below the destination.
        """
        if self.destination is None or source.path is None:
            return self.destination
        if self.has_flag("parents") and not source.is_remote:
            # everything in front of a `/./` is left out (reference, "COPY --parents")
            kept = source.path.rpartition("/./")[2].lstrip("/")
            below = "" if source.has_wildcard else posixpath.normpath(kept)
            return posixpath.normpath(posixpath.join(self.destination, below))
        name = posixpath.basename(source.path.rstrip("/"))
        looks_like_file = names_a_file(name) and not source.path.endswith("/") and not source.is_root
        if source.is_git or self.unpacks(source):
            return self.destination  # what a repository or an archive holds lands there
        if looks_like_file and not source.has_wildcard and self.lands_in_folder:
            return posixpath.join(self.destination, name)
        return self.destination
