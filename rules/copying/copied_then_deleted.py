"""See copied_then_deleted.md."""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import replace as replaced
from fnmatch import fnmatchcase

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Put,
    Run,
    Severity,
    Stage,
    delete_command,
    delete_instruction,
    folders_of,
    insert,
    names_a_file,
    quote,
    rule,
    within,
)
from rules.copying.context.named_by_variables import named_by_variables
from rules.copying.deletions import deletions, is_guessed
from rules.copying.installs.mounted_instead import (
    HEAVY,
    brought_again,
    builds_there,
    deleted_unused,
    is_emptied,
    way_out,
)
from rules.copying.outputs.runtime_paths import installed_there
from rules.copying.python.wheels import is_own_wheel
from rules.copying.source_trees.deleted import HEAVY_FOLDERS, deleted_of_builder, deleted_of_context
from rules.model.filenames import is_pattern
from rules.user.owners.copied_weights import are_few_texts

_LIGHT = (".sh", ".bash", ".py", ".asc", ".gpg", ".sig", ".key", ".pem", ".crt", ".sha256", ".list", ".repo")
"""Endings of downloads that are a few kilobytes: a script that installs something, a key, a signature."""
_READERS = frozenset({"pip", "apt", "dnf", "yum", "apk"})
"""Managers that only read what they install from, so that a read-only mount serves them."""


