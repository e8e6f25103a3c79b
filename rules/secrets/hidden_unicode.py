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
from rules.quoting import character_name

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2064\u206a-\u206f\ufeff\U000e0000-\U000e007f"
)
_CONTROL = "\x00-\x08\x0b\x0e-\x1f\x7f\u0080-\u0084\u0086-\u009f"
_TURNS = re.compile(f"[{_BIDI}\x08\x1b\x85]")
"""What changes how the rest of a line is shown."""
_HIDDEN = re.compile(f"[{_BIDI}{_INVISIBLE}{_CONTROL}]")
_MARKS = "\u061c\u200e\u200f"
"""Marks that say which way the characters beside them read; texts of right-to-left scripts hold them for that."""
_TERMINAL = frozenset("\x08\x1b")
"""What moves the cursor or begins a colour: a program's output may well be meant to hold it."""
_SEEKS = re.compile(r"(?<![\w-])(?:awk|[efgp]*grep|perl|sed|tr)\s[^|;&\n]*['\"]")
"""A program that looks for what stands in quotes behind it: such a character may be what it is to find."""
_SOUGHT = r"Delete them, or write what is sought as it can be seen: `\xEF\xBB\xBF` for a byte order mark."
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
"""The flag of a region: a black flag, and its name in tags (Unicode Technical Standard 51)."""
_TWINS = frozenset(
    "асԁеһіјӏорԛѕѵԝхуүАВСЕНІЈКМОРЅТХҮ"  # Cyrillic
    "ανοριυΑΒΕΖΗΙΚΜΝΟΡΤΥΧϳ"  # Greek
    "օոսհⲟⲣⲥⲎⲒⲔⲘⲚⲞⲢⲤⲦⲨⲬ"  # Armenian and Coptic
) | frozenset(map(chr, (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))))
"""Letters of other alphabets that look like Latin ones (confusables.txt of Unicode TS 39), and wide ones."""
_JOINED = frozenset({"So", "Sk", "Lo", "Mn", "Mc"})
"""Categories of pictures and their modifiers, and of letters without case and their marks."""
_BLANKS = re.compile(r"\"[^\"]*\"|'[^']*'|(?<!\S)#[^\n]*|(?P<blank>[\u00a0\u2000-\u200a\u202f\u205f\u3000])")
"""Wide, narrow and no-break spaces; in quotes and comments they are text like any other."""
_LETTERS = re.compile(r"[^\W\d_]+")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
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
    said = _only_read(change.after.dockerfile)
    yield from _hidden(source, said)
    for instruction in change.after.dockerfile.instructions:
        if instruction.keyword in _NAMES and not instruction.text.isascii():
            yield from _lookalikes(source, instruction, said)
            if instruction.keyword not in ("ENV", "ARG"):  # whose words any kind of space divides
                yield from _blanks(source, instruction)


def _only_read(dockerfile: Dockerfile) -> frozenset[int]:
    """Return the lines that nobody runs: comments, and the labels of an image."""
    labels = (one for one in dockerfile.instructions if one.keyword in ("LABEL", "MAINTAINER"))
    lines = (line for one in labels for line in range(one.line, one.end_line + 1))
    return frozenset((*lines, *(comment.span.line for comment in dockerfile.comments)))


def _hidden(source: Source, said: frozenset[int]) -> Iterator[Problem]:
    by_line: dict[int, list[int]] = {}
    flags = [match.span() for match in _FLAG.finditer(source.text)]
    for match in _HIDDEN.finditer(source.text):
        start = match.start()
        if (start == 0 and match[0] == "\ufeff") or _joins(source.text, start) or _is_in(start, flags):
            continue
        line = source.line_at(start)
        if line not in said or (_TURNS.match(match[0]) and not _is_of_script(match[0], source.line(line))):
            by_line.setdefault(line, []).append(start)  # also where nobody runs it: it may hide what is run
    for line, offsets in by_line.items():
        names = ", ".join(dict.fromkeys(character_name(source.text[offset]) for offset in offsets))
        terminal = any(source.text[offset] in _TERMINAL for offset in offsets)
        sought = _SEEKS.search(source.text, source.line_starts[line - 1], offsets[0]) is not None
        way_out = r"Let a program make them: `printf '\033'`." if terminal else _SOUGHT if sought else "Delete them."
        yield Problem(
            source.span(offsets[0], offsets[0] + 1),
            f"line {line} holds characters that cannot be seen: {names}. What the builder runs is not what a reviewer "
            f"reads: {quote(source.line(line).strip())}. {way_out}",
            key=names,
            fix=_deleted(source, offsets) if not (terminal or sought) else None,
        )


def _is_in(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _is_of_script(character: str, line: str) -> bool:
    """Tell whether it marks the direction of a text whose letters read from right to left."""
    return character in _MARKS and any(unicodedata.bidirectional(one) in ("R", "AL") for one in line if one.isalpha())


def _blanks(source: Source, instruction: Instruction) -> Iterator[Problem]:
    """Find spaces that separate nothing: a keyboard makes a no-break space where a key is held too long."""
    texts = [(one.span.start, one.span.end) for one in instruction.heredocs if instruction.keyword != "RUN"]
    found = _BLANKS.finditer(source.text, instruction.span.start, instruction.span.end)
    offsets = [match.start("blank") for match in found if match["blank"] and not _is_in(match.start("blank"), texts)]
    if not offsets:
        return
    name = character_name(source.text[offsets[0]])
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


def _deleted(source: Source, offsets: list[int]) -> Fix | None:
    return fix("Delete the hidden characters", *(replace(source, source.span(o, o + 1), "") for o in offsets))


def _lookalikes(source: Source, instruction: Instruction, said: frozenset[int]) -> Iterator[Problem]:
    """Find words that mix Latin letters with those of another alphabet: names that are not what they seem."""
    start, end = instruction.span.start, instruction.span.end
    for match in re.finditer(r"[^\s\"'=,;|&()\[\]{}]+", source.text[start:end]):
        word = match[0]
        twin = None if word.isascii() else next(filter(None, map(_twin, _LETTERS.findall(word))), None)
        if twin is None or source.line_at(start + match.start()) in said:
            continue
        yield Problem(
            source.span(start + match.start(), start + match.end()),
            f"{quote(word)} mixes alphabets: {character_name(twin)} stands among Latin letters. It looks like another "
            "name than it is, which is how a package or host is impersonated. Type it anew.",
            Confidence.LIKELY,
            doubt="the name may really be spelt so",
            key=word,
        )


def _twin(letters: str) -> str | None:
    """Return the first foreign letter of a row that looks Latin throughout, and is not."""
    foreign = [letter for letter in letters if not letter.isascii()]
    return foreign[0] if foreign and _TWINS.issuperset(foreign) and _ASCII_LETTER.search(letters) else None
