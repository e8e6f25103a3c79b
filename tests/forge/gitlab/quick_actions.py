"""Quick actions: what GitLab runs out of a note's text, also when the text only quotes it.

The rules are those of GitLab's extractor (`lib/gitlab/quick_actions/extractor.rb`), written anew and stricter: carriage
returns go first, and only text between two lines of exactly three backticks is spared. GitLab spares some more (HTML
elements, `>>>` quotations, inline code over several lines), which is nothing to rely on. A longer fence, a fence of
tildes and an HTML comment over several lines spare nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tests.forge.gitlab.model import DEVELOPER

if TYPE_CHECKING:
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import User

NAMES = (
    "approve unapprove merge close reopen assign unassign reassign assign_reviewer reviewer unassign_reviewer "
    "request_review submit_review label labels unlabel remove_label relabel title draft ready wip rebase target_branch "
    "milestone remove_milestone lock unlock todo done subscribe unsubscribe estimate spend remove_estimate award react "
    "copy_metadata cc shrug tableflip confidential due epic iteration weight duplicate promote move clone zoom ship"
).split()
FENCE = r"^```.+?\n```$"
COMMAND = rf"^/(?P<name>{'|'.join(sorted(NAMES, key=len, reverse=True))})(?: (?P<argument>[^\n]*))?(?:\s*\n|$)"
PATTERN = re.compile(f"{FENCE}|{COMMAND}", re.MULTILINE | re.DOTALL | re.IGNORECASE)


class Found(NamedTuple):
    """One quick action in a text."""

    name: str
    argument: str


def extract(text: str) -> tuple[str, list[Found]]:
    """Return the text without its quick actions, and these."""
    found: list[Found] = []

    def take(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        found.append(Found(match["name"].lower(), (match["argument"] or "").strip()))
        return ""

    return PATTERN.sub(take, text.replace("\r", "")).rstrip(), found


def obey(change: MergeRequest, action: Found, by: User) -> None:
    """Do what a quick action says, as far as it shows here and its author may."""
    if change.project.level(by) < DEVELOPER:
        return
    match action.name:
        case "approve":
            change.approved_by.append(by)
            change.project.forge.hooks.merge_request("approved", change, by)
        case "close" if change.state == "opened":
            change.close()
        case "merge" if change.state == "opened":
            change.merge()
        case "title":
            change.edit_title(action.argument)
        case "label" | "labels":
            change.label(*action.argument.split())
