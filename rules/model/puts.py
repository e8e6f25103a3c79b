"""What an instruction puts on the file system, and where a path lies."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.model.filenames import names_a_file
from rules.model.folders import may_be_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.dockerfile.shell.script import Command
    from rules.model.copy_source import CopySource
    from rules.model.steps import Copy, Step

Kind = Literal["context", "stage", "image", "remote", "heredoc", "run", "workdir"]


class Put(NamedTuple):
    """Something that an instruction puts on the file system.

    Attributes:
        path: Absolute.
        kind: Where it comes from: the build `context`, another `stage`, an `image`, a URL (`remote`), a `heredoc`, a
            `run` command, or a `workdir` that was made.
        tree: Whether it may hold more below `path` than is known.
        whole: Whether it is the whole source tree: the context's root, a git checkout, or a folder of another stage
            that holds one.
        source: The path in the context (relative) or in the other stage (absolute); empty otherwise.
        step: The instruction.
        command: The command of a RUN.
    """

    path: str
    kind: Kind
    tree: bool
    whole: bool
    source: str
    step: Step
    command: Command | None = None

    @property
    def makes_folder(self) -> bool:
        """Whether it is a folder with nothing in it: one that a WORKDIR or a `mkdir` makes."""
        return self.kind == "workdir" or (self.command is not None and self.command.name == "mkdir")


def within(path: str, folder: str) -> bool:
    """Tell whether an absolute path is a folder or lies below it."""
    folder = folder.rstrip("/")
    return path == folder or path.startswith(f"{folder}/") or not folder


def within_any(path: str, folders: Iterable[str]) -> bool:
    """Tell whether an absolute path is one of some folders or lies below one: `/etcd` is not in `/etc`."""
    return any(within(path, folder) for folder in folders)


def may_bring(put: Put, path: str) -> bool:
    """Tell whether something that is put at, above or below a path may bring what lies there.

    A pattern for files brings those that it matches: `COPY package*.json ./` puts no `server.js` there, and nothing
    into a folder below.
    """
    if put.kind == "workdir" or _is_left_out_by_next(put, path):
        return False
    pattern = posixpath.basename(put.source)
    if any(mark in pattern for mark in "*?[") and _FILES.search(pattern) and within(posixpath.dirname(path), put.path):
        return put.path == posixpath.dirname(path) and fnmatchcase(posixpath.basename(path), pattern)
    return put.path == path or within(put.path, path) or (put.tree and within(path, put.path))


def _is_left_out_by_next(put: Put, path: str) -> bool:
    """Whether a file lies beside the server in Next.js's standalone output, which has none of the project's own there.

    It holds `server.js`, the manifest, `.env` and folders (Next.js' documentation, `output: "standalone"`).
    """
    if not put.source.rstrip("/").endswith("/.next/standalone") or posixpath.dirname(path) != put.path.rstrip("/"):
        return False
    name = posixpath.basename(path)
    return name not in ("server.js", "package.json") and _SCRIPT.search(name) is not None


_SCRIPT = re.compile(r"[^.]\.(?:[cm]?js|sh|py)\Z")
_FILES = re.compile(r"\.(?!d[*?]?\Z)[A-Za-z]\w*[*?]?\Z")
"""The end of a pattern that is one for files, `uv.lock*` among them; `conf.d` is a folder's name."""


def meet(one: str, other: str) -> bool:
    """Tell whether two paths, both absolute, are one, or one of them lies in the other."""
    return within(one, other) or within(other, one)


def folders_of(path: str) -> Iterator[str]:
    """Give everything that a path is within, as `within` has it: each folder above without slash, and the path."""
    at = path.find("/")
    while at >= 0:
        yield path[:at].rstrip("/")
        at = path.find("/", at + 1)
    yield path


def copied(step: Copy) -> list[Put]:
    """Return what a COPY or ADD puts."""
    folder = step.destination
    puts = [
        Put(
            posixpath.join(folder, heredoc.name) if step.into_folder else folder,
            "heredoc",
            tree=False,
            whole=False,
            source="",
            step=step,
        )
        for heredoc in step.heredocs
        if folder
    ]
    for source in step.sources:
        target = step.target_of(source)
        if target is not None:
            named = source.path is not None
            puts.append(_copied_source(step, source, target) if named else _of_unknown_name(step, source, target))
    return puts


def _of_unknown_name(step: Copy, source: CopySource, folder: str) -> Put:
    """What a variable names: it lies in the destination, under the last name of its path where that is written out."""
    name = posixpath.basename(source.word.text.rstrip("/"))
    is_file = step.lands_in_folder and "." in name.strip(".") and not any(mark in name for mark in "$*?[{}'\"")
    path = posixpath.join(folder, name) if is_file else folder
    kind: Kind = "context" if step.from_context else "stage" if step.from_stage is not None else "image"
    if "://" in source.word.text:
        kind = "remote"
    return Put(path, kind, tree=not is_file, whole=False, source="", step=step)


def _copied_source(step: Copy, source: CopySource, target: str) -> Put:
    path = step.source_path(source) or ""
    if source.is_remote:
        return Put(
            target,
            "remote",
            tree=True,
            whole=source.is_git,
            source=source.path or "",
            step=step,
        )
    if step.from_context:
        return Put(target, "context", _may_be_tree(step, source), source.is_root, path, step)
    if step.from_stage is None:
        return Put(target, "image", _may_be_tree(step, source), whole=False, source=path, step=step)
    whole = bool(path) and step.from_stage.files.whole_tree_in(path) is not None
    return Put(target, "stage", _may_be_tree(step, source), whole, path, step)


def _may_be_tree(step: Copy, source: CopySource) -> bool:
    if source.is_root or source.has_wildcard or not names_a_file(source.path or "") or step.unpacks(source):
        return True
    return not step.lands_in_folder and may_be_folder(step, source.path or "")
