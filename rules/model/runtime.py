"""What can run in a stage: languages, libc, shell, tools."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.facts.brought_along import brings_along
from rules.facts.command_packages import package_of_command, provides
from rules.facts.glibc import glibc_of
from rules.facts.installers import (
    BY_PROJECT_INSTALLERS,
    LANGUAGE_INSTALLERS,
    PROJECT_MANAGERS,
    SYSTEM_PROGRAMS,
    SYSTEM_PROGRAMS_OF_LANGUAGES,
)
from rules.facts.lean_packages import is_lean
from rules.lazily import cached_property
from rules.model.carried import brings_programs, fills_root, may_hold
from rules.model.carried_programs import BRINGERS, copied_names, copied_trees, may_be_placed
from rules.model.packages import OS_MANAGERS
from rules.model.puts import within
from rules.model.search_path import DEFAULT_PATH, path_folders
from rules.model.windows import is_for_windows, is_named_for_windows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rules.facts.distributions import Release
    from rules.facts.images import ImageFacts
    from rules.model.puts import Put
    from rules.model.stage import Stage


class Runtime:
    """What one stage can run."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @cached_property
    def _facts(self) -> ImageFacts | None:
        """What is known of the image whose files these are: of the root, or of one that is squashed into it."""
        return (self.stage.squashed or self.stage).facts

    @cached_property
    def libc(self) -> str | None:
        """`glibc`, `musl`, or `None` when unknown or there is none."""
        facts = self._facts
        return facts.libc if facts is not None else None

    @cached_property
    def distribution(self) -> str | None:
        """`debian`, `ubuntu`, `alpine`, `rhel` …; `None` when unknown."""
        facts = self._facts
        return facts.distro if facts is not None else None

    @cached_property
    def release(self) -> Release | None:
        """The distribution's release, with codename and number; `None` when unknown."""
        facts = self._facts
        return facts.release if facts is not None else None

    @property
    def glibc(self) -> tuple[int, int] | None:
        """The version of glibc, `(2, 36)` in Debian 12; `None` when unknown or where there is another C library."""
        return glibc_of(self.libc, self.distribution, self.release)

    @cached_property
    def package_manager(self) -> str | None:
        """`apt`, `apk`, `dnf` …; `None` when unknown or there is none."""
        facts = self._facts
        return facts.package_manager if facts is not None else None

    @cached_property
    def languages(self) -> Mapping[str, str | None]:
        """Language runtimes with their versions, from the base image: `{"python": "3.12"}`."""
        facts = self._facts
        return facts.languages if facts is not None else {}

    @cached_property
    def is_windows(self) -> bool:
        """Whether the stage is a Windows image, or may well be one."""
        return is_for_windows(self.stage) or is_named_for_windows(self.stage)

    @cached_property
    def has_shell(self) -> bool | None:
        """Tell whether `/bin/sh` exists; `None` when unknown."""
        facts = self._facts
        if facts is not None and facts.has_shell:
            return True
        if self._copied_tool("sh") or self._copied_tool("busybox"):
            return True
        if self.stage.root.is_scratch and self.stage.squashed is None:
            return None if self.stage.files.puts and self.root_filled else False
        return facts.has_shell if facts is not None else None

    @cached_property
    def root_filled(self) -> bool:
        """Whether a tree of files is copied over the system's own folders, which may bring any program."""
        return any(map(fills_root, self.stage.files.puts))

    def _is_in_copied_tree(
        self, name: str, context: frozenset[str] | None = None, among: tuple[Put, ...] | None = None
    ) -> bool:
        """Whether a folder is copied in that may hold the program: where PATH leads, or above the path in `name`."""
        copied = self._copied_trees if among is None else among
        trees = [put for put in copied if may_hold(put, posixpath.basename(name), context)]
        if "/" in name:
            return any(within(name, put.path) for put in trees)
        return any(
            (name in _OF_A_VENV or not _IN_A_PROJECT.search(folder)) and any(within(folder, put.path) for put in trees)
            for folder in self._own_path
            if trees
        )

    @cached_property
    def _own_path(self) -> frozenset[str]:
        """The folders of PATH that the file adds: `/opt/java/openjdk/bin`."""
        path = self.stage.image.env.get("PATH")
        folders = path_folders(self.stage) if path is not None and path.set_in_file else None
        return frozenset(folder for folder in folders or () if folder not in ("", *DEFAULT_PATH))

    @cached_property
    def _copied_trees(self) -> tuple[Put, ...]:
        return copied_trees(self.stage.files.puts)

    def is_copied(self, name: str, among: Sequence[Put] | None = None) -> bool:
        """Tell whether a COPY or a command puts a program there, by its name or in a folder that PATH leads to.

        Args:
            name: The program.
            among: What has put things there so far; `None`: all that ever does.
        """
        if among is None:
            return self._copied_tool(name) or self._is_in_copied_tree(name)
        return name in copied_names(among) or self._is_in_copied_tree(name, among=copied_trees(among))

    def _copied_tool(self, name: str) -> bool:
        # `COPY --from=… /uv /bin/` puts `/bin/uv`, although the text alone does not tell it from a folder
        return name in self._copied_names

    @cached_property
    def _copied_names(self) -> frozenset[str]:
        return copied_names(self.stage.files.puts)

    def has_tool(self, name: str) -> bool | None:
        """Tell whether a command can be found in the image.

        Returns:
            `True` when the base has it or an instruction brings it, `False` when the base is known not to have it and
            no instruction can have brought it, `None` otherwise.
        """
        stage = self.stage
        if self._copied_tool(name):
            return True
        for item in stage.packages.present:
            if item.name == name or name in provides(item.name):
                return True
        base = False if stage.root.is_scratch and stage.squashed is None else self._base_has(name)
        if base is not False:
            return base
        if self.root_filled or self._is_in_copied_tree(name) or may_be_placed(stage, name):
            return None
        trees = ("/usr/local", "/usr/bin", "/usr/local/bin", "/bin", "/opt", "/usr/sbin", "/sbin")
        if stage.files.has_unreadable_run or any(put.tree and put.path in trees for put in stage.files.puts):
            return None
        return None if stage.files.opaque_commands else False

    def _base_has(self, name: str) -> bool | None:
        """Whether the base has a command that `PATH` finds, also as the file sets it."""
        if self.stage.squashed is not None:
            return self.stage.squashed.runtime.has_tool(name) or None
        facts = self.stage.facts
        place = facts.off_path(name) if facts is not None else None
        path = self.stage.image.env.get("PATH")
        if place is not None and path is not None and path.set_in_file:
            folders = path_folders(self.stage)
            return None if folders is None else posixpath.dirname(place) in folders
        return facts.has_tool(name) if facts is not None else None

    def lacks(self, name: str, context: frozenset[str] | None = None) -> bool:
        """Tell whether a well-known program is missing, however much else was installed.

        What `has_tool` leaves open is weighed here: a `pip install` brings no `curl`. Only for programs that are in
        the tables of `rules.facts.installers`; a program of the project's own is never said to be missing.

        Args:
            name: The command as it is called: `curl`, `/usr/bin/curl`.
            context: The names of all files in the build context, where they are known: a folder of it that is copied
                to where PATH leads then brings no other program.
        """
        stage, base = self.stage, posixpath.basename(name)
        managed = base in PROJECT_MANAGERS
        if not (managed or base in SYSTEM_PROGRAMS) or self._copied_tool(base) or self._is_installed(base):
            return False
        if self._is_in_copied_tree(name, context) or may_be_placed(stage, base):
            return False
        if base == "python" and self._is_python_named:
            return False
        if not (stage.root.is_scratch or self._base_has(name) is False):
            return False
        if stage.files.has_unreadable_run or self.root_filled or any(map(brings_programs, stage.files.puts)):
            return False
        harmless = LANGUAGE_INSTALLERS - BY_PROJECT_INSTALLERS if managed else LANGUAGE_INSTALLERS
        return all(command.name in harmless for command in stage.files.opaque_commands)

    def never_has(self, name: str, *packages: str) -> bool:
        """Tell whether a program is missing at every step, and not only at the end, which is what `lacks` looks at.

        Any command that names the program or a package of it, or that is not known to bring none, may have brought it
        for a while.
        """
        stage = self.stage
        if self._base_has(name) is not False or self._copied_tool(name) or self.may_gain_programs():
            return False
        if self._is_in_copied_tree(name) or may_be_placed(stage, name):
            return False
        if any(part in word and not word.startswith(f"{part}.") for part in (name, *packages) for word in self._words):
            return False
        bringers = BRINGERS.get(name, frozenset())
        return all(command.name not in bringers for command in stage.files.opaque_commands)

    def may_gain_programs(self, harmless: Collection[str] = ()) -> bool:
        """Whether a step may bring programs that nothing names: a script, a copied folder of them, a whole system.

        Args:
            harmless: Names of further commands that bring none.
        """
        files = self.stage.files
        if self.root_filled or files.has_unreadable_run or any(map(brings_programs, files.puts)):
            return True
        return any(one.name not in LANGUAGE_INSTALLERS and one.name not in harmless for one in files.opaque_commands)

    @cached_property
    def _words(self) -> frozenset[str]:
        """The arguments of all commands of the chain, and the packages that they install."""
        commands = (command for run in self.stage.done_runs for command in run.commands)
        return frozenset(word.value for command in commands for word in command.args)

    def _is_installed(self, name: str) -> bool:
        """Whether an instruction names it: a package, a copied or linked file."""
        present = self.stage.packages.present
        openly = name in PROJECT_MANAGERS or name in SYSTEM_PROGRAMS_OF_LANGUAGES
        if any(
            (any(mark in item.name for mark in "$*") and (openly or item.manager in OS_MANAGERS))
            or item.name.endswith((".apk", ".deb", ".rpm"))
            for item in present
        ):
            return True
        if name in self._dependencies and any(
            item.manager in OS_MANAGERS and not is_lean(item.name, self.distribution, name) for item in present
        ):
            return True
        if self._comes_along(name):
            return True
        return any(
            name == item.name
            or name in item.name.split("-")
            or name in provides(item.name)
            or (item.manager in OS_MANAGERS and name.startswith(f"{item.name}-"))  # `s6-svscan` of `s6`
            for item in present
        )

    def _comes_along(self, name: str) -> bool:
        """Whether apt brings the package of a program for another one, which needs or recommends it."""
        wanted, release = package_of_command(name, self.distribution or ""), self.release
        present = [item for item in self.stage.packages.present if wanted and item.manager == "apt"]
        return any(brings_along(item.call, item.name, wanted or "", release) for item in present)

    @cached_property
    def _dependencies(self) -> frozenset[str]:
        """Programs that come along with many packages, unnamed."""
        numbers = self.release.numbers if self.release is not None else ()
        dropped = numbers >= _WITHOUT_PYTHON.get(self.distribution or "", (_NEVER,))
        return _DEPENDENCIES - {"python"} if dropped else _DEPENDENCIES

    @cached_property
    def _is_python_named(self) -> bool:
        """Whether a link, an alternative or a folder of PATH may give `python3` the name `python`."""
        path = self.stage.image.env.get("PATH")
        if path is not None and path.set_in_file:
            return True
        return any("/" in word and posixpath.basename(word) == "python" for word in self._words)


_IN_A_PROJECT = re.compile(r"(?:venv|virtualenv|/env|/bundle|/gems|/node_modules/\.bin|/vendor/bin)(?:/|$)")
"""Folders of PATH with the programs of a project's dependencies, which the system's are not among."""

_OF_A_VENV = frozenset({"python", "python3"})

_DEPENDENCIES = frozenset({"bash", "perl", "python", "python3", "ps", "pgrep", "pkill", "netstat"})
"""Programs that come along with many packages, unnamed."""

_NEVER = 1000
_WITHOUT_PYTHON = {"debian": (11,), "ubuntu": (20, 4)}
"""The first release whose packages bring `/usr/bin/python` only by name: `python-is-python3` (packages.debian.org)."""
