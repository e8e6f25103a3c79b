"""What `find` hands to `chown` and `chmod`: by `-exec`, or through a pipe to `xargs`."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once

if TYPE_CHECKING:
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

HANDED = "{}"
"""What `find` and `xargs -I{}` put the path for."""
_FOLLOWING = ("-H", "-L", "-P")
_ALONE = frozenset({"-print", "-print0", "-xdev", "-mount", "-depth", "-noleaf"})
"""Words of `find` that choose nothing."""
_OF_OWNER = frozenset({"-user", "-group", "-uid", "-gid"})
"""Behind a `!`: what has that owner already is left out."""
_NOT = frozenset({"!", "-not"})


class Found(NamedTuple):
    """The files that a `find` hands on.

    Attributes:
        find: The `find`.
        roots: The folders that it looks through, as written.
        type: `f` or `d` where it takes files or folders alone.
    """

    find: Command
    roots: tuple[str, ...]
    type: str


def found_for(run: Run, command: Command) -> Found | None:
    """Return what a `find` hands to a command, `None` where it hands nothing or chooses among the files by more."""
    if "xargs" in command.wrappers:
        first = run.pipelines[command.pipeline][0]
        return _read(first) if first.name == "find" and first.part == command.part - 1 else None
    if not command.nested:
        return None
    finds = _finds(run)
    at = bisect_left(finds, command.start, key=lambda one: one.start) - 1
    return _read(finds[at]) if at >= 0 and command.start < finds[at].end else None


@once
def _finds(run: Run) -> list[Command]:
    return sorted(run.calls("find"), key=lambda one: one.start)


def _read(find: Command) -> Found | None:
    words = [word.value for word in find.args if word.value not in _FOLLOWING]
    end = next((at for at, word in enumerate(words) if word[:1] in ("-", "(", "!")), len(words))
    rest, kind = words[end:], ""
    while rest and not rest[0].startswith("-exec"):
        if rest[0] in _ALONE:
            del rest[:1]
        elif rest[0] == "-type" and rest[1:2] in (["f"], ["d"]) and not kind:
            kind = rest[1]
            del rest[:2]
        elif rest[0] in _NOT and len(rest) > 2 and rest[1] in _OF_OWNER:  # noqa: PLR2004 - and whose
            del rest[:3]
        else:
            return None
    return Found(find, tuple(words[:end]) or (".",), kind)
