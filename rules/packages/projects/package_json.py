"""The scripts of a package.json, and the commands that running one of them comes to."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.dockerfile.shell.script import parse
from rules.dockerfile.source import Source
from rules.facts.installers import NODE_MANAGERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.dockerfile.shell.script import Command

_OWN = frozenset({"start", "test", "stop", "restart"})
"""Scripts that npm runs without `run` (npm's documentation, "scripts")."""
_IN_TURN = frozenset("run-s run-p npm-run-all".split())
_MOST = 30
"""Scripts that are followed from one."""


class Manifest(NamedTuple):
    """What a package.json says.

    Attributes:
        data: Its keys, as JSON has them.
        path: In the repository, empty where that does not matter.
    """

    data: Mapping[str, Any]
    path: str = ""

    def table(self, name: str) -> dict[str, Any]:
        """Return one of its objects, empty where it has none of that name."""
        table = self.data.get(name)
        return table if isinstance(table, dict) else {}

    @property
    def scripts(self) -> dict[str, str]:
        """Its scripts, by name."""
        return {name: line for name, line in self.table("scripts").items() if isinstance(line, str)}

    @property
    def own(self) -> frozenset[str]:
        """The names of packages that the program itself asks for, optional ones and those of whoever uses it too."""
        return self.packages("dependencies", "optionalDependencies", "peerDependencies")

    def packages(self, *parts: str) -> frozenset[str]:
        """Return the names of packages that it asks for in some of its parts, such as `devDependencies`."""
        return frozenset(name for part in parts for name in self.table(part))


@lru_cache(maxsize=32)
def read_manifest(text: str | None) -> Manifest | None:
    """Read a package.json, or another file of JSON with one object; `None` where it was not read, or is none."""
    try:
        data = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return Manifest(data) if isinstance(data, dict) else None


def scripts_of(text: str | None) -> dict[str, str]:
    """Return the scripts of a package.json by name; none where it was not read, or is not one."""
    read = read_manifest(text)
    return read.scripts if read is not None else {}


def commands_run(scripts: Mapping[str, str], name: str) -> Iterator[Command]:
    """Yield the commands that a script runs, with those in front of it, behind it, and of the scripts that it runs."""
    waiting, seen = [name], set[str]()
    while waiting and len(seen) < _MOST:
        one = waiting.pop(0)
        for each in (f"pre{one}", one, f"post{one}"):
            if each not in scripts or each in seen:
                continue
            seen.add(each)
            line = scripts[each]
            for command in parse(line, Source("package.json", line), 0, dialect="sh", joined=False).commands:
                yield command
                waiting += called(command)


def called(command: Command) -> list[str]:
    """Return the names of the scripts that a command may run: of `npm run build`, `yarn build`, `run-s clean build`."""
    words = [word.value for word in command.args if not word.value.startswith("-")]
    if command.name in _IN_TURN:
        return words
    if command.name not in NODE_MANAGERS or not words:
        return []
    if words[0] in ("run", "run-script"):
        return words[1:2]
    return words[:1] if command.name in ("yarn", "pnpm") or words[0] in _OWN else []
