"""The files of a program for Node.js: those that its own files load by a path beside them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

PROGRAMS = (".js", ".mjs", ".cjs")
"""How the programs end that Node.js is started with; a rule reads which packages they load, and whether they handle
signals."""
_BESIDE = re.compile(r"""(?:\brequire\s*\(|\bfrom|\bimport\s*\(?)\s*["'](\.{1,2}(?:/[\w./@+-]*)?)["']""")
_ENDINGS = ("", ".js", ".cjs", ".mjs", "/index.js")
"""What stands behind a name that is no file (nodejs.org, "Modules: CommonJS modules", "File modules")."""
_MOST = 60


def loaded_beside(path: str, text: str, known: Container[str]) -> Iterator[str]:
    """Yield the files that a program loads by a relative path: `require("./routes")`.

    Args:
        path: The program's place in the repository.
        text: What it says.
        known: The paths of files, of which one has to be.
    """
    folder = posixpath.dirname(path)
    for name in _BESIDE.findall(text):
        place = posixpath.normpath(posixpath.join(folder, name))
        yield from [one for ending in _ENDINGS if (one := place + ending).endswith(PROGRAMS) and one in known][:1]


def whole_program(paths: Iterable[str], read: Callable[[str], str | None], known: Container[str]) -> list[str]:
    """Return some programs with all that they load by relative paths, as far as files were read.

    Args:
        paths: The programs.
        read: Gives the text of a file; nothing where it was not read.
        known: The paths of files, read or not.
    """
    found = dict.fromkeys(paths)
    waiting = list(found)
    while waiting and len(found) < _MOST:
        path = waiting.pop(0)
        new = [one for one in loaded_beside(path, read(path) or "", known) if one not in found]
        found.update(dict.fromkeys(new))
        waiting += new
    return list(found)
