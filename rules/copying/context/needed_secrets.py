"""Commands of the build that need a secret of the context, which fail once `.dockerignore` keeps it out."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.rails import DUMMY_KEY, KEYS
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Copy, Run

_KEYS_OF_RAILS = re.compile(r"(?:.*/)?config/(?:master|credentials/[\w-]+)\.key")
"""What Rails decrypts its credentials with, in production (Rails guides, "Securing Rails Applications")."""
_STARTING_RAILS = frozenset({"assets:precompile", "webpacker:compile"})
"""Tasks of the build that load the program."""
_RAILS = frozenset({"rails", "rake"})
_OTHERWISE = re.compile(rf"\b(?:{'|'.join(KEYS)})=")
"""Variables with which Rails starts without the file."""
_NOT_READING = frozenset("[ test rm chmod chown echo printf touch ls find".split())


class Need(NamedTuple):
    """A command that needs a secret.

    Attributes:
        path: The secret, as the context has it.
        run: The RUN.
        command: The command.
        rails: Whether Rails reads it by itself; else the command names it.
    """

    path: str
    run: Run
    command: Command
    rails: bool

    @property
    def way_out(self) -> str:
        """What the build is given in place of the copy, as a sentence."""
        target = self.run.resolve(self.path) or self.path
        name = posixpath.basename(self.path).lstrip(".").replace(".", "-").replace("_", "-")
        mount = quote(f"RUN --mount=type=secret,id={name},target={target} …")
        dummy = f", or from Rails 7.1 on set {quote(f'{DUMMY_KEY}=1')} in front of it" if self.rails else ""
        return (
            f" {quote(str(self.command), 60)} (line {self.command.line}) {'may need' if self.rails else 'reads'} it "
            f"during the build: hand it over with {mount}{dummy}."
        )


def needed_in_build(copy: Copy, paths: Iterable[str]) -> Need | None:
    """Return the first command behind a COPY of the context that needs one of its secrets."""
    wanted = tuple(paths)
    for run in (run for run in copy.stage.runs if run.index > copy.index and run.is_read):
        for command in (command for command in run.commands if command.name not in _NOT_READING):
            for path in wanted:
                rails = _KEYS_OF_RAILS.fullmatch(path) is not None and _starts_rails(run, command)
                if rails or any(_names(run, copy, word.value, path) for word in command.args):
                    return Need(path, run, command, rails)
    return None


def _starts_rails(run: Run, command: Command) -> bool:
    if _OTHERWISE.search(run.instruction.text) or any(map(run.scope.get, KEYS)):
        return False
    words = [command.name, *(posixpath.basename(word.value) for word in command.args)]
    return not _RAILS.isdisjoint(words) and not _STARTING_RAILS.isdisjoint(words)


def _names(run: Run, copy: Copy, word: str, path: str) -> bool:
    """Whether a word of a command is the place where a file of the context lies."""
    return copy.destination is not None and run.resolve(word) == posixpath.normpath(
        posixpath.join(copy.destination, path)
    )
