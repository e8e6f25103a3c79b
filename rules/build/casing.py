"""Upper or lower case: what the keywords of a file are mostly written in, and what a keyword is written in."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rules.api import INSTRUCTIONS, Dockerfile, Instruction, Word, once

if TYPE_CHECKING:
    from collections.abc import Iterator


def keyword_of(instruction: Instruction) -> str:
    """Return an instruction's keyword as written."""
    return instruction.source.cut(instruction.keyword_span)


def as_word(from_: Instruction) -> Word | None:
    """Return the `AS` of a FROM, `None` where it names no stage."""
    words = from_.words
    named = from_.keyword == "FROM" and len(words) > 2 and words[1].text.upper() == "AS"  # noqa: PLR2004 - base, AS, name
    return words[1] if named else None


def keywords(dockerfile: Dockerfile) -> Iterator[Instruction]:
    """Yield the instructions, and behind each ONBUILD the one that it holds; a line that is none is left out."""
    for instruction in dockerfile.instructions:
        for one in (instruction, instruction.trigger):
            if one is not None and one.keyword in INSTRUCTIONS:
                yield one


@once
def counted(dockerfile: Dockerfile) -> tuple[int, int]:
    """Return how many keywords are in capitals, and how many in lower case."""
    cases = Counter(keyword_of(one).islower() for one in keywords(dockerfile) if not is_mixed(keyword_of(one)))
    return cases[False], cases[True]


def is_mostly_lower(dockerfile: Dockerfile) -> bool:
    """Tell whether more keywords are in lower case than in capitals; as in BuildKit, a tie goes to the capitals."""
    capitals, lower = counted(dockerfile)
    return lower > capitals


def is_mixed(word: str) -> bool:
    """Tell whether a word is neither in capitals nor in lower case: `From`."""
    return word not in (word.upper(), word.lower())


def in_case(word: str, *, lower: bool) -> str:
    """Return a word in lower case or in capitals."""
    return word.lower() if lower else word.upper()