@rule(
    "copied-then-deleted",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("COPY", "ADD"),
    mentions=("rm", "unlink"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A shipped stage copies something in and deletes it in a later layer, where it stays."""
    said: set[int] = set()
    for stage in change.after.shipped:
        steps = {id(step): place for place, step in enumerate(stage.done_steps)}
        puts = map(_named_by_pattern, (*stage.files.puts, *named_by_variables(stage)))
        copied = _Copied([(put, put.step) for put in puts if isinstance(put.step, Copy) and _weighs(put)])
        for path, run, command in deletions(stage) if copied.rows else ():
            for put, copy in copied.taken_by(path):
                if id(copy) not in said and steps[id(copy)] <= steps[id(run)]:
                    said.add(id(copy))
                    problem = _problem(stage, put, copy, run, command, path)
                    yield replaced(problem, minor=problem.minor or are_few_texts(change, [put]))
        for put, copy in [row for row in copied.rows if row[0].whole and row[0].kind == "stage"][:1]:
            if id(copy) not in said:
                said.add(id(copy))
                yield from [*_of_builder(change, stage, put, copy)] or deleted_of_builder(change, stage, put, copy)
        for put, copy in [row for row in copied.rows if row[0].whole and row[0].kind == "context"][:1]:
            if id(copy) not in said:
                said.add(id(copy))
                yield from deleted_of_context(change, stage, put, copy)


class _Copied:
    """What is copied, by every folder above it: a file may have thousands of copies and of deletions."""

    def __init__(self, rows: list[tuple[Put, Copy]]) -> None:
        self.rows = [(put, copy) for put, copy in rows if is_emptied(put) or not _is_system_folder(put.path)]
        self._by_folder: dict[str, list[tuple[Put, Copy]]] = {}
        for put, copy in self.rows:
            for folder in folders_of(put.path):
                self._by_folder.setdefault(folder, []).append((put, copy))

    def taken_by(self, path: str) -> Iterable[tuple[Put, Copy]]:
        """Return the copies of which a deletion takes all that they brought."""
        if path == "/":
            return ()
        if is_pattern(path):
            return [(put, copy) for put, copy in self.rows if _is_file(put) and fnmatchcase(put.path, path)]
        return self._by_folder.get(path, ())


def _named_by_pattern(put: Put) -> Put:
    """Return what a COPY brings by a pattern of heavy files under that pattern: `/tmp/*.deb`.

    Where the destination is written as a file, the pattern fits one alone, which gets that name: several sources need
    a folder (Dockerfile reference, `COPY`, "Destination").
    """
    name, copy = posixpath.basename(put.source), put.step
    known = (
        isinstance(copy, Copy)
        and not _is_called_like_file(put, copy)
        and "*" in name
        and name.lower().endswith(HEAVY)
        and "*" not in put.path
    )
    return put._replace(path=posixpath.join(put.path, name)) if known else put


def _is_called_like_file(put: Put, copy: Copy) -> bool:
    """Whether the destination is the name of such a file, and no folder: `COPY dist/*.tar.gz /tmp/shop.tar.gz`."""
    return put.path.lower().endswith(HEAVY) and not copy.into_folder


def _is_file(put: Put) -> bool:
    """Whether a copy brings one file: that is known, or its destination is called like one."""
    return not put.tree or names_a_file(put.path)


def _of_builder(change: DockerfileChange, stage: Stage, put: Put, copy: Copy) -> Iterator[Problem]:
    """Find packages that came with a builder's folder and are deleted, as where production's are installed instead."""
    builder = copy.from_stage
    gone = {path: (run, command) for path, run, command in deletions(stage) if run.at > copy.at}
    for made, path in installed_there(change, builder, put.source) if builder is not None and gone else ():
        there = posixpath.normpath(posixpath.join(put.path, posixpath.relpath(path, put.source)))
        inside = within(path, put.source) and path != put.source
        if inside and there in gone and builder is not None and not builder.files.is_deleted(path):
            yield _packages_deleted(builder, copy, (made, path), gone[there][1])
            return


def _packages_deleted(builder: Stage, copy: Copy, made: tuple[Run, str], command: Command) -> Problem:
    run, path = made
    return Problem(
        copy.instruction.span,
        f"{copy.stage.label} copies the tree of {builder.label}, and with it {quote(path)}, which line "
        f"{run.instruction.line} fills. {quote(str(command))} (line {command.line}) deletes that in a later layer, "
        f"where the image still carries all its bytes. Delete it in {builder.label} before that, where no other stage "
        "takes it, or copy the rest by name.",
        Confidence.LIKELY,
        doubt="what that line leaves there is not known",
        instruction=copy.instruction,
        stage=copy.stage.key,
        key=path,
    )


def _is_system_folder(path: str) -> bool:
    """Whether a path is a system's folder, into which single files are copied and others deleted."""
    return path in ("/", "/tmp", "/usr", "/usr/local", "/usr/local/bin", "/usr/bin", "/etc", "/opt", "/root", "/var")  # noqa: S108 - a folder of the image


def _weighs(put: Put) -> bool:
    """Whether what was copied may be large: archives, trees, what another stage built; not a script or a setting."""
    name = posixpath.basename(put.source.rstrip("/")) or posixpath.basename(put.path)
    if put.whole or put.kind == "remote":
        return not put.path.lower().endswith(_LIGHT)
    if name.lower().endswith(HEAVY):
        return True
    if "." in name.strip("."):
        return False
    if put.kind == "context":
        return put.tree and (name in HEAVY_FOLDERS or posixpath.basename(put.path) in HEAVY_FOLDERS)
    return put.kind in ("stage", "image")


def _problem(stage: Stage, put: Put, copy: Copy, run: Run, command: Command, path: str) -> Problem:
    """Speak of a COPY that a command deletes; `path` is what that deletes: the same, a folder above or a pattern."""
    fix = _fix(stage, put, copy, run, command)
    again, lost = brought_again(stage, put, copy, run, path), deleted_unused(stage, put, copy, run, command)
    named = put.source or copy.sources[0].word.text  # what an unknown variable is part of is named as it is written
    what = f"{quote(named)} into {quote(put.path)}" if is_emptied(put) else f"{quote(put.path)} in"
    cure = again or lost or way_out(stage, put, copy, run, command, path, fixed=fix is not None)
    return Problem(
        copy.instruction.span,
        f"{copy.stage.label} copies {what}, and {quote(str(command))} (line {command.line}) deletes it "
        f"in a later layer. The image still carries all its bytes: a layer cannot shrink the one below it. {cure}",
        Confidence.LIKELY if is_guessed(run, command) else Confidence.CERTAIN,
        doubt="the base image may work in another folder than `/`",
        decision=f"{copy.stage.key} {command.start} {cure}",  # one command deletes what several lines bring
        instruction=copy.instruction,
        stage=copy.stage.key,
        key=put.path,
        minor=is_own_wheel(copy),
        fix=fix,
    )


def _may_hold(other: Put, put: Put) -> bool:
    """Whether another COPY may bring something to the same place."""
    if other.path == put.path:
        return True
    inside = posixpath.join(other.source, posixpath.relpath(put.path, other.path))
    return other.tree and other.kind == put.kind == "context" and within(put.source, posixpath.normpath(inside))


def _users(stage: Stage, put: Put, copy: Copy) -> list[Run]:
    """Return the RUNs below a COPY that speak of its path."""
    place = stage.done_steps.index(copy)
    return [s for s in stage.done_steps[place:] if isinstance(s, Run) and put.path in s.instruction.whole_value]


def _is_mountable(stage: Stage, put: Put, copy: Copy) -> bool:
    """Whether a mount can name what a COPY takes, and where: what a variable names is another file with each value."""
    if copy.stage is not stage or copy.heredocs or len(copy.sources) != 1 or put.kind not in ("stage", "context"):
        return False
    source = copy.sources[0]
    return not (source.has_wildcard or "$" in put.path + source.word.text or is_emptied(put))


def _fix(stage: Stage, put: Put, copy: Copy, run: Run, command: Command) -> Fix | None:
    """Mount instead of copying, where one RUN uses it, reads it only, and deletes it by a command of its own."""
    if not _is_mountable(stage, put, copy) or _users(stage, put, copy) != [run] or len(command.operands()) != 1:
        return None
    if any(other.step is not copy and _may_hold(other, put) for other in stage.files.covering(put.path)):
        return None  # the deletion takes away what that one brought, too
    others = [c for c in run.commands if c is not command and put.path in str(c)]
    calls = {call.command.start for call in run.package_calls if call.manager in _READERS}
    if not others or any(other.start not in calls for other in others) or builds_there(run, put.path):
        return None  # what writes there needs a mount that lets it
    origin = f"from={copy.from_text}," if put.kind == "stage" else ""
    mount = f"--mount=type=bind,{origin}source={put.source},target={put.path} "
    gone = delete_command(run, command)
    if gone is None:
        return None
    source = copy.instruction.source
    edits: tuple[Edit, ...] = (
        delete_instruction(copy.instruction),
        insert(source, run.instruction.keyword_span.end + 1, mount),
        gone,
    )
    return Fix("Mount it instead of copying it", edits)
