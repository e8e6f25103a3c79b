"""Comments that silence rules: our own and the ones that other linters' users have written already.

`# hullcheck ignore=<rule>[,<rule>] <reason>` above an instruction silences it there; at the top of the file (above the
first instruction, set off by a blank line, or with `ignore-file=`) everywhere. Honoured through the rules' aliases are
`# hadolint ignore=` and `# tally ignore=` (above an instruction, behind `stage` for a stage, behind `global` for the
file), `# check=skip=` (the file; directly above a later instruction, that one), `# checkov:skip=` (the file),
`# trivy:ignore:` and `# dockerfile-utils: ignore` (an instruction).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple

from rules import catalogue
from rules.numbers import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.dockerfile.nodes import Comment, Dockerfile, Instruction
    from rules.dockerfile.source import Span

_OURS = re.compile(
    r"hullcheck\s+(?P<scope>ignore|ignore-file|global\s+ignore)\s*=\s*(?P<ids>[\w-]+(?:\s*,\s*[\w-]+)*)\s*(?P<reason>.*)",
    re.IGNORECASE,
)
_HADOLINT = re.compile(
    r"(?:hadolint|tally)\s+(?P<scope>(?:global\s+|stage\s+)?ignore)\s*=\s*"
    r"(?P<ids>[\w/-]+(?:\s*,\s*[\w/-]+)*)\s*(?:;\s*reason=)?(?P<reason>.*)",
    re.IGNORECASE,
)
_STAGE = re.compile(r"#?\s*\w+\s+stage\s+ignore", re.IGNORECASE)
_CHECK = re.compile(r"#?\s*check\s*=\s*(.+)", re.IGNORECASE)
_CHECKOV = re.compile(r"checkov:(?P<scope>skip)=(?P<ids>\w+)\s*:?\s*(?P<reason>.*)", re.IGNORECASE)
_TRIVY = re.compile(r"(?:trivy|tfsec):ignore:(?P<ids>[\w-]+)\s*(?P<reason>.*)", re.IGNORECASE)
_LONGEST_NAME = 100
_UTILS = re.compile(r"(?P<ids>dockerfile-utils):\s*ignore\b\s*(?P<reason>.*)", re.IGNORECASE)
_PATTERNS = ((_OURS, True), (_HADOLINT, False), (_CHECKOV, False), (_TRIVY, False), (_UTILS, False))
_AVD = re.compile(r"^AVD-(DS-\d+)$")
_OF_UTILS = (
    "copy-from-undefined-stage copy-multi-source-needs-slash duplicate-start-instruction empty-continuation "
    "expose-invalid-port expose-protocol from-arg-empty-default invalid-structure invalid-syntax maintainer-deprecated "
    "malformed-exec-form onbuild-forbidden stage-name-duplicate stopsignal-ungraceful workdir-relative"
).split()
"""What dockerfile-utils, the linter in editors' Docker extensions, finds as well; its comment names no rule."""


_REFUSALS = frozenset({"invalid-structure", "invalid-syntax"})
"""What stops a build, which BuildKit's directive does not skip."""
_ALL = "all"
_CHECKS_NAME = re.compile(r"(?:[A-Z]+[a-z]+){2,}")
"""How BuildKit names its checks (Docker's build checks reference): `StageNameCasing`."""


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

    @property
    def whole_stage(self) -> bool:
        """Whether it covers a stage, as hadolint's and tally's `stage ignore=` do."""
        return bool(_STAGE.match(self.comment.text))

    @property
    def idle(self) -> bool:
        """Whether all that it means is off unless a policy asks for it; `False` where it means nothing of ours."""
        known = catalogue.by_id()
        return bool(self.rules) and all(known[name].default in ("off", "config") for name in self.rules)

    def covers(self, rule: str, line: int, end_line: int) -> bool:
        """Tell whether it silences a rule's finding on these lines."""
        return rule in self.rules and (self.last == 0 or (line <= self.last and end_line >= self.first))


def suppressions(dockerfile: Dockerfile) -> tuple[Suppression, ...]:
    """Return the comments of a file that silence rules, in its order."""
    if "ignore" not in (text := dockerfile.source.text.lower()) and "skip=" not in text:
        return ()
    return tuple(sorted(_read(dockerfile), key=lambda one: one.comment.span.start))


class Silencer:
    """Comments by what they silence, so that a finding does not ask every comment of the file.

    Args:
        comments: In the order of the file; the first one that covers a finding silences it.
    """

    def __init__(self, comments: Sequence[Suppression]) -> None:
        self._whole: dict[str, tuple[int, Suppression]] = {}
        self._parts: dict[tuple[str, bool], list[tuple[int, Suppression]]] = {}
        every = len(catalogue.by_id())
        for place, comment in enumerate(comments):
            for rule in (_EVERY,) if len(comment.rules) == every else comment.rules:
                if comment.last == 0:
                    self._whole.setdefault(rule, (place, comment))
                else:
                    self._parts.setdefault((rule, comment.whole_stage), []).append((place, comment))

    def find(self, rule: str, line: int, end_line: int) -> Suppression | None:
        """Return the first comment that silences a rule's finding on these lines."""
        found = [self._whole[name] for name in (rule, _EVERY) if name in self._whole]
        for key in product((rule, _EVERY), (False, True)):
            parts = self._parts.get(key, ())
            # Of two comments on instructions, or two on stages, the lower one ends where the upper one does, or below.
            at = bisect_left(parts, line, key=_last)
            if at < len(parts) and parts[at][1].covers(rule, line, end_line):
                found.append(parts[at])
        return min(found, key=_place)[1] if found else None


