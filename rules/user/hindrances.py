"""What keeps a container from running as an account that owns nothing: a closed folder, files that it has to write."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.model.puts import within
from rules.quoting import quote
from rules.user.ownership import access

if TYPE_CHECKING:
    from rules.model.stage import Stage

_RAILS = re.compile(r"\brails\b.*\b(?:server|s)\b|\bpuma\b|\bthrust\b")
_ROOTS_HOME = "/root"
_RELEASE = re.compile(r"(?:^|/)_build(?:/|$)|(?:^|/)rel/[\w-]+/?$")
"""Where `mix release` writes: `_build/prod/rel/shop`."""
_RELEASE_STARTS = frozenset({"start", "start_iex", "daemon", "foreground", "eval"})


def is_rails(stage: Stage) -> bool:
    """Tell whether the container starts a Rails server, which writes logs, caches and files below its folder."""
    return any(setting.value and _RAILS.search(setting.value.text) for setting in stage.image.start_command)


def hindrance(stage: Stage, user: str) -> str | None:
    """Return what has to be done before the start command can run as an account, as a sentence; `None` without a sign.

    Args:
        stage: The stage that ships.
        user: The account as `USER` would name it.
    """
    return _closed(stage) or _of_rails(stage, user.partition(":")[0]) or _of_release(stage, user.partition(":")[0])


def _closed(stage: Stage) -> str | None:
    """Speak of root's home, mode 700 in the images of Debian and Alpine, where the program lies in it."""
    words = _words(stage)
    folder = stage.image.workdir.value or "/"
    program = words[0] if words and "/" in words[0] else ""
    lies_there = bool(program) and within(posixpath.normpath(posixpath.join(folder, program)), _ROOTS_HOME)
    opened = any(row.path == _ROOTS_HOME for row in stage.files.attribute_changes)
    if opened or not (lies_there or within(folder, _ROOTS_HOME)):
        return None
    what = "what it starts" if lies_there else "the `WORKDIR`"
    return f"Move {what} out of {quote(_ROOTS_HOME)}, which no other account may enter, and switch to one."


def _of_rails(stage: Stage, user: str) -> str | None:
    folder = stage.image.workdir.value
    settled = stage.image.env.get("RAILS_ENV")
    known = is_rails(stage) or (settled is not None and "ruby" in stage.runtime.languages)
    if not known or folder is None or access(stage, posixpath.join(folder, "tmp"), user).writable is True:
        return None
    return (
        f"A Rails server writes to `log`, `tmp` and `storage` below {quote(folder)}: give these to an ordinary account "
        "with `chown`, then switch to it."
    )


def _of_release(stage: Stage, user: str) -> str | None:
    """Speak of a release of Elixir, which copies its settings to `tmp` below its folder (`mix help release`)."""
    words = _words(stage)
    copied = (copy for copy in stage.all_copies if copy.from_stage is not None)
    if words[1:2] and words[1] in _RELEASE_STARTS and posixpath.basename(posixpath.dirname(words[0])) == "bin":
        folder = posixpath.join(stage.image.workdir.value or "/", posixpath.dirname(posixpath.dirname(words[0])))
        built = any(_RELEASE.search(source.path or "") for copy in copied for source in copy.sources)
        tmp = posixpath.join(posixpath.normpath(folder), "tmp")
        if built and access(stage, tmp, user).writable is not True:
            return (
                f"A release that reads its settings at the start copies them to {quote(tmp)}: give that folder to an "
                "ordinary account with `chown`, then switch to it."
            )
    return None


def _words(stage: Stage) -> tuple[str, ...]:
    """The words of the start command; of a shell's script, those of its last command."""
    words: list[str] = []
    for setting in stage.image.start_command:
        start = setting.value
        if start is not None and start.form == "exec":
            words += start.words
        elif start is not None and start.commands:
            words += [word.value for word in start.commands[-1].words]
    return tuple(words)
