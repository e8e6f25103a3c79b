"""Check FROM: the number of its words, the stage's name, the image reference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.expand import expand
from rules.dockerfile.nodes import SyntaxFault
from rules.dockerfile.reference import may_be_published, parse_reference
from rules.dockerfile.syntax.fault import at_keyword, at_value, fault
from rules.dockerfile.syntax.grammar import INSTRUCTIONS
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction, Word

_STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*")
_PLAIN = re.compile(r"(?P<image>[a-z0-9][\w./:-]{0,199})(?: +[aA][sS] +(?P<stage>[a-z][a-z0-9\-_.]*))?", re.ASCII)
_ESCAPED_BREAK = re.compile(rf"\\n\s*(?:{'|'.join(INSTRUCTIONS)})\s", re.IGNORECASE)
_LONGEST_REFERENCE = 1024
_IMAGE, _AS, _NAME, _TOO_MANY = range(4)


def from_faults(instruction: Instruction, stages: set[str]) -> Iterator[SyntaxFault]:
    """Yield what BuildKit refuses about a FROM.

    Args:
        instruction: The FROM.
        stages: Names of the stages above, in lower case; the name of this one is added.
    """
    plain = _PLAIN.fullmatch(instruction.value)
    if plain:
        if plain["image"] not in stages and not parse_reference(plain["image"]):
            yield from _reference_fault(instruction, stages)
        stages.add(plain["stage"] or "")
        return
    if not instruction.value:
        yield at_keyword(instruction, "`FROM` needs an image.")
        return
    if _ESCAPED_BREAK.search(instruction.value):
        message = "The line breaks of this file are written as `\\n`: Docker reads one long line."
        yield SyntaxFault("invalid-structure", message, instruction.span)
        return
    if any(flag.value is None for flag in instruction.flags):
        # `--platform linux/amd64 alpine`: the flag's fault says it all.
        return
    words = instruction.words
    yield from _word_faults(instruction, words)
    yield from _reference_fault(instruction, stages)
    if len(words) > _NAME:
        stages.add(words[_NAME].text.lower())


def _word_faults(instruction: Instruction, words: tuple[Word, ...]) -> Iterator[SyntaxFault]:
    """Check the number of words and the stage's name."""
    if len(words) == _NAME + 1 and words[_AS].text.upper() == "AS":
        name = words[_NAME]
        if _STAGE_NAME.fullmatch(name.text.lower()) is None:
            message = f"{quote(name.text)} is no name for a stage: it begins with a letter"
            yield fault(f"{message} and goes on with letters, digits, `-`, `_` and `.`.", name.span)
    elif len(words) != 1:
        yield _word_count(instruction, words)


def _word_count(instruction: Instruction, words: tuple[Word, ...]) -> SyntaxFault:
    """Say what a FROM with a wrong number of words probably lacks."""
    comment = next((word for word in words if word.text.startswith("#")), None)
    if comment:
        return fault("A comment needs a line of its own: `FROM` reads this as part of the image.", comment.span)
    second = words[_AS]
    if second.text.upper() == "AS":
        if len(words) == _NAME:
            return fault("`AS` needs the stage's name behind it.", second.span)
        return at_value(instruction, f"`FROM` ends with the stage's name; {quote(words[_TOO_MANY].text)} is too much.")
    if len(words) == _NAME:
        message = f"`FROM` takes one image; to name the stage, write {quote(f'AS {second.text}')}."
        return fault(message, second.span, f"AS {second.text}")
    return fault(f"Behind the image `FROM` expects `AS` and the stage's name, not {quote(second.text)}.", second.span)


def _reference_fault(instruction: Instruction, stages: set[str]) -> Iterator[SyntaxFault]:
    """Check the image reference, unless it names a stage above; variables are left to the build."""
    word = instruction.words[_IMAGE]
    if "$" in word.text or word.text.lower() in stages or len(word.text) > _LONGEST_REFERENCE:
        return
    name = expand(word.text, lambda _: None, instruction.escape)
    if name is None or parse_reference(name):
        return
    lower = name.lower()
    if lower != name and not name.isupper() and lower == word.text.lower() and may_be_published(lower):
        message = f"{quote(name)} is no image reference: a repository's name has no capitals, did you mean `{lower}`?"
        yield fault(message, word.span, lower)
    else:
        yield fault(f"{quote(name)} is no image reference{_why(name)}.", word.span)


def _why(name: str) -> str:
    """Say what keeps a text from being an image reference, where that is plain to see."""
    if "://" in name:
        return ": it begins with the registry's host, without a scheme"
    digest = name.partition("@")[2]
    if "@" in name and not re.fullmatch(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}", digest):
        return ": a digest is `sha256:` and 64 hexadecimal digits"
    if name.endswith(":"):
        return ": the tag behind the colon is missing"
    if name != name.lower() and parse_reference(name.lower()):
        return ": a repository's name has no capitals"
    return ""
