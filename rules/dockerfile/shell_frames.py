"""What is known on the way through the tree of a script."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node

    from rules.dockerfile.shell_command import Command
    from rules.dockerfile.shell_grammar import Segment
    from rules.dockerfile.shell_words import Redirect
    from rules.dockerfile.source import Span

MAX_COMMANDS = 25_000
"""Far above anything real; a script that goes beyond is read up to here, and the place is one of its errors."""
MAX_DEPTH = 24
"""How deep scripts are read inside scripts."""

_NO_OPTIONS = (False, False)


@dataclass(slots=True)
class Collected:
    """What the walks over a script and the scripts inside it have found so far.

    Attributes:
        commands: In the order of the text.
        errors: Where the grammar fails.
        segments: Every text read.
        pipelines: How many pipelines were counted.
        budget: Characters that may still be cut into words; hostile input uses it up.
        full: Whether a limit is reached.
    """

    commands: list[Command] = field(default_factory=list)
    errors: list[Span] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    pipelines: int = 0
    budget: int = 0
    full: bool = False

    def add(self, command: Command, length: int) -> None:
        """Keep a command that was cut from a number of characters."""
        self.commands.append(command)
        self.budget -= length
        self.full = self.budget < 0 or len(self.commands) >= MAX_COMMANDS


@dataclass(slots=True)
class Frame:
    """What holds for the commands inside one node of the tree.

    Attributes:
        node: The node.
        parent: The frame around it.
        kind: `list`, `pipeline`, or empty.
        conditional: See `Command`.
        negated: See `Command`.
        depth: How many substitutions and inner scripts it stands in.
        pipeline: Number of the pipeline, 0 outside of any.
        part: Place in that pipeline.
        redirects: Those of the groups around.
        in_words: Among the words of a command, where operators and assignments mean nothing.
        guarded: The and-list so far begins with a test.
    """

    node: Node
    parent: Frame | None = None
    kind: str = ""
    conditional: bool = False
    negated: bool = False
    depth: int = 0
    pipeline: int = 0
    part: int = 0
    redirects: tuple[Redirect, ...] = ()
    in_words: bool = False
    guarded: bool = False

    def inside(self, node: Node, kind: str = "") -> Frame:
        """Return the frame of a node inside this one, with all that is handed down."""
        return Frame(
            node, self, kind, self.conditional, self.negated, self.depth, self.pipeline, self.part, self.redirects
        )


def failure_goes_unnoticed(frame: Frame) -> bool:
    """Tell whether the script goes on although an and-list fails: behind it stands `||` or another command."""
    current = frame
    for _ in range(MAX_DEPTH):
        parent = current.parent
        if parent is None or parent.kind != "list":
            break
        is_left = current.node.start_byte == parent.node.start_byte
        if is_left and parent.node.child(1).type == "||":
            return True
        current = parent
    following = current.node.next_named_sibling
    return following is not None and following.type != "comment"


def shell_options(words: Iterable[str], options: tuple[bool, bool] = _NO_OPTIONS) -> tuple[bool, bool]:
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
