"""What is known on the way through a script: the open blocks, and what was found so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.source import Source, Span

MAX_COMMANDS = 25_000
MAX_STEPS = 60_000
"""How many commands a script may have, and how many parts of words with something special in them: far above anything
real, and low enough that hostile code is given up in good time. What comes later is not read."""
MAX_ERRORS = 100
"""How many errors of a script are kept."""
MAX_BLOCKS = 500
"""How deep groups may stand inside each other."""
MAX_DEPTH = 16
"""How deep scripts and substitutions are read inside each other."""

PIPES = frozenset({"|", "|&"})


class Construct(NamedTuple):
    """Something that not every shell understands.

    Attributes:
        kind: See `Script.constructs`.
        start: Offset of the first character in the file.
        end: Offset behind the last character.
        source: The file.
        dialect: The shell that runs it.
    """

    kind: str
    start: int
    end: int
    source: Source
    dialect: str

    @property
    def span(self) -> Span:
        """Its place in the file."""
        return self.source.span(self.start, self.end)


class Function(NamedTuple):
    """A function that a script defines.

    Attributes:
        name: Its name.
        first: Index in `Script.commands` of the first command of its body.
        end: Index behind the last one.
    """

    name: str
    first: int
    end: int


class TooMuchError(Exception):
    """A script goes beyond all reasonable size."""


@dataclass(slots=True)
class Collected:
    """What was found in a script and the scripts inside it.

    Attributes:
        commands: In the order of the text.
        errors: Where it is no valid shell.
        inner: Which of these are in a script that a command hands to another shell, or between backticks.
        constructs: Statements that not every shell understands.
        functions: The functions that it defines.
        swallowing: Where a comment begins that takes joined lines with it, and where the first of them does.
        pipelines: How many pipelines were counted.
        complete: Whether everything was read.
        steps: How many more parts of words may come.
        watch: Whether constructs are collected.
    """

    commands: list[Command] = field(default_factory=list)
    errors: list[Span] = field(default_factory=list)
    inner: list[Span] = field(default_factory=list)
    constructs: list[Construct] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    swallowing: list[tuple[int, int]] = field(default_factory=list)
    pipelines: int = 0
    complete: bool = True
    steps: int = MAX_STEPS
    watch: bool = False

    def step(self, count: int = 1) -> None:
        """Count steps.

        Raises:
            TooMuchError: There were too many.
        """
        self.steps -= count
        if self.steps < 0:
            raise TooMuchError


@dataclass(slots=True)
class Block:
    """An open block, and where in its lists and pipelines the parser stands.

    Attributes:
        kind: The word that opened it: `{`, `(`, `if`, `loop`, `case`; empty for the script.
        start: Index of that word in the view.
        first: How many commands there were when it began.
        conditional: Its commands may not run.
        pipeline: Number of the pipeline that it is part of, 0 for none.
        part: Its place in that pipeline.
        phase: Where it stands: `condition`, `body`, `header` (before `do`), `pattern` (of a case).
        current: Number of the pipeline being read inside it, 0 for none.
        current_part: Place in that pipeline.
        negated: The pipeline being read stands behind `!`.
        either: What is read stands right of `||`.
        guarded: Index of the first command behind a test in the and-or list being read, -1 for none.
        function: Name of the function whose body it is, empty for none.
        unsure: Commands behind a test in a finished list: they may not run if the script goes on.
    """

    kind: str = ""
    start: int = 0
    first: int = 0
    conditional: bool = False
    pipeline: int = 0
    part: int = 0
    phase: str = "body"
    current: int = 0
    current_part: int = 0
    negated: bool = False
    either: bool = False
    guarded: int = -1
    function: str = ""
    unsure: tuple[int, int] | None = None


def shell_options(words: Iterable[str], options: tuple[bool, bool] = (False, False)) -> tuple[bool, bool]:
    """Return whether `errexit` and `pipefail` are in force behind options given to `set` or to a shell."""
    errexit, pipefail = options
    named = ""
    for word in words:
        if named:
            errexit = named == "-" if word == "errexit" else errexit
            pipefail = named == "-" if word == "pipefail" else pipefail
            named = ""
        elif word[:1] in {"-", "+"} and word[:2] != "--":
            errexit = word[0] == "-" if "e" in word else errexit
            named = word[0] if "o" in word else ""
        else:
            break
    return errexit, pipefail