_EVERY = "*"


def _place(part: tuple[int, Suppression]) -> int:
    return part[0]


def _last(part: tuple[int, Suppression]) -> int:
    return part[1].last


def _read(dockerfile: Dockerfile) -> Iterator[Suppression]:
    directives = {directive.span.line for directive in dockerfile.directives}
    for directive in dockerfile.directives:
        if directive.name.lower() == "check":
            yield from _of_check(directive.value, directive.span, (1, 0))
    layout = _layout(dockerfile)
    for comment in dockerfile.comments:
        line = comment.span.line
        if line < layout.first and line not in directives and (match := _CHECK.match(comment.text)):
            # BuildKit passes over it here; what it wants is as plain
            yield from _of_check(match[1], comment.span, (1, 0))
        yield from _of_comment(dockerfile, comment, layout)
    for instruction in dockerfile.instructions[1:]:
        # of those directly above an instruction the first counts (linter.go, `WithMergedConfigFromComments`)
        found = ((comment, match) for comment in instruction.comments if (match := _CHECK.match(comment.text)))
        for comment, match in islice(found, 1):
            yield from _of_check(match[1], comment.span, (instruction.line, instruction.end_line))


def _of_check(value: str, span: Span, lines: tuple[int, int]) -> Iterator[Suppression]:
    """Read the value of a `check` directive: `skip=A,B;error=true`, and behind `//` why."""
    from rules.dockerfile.nodes import Comment  # noqa: PLC0415 - only for this rare form

    if match := re.search(r"skip=([\w,\s-]+)", value):
        names = tuple(name.strip() for name in match[1].split(",") if name.strip())
        made = _make(Comment(value, span), names, value.partition("//")[2].strip(), lines, ours=False)
        every = _buildkits() if any(name.lower() == _ALL for name in names) else frozenset()
        named = _meant(tuple(name for name in names if name.lower() != _ALL))
        yield replace(made, rules=(named | every) - _REFUSALS)


def _of_comment(dockerfile: Dockerfile, comment: Comment, layout: _Layout) -> Iterator[Suppression]:
    text = comment.text.lstrip("# ").strip()
    for pattern, ours in _PATTERNS:
        match = pattern.match(text)
        if match is None:
            continue
        names = tuple(name.strip() for name in match["ids"].split(","))
        scope = (match.groupdict().get("scope") or "").lower()
        whole_file = scope.startswith("global") or scope in ("ignore-file", "skip")
        lines = (1, 0) if whole_file or comment.span.line < layout.blank else _lines(dockerfile, comment)
        if scope.startswith("stage"):
            lines = _stage_lines(dockerfile, comment, layout)
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


def _stage_lines(dockerfile: Dockerfile, comment: Comment, layout: _Layout) -> tuple[int, int]:
    """The lines of the stage that the instruction below the comment begins or belongs to, from there on."""
    below = bisect_left(dockerfile.instructions, comment.span.line, key=_end_line)
    if below == len(dockerfile.instructions):
        return comment.span.line, comment.span.line
    first = dockerfile.instructions[below].line
    following = bisect_right(layout.stages, first)
    last = layout.stages[following] - 1 if following < len(layout.stages) else dockerfile.source.line_count
    return first, last


class _Layout(NamedTuple):
    """What decides how far a comment reaches.

    Attributes:
        first: The line of the first instruction, 0 without one.
        blank: The last blank line above it, 0 without one: what stands above that heads the file.
        stages: The lines on which stages begin, rising.
    """

    first: int
    blank: int
    stages: tuple[int, ...]


def _layout(dockerfile: Dockerfile) -> _Layout:
    first = dockerfile.instructions[0].line if dockerfile.instructions else 0
    above = range(first - 1, 0, -1)
    blank = next((number for number in above if not dockerfile.source.line(number).strip()), 0)
    stages = (instruction.line for instruction in dockerfile.instructions if instruction.keyword == "FROM")
    return _Layout(first, blank, tuple(stages))


def _make(comment: Comment, names: tuple[str, ...], reason: str, lines: tuple[int, int], *, ours: bool) -> Suppression:
    return Suppression(comment, names, _meant(names), reason, *lines, ours)


@cache
def _buildkits() -> frozenset[str]:
    """Our ids of BuildKit's checks: `skip=all` speaks of those, and of nothing else that is wrong with a file."""
    rules = catalogue.by_id().values()
    return frozenset(rule.id for rule in rules if any(map(_CHECKS_NAME.fullmatch, rule.aliases)))


@lru_cache(maxsize=64)
def _meant(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(id_ for name in names for id_ in rule_ids(name))


def rule_ids(name: str) -> tuple[str, ...]:
    """Return our ids for a rule's name: our own id, or another tool's id for the same thing; empty when unknown."""
    if len(name) > _LONGEST_NAME:
        return ()
    if name.lower() in catalogue.by_id():
        return (name.lower(),)
    if name.lower() == _ALL:
        return tuple(catalogue.by_id())
    if name.lower() == "dockerfile-utils":
        return tuple(_OF_UTILS)
    name = _AVD.sub(r"\1", name.upper().rpartition("/")[2])
    if re.fullmatch(r"DS-?0*(\d+)", name):
        name = f"DS-{number_of(re.sub(r'[^0-9]', '', name)):04d}"
    return catalogue.by_alias().get(name, ())
