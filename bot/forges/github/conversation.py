"""What we said on a pull request before: our comments, reviews and summary, and what became of the threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.commands import command_in
from bot.forges.base import Conversation, Thread
from bot.forges.marks import answer_in, mark_in
from bot.forges.together import at_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.forges.github.client import Client

_THREADS: Final = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id
          isResolved
          viewerCanResolve
          viewerCanUnresolve
          resolvedBy { login }
          comments(first: 1) { nodes { id } }
        }
      }
    }
  }
}
"""


class Resolution(NamedTuple):
    """What GraphQL alone tells of a thread.

    Attributes:
        handle: The thread's node id.
        resolved: Whether it is resolved.
        by: Login of who resolved it; empty for an account that is no person.
        ours_to_change: Whether we may resolve or reopen it.
    """

    handle: str
    resolved: bool
    by: str
    ours_to_change: bool


class Said(NamedTuple):
    """Everything said on a pull request, as REST lists it, to the last page.

    Attributes:
        comments: Review comments.
        reviews: Reviews.
        remarks: Comments below the pull request itself.
    """

    comments: list[dict[str, Any]]
    reviews: list[dict[str, Any]]
    remarks: list[dict[str, Any]]

    def by(self, login: str) -> Said:
        """Return what one account said."""
        own = [[item for item in items if author(item) == login] for items in self]
        return Said(*own)

    def marks(self) -> frozenset[str]:
        """Return the marks of all texts."""
        bodies = (item.get("body") for items in self for item in items)
        return frozenset(mark.text for body in bodies if (mark := mark_in(body)))


async def said(client: Client, number: int) -> Said:
    """List everything that was said, at once."""
    async with at_once() as group:
        comments = group.create_task(client.pages(f"/pulls/{number}/comments"))
        reviews = group.create_task(client.pages(f"/pulls/{number}/reviews"))
        remarks = group.create_task(client.pages(f"/issues/{number}/comments"))
    return Said(comments.result(), reviews.result(), remarks.result())


async def resolutions(client: Client, number: int) -> dict[str, Resolution]:
    """Return the state of each thread by the node id of its top comment. REST does not know it."""
    owner, _, name = client.repository.partition("/")
    found: dict[str, Resolution] = {}
    after = None
    while True:
        variables = {"owner": owner, "name": name, "number": number, "after": after}
        data = await client.graphql(_THREADS, variables)
        threads = data["repository"]["pullRequest"]["reviewThreads"]
        for node in threads["nodes"]:
            if node["comments"]["nodes"]:
                found[node["comments"]["nodes"][0]["id"]] = _resolution(node)
        if not threads["pageInfo"]["hasNextPage"]:
            return found
        after = threads["pageInfo"]["endCursor"]


def conversation(everything: Said, states: Mapping[str, Resolution], login: str) -> Conversation:
    """Sort out what is ours.

    Args:
        everything: What was said, by anybody: the answers in our threads matter.
        states: See `resolutions`.
        login: Under which our texts stand.
    """
    own = everything.by(login)
    marked = [(comment, mark_in(comment["body"])) for comment in own.comments if not comment.get("in_reply_to_id")]
    threads = tuple(
        _thread(comment, states.get(comment["node_id"]), everything, login)
        for comment, mark in marked
        if mark and mark.kind in {"comment", "fixed"}
    )
    return Conversation(threads, summary(own))


def summary(own: Said) -> Thread | None:
    """Return our summary comment, the oldest one when there are more."""
    for remark in own.remarks:
        mark = mark_in(remark.get("body"))
        if mark and mark.kind == "summary":
            return Thread(str(remark["id"]), remark["id"], remark["body"], "", None)
    return None


def _thread(comment: dict[str, Any], state: Resolution | None, everything: Said, login: str) -> Thread:
    resolved = state is not None and state.resolved
    by_person = state.by if state and resolved and state.by not in {login, login.removesuffix("[bot]")} else ""
    ignored = _ignored(comment["id"], everything, login)
    dismissed_by, reason = ignored or (by_person, "")
    return Thread(
        id=str(comment["id"]),
        comment_id=comment["id"],
        body=comment["body"],
        path=comment["path"],
        line=comment.get("line"),
        resolved=resolved,
        resolved_by_us=resolved and not by_person,
        dismissed=bool(dismissed_by),
        dismissed_by=dismissed_by,
        reason=reason,
        handle=state.handle if state and state.ours_to_change else "",
    )


def _ignored(top: int, everything: Said, login: str) -> tuple[str, str] | None:
    """Return who had a finding ignored and why, from our answers in its thread; the last word counts."""
    replies = {item["id"]: item for item in everything.comments if item.get("in_reply_to_id") == top}
    own = [reply for reply in replies.values() if author(reply) == login]
    answers = [answer for reply in own if (answer := answer_in(reply["body"])) and answer.name == "ignore"]
    if not answers:
        return None
    asked = command_in(replies.get(answers[-1].to, {}).get("body") or "")
    return answers[-1].by, asked.reason if asked else ""


def _resolution(node: Mapping[str, Any]) -> Resolution:
    resolved = node["isResolved"]
    may = node["viewerCanUnresolve"] if resolved else node["viewerCanResolve"]
    return Resolution(node["id"], resolved, (node["resolvedBy"] or {}).get("login", ""), may)


def author(item: Mapping[str, Any]) -> str:
    """Return the login of who wrote something; empty for nobody."""
    return str((item.get("user") or {}).get("login", ""))
