"""Rules of GitHub's double, broken: what stands in for them while their probes are watched failing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.forge.github import limits, render_pulls, render_talk, review_routes, review_rules, webhooks
from tests.forge.github.answer import Answer, Refused
from tests.forge.github.model import Reaction, Review

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.github.pulls import PullRequest
    from tests.forge.github.webhooks import Delivery

PLACE = review_rules.place
PLACED = review_routes.placed
AGAIN = webhooks.Outbox.again
LIST = render_pulls.files


def place_anywhere(pull: PullRequest, commit: str, wanted: Mapping[str, Any]) -> review_rules.Placed:
    """Take every comment, wherever it says it stands."""
    return review_rules.Placed(wanted["path"], "RIGHT", wanted.get("line"), None, None, "", 1)


def place_without_range(pull: PullRequest, commit: str, wanted: Mapping[str, Any]) -> review_rules.Placed:
    """Take every range."""
    return PLACE(pull, commit, {name: value for name, value in wanted.items() if name != "start_line"})


def name_the_culprit(pull: PullRequest, commit: str, wanted: dict[str, Any]) -> review_rules.Placed:
    """Say which comment was wrong."""
    try:
        return PLACED(pull, commit, wanted)
    except Refused as error:
        raise Refused(422, "Unprocessable Entity", [f"Line could not be resolved: {wanted['body']}"]) from error


def write_one_by_one(pull: PullRequest, commit: str, wanted: dict[str, Any]) -> review_rules.Placed:
    """Leave something behind before the whole is known to be good."""
    pull.reviews.append(Review(1, pull.author, "", "COMMENTED", commit, None))
    return PLACED(pull, commit, wanted)


def another_guid(self: webhooks.Outbox, delivery: Delivery) -> Delivery:
    """Redeliver under another name."""
    again = AGAIN(self, delivery)
    again.headers = again.headers | {"X-GitHub-Delivery": "another"}
    return again


def from_the_base_branch(self: PullRequest, head: str | None = None) -> Any:
    """Compare with the base branch's tip."""
    return self.project.git.diff(self.base_tip, head or self.head)


def forbid(*_: object) -> None:
    """Say 403 where 404 is due."""
    raise Refused(403, "Resource not accessible by integration")


def react_again(call: Any, pull: PullRequest, given: list[Any]) -> Answer:
    """Take every reaction, the same one too."""
    given.append(Reaction(1, call.user, call.body["content"], call.forge.clock.now()))
    return Answer(201, render_talk.reaction(pull, given[-1]))


def whole(answer: Answer, *_: object) -> Answer:
    """Give lists whole."""
    return answer


def untagged(_: object, asked: object, answer: Answer, *more: object) -> Answer:
    """Give answers without a tag."""
    return answer


def unlimited(project: Any, diff: Any, head: str, _: object) -> list[dict[str, Any]]:
    """Give every patch, however long."""
    return LIST(project, diff, head, limits.Limits())
