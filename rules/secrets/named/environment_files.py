"""What a `.env` file holds, as far as it was read."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.quoting import quote
from rules.secrets.downloads.fetched import is_local
from rules.secrets.named.files import Held, is_encrypted
from rules.secrets.named.names import could_be_secret, is_placeholder, names_a_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Stage

_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=(.*)$", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]#.*$")
_PASSWORD = re.compile(r"://[^/\s:@]*:([^$/\s@]+)@([^/:\s]+)")
_OF_MODE = re.compile(r"\.env\.(?:prod(?:uction)?|dev(?:elopment)?|staging)")
"""The defaults of a mode, which the frameworks of JavaScript want in the repository; theirs for one machine end in
`.local` (the guides of Vite and Create React App)."""
_EXAMPLES = (".example", ".sample", ".template", ".dist")
_NAMED = 3
"""Variables that a sentence can name."""


def held_by_settings(change: DockerfileChange, stage: Stage, path: str) -> Held | None:
    """Say what a file of settings holds.

    Args:
        change: The Dockerfile.
        stage: The stage that it is copied into.
        path: The file, in the build context.

    Returns:
        `None` where it was read and sets no secret. What was not read is likely to hold some, unless the repository
        shows that the file is meant for everyone.
    """
    place = posixpath.join(change.repository.context_of(change.path) or "", path)
    text = change.repository.text(place)
    if text is None:
        likely = not _is_meant_for_all(change, stage, path, place)
        return Held("may hold the settings of one installation, passwords among them", likely, read=False)
    names = list(dict.fromkeys(_secrets(text)))
    if not names:
        return None
    shown = ", ".join(quote(name) for name in names[:_NAMED])
    return Held(f"sets {shown}{' and others' if len(names) > _NAMED else ''}", likely=True, read=True)


def sets_a_secret(text: str) -> bool:
    """Tell whether a file of settings gives a variable what could be a secret."""
    return next(_secrets(text), None) is not None


def _is_meant_for_all(change: DockerfileChange, stage: Stage, path: str, place: str) -> bool:
    """Whether a file is committed, let in on purpose, a mode's defaults, or shows in its example that it has none."""
    ignore = change.repository.dockerignore(change.path)
    line = ignore.matching_line(path) if ignore is not None else None
    let_in = ignore is not None and any(one.line == line and one.negated for one in ignore.patterns)
    of_mode = _OF_MODE.fullmatch(posixpath.basename(path)) and not {"node", "bun"}.isdisjoint(stage.runtime.languages)
    examples = [text for end in _EXAMPLES if (text := change.repository.text(place + end)) is not None]
    names = [name for text in examples for name, _ in _LINE.findall(text)]
    return bool(change.repository.exists(place) or let_in or of_mode or (names and not any(map(names_a_secret, names))))


def _secrets(text: str) -> Iterator[str]:
    """Yield the variables that a text sets to what could be a secret: a value for a name that says so, or a URL's."""
    for name, written in _LINE.findall(text):
        value = _COMMENT.sub("", written).strip().strip("\"'")
        if not value or "$" in value or is_placeholder(value) or is_encrypted(f"={value}"):
            continue
        password = _PASSWORD.search(value)
        if password is not None:
            if not is_local(password[2]) and not is_placeholder(password[1]):
                yield name
        elif names_a_secret(name) and could_be_secret(value):
            yield name
