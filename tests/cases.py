"""Markdown cases: what a rule says of a Dockerfile, in the rule's page and in `tests/rules/<id>.md`.

A case is a run of code blocks; a new `dockerfile before`, a second `dockerfile` or a heading begins the next one. What
stands around a file comes before it or after; after `findings`, or for a second time, it belongs to the next one:

- `dockerfile` the file, `dockerfile before` as it was, `dockerfile fixed` what all its fixes together make of it (the
  same text says that none is offered);
- `findings` a line each, `line: message`; a message that ends in `…` is a beginning. No block: nothing is said;
- `file PATH` another file (`file PATH before` as it was); `listing` paths at head, each with an optional octal mode;
- `ships` names of targets, `today` a date, `policy` a `.hullcheck.yaml`, `path` the Dockerfile's own path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import rules
from rules import catalogue
from rules.edits import applied_to_tree
from rules.policy_file import read_policy
from rules.problem import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules import Finding, Report
    from rules.policy import Policy
    from rules.rule import Rule

_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=ticks)[ \t]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,4} (?P<title>.+)$", re.MULTILINE)
_OFF = {rule.id for rule in catalogue.load() if rule.default == "off"}
_AROUND = frozenset({"file", "listing", "ships", "today", "policy", "path"})
_BLOCKS = _AROUND | {"dockerfile", "findings"}
TODAY = date(2026, 11, 20)


@dataclass
class Case:
    """One case and where it stands.

    Attributes:
        rule: The rule's id.
        title: The heading, and its place below that.
        blocks: The bodies of its code blocks by what is written behind their fences.
        twice: Blocks that it has more than once, of which only the last counts.
        taken: Blocks in front of it that belong to the case above, which has no findings to end it.
    """

    rule: str
    title: str
    blocks: dict[str, str] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    taken: tuple[str, ...] = ()

    def add(self, info: str, body: str) -> None:
        """Take a code block in."""
        if info in self.blocks:
            self.twice.append(info)
        self.blocks[info] = body

    @property
    def open_end(self) -> tuple[str, ...]:
        """What stands around the file and behind it, where no findings end the case."""
        names = list(self.blocks)
        behind = names[names.index("dockerfile") + 1 :] if "findings" not in names else []
        return tuple(info for info in behind if info.split()[0] in _AROUND)

    @property
    def place(self) -> str:
        """Say where it stands, and which blocks may have been meant for it."""
        said = f"in the example: {self.title}"
        if self.taken:
            blocks = ", ".join(f"`{info}`" for info in self.taken)
            said += (
                f"\n{blocks} in front of it belongs to the example above, which has no `findings`: begin with a heading"
            )
        return said

    @property
    def path(self) -> str:
        return self.blocks.get("path", "Dockerfile").strip()

    def ends_before(self, info: str) -> bool:
        """Whether a block begins the next case: a Dockerfile, or what stands around one, behind findings or again."""
        if "dockerfile" not in self.blocks:
            return False
        again = info in {"dockerfile", "dockerfile before"}
        around = info.split(maxsplit=1)[0] in _AROUND
        return again or (around and ("findings" in self.blocks or info in self.blocks))

    def trees(self) -> tuple[dict[str, bytes], dict[str, bytes]]:
        after = {self.path: self.blocks["dockerfile"].encode()}
        before: dict[str, bytes] = {}
        if "dockerfile before" in self.blocks:
            before = {self.path: self.blocks["dockerfile before"].encode()}
        for info, body in self.blocks.items():
            words = info.split()
            if words[0] == "file":
                old = words[-1] == "before"
                (before if old else after)[words[1]] = body.encode()
        if before:
            untouched = {name: body for name, body in after.items() if f"file {name} before" not in self.blocks}
            before = {**untouched, **before}
        return before, after

    def listing(self, after: dict[str, bytes]) -> dict[str, int] | None:
        if "listing" not in self.blocks:
            return None
        rows = (line.split() for line in self.blocks["listing"].splitlines() if line.strip())
        return {
            **dict.fromkeys(after, 0o100644),
            **{row[0]: int(row[1], 8) if len(row) > 1 else 0o100644 for row in rows},
        }

    @property
    def policy(self) -> Policy | None:
        return (
            read_policy(".hullcheck.yaml", self.blocks["policy"].encode()).policy if "policy" in self.blocks else None
        )

    @property
    def today(self) -> date:
        return date.fromisoformat(self.blocks["today"].strip()) if "today" in self.blocks else TODAY

    def report(self) -> Report:
        before, after = self.trees()
        return rules.review(
            before,
            after,
            listing=self.listing(after),
            ships=self.blocks.get("ships", "").split(),
            policy=self.policy,
            today=self.today,
            enable={self.rule} & _OFF,  # what is `config` speaks by its policy
        )

    def check(self) -> None:
        assert not self.twice, f"an example has each block once; a heading begins the next one: {self.twice}"
        report = self.report()
        assert not report.crashes, report.crashes
        found = [finding for finding in report.findings if finding.rule == self.rule and finding.baseline == "new"]
        undoubted = [f.message for f in found if f.confidence is Confidence.LIKELY and not f.doubt]
        assert not undoubted, "a likely finding says what is not known: Problem.doubt"
        expected = self.blocks.get("findings", "").strip().splitlines()
        said = [f"{finding.line}: {finding.message}" for finding in found]
        cut = [
            text[: len(want) - 1] + "…" if want.endswith("…") and text.startswith(want[:-1]) else text
            for text, want in zip(said, [*expected, *[""] * len(said)], strict=False)
        ]
        assert cut == expected
        if "dockerfile fixed" in self.blocks:
            assert self.fixed(found) == self.blocks["dockerfile fixed"]

    def fixed(self, found: list[Finding]) -> str:
        _, after = self.trees()
        fixes = [finding.fix for finding in found]
        if not any(fixes):
            return self.blocks["dockerfile"]
        assert all(fixes), [finding.message for finding in found if not finding.fix]
        edits = list(dict.fromkeys(edit for fix in fixes if fix for edit in fix.edits))
        return applied_to_tree(after, edits, self.path)[self.path].decode()


def cases_in(rule: str, text: str) -> Iterator[Case]:
    """Yield the cases of a Markdown text."""
    case = Case(rule, "")
    title, number = "", 0
    for match in marks_in(text):
        if match.re is _HEADING:
            if "dockerfile" in case.blocks:
                yield case
            title, number = match["title"], 0
            case = Case(rule, title)
            continue
        info = match["info"].strip()
        if case.ends_before(info):
            yield case
            number += 1
            case = Case(rule, f"{title} ({number + 1})", taken=case.open_end)
        case.add(info, match["body"])
    if "dockerfile" in case.blocks:
        yield case


def flagged(rule: Rule) -> Case | None:
    """Return the first example of a rule's page in which a file is flagged by itself."""
    cases = (case for case in cases_in(rule.id, rule.page) if "findings" in case.blocks)
    return next((case for case in cases if "dockerfile before" not in case.blocks), None)


def marks_in(text: str) -> Iterator[re.Match[str]]:
    """Yield the headings and the blocks that cases are made of, in their order; a comment in a block is no heading."""
    end = 0
    for fence in _FENCE.finditer(text):
        yield from _HEADING.finditer(text, end, fence.start())
        if fence["info"].split()[:1] and fence["info"].split()[0] in _BLOCKS:
            yield fence
        end = fence.end()
    yield from _HEADING.finditer(text, end)


def cases_of_file(path: Path, rule: str) -> list[Case]:
    """Read the cases of one file."""
    return list(cases_in(rule, path.read_text("utf-8")))
