"""Comments that silence rules: our own and the ones that other linters' users have written already.

`# hullcheck ignore=<rule>[,<rule>] <reason>` above an instruction silences it there; at the top of the file (above the
first instruction, set off by a blank line, or with `ignore-file=`) everywhere. `# hadolint ignore=` (above an
instruction), `# hadolint global ignore=`, `# check=skip=` and `# trivy:ignore:` are honoured through the rules'
aliases.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.dockerfile.nodes import Comment, Dockerfile, Instruction

_OURS = re.compile(
    r"hullcheck\s+(?P<scope>ignore|ignore-file|global\s+ignore)\s*=\s*(?P<ids>[\w-]+(?:\s*,\s*[\w-]+)*)\s*(?P<reason>.*)",
    re.IGNORECASE,
)
_HADOLINT = re.compile(
    r"hadolint\s+(?P<scope>(?:global\s+|stage\s+)?ignore)\s*=\s*(?P<ids>[\w-]+(?:\s*,\s*[\w-]+)*)\s*(?P<reason>.*)",
    re.IGNORECASE,
)
_TRIVY = re.compile(r"(?:trivy|tfsec):ignore:(?P<ids>[\w-]+)\s*(?P<reason>.*)", re.IGNORECASE)
_LONGEST_NAME = 100
_AVD = re.compile(r"^AVD-(DS-\d+)$")


@dataclass(frozen=True, eq=False)
class Suppression:
    """One comment that silences rules.

    Attributes:
        comment: Where it stands.
        names: What it names, as written.
        rules: Our ids that the names mean.
        reason: The words behind.
        first: First line that it covers, from 1.
        last: Last line that it covers; 0 is the whole file.
        ours: Whether it is written for this tool.
    """

    comment: Comment
    names: tuple[str, ...]
    rules: frozenset[str]
    reason: str
    first: int
    last: int
    ours: bool

    def covers(self, rule: str, line: int, end_line: int) -> bool:
        """Tell whether it silences a rule's finding on these lines."""
        return rule in self.rules and (self.last == 0 or (line <= self.last and end_line >= self.first))


def suppressions(dockerfile: Dockerfile) -> tuple[Suppression, ...]:
    """Return the comments of a file that silence rules, in its order."""
    if "ignore" not in (text := dockerfile.source.text.lower()) and "skip=" not in text:
        return ()
    return tuple(_read(dockerfile))


class Silencer:
    """Comments by what they silence, so that a finding does not ask every comment of the file.

    Args:
        comments: In the order of the file; the first one that covers a finding silences it.
    """

    def __init__(self, comments: Sequence[Suppression]) -> None:
        self._whole: dict[str, tuple[int, Suppression]] = {}
        self._parts: dict[str, list[tuple[int, Suppression]]] = {}
        every = len(catalogue.by_id())
        for place, comment in enumerate(comments):
            for rule in (_EVERY,) if len(comment.rules) == every else comment.rules:
                if comment.last == 0:
                    self._whole.setdefault(rule, (place, comment))
                else:
                    self._parts.setdefault(rule, []).append((place, comment))

    def find(self, rule: str, line: int, end_line: int) -> Suppression | None:
        """Return the first comment that silences a rule's finding on these lines."""
        found = [self._whole[name] for name in (rule, _EVERY) if name in self._whole]
        for name in (rule, _EVERY):
            parts = self._parts.get(name, ())
            at = bisect_left(
                parts, line, key=_last
            )  # the lines of two comments are the same, or those of the lower follow
            if at < len(parts) and parts[at][1].covers(rule, line, end_line):
                found.append(parts[at])
        return min(found, key=_place)[1] if found else None


_EVERY = "*"


def _place(part: tuple[int, Suppression]) -> int:
    return part[0]


def _last(part: tuple[int, Suppression]) -> int:
    return part[1].last


def _read(dockerfile: Dockerfile) -> Iterator[Suppression]:
    for directive in dockerfile.directives:
        if directive.name.lower() == "check" and (match := re.search(r"skip=([\w,\s-]+)", directive.value)):
            from rules.dockerfile.nodes import Comment  # noqa: PLC0415 - only for this rare form

            names = tuple(name.strip() for name in match[1].split(",") if name.strip())
            yield _make(Comment(directive.value, directive.span), names, "", (1, 0), ours=False)
    blank = _blank_above_the_first(dockerfile)
    for comment in dockerfile.comments:
        yield from _of_comment(dockerfile, comment, blank)


def _of_comment(dockerfile: Dockerfile, comment: Comment, blank: int) -> Iterator[Suppression]:
    text = comment.text.lstrip("# ").strip()
    for pattern, ours in ((_OURS, True), (_HADOLINT, False), (_TRIVY, False)):
        match = pattern.match(text)
        if match is None:
            continue
        names = tuple(name.strip() for name in match["ids"].split(","))
        scope = (match.groupdict().get("scope") or "").lower()
        whole_file = scope.startswith("global") or scope == "ignore-file"
        lines = (1, 0) if whole_file or comment.span.line < blank else _lines(dockerfile, comment)
        yield _make(comment, names, match["reason"].strip(" -–—:"), lines, ours=ours)


def _lines(dockerfile: Dockerfile, comment: Comment) -> tuple[int, int]:
    """The lines that a comment covers: those of the instruction around or below it."""
    line = comment.span.line
    instructions = dockerfile.instructions
    at = bisect_left(instructions, line, key=_end_line)
    if at == len(instructions):
        return line, line
    return instructions[at].line, instructions[at].end_line


def _end_line(instruction: Instruction) -> int:
    return instruction.end_line


def _blank_above_the_first(dockerfile: Dockerfile) -> int:
    """The last blank line above the first instruction, 0 without one: what stands above it heads the file."""
    above = range(dockerfile.instructions[0].line - 1 if dockerfile.instructions else 0, 0, -1)
    return next((number for number in above if not dockerfile.source.line(number).strip()), 0)


def _make(comment: Comment, names: tuple[str, ...], reason: str, lines: tuple[int, int], *, ours: bool) -> Suppression:
    return Suppression(comment, names, _meant(names), reason, *lines, ours)


@lru_cache(maxsize=64)
def _meant(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(id_ for name in names for id_ in rule_ids(name))


def rule_ids(name: str) -> tuple[str, ...]:
    """Return our ids for a rule's name: our own id, or another tool's id for the same thing; empty when unknown."""
    if len(name) > _LONGEST_NAME:
        return ()
    if name.lower() in catalogue.by_id():
        return (name.lower(),)
    if name.lower() == "all":
        return tuple(catalogue.by_id())
    name = _AVD.sub(r"\1", name.upper())
    if re.fullmatch(r"DS-?0*(\d+)", name):
        name = f"DS-{int(re.sub(r'[^0-9]', '', name)):04d}"
    return catalogue.by_alias().get(name, ())
