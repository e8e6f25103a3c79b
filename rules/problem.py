"""What a rule says: a problem with its place, its words and its remedy. Severity and verdict are the engine's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.dockerfile.nodes import Instruction
    from rules.dockerfile.source import Span


class Severity(IntEnum):
    """How much a finding weighs; ordered, so thresholds compare."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        """Return the word that policies and reports use."""
        return self.name.lower()


class Confidence(IntEnum):
    """How sure a rule is: *certain* speaks inline, *likely* inline and hedged, *possible* only in the summary."""

    POSSIBLE = 1
    LIKELY = 2
    CERTAIN = 3

    def __str__(self) -> str:
        """Return the word that reports use."""
        return self.name.lower()


BY_ARGUMENT = "a build may pass another value for the argument in it"
"""The doubt about what a build argument decides."""


class Category(Enum):
    """What a finding endangers."""

    SECURITY = "security"
    RELIABILITY = "reliability"
    CORRECTNESS = "correctness"
    REPRODUCIBILITY = "reproducibility"
    SIZE = "size"
    BUILD_CACHE = "build-cache"
    MAINTAINABILITY = "maintainability"

    def __str__(self) -> str:
        """Return the word that policies and reports use."""
        return self.value


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace a piece of a file.

    Attributes:
        span: What is replaced; an empty span inserts.
        text: What stands there afterwards, with LF line ends (the engine writes the file's own).
        path: The file; `None` is the Dockerfile the problem is in.
    """

    span: Span
    text: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that repair a problem together.

    Attributes:
        title: In the imperative, without a full stop: "Restate the start command".
        edits: They do not overlap.
    """

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Another place that belongs to a problem.

    Attributes:
        span: Where.
        text: A few words, without a full stop: "set here before".
        path: The file; `None` is the Dockerfile the problem is in.
        before: Whether the span is in the file as it was before the change.
    """

    span: Span
    text: str
    path: str | None = None
    before: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule found.

    Attributes:
        span: The place in the new file.
        message: Markdown. The first sentence names the stage and the value and says what is so; the following ones
            say what will happen and the way out. Values are quoted with `api.quote`, never pasted.
        confidence: See `Confidence`.
        doubt: What is not known and decides it, as a clause: "a build outside the repository may pass it". Said, and
            required, where the confidence is *likely*.
        instruction: What the fingerprint is taken from; `None` takes the instruction at `span`.
        stage: Label of the stage it is about, without backticks; empty when about the file.
        notes: Related places.
        fix: A repair, offered only after the engine has verified it.
        path: The file, when not the Dockerfile: a `.dockerignore`, an entrypoint script.
        severity: Overrides the rule's own, for a case that weighs less or more.
        key: Set where the ordinal of equal problems would not tell them apart across pushes: a package, a variable.
        decision: What is to be decided, where one answer mends every place: new problems of a rule with the same
            decision and no fix are told once, at the first place or at the last above that has a fix, with the lines of
            the others.
        leads: Whether it is told in front of the others of its decision, wherever it stands: this place ships.
        mends_alike: Whether one repair is to do all places of its decision that are new: the first of them has the
            edits.
        shared_advice: What is advised, where several places want the same and each is mended by itself: told once as a
            decision is, and matched with what was there before place by place.
        heed: What differs at this place, as a clause for where it is one of the others: "where `a.sh` runs later".
        fact: The fact, where several instructions of the file state one and the same: in the fingerprint it stands for
            the instruction, so that it does not matter at which of them it is told. Such a problem has no stage.
        items: All that it is about, when that is a list that grows and shrinks, such as packages. It is new where one
            of them is, and repaired when none is left; `DockerfileChange.fresh` says which ones the message names.
        wherever: Whether it is one thing in the whole file, by its key or its items: a download is no other one when
            another instruction or another stage fetches it.
        held_before: Whether the fact held before the change too, where the rule had no reason to speak of it: such a
            problem is an old one.
        minor: Whether it is too small for a comment of its own, however sure: nothing breaks and nothing of weight
            ships. It stands in the summary.
        cause: What is at fault, where another rule may see the same from its other side: a name that is one in the
            whole file ("app: PATH without /venv/bin"). Never shown; `matching/overlaps.py` says which one speaks.
        of_change: Whether it asks of the change as a whole, as other Dockerfiles of it do in the same words: it is told
            once for all of them.
        untold: Whether the rule has a reason not to speak, although the fact stands. Such a problem is never told. What
            the other version says of the fact is then neither new nor repaired.
    """

    span: Span
    message: str
    confidence: Confidence = Confidence.CERTAIN
    instruction: Instruction | None = None
    stage: str = ""
    notes: tuple[Note, ...] = ()
    fix: Fix | None = None
    path: str | None = None
    severity: Severity | None = None
    key: str = ""
    items: tuple[str, ...] = ()
    doubt: str = ""
    decision: str = ""
    leads: bool = False
    mends_alike: bool = False
    shared_advice: str = ""
    heed: str = ""
    fact: str = ""
    wherever: bool = False
    held_before: bool = False
    minor: bool = False
    cause: str = ""
    of_change: bool = False
    untold: bool = False
