"""How a review speaks: what the policy, the forge and the server's settings decide about its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote as percent_encode

from bot.review.markdown import code, link
from rules.problem import Confidence

if TYPE_CHECKING:
    from bot.forges.base import Capabilities, PullRequest, Terms
    from bot.review.markers import Signer
    from rules.problem import Severity
    from rules.report import Finding

SHORT = 8
"""Characters of a commit id in a sentence; both forges link that many."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a review speaks.

    Attributes:
        terms: The forge's own words.
        can: What the forge can do.
        signer: Signs the hidden marks of this pull request.
        manual: Address of a rule's page, with `{rule}` (its id) and `{page}` (`runtime/final_stage_no_command`)
            to be filled in; empty for no links.
        cap: Comments on lines that may stand open at once.
        comments_from: How sure a finding is at least that gets a comment.
        file_cap: Comments on files that may stand open at once.
        fail_on: The check fails at a new finding this severe; `None` never fails it.
    """

    terms: Terms
    can: Capabilities
    signer: Signer
    manual: str = ""
    cap: int = 30
    comments_from: Confidence = Confidence.LIKELY
    file_cap: int = 10
    fail_on: Severity | None = None

    def rule(self, finding: Finding) -> str:
        """Return the rule's name as a link to its page."""
        page = self.manual.replace("{rule}", finding.rule).replace("{page}", finding.manual)
        return link(code(finding.rule), page)


def line_link(pull_request: PullRequest, path: str, line: int, *, before: bool = False) -> str:
    """Return "line 12" as a link to the file at head, or as it was before the change."""
    commit = pull_request.base if before else pull_request.head
    return link(f"line {line}", f"{pull_request.blob_url}{commit}/{percent_encode(path)}#L{line}")


def short(commit: str) -> str:
    """Return a commit id as sentences show it."""
    return commit[:SHORT]


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 finding`, `3 findings`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def listed(parts: list[str]) -> str:
    """Join words as a sentence does: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
