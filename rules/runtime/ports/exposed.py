"""The words of EXPOSE, expanded, each with its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import DockerfileChange, Fix, Instruction, Stage, Step, Word, delete_instruction, delete_word, fix, once
from rules.dockerfile.expand import expand_words

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST_MAPPING = re.compile(
    r"(?:(?:\[[0-9a-fA-F:.]*\]|[\w-]+\.[\w.-]+|localhost|):)?(?:\d+(?:-\d+)?)?:(?P<container>\d+(?:-\d+)?(?:/\w+)?)\Z",
    re.ASCII,
)
"""`8080:80`, `127.0.0.1:8080:80`, `:80`: a mapping, which only `docker run -p` understands."""

_PORT = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+))?(?:/\w*)?\Z", re.ASCII)
_READ = re.compile(r"\$\{?(\w+)")
HIGHEST = 65535
_LONGEST = 10


def is_passed(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether a build of the repository passes an argument that an EXPOSE of the image reads."""
    exposes = [each.text for link in stage.chain for each in link.instructions if each.keyword == "EXPOSE"]
    passed = {name for arguments in change.repository.arguments_of(change.path) for name in arguments}
    return any(not passed.isdisjoint(_READ.findall(text)) for text in exposes)


class Exposed(NamedTuple):
    """One word of an EXPOSE.

    Attributes:
        stage: The stage it stands in.
        instruction: The EXPOSE.
        word: As written.
        text: Expanded; `None` when it holds a variable without a known value. BuildKit splits the value of a variable
            at white space, so that a word written may be several (`dispatchExpose`).
        by_argument: Whether a build argument decides on it, which a build can set to something else.
        alone: Whether the word as written is this one only.
    """

    stage: Stage
    instruction: Instruction
    word: Word
    text: str | None
    by_argument: bool
    alone: bool = True

    @property
    def from_variable(self) -> bool:
        """Whether a variable makes it."""
        return "$" in self.word.text

    @property
    def numbers(self) -> tuple[int, int] | None:
        """The first and the last port, `None` where it is no port."""
        match = _PORT.match(self.text or "")
        if match is None:
            return None
        return _number(match["first"]), _number(match["last"] or match["first"])

    @property
    def protocol(self) -> str | None:
        """The protocol as written, `None` without one."""
        text = self.text or ""
        return text.rpartition("/")[2] if "/" in text else None

    def without(self) -> Fix | None:
        """Take the word out, and the whole instruction with its last word; `None` where others stand in it."""
        source = self.instruction.source
        if not self.alone:
            return None
        if len(self.instruction.words) == 1:
            return fix("Delete the instruction", delete_instruction(self.instruction))
        if self.instruction.line != self.instruction.end_line:
            return None
        return fix(f"Delete {self.word.text}", delete_word(source, self.word.span))


def _number(digits: str) -> int:
    """Read a port; Python reads no number of thousands of digits, and none of ten is one."""
    return int(digits) if len(digits) < _LONGEST else 10**_LONGEST


def exposed(change: DockerfileChange) -> Iterator[Exposed]:
    """Yield every word of every EXPOSE of the file, once."""
    for stage in change.stages:
        yield from _of(stage)


def exposed_in_shipped(change: DockerfileChange) -> Iterator[Exposed]:
    """Yield every word of every EXPOSE that the shipped stages have, once."""
    seen: set[int] = set()
    for stage in change.after.shipped:
        for link in stage.chain:
            if link.index not in seen:
                seen.add(link.index)
                yield from _of(link)


@once
def _of(stage: Stage) -> tuple[Exposed, ...]:
    if not any(instruction.keyword == "EXPOSE" for instruction in stage.instructions):
        return ()
    steps = (step for step in stage.steps if step.instruction.keyword == "EXPOSE")
    return tuple(one for step in steps for word in _meant(step.instruction) for one in _words(stage, step, word))


def _meant(instruction: Instruction) -> Iterator[Word]:
    """Yield the words of an EXPOSE up to a comment's `#`, which is one of them: what it says is no port."""
    for word in instruction.words:
        yield word
        if word.text.startswith("#"):
            return


def _words(stage: Stage, step: Step, word: Word) -> Iterator[Exposed]:
    """Yield what a word as written is in force."""
    by_argument = step.scope.decided_by_argument(word.text)
    parts: list[str] | list[None] = expand_words(word.text, step.scope.lookup, step.scope.escape) or [None]
    for text in parts:
        yield Exposed(stage, step.instruction, word, text, by_argument, alone=len(parts) == 1)
