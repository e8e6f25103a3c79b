"""Which lines a review comment may name, and what GitHub says when it may not.

A review is refused as a whole, and the refusal does not say which comment it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.forge.github import outdate
from tests.forge.github.answer import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.github.model import Side
    from tests.forge.github.pulls import PullRequest

SIDES = ("LEFT", "RIGHT")


@dataclass(frozen=True, slots=True)
class Placed:
    """A comment's place in the diff, found valid."""

    path: str
    side: Side
    line: int | None
    start_side: Side | None
    start_line: int | None
    diff_hunk: str
    position: int | None


class Unplaceable(Exception):  # noqa: N818  each endpoint words the refusal in its own way
    """A comment cannot stand where it says.

    Attributes:
        field: The field at fault.
        problem: What is wrong with it, in GitHub's words.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


def place(pull: PullRequest, commit: str, wanted: Mapping[str, Any]) -> Placed:
    """Find a line comment's place in the diff up to a commit of the pull request.

    Raises:
        Unplaceable: The path or a line is not in the diff, or a range is none.
    """
    diff = next((each for each in pull.diff(commit) if each.path == wanted["path"]), None)
    if diff is None:
        raise Unplaceable("path", "could not be resolved")
    line, side = wanted.get("line"), wanted.get("side", "RIGHT")
    start = wanted.get("start_line")
    start_side = wanted.get("start_side", side) if start is not None else None
    if side not in SIDES or start_side not in (None, *SIDES):
        raise Unplaceable("side", "is not included in the list")
    if line is None:
        raise Unplaceable("line", "could not be resolved")
    found = outdate.find(diff, side, line)
    if found is None:
        raise Unplaceable("pull_request_review_thread.line", "must be part of the diff")
    if start is not None:
        first = outdate.find(diff, str(start_side), start)
        if first is None:
            raise Unplaceable("pull_request_review_thread.start_line", "must be part of the diff")
        if first.position >= found.position or (start_side == side and start >= line):
            raise Unplaceable("pull_request_review_thread.start_line", "must precede the end line.")
        if first.hunk is not found.hunk:
            raise Unplaceable("pull_request_review_thread.start_line", "must be part of the same hunk as the line.")
    return Placed(diff.path, side, line, start_side, start, outdate.excerpt(found), found.position)


def place_on_file(pull: PullRequest, commit: str, path: str) -> Placed:
    """Place a comment on a whole file of the diff."""
    if all(each.path != path for each in pull.diff(commit)):
        raise Unplaceable("path", "could not be resolved")
    return Placed(path, "RIGHT", None, None, None, "", 1)


def check_commit(pull: PullRequest, commit: str) -> str:
    """Return the commit when it belongs to the pull request; one that was forced away no longer does."""
    if commit not in {pull.head, *(each.oid for each in pull.commits())}:
        raise Refused(422, "Unprocessable Entity", ["commit_id is not part of the pull request"])
    return commit


def check_body(pull: PullRequest, body: str, *, blank: bool = False) -> None:
    """Refuse an empty body, unless it may be, and one that is too long."""
    limit = pull.project.forge.limits.body
    if not body.strip() and not blank:
        raise Refused(422, "Validation Failed", [fault("body", "can't be blank", code="missing_field")])
    if len(body) > limit:
        raise Refused(422, "Validation Failed", [fault("body", f"is too long (maximum is {limit} characters)")])


def fault(
    field: str, problem: str, *, resource: str = "PullRequestReviewComment", code: str = "custom"
) -> dict[str, str]:
    """Word one error of a `Validation Failed`."""
    return {"resource": resource, "field": field, "code": code, "message": f"{field} {problem}"}
