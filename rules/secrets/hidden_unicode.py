"""See hidden_unicode.md."""

import re
import unicodedata
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Dockerfile,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    Source,
    fix,
    quote,
    replace,
    rule,
)

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2064\u206a-\u206f\ufeff\U000e0000-\U000e007f"
)
_CONTROL = "\x00-\x08\x0b\x0e-\x1f\x7f\u0080-\u0084\u0086-\u009f"
_TURNS = re.compile(f"[{_BIDI}\x08\x1b\x85]")
"""What changes how the rest of a line is shown."""
_HIDDEN = re.compile(f"[{_BIDI}{_INVISIBLE}{_CONTROL}]")
_LOOKALIKES = re.compile(r"[\u0370-\u03ff\u0400-\u04ff\u0501-\u052f\u2c80-\u2cff\uff01-\uff5e]")
_JOINED = frozenset({"So", "Sk", "Lo", "Mn", "Mc"})
"""Categories of pictures and their modifiers, and of letters without case and their marks."""
_BLANKS = re.compile(r"\"[^\"]*\"|'[^']*'|(?<!\S)#[^\n]*|(?P<blank>[\u00a0\u2000-\u200a\u202f\u205f\u3000])")
"""Wide, narrow and no-break spaces; in quotes and comments they are text like any other."""
_LETTER = re.compile(r"[A-Za-z]")
_NAMES = frozenset("FROM COPY ADD RUN ENV ARG CMD ENTRYPOINT USER WORKDIR EXPOSE SHELL".split())


@rule(
    "hidden-unicode",
    severity=Severity.ERROR,
    category=Category.SECURITY,
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A line holds characters that the eye cannot see, or letters of another alphabet that look like Latin ones."""
    source = change.source
    if source.text.isascii() and not _HIDDEN.search(source.text):
        return
    yield from _hidden(source, _only_read(change.after.dockerfile))
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword in _NAMES and not instruction.text.isascii():
            yield from _lookalikes(change, instruction.span.start, instruction.span.end)
            if instruction.keyword not in ("ENV", "ARG"):  # whose words any kind of space divides
                yield from _blanks(source, instruction)


def _only_read(dockerfile: Dockerfile) -> frozenset[int]:
    """Return the lines that nobody runs: comments, and the labels of an image."""
    labels = (one for one in dockerfile.instructions if one.keyword in ("LABEL", "MAINTAINER"))
    lines = (line for one in labels for line in range(one.line, one.end_line + 1))
    return frozenset((*lines, *(comment.span.line for comment in dockerfile.comments)))


def _hidden(source: Source, said: frozenset[int]) -> Iterator[Problem]:
    by_line: dict[int, list[int]] = {}
    for match in _HIDDEN.finditer(source.text):
        if (match.start() > 0 or match[0] != "\ufeff") and not _joins(source.text, match.start()):
            line = source.line_at(match.start())
            if line not in said or _TURNS.match(match[0]):  # what nobody runs may hide what is run
                by_line.setdefault(line, []).append(match.start())
    for line, offsets in by_line.items():
        names = ", ".join(dict.fromkeys(_name(source.text[offset]) for offset in offsets))
        yield Problem(
            source.span(offsets[0], offsets[0] + 1),
            f"line {line} holds characters that cannot be seen: {names}. What the builder runs is not what a reviewer "
            f"reads: {quote(source.line(line).strip())}. Delete them.",
            key=names,
            fix=_deleted(source, offsets),
        )


def _blanks(source: Source, instruction: Instruction) -> Iterator[Problem]:
    """Find spaces that separate nothing: a keyboard makes a no-break space where a key is held too long."""
    start, end = instruction.span.start, instruction.span.end
    offsets = [match.start("blank") for match in _BLANKS.finditer(source.text, start, end) if match["blank"]]
    if not offsets:
        return
    name = _name(source.text[offsets[0]])
    yield Problem(
        source.span(offsets[0], offsets[0] + 1),
        f"{name} looks like a blank and is none: `{instruction.keyword}` takes it for a part of the word beside it, "
        "which is then another name. Type a plain blank.",
        instruction=instruction,
        key=name,
        fix=fix("Write plain blanks", *(replace(source, source.span(o, o + 1), " ") for o in offsets)),
    )


def _joins(text: str, at: int) -> bool:
    """Tell whether a joiner does its work: between parts of an emoji or letters of a script that has it."""
    if text[at] not in "\u200c\u200d" or at == 0 or at + 1 == len(text):
        return False
    return all(unicodedata.category(text[side]) in _JOINED for side in (at - 1, at + 1))


def _name(character: str) -> str:
    title = unicodedata.name(character, "").capitalize()
    return f"U+{ord(character):04X} ({title})" if title else f"U+{ord(character):04X}"


def _deleted(source: Source, offsets: list[int]) -> Fix | None:
    return fix("Delete the hidden characters", *(replace(source, source.span(o, o + 1), "") for o in offsets))


def _lookalikes(change: DockerfileChange, start: int, end: int) -> Iterator[Problem]:
    """Find words that mix Latin letters with those of another alphabet: names that are not what they seem."""
    source = change.source
    for match in re.finditer(r"[^\s\"'=,;|&()\[\]{}]+", source.text[start:end]):
        word = match[0]
        foreign = _LOOKALIKES.search(word)
        if foreign is None or not _LETTER.search(word):
            continue
        yield Problem(
            source.span(start + match.start(), start + match.end()),
            f"{quote(word)} mixes alphabets: {_name(foreign[0])} stands among Latin letters. It looks like another "
            "name than it is, which is how a package or host is impersonated. Type it anew.",
            Confidence.LIKELY,
            doubt="the name may really be spelt so",
            key=word,
        )
