"""A real bare git repository, as forges keep one: commits, branches, diffs, trees and blobs come from git itself."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.forge.git import Git, GitError
from tests.forge.hunks import Hunk, parse_hunks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.clock import Clock

LINK, SUBMODULE, EXECUTABLE, FILE = "120000", "160000", "100755", "100644"


class Symlink(NamedTuple):
    """A symbolic link to put into a commit."""

    target: str


class Submodule(NamedTuple):
    """A submodule to put into a commit, at a commit of another repository."""

    commit: str = "5" * 40


class Executable(NamedTuple):
    """A file with the executable bit."""

    content: bytes | str


class Moved(NamedTuple):
    """A file that comes from another path, with new content unless `content` is `None`."""

    source: str
    content: bytes | str | None = None


Content = bytes | str | Symlink | Submodule | Executable | Moved | None
"""What happens to a path in a commit; `None` deletes it."""


class Entry(NamedTuple):
    """One entry of a tree; `size` is 0 for what is not a blob."""

    path: str
    mode: str
    kind: str
    oid: str
    size: int


class Commit(NamedTuple):
    """One commit."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: str
    date: str
    message: str


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What happened to one file between two commits.

    Attributes:
        path: In the new tree (in the old one for a deletion).
        old_path: In the old tree; differs from `path` for a rename only.
        status: git's letter: A, D, M, R or T.
        old_mode: Git mode before, `000000` for none.
        new_mode: Git mode after, `000000` for none.
        old_oid: Blob before, zeros for none.
        new_oid: Blob after, zeros for none.
        binary: Git says that it is binary.
        patch: From the first `@@` on, without the last newline; empty when no text changed.
        hunks: The patch, parsed.
    """

    path: str
    old_path: str
    status: str
    old_mode: str
    new_mode: str
    old_oid: str
    new_oid: str
    binary: bool
    patch: str
    hunks: tuple[Hunk, ...]

    @property
    def additions(self) -> int:
        """Lines added."""
        return sum(line.old is None for hunk in self.hunks for line in hunk.lines)

    @property
    def deletions(self) -> int:
        """Lines deleted."""
        return sum(line.new is None for hunk in self.hunks for line in hunk.lines)


class GitRepository(Git):
    """A bare repository in a folder of its own.

    Args:
        folder: Created by this; forks of one project share it, as they share storage on real forges.
        clock: Dates the commits.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder, clock)
        folder.mkdir(parents=True)
        self.run("init", "--quiet", "--bare", "--template=", "--initial-branch=main", ".")

    def commit(
        self,
        ref: str,
        files: Mapping[str, Content],
        *,
        parent: str | None = None,
        message: str = "Change files",
        author: str = "dev",
    ) -> str:
        """Put a commit on a full ref name and return its id; `parent` defaults to the ref's tip."""
        parent = parent or self.tip(ref)
        when = f"{int(self.clock.seconds())} +0000"
        text = message.encode()
        lines = [
            b"commit " + ref.encode(),
            b"mark :1",
            f"author {author} <{author}@example.com> {when}".encode(),
            f"committer {author} <{author}@example.com> {when}".encode(),
            b"data %d" % len(text),
            text,
            *([f"from {parent}".encode()] if parent else []),
            *(change for path, content in files.items() for change in self._changes(path, content)),
            b"get-mark :1",
            b"",
        ]
        made = self.moving(ref, "fast-import", "--quiet", "--force", stdin=b"\n".join(lines)).decode().strip()
        self.stands_at(ref, made)
        return made

    def _changes(self, path: str, content: Content) -> list[bytes]:
        match content:
            case None:
                return [b"D " + quoted(path)]
            case Submodule(commit):
                return [b"M 160000 " + commit.encode() + b" " + quoted(path)]
            case Symlink(target):
                return self._file(LINK, path, target)
            case Executable(data):
                return self._file(EXECUTABLE, path, data)
            case Moved(source, data):
                move = b"R " + quoted(source) + b" " + quoted(path)
                return [move] if data is None else [move, *self._file(FILE, path, data)]
            case _:
                return self._file(FILE, path, content)

    def _file(self, mode: str, path: str, content: bytes | str) -> list[bytes]:
        data = content.encode() if isinstance(content, str) else content
        return [f"M {mode} inline ".encode() + quoted(path), b"data %d" % len(data), data]

    def tip(self, ref: str) -> str | None:
        """Return the commit that a full ref name points at, `None` when there is no such ref."""
        try:
            return self.resolve(ref)
        except GitError:
            return None

    def point(self, ref: str, commit: str) -> None:
        """Move or create a ref."""
        self.moving(ref, "update-ref", ref, commit)
        self.stands_at(ref, commit)

    def delete(self, ref: str) -> None:
        """Delete a ref."""
        self.moving(ref, "update-ref", "-d", ref)

    def merge_base(self, one: str, other: str) -> str:
        """Return the best common ancestor of two commits."""
        return self.fixed("merge-base", one, other).decode().strip()

    def commits(self, base: str, head: str) -> list[Commit]:
        """Return the commits reachable from `head` and not from `base`, oldest first."""
        names = self.fixed("rev-list", "--reverse", "--topo-order", f"{base}..{head}").decode().split()
        return [self.show(name) for name in names]

    def show(self, commit: str) -> Commit:
        """Read one commit."""
        form = "%H%x00%T%x00%P%x00%an%x00%aI%x00%B"
        text = self.fixed("show", "--no-patch", f"--format={form}", commit).decode(errors="replace")
        oid, tree, parents, author, date, message = text.split("\0")
        return Commit(oid, tree, tuple(parents.split()), author, date, message.strip())

    def ancestor(self, old: str, new: str) -> bool:
        """Say whether `new` contains `old`: whether a push is not a forced one."""
        return self.merge_base(old, new) == old

    def listing(self, commit: str, path: str = "", *, recursive: bool = True) -> list[Entry]:
        """List a tree; with `recursive` the entries of all folders below too, folders included."""
        spec = f"{commit}:{path}" if path else commit
        flags = ["-r", "-t"] if recursive else []
        records = self.fixed("ls-tree", "-z", "-l", *flags, spec).decode(errors="surrogateescape").split("\0")
        entries = []
        for record in filter(None, records):
            meta, _, name = record.partition("\t")
            mode, kind, oid, size = meta.split()
            entries.append(Entry(name, mode, kind, oid, int(size) if size.isdecimal() else 0))
        return entries

    def entry(self, commit: str, path: str) -> Entry | None:
        """Look one path up."""
        folder, _, name = path.rpartition("/")
        try:
            found = [each for each in self.listing(commit, folder, recursive=False) if each.path == name]
        except GitError:
            return None
        return found[0]._replace(path=path) if found else None

    def kind(self, name: str) -> str:
        """Return what an object is: commit, tree, blob or tag."""
        return self.run("cat-file", "-t", name).decode().strip()

    def blob(self, oid: str) -> bytes:
        """Read a blob."""
        return self.fixed("cat-file", "blob", oid)

    def diff(self, old: str, new: str) -> list[FileDiff]:
        """Compare two trees with rename detection, as `git diff -M` does."""
        flags = ("diff-tree", "-r", "-M", "-l0", "--full-index")
        raw = self.fixed(*flags, "--raw", "-z", old, new).decode(errors="surrogateescape").split("\0")
        text = self.fixed(*flags, "--patch", "--no-color", "--no-ext-diff", old, new)
        segments = (b"\n" + text).split(b"\ndiff --git ")[1:]
        diffs, fields = [], iter(raw)
        for head in fields:
            if not head:
                break
            old_mode, new_mode, old_oid, new_oid, status = head.removeprefix(":").split()
            old_path = next(fields)
            path = next(fields) if status[0] in "RC" else old_path
            taken = 2 if status == "T" else 1  # a file that becomes a link is deleted and added again
            patch = "\n".join(filter(None, map(patch_text, segments[:taken])))
            binary = any(b"\nBinary files " in segment for segment in segments[:taken])
            del segments[:taken]
            diffs.append(
                FileDiff(
                    path, old_path, status[0], old_mode, new_mode, old_oid, new_oid, binary, patch, parse_hunks(patch)
                )
            )
        return diffs

    def merge(self, ref: str, other: str, message: str) -> str:
        """Merge a commit into a ref and return the merge commit."""
        tip = self.resolve(ref)
        tree = self.run("merge-tree", "--write-tree", tip, other).decode().split()[0]
        merged = self.run("commit-tree", tree, "-p", tip, "-p", other, "-m", message).decode().strip()
        self.point(ref, merged)
        return merged

    def rebase(self, ref: str, upstream: str, onto: str) -> str:
        """Replay the commits `upstream..ref` on another commit, move the ref there and return its tip."""
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "tree")
            self.run("worktree", "add", "--quiet", "--detach", str(place), self.resolve(ref))
            try:
                self.run("-C", str(place), "rebase", "--quiet", "--onto", onto, upstream)
                tip = self.run("-C", str(place), "rev-parse", "HEAD").decode().strip()
            finally:
                self.run("worktree", "remove", "--force", str(place))
        self.point(ref, tip)
        return tip


def quoted(path: str) -> bytes:
    """Write a path as git's importer reads it."""
    text = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'.encode(errors="surrogateescape")


def patch_text(segment: bytes) -> str:
    """Cut the hunks out of one file's part of a diff; bytes that are not UTF-8 are replaced, as forges do."""
    start = segment.find(b"\n@@ ")
    return "" if start < 0 else segment[start + 1 :].removesuffix(b"\n").decode(errors="replace")
