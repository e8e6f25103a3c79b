"""When an ADD can fetch what a command of a RUN fetches, and how the one takes the other's place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import (
    ROOT_NAMES,
    Command,
    DockerfileChange,
    Origin,
    delete_commands,
    fix,
    insert_line_before,
    names_read,
    once,
    replace,
)
from rules.dockerfile.frontend import knows_release
from rules.model.puts import meet, within_any
from rules.model.work_folders import folder_of, path_of
from rules.repository.builders import is_built_classically

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.api import Fix, Run

_REMOTE = 6
"""The release of the frontend in which `ADD <git>` and `--checksum` left the labs: 1.6 (its release notes)."""
_UNPACK = 17
"""The one that brought `--unpack`: 1.17 (its release notes)."""
_PLAIN = re.compile(r"(?:[^$`]|\$\w+|\$\{\w+\})*")
"""A text whose variables ADD replaces as a shell does: no command, and none of the forms with an operator."""
_OF_SHELL = frozenset("HOME PWD OLDPWD USER LOGNAME UID EUID HOSTNAME HOSTTYPE MACHTYPE OSTYPE RANDOM SHELL".split())
"""Variables that a shell has by itself."""
_CHANGES = frozenset({"rm", "unlink", "mv", "chown", "chmod", "chgrp", "find"})
"""Programs that, in a later layer than the files', leave all of them in the one below."""
_WITHOUT_TRACE = frozenset({"apt-get", "apt", "apk", "dnf", "microdnf", "yum", "set", "update-ca-certificates"})
"""What may run before or behind a download alike: it neither asks for the files nor makes any in their place."""
_LISTS = ("/var/lib/apt/lists", "/var/cache")
"""What an installation leaves, and its cleaning removes."""
_GLOB = re.compile(r"[*?\[].*", re.DOTALL)


def knows_add(change: DockerfileChange) -> bool:
    """Tell whether the file may use ADD for repositories and with a checksum: no older frontend or builder reads it."""
    if is_built_classically(change.repository, change.path):
        return False
    return knows_release(change.after.dockerfile, _REMOTE) is not False


def knows_unpack(change: DockerfileChange) -> bool | None:
    """Tell whether the frontend that the file names has `ADD --unpack`; `None` where the builder's own decides."""
    return knows_release(change.after.dockerfile, _UNPACK)


def is_always_run(run: Run, command: Command) -> bool:
    """Tell whether a command runs whatever is so by then, and by itself: not again after a failure, nor instead."""
    joined = "||" in (command.before, command.after)
    plain = not command.wrappers and not command.assignments and not command.nested
    return run.is_read and plain and not command.conditional and not command.negated and not joined


def is_known_outside(run: Run, text: str) -> bool:
    """Tell whether a text means to an instruction what it means to a RUN: no variable of the script is in it."""
    names = set(names_read(text))
    own = {name for name in names & _OF_SHELL if run.scope.get(name) is None}
    return _PLAIN.fullmatch(text) is not None and not own and names.isdisjoint(_assigned(run))


@once
def _assigned(run: Run) -> frozenset[str]:
    """The variables that a script sets itself, by an assignment, a loop or `read`."""
    assigned = {name for command in run.commands for name, _ in command.assignments}
    loops = re.findall(r"\b(?:for|select)\s+(\w+)", run.instruction.whole_value)
    return frozenset({*assigned, *loops, *(word.value for one in run.calls("read") for word in one.operands())})


def leaves_no_layer(
    run: Run, command: Command, path: str | None, *, but: Collection[Command] = (), aside: str | None = None
) -> bool:
    """Tell whether what a command fetches is not kept as it came, where that counts.

    It goes to a mount; or in a stage whose layers ship the same RUN deletes, moves or alters it, which another layer
    than the download's cannot do without keeping all of it.

    Args:
        run: The RUN.
        command: The command.
        path: What it makes; `None` where that is not known.
        but: Commands that do not count, since the ADD does their work.
        aside: A path that does not count: the archive which it need not save.
    """
    if path is not None and run.is_mounted(path):
        return True
    if not run.stage.layers_ship:
        return False
    later = (one for one in run.calls(*_CHANGES) if one.start > command.start)
    return any(_may_touch(run, one, path, aside) for one in later if one not in but)


def _may_touch(run: Run, command: Command, path: str | None, aside: str | None) -> bool:
    for word in command.operands():
        place = path_of(run, command, _GLOB.sub("", word.value) or ".")
        if place is not None and (place == aside or within_any(place, _LISTS)):
            continue
        if place is None or path is None or "$" in word.value:
            return True
        if meet(place, path) and not place.endswith("/.git"):
            return True
    return False


def is_plain_place(run: Run, command: Command) -> bool:
    """Tell whether an ADD right above a RUN does at its place what the command does at its own.

    It works as root, in the folder of the WORKDIR, behind nothing but installations of packages.
    """
    as_root = run.user.origin is Origin.ABSENT or run.user.value in ROOT_NAMES
    bare = not (run.deferred or run.instruction.flags or run.instruction.heredocs or command.redirects)
    before = run.commands[: run.commands.index(command)]
    first = all(one.name in _WITHOUT_TRACE for one in before)
    return as_root and bare and first and folder_of(run, command) == run.workdir.value


def above_run(run: Run, title: str, text: str, *gone: Command) -> Fix | None:
    """Make a fix that takes commands out of a RUN and puts an instruction above it; in its place if none are left."""
    instruction = run.instruction
    source = instruction.source
    keyword, _, rest = text.partition(" ")
    written = f"{keyword.lower() if source.cut(instruction.keyword_span).islower() else keyword} {rest}"
    if all(command in gone or command.name == "set" for command in run.commands):
        return fix(title, replace(source, instruction.span, written))
    return fix(title, insert_line_before(instruction, written), delete_commands(run, gone))
