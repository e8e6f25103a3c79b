"""Who may write a folder of the image: what each instruction does to its owner and mode, in order."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.model.found_paths import HANDED, found_for
from rules.model.puts import copied, within
from rules.model.run_writes import INSTALL_VALUED, written_by
from rules.model.shell_scope import filled
from rules.model.steps import Copy, Run
from rules.model.work_folders import folder_of
from rules.packages.scripts_run import called_script
from rules.user.accounts.running import name_of, runs_as_root
from rules.user.modes.granted import lets_owner_write, read_mode
from rules.user.owners.kept import leaves_owners, may_keep_owner
from rules.user.owners.named import SYSTEM_FOLDERS, is_same, may_be_home, named_folders

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.dockerfile.shell.script import Command
    from rules.model.stage import Stage
    from rules.model.steps import Step

_BARE = frozenset({"os", "runtime", "runtime+toolchain"})
"""Kinds of images that bring no folders of an application."""

_OPEN = frozenset({"/tmp", "/var/tmp", "/dev/shm", "/run/lock"})  # noqa: S108 - paths of an image


class Access(NamedTuple):
    """What is known of a folder at the end of a stage.

    Attributes:
        exists: Whether it is in the image.
        writable: Whether the account may write in it; `None` when that is open, `False` for a folder of root's.
        decided_by: The last instruction that decided over its owner or mode.
    """

    exists: bool | None
    writable: bool | None
    decided_by: Step | None


def access(stage: Stage, path: str, user: str, before: Step | None = None) -> Access:
    """Follow a folder through the chain of a stage.

    Args:
        stage: The stage at whose end it is looked at.
        path: Absolute.
        user: Name or uid of the account, without group.
        before: The step above which it is looked at instead.
    """
    watch = _Watch(stage, path, user)
    for step in _acting(stage):
        if before is not None and step.at >= before.at:
            break
        watch.see(step)
    return Access(watch.exists, watch.writable, watch.decided_by)


@once
def _brings_folders(step: Copy) -> bool:
    """Whether a COPY may bring more than the files that it names."""
    return any(put.tree for put in copied(step))


@once
def _acting(stage: Stage) -> tuple[Step, ...]:
    """The steps that can decide over a folder."""
    return tuple(s for s in stage.done_steps if isinstance(s, (Copy, Run)) or s.instruction.keyword == "WORKDIR")


class _Watch:
    """A folder between two instructions."""

    def __init__(self, stage: Stage, path: str, user: str) -> None:
        self.stage = stage
        self.path = path
        self.user = user
        self.decided_by: Step | None = None
        self.exists: bool | None = None
        self.writable: bool | None = None
        self.roots_at_most = False  # it may be there, and is root's then: in a tree of the build context
        facts = stage.facts
        if path in _OPEN:
            self.exists = self.writable = True
        elif facts is not None and path == facts.workdir and path not in SYSTEM_FOLDERS:
            self.exists = True  # the image's own folder, of which the tables do not say whose it is
        elif facts is not None and any(within(path, folder) for folder in named_folders(facts)):
            self.exists = True if path in named_folders(facts) else None
        elif stage.root.is_scratch or (facts is not None and facts.kind in _BARE and not may_be_home(facts, path)):
            self.exists = path in SYSTEM_FOLDERS and not stage.root.is_scratch
            self.writable = False

    def see(self, step: Step) -> None:
        """Apply one instruction."""
        if isinstance(step, Copy):
            self._copy(step)
        elif isinstance(step, Run):
            self._run(step)
        elif step.instruction.keyword == "WORKDIR":
            made = step.resolve(step.scope.expand(step.instruction.value))
            if made is None or within(made, self.path):
                self._make(step, mine=self._by(step))

    def _by(self, step: Step) -> bool | None:
        """Whether what a step makes belongs to the account."""
        value = step.user.value
        if value is None:
            return False if runs_as_root(step) else None
        return is_same(self.stage, name_of(value), self.user)

    def _decide(self, step: Step, *, writable: bool | None) -> None:
        self.writable = writable
        self.decided_by = step
        self.roots_at_most = False

    def _make(self, step: Step, *, mine: bool | None) -> None:
        """The folder is made, unless it was there."""
        if self.exists is False:
            self._decide(step, writable=mine)
        elif self.exists is None and (mine is not False or self.writable):  # what a COPY may have brought is another's
            self._decide(step, writable=True if mine and self.writable else None)
        elif self.exists is None and self.roots_at_most:  # whoever brought it, it is root's
            self._decide(step, writable=False)
        self.exists = True

    def _copy(self, step: Copy) -> None:
        destination = step.destination
        flag = step.instruction.flag("chown")
        owner = step.option("chown")
        mine = None if flag is not None and owner is None else self._is_owner(owner) if owner else False
        mode = read_mode(step.option("chmod") or "")
        if mode is not None and mode.everyone_writes:
            mine = True
        if destination is None or within(destination, self.path):
            self._make(step, mine=mine)
        elif within(self.path, destination) and self.exists is not True and _brings_folders(step):
            self.exists = None
            roots = (self.writable is False or self.roots_at_most) and flag is None and not may_keep_owner(step)
            self._decide(step, writable=mine if mine is not False else None)
            self.roots_at_most = roots

    def _is_owner(self, owner: str) -> bool | None:
        name = owner.replace(".", ":", 1).partition(":")[0] if ":" not in owner else name_of(owner)
        if "$" in owner:
            return None
        return is_same(self.stage, name, self.user) if name else None

    def _run(self, run: Run) -> None:
        if not run.is_read:
            self.exists = self.writable = None
            return
        written = {id(write.command): write for write in written_by(run) if within(write.path, self.path)}
        trees = {id(w.command): w for w in written_by(run) if w.tree and within(self.path, w.path)}
        links = {id(w.command) for w in written_by(run) if w.command.name == "ln" and within(self.path, w.path)}
        for command in run.commands:
            folder = folder_of(run, command)
            handler = _HANDLERS.get(command.name)
            if handler is not None:
                handler(self, run, command, folder)
            elif id(command) in links:  # what it leads to may be anybody's
                self.exists = True
                self._decide(run, writable=None)
            elif id(command) in written:
                self._make(run, mine=self._by(run))
            elif id(command) in trees or (command.name and not leaves_owners(command)):
                self._may_make(run)
                named = any(word.value.rstrip("/") == self.path for word in command.args)
                if named or called_script(command).endswith((".sh", ".bash")):  # `fix-permissions`, or an own script
                    self._decide(run, writable=None)

    def _may_make(self, run: Run) -> None:
        """A program that may do anything runs: what did not exist may exist now, and who owns it is open."""
        if self.exists is False:
            self.exists = None
            self._decide(run, writable=None)

    def _covers(self, target: str | None, folder: str | None, *, recursive: bool) -> bool | None:
        """Tell whether a target of chown or chmod is the folder, or holds it; `None` when that is open."""
        if target is None or "$" in target:
            return None
        pattern = next((at for at, letter in enumerate(target) if letter in "*?[{"), None)
        text = target if pattern is None else target[:pattern]
        if not text.startswith("/") and folder is None:
            return None
        if pattern is not None:
            return None if self.path.startswith(posixpath.join(folder or "/", text)) else False
        path = posixpath.normpath(posixpath.join(folder or "/", text))
        return path == self.path or (recursive and within(self.path, path) and self.exists is not False)

    def _attribute(self, run: Run, command: Command, folder: str | None, *, result: bool | None) -> None:
        recursive = command.has("-R", "--recursive")
        words = command.operands(("--from",))[0 if command.option("--reference") else 1 :]
        targets = tuple(word.value for word in words if word.value != HANDED)
        found = found_for(run, command) if not targets else None
        if found is not None:
            targets, recursive = found.roots if found.type != "f" else (), True
            if not targets:
                return  # the folders stay whose they are
        answers = [self._covers(filled(run, command, text), folder, recursive=recursive) for text in targets]
        if True in answers:
            self.exists = True if self.exists is None else self.exists
            self._decide(run, writable=result)
        elif None in answers or not targets:
            self._decide(run, writable=None)

    def chown(self, run: Run, command: Command, folder: str | None) -> None:
        """`chown`: an owner, a group, or both."""
        operands = command.operands(("--from",))
        value = operands[0].value if operands else ""
        owner = filled(run, command, value)
        mine = self._is_owner(owner) if owner is not None else None
        group = (owner or "").partition(":")[2]
        root = mine is False and group in ("", "root")
        self._attribute(run, command, folder, result=True if mine else False if root else None)

    def chgrp(self, run: Run, command: Command, folder: str | None) -> None:
        """`chgrp`: whether the group may write is open."""
        self._attribute(run, command, folder, result=None)

    def chmod(self, run: Run, command: Command, folder: str | None) -> None:
        """`chmod`: gives everyone or the group the right to write, or changes nothing that matters."""
        operands = command.operands()
        mode = read_mode(operands[0].value) if operands else None
        if mode is not None and mode.everyone_writes:
            self._attribute(run, command, folder, result=True)
        elif mode is None or _group_writes(mode.text):
            kept = self.writable is True and mode is not None and lets_owner_write(mode.text)
            self._attribute(run, command, folder, result=True if kept else None)

    def mkdir(self, run: Run, command: Command, folder: str | None) -> None:
        """`mkdir` and `install -d`."""
        mode = read_mode(command.option("-m", "--mode") or "")
        owner = command.option("-o", "--owner") if command.name == "install" else None
        mine = self._is_owner(owner) if owner else self._by(run)
        mine = True if mode is not None and mode.everyone_writes else mine
        for word in command.operands(INSTALL_VALUED):
            text = filled(run, command, word.value)
            if text is None or "$" in text or "{" in text:
                self._may_make(run)
                continue
            path = posixpath.normpath(posixpath.join(folder or "/", text))
            if within(path, self.path):
                self._make(run, mine=mine)

    def account(self, run: Run, command: Command, folder: str | None) -> None:  # noqa: ARG002 - the handlers share their signature
        """`useradd` and `adduser`, which may make a home."""
        made = next((a for a in self.stage.users.created if a.command is command), None)
        name = made.name if made is not None else ""
        home = command.option("-d", "--home", "--home-dir") or (
            command.option("-h") if command.name == "adduser" else None
        )
        home = (filled(run, command, home) if home else home) or f"/home/{name}"
        keeps = command.has("-M", "-H", "--no-create-home")
        creates = command.name == "adduser" or command.has("-m", "--create-home")
        if creates and not keeps and posixpath.normpath(home) == self.path:
            self._make(run, mine=is_same(self.stage, name, self.user))

    def remove(self, run: Run, command: Command, folder: str | None) -> None:
        """`rm -r`."""
        for word in command.operands():
            if posixpath.normpath(posixpath.join(folder or "/", word.value)) == self.path:
                self.exists = False
                self._decide(run, writable=False)


_HANDLERS: dict[str, Callable[[_Watch, Run, Command, str | None], None]] = {
    "chown": _Watch.chown,
    "chgrp": _Watch.chgrp,
    "chmod": _Watch.chmod,
    "mkdir": _Watch.mkdir,
    "install": _Watch.mkdir,
    "useradd": _Watch.account,
    "adduser": _Watch.account,
    "rm": _Watch.remove,
}


def _group_writes(text: str) -> bool:
    if text.isdecimal():
        return len(text) > 2 and int(text[-2]) & 2 != 0  # noqa: PLR2004 - owner, group, others
    return "g" in text or "a" in text
