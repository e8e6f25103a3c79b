"""See build_arg_misspelt.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    OF_THE_BUILDER,
    Build,
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Model,
    Problem,
    Severity,
    Word,
    names_read,
    nearest,
    once,
    quote,
    rule,
)
from rules.build.variables.exchanged import exchanged
from rules.build.variables.uses import is_asked_for, is_read_by_name, with_default
from rules.model.lineage import built_as
from rules.repository.builds import builds_by_command

_OF_BUILDKIT = ("BUILDKIT_", "BUILDX_")
"""How arguments begin that BuildKit takes for itself (its README, "Build args")."""

_DIGITS = re.compile(r"\d")
_SHORTEST, _ENDING, _PLAIN = 3, 2, 5
"""Letters of a part that may go on in the other name, by how many it may where it is not the last, and of one in which
a slip is no other word."""


class _Empty(NamedTuple):
    """An ARG that has no value unless a build gives it one."""

    instruction: Instruction
    name: Word


@rule(
    "build-arg-misspelt",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ARG",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A build passes an argument that no ARG takes, and one of nearly that name gets no value."""
    empty = _empty(change.after)
    told: set[str] = set()
    for build in _builds(change) if empty else ():
        made = built_as(change.after, build.target)
        if made is None or not made.is_last:
            continue  # the stage that reads it may not be built
        open_names = [name for name in empty if name not in build.args and name not in told]
        for passed in build.args:
            like = (name for name in open_names if _is_like(passed, name) or _is_renamed(change, passed, name))
            meant = next(like, None) if _is_taken_by_none(change, passed) else None
            if meant is not None and not _is_passed_beside(change, build, meant):
                told.add(meant)
                open_names.remove(meant)
                yield _problem(empty[meant], build, passed)


def _builds(change: DockerfileChange) -> Iterator[Build]:
    """Yield the builds of the file, those of scripts in its folder too, which mostly work there."""
    yield from change.repository.builds_of(change.path)
    folder = posixpath.dirname(change.path)
    for path in sorted(change.repository.files):
        if posixpath.dirname(path) == folder and path.endswith((".sh", ".bash")):
            found = builds_by_command(path, change.repository.text(path) or "")
            yield from (build for build in found if build.dockerfile == change.path)


@once
def _empty(model: Model) -> dict[str, _Empty]:
    """Return the ARGs that something reads and nothing in the file gives a value, each where it is declared first."""
    read, given = frozenset(names_read(model.code)), with_default(model)
    found: dict[str, _Empty] = {}
    for instruction in model.dockerfile.instructions:
        for name, _ in instruction.pairs if instruction.keyword == "ARG" else ():
            used = name.text in read or is_read_by_name(name.text)
            if used and name.text not in given | OF_THE_BUILDER and not is_asked_for(name.text, model.code):
                found.setdefault(name.text, _Empty(instruction, name))
    return found


def _is_like(passed: str, name: str) -> bool:
    """Whether two names are one, but for a slip, or a part that is longer in one: `RUST_PROFILE`, `RUSTUP_PROFILE`.

    Another number is another thing (`PYTHON2_VERSION`), and so may be another short word (`API_URL`, `APP_URL`).
    """
    theirs, ours = passed.upper().split("_"), name.upper().split("_")
    return (
        len(theirs) == len(ours)
        and _DIGITS.sub("", passed) != _DIGITS.sub("", name)
        and all(map(_is_like_part, theirs[:-1], ours[:-1]))
        and (_is_like_part(theirs[-1], ours[-1]) or _is_short_for(theirs[-1], ours[-1]))
    )


def _is_renamed(change: DockerfileChange, passed: str, name: str) -> bool:
    """Whether the change takes away the one `ARG` and puts the other in its place, and no further one comes or goes."""
    return change.before is not None and exchanged(change) == (passed, name)


def _is_like_part(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if one == other or long == f"{short}S":
        return True
    if _SHORTEST < len(short) >= len(long) - _ENDING and long.startswith(short):
        return True
    return len(short) >= _PLAIN and nearest(one, [other]) is not None


def _is_short_for(one: str, other: str) -> bool:
    """Whether one of the last parts goes on in the other: `VER`, `VERSION`."""
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST and long.startswith(short)


def _is_passed_beside(change: DockerfileChange, build: Build, meant: str) -> bool:
    """Whether a file that adds to the build's passes what is meant: a `compose.override.yaml` to a `compose.yaml`."""
    ours = re.compile(rf"\b{re.escape(meant)}\b")
    folder = posixpath.dirname(build.path)
    for path in change.repository.files:
        text = change.repository.text(path) or ""
        override = posixpath.dirname(path) == folder and "override" in path and path.endswith((".yml", ".yaml"))
        if override and path != build.path and ours.search(text):
            return True
    return False


def _is_taken_by_none(change: DockerfileChange, passed: str) -> bool:
    """Whether no instruction speaks of an argument, and BuildKit does not take it for itself."""
    if passed in OF_THE_BUILDER or passed.startswith(_OF_BUILDKIT) or "$" in passed:
        return False
    return passed not in _names(change.after)


@once
def _names(model: Model) -> frozenset[str]:
    """Return the names that instructions declare or read."""
    pairs = (name.text for one in model.dockerfile.instructions for name, _ in one.pairs)
    return frozenset((*names_read(model.code), *pairs))


def _problem(empty: _Empty, build: Build, passed: str) -> Problem:
    name = empty.name.text
    return Problem(
        empty.instruction.span,
        f"`ARG {name}` gets no value from the build of {quote(build.path)} (line {build.line}), which passes "
        f"{quote(passed)}: no `ARG` takes that. BuildKit only warns that it was not consumed, and `${name}` is empty "
        "wherever it is used. Use one name in both.",
        Confidence.LIKELY,
        doubt="another build may pass it",
        key=name,
    )
