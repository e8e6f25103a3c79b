"""The virtual environments in which an image may have the program that it starts."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from rules.api import once, quote, within
from rules.copying.python.environments import environments
from rules.runtime.languages.python_calls import PYTHONS, python_call
from rules.runtime.languages.python_programs import needs_packages
from rules.runtime.programs.hyphenated_modules import hyphenated_module
from rules.runtime.starts.instructions import behind_init, full_words

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Instruction, Stage
    from rules.runtime.starts.instructions import Written


class Home(NamedTuple):
    """A virtual environment in the image.

    Attributes:
        path: Absolute.
        instruction: What makes it here, or copies it here.
        copied: Whether it is copied.
        made_in: The stage that made it.
        made_at: Where that was, which the first line of its scripts names; empty where it was made to be moved.
    """

    path: str
    instruction: Instruction
    copied: bool
    made_in: Stage
    made_at: str

    def mends(self, program: str) -> str:
        """Say what starts a script whose interpreter is not where it says: a sentence, empty where it is there."""
        if self.made_at in ("", self.path) or program in PYTHONS:
            return ""
        interpreter = quote(f"#!{self.made_at}/bin/python")
        return (
            f"Nor would it start: its scripts begin with {interpreter}, which is not there. Copy the environment to "
            f"{quote(self.made_at)}, and lead `PATH` to it there"
        )


@once
def homes_of(stage: Stage) -> tuple[Home, ...]:
    """Return the virtual environments of an image, in the order of their arrival."""
    own = [
        (made.run.at, Home(made.path, made.run.instruction, copied=False, made_in=stage, made_at=made.path))
        for made in environments(stage)
    ]
    for copy in stage.all_copies:
        if copy.from_stage is None or copy.deferred or len(copy.sources) != 1 or copy.destination is None:
            continue
        source = copy.source_path(copy.sources[0])
        for made in environments(copy.from_stage):
            if source is not None and source != "/" and within(made.path, source):
                there = posixpath.normpath(posixpath.join(copy.destination, posixpath.relpath(made.path, source)))
                at = "" if made.relocatable else made.path
                home = Home(there, copy.instruction, copied=True, made_in=copy.from_stage, made_at=at)
                own.append((copy.at, home))
    return tuple(home for _, home in sorted(own, key=lambda one: one[0]))


def lacks_no_package(change: DockerfileChange, found: Written) -> bool:
    """Tell whether a start of Python's misses nothing without the environment, or something else before that."""
    words = behind_init(full_words(found) or found.start.words) if found.start.form == "exec" else ()
    if not words or posixpath.basename(words[0]) not in PYTHONS:
        return False
    other = hyphenated_module(change, found, words) is not None
    return other or not needs_packages(change, found.stage, python_call(words[1:]))
