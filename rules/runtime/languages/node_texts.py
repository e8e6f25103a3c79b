"""The texts of the programs that Node.js is started with: which packages they load, and whether they handle signals."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.brought import brought
from rules.repository.node_files import whole_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.shell.command import Command
    from rules.model.stage import Stage

NODE = frozenset({"node", "nodejs"})
"""Node.js, and what Debian called it."""
_WITH_VALUE = frozenset({"-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"})
_ENDINGS = ("", ".js", "/index.js")
"""What Node.js puts behind a name that is no file (nodejs.org, "Modules: CommonJS modules")."""
_LOADED = re.compile(r"""(?:\brequire\s*\(|\bfrom|\bimport\s*\(?)\s*["']((?:@[\w.-]+/)?[\w-][\w.-]*)""")
HANDLER = re.compile(r"""["'`]SIGTERM["'`]""")
"""A program that names the signal as a word of its own sees to it: `process.on("SIGTERM", …)`, a list of signals."""


def texts_of_node(change: DockerfileChange, stage: Stage, commands: Iterable[Command]) -> Iterator[str]:
    """Yield the texts of the files of the repository that commands run with Node.js in the working directory.

    What these load by relative paths goes with them.
    """
    folder = stage.image.workdir.value
    for command in commands if folder is not None else ():
        words = command.operands(_WITH_VALUE) if command.name in NODE else ()
        places = (posixpath.normpath(posixpath.join(folder or "/", words[0].value + end)) for end in _ENDINGS if words)
        found = (brought(change, stage, place, through_stages=True) for place in places)
        first = next((one.path for one in found if one is not None), None)
        if first is not None:
            texts = map(change.repository.text, whole_program([first], change.repository.text, change.repository.files))
            yield from filter(None, texts)


def packages_loaded(text: str) -> frozenset[str]:
    """Return the packages that a program's text loads by name: `require("yjs")`, `import x from "yjs/dist"`."""
    return frozenset(_LOADED.findall(text))
