"""Hidden marks in what we post: what a comment was about, recognised later and proof against copies and forgeries."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

if TYPE_CHECKING:
    from bot.forges.base import PullRequest

Kind = Literal["comment", "fixed", "review", "summary"]

_MARK = re.compile(
    r"^<!-- hullcheck:(?P<kind>comment|fixed|review|summary)"
    r" head=(?P<head>[0-9a-f]{0,64})"
    r"(?: of=(?P<of>[0-9a-f]{1,128}(?:,[0-9a-f]{1,128})*))?"
    r"(?: done=(?P<done>[0-9a-f]{1,128}(?:,[0-9a-f]{1,128})*))?"
    r" mac=(?P<mac>[0-9a-f]{64}) -->[ \t]*\r?$",
    re.MULTILINE,
)


class Marker(NamedTuple):
    """What a mark says.

    Attributes:
        kind: `comment` for an open finding (or a group), `fixed` once all of it is repaired, `review` for a review's
            body, `summary` for the sticky comment.
        head: The commit that was reviewed when the text was written.
        fingerprints: Of the findings that the comment speaks of.
        repaired: Those of them that the text already calls repaired.
    """

    kind: Kind
    head: str
    fingerprints: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signer:
    """Writes and recognises marks of one pull request.

    A mark copied from another pull request, or made up, is not recognised. Whether the comment that holds it was
    written by our own account is the adapter's question.

    Attributes:
        subject: Names the pull request for ever; see `for_pull_request`.
        key: The server's key; never shown.
    """

    subject: str
    key: bytes = field(repr=False)

    @classmethod
    def for_pull_request(cls, key: bytes, pull_request: PullRequest) -> Signer:
        """Return the signer of a pull request; a renamed repository keeps its marks."""
        name = pull_request.key
        return cls(f"{name.forge}:{name.instance}:{pull_request.repository_id}:{name.number}", key)

    def write(self, marker: Marker) -> str:
        """Return the mark as one line of HTML comment."""
        return f"<!-- hullcheck:{_fields(marker)} mac={self._mac(marker)} -->"

    def read(self, body: str) -> Marker | None:
        """Return what a body's mark says, or `None` when it has none of ours.

        Ours is always the last one: a quoted file may hold a copy of a real mark, and it stands above.
        """
        marks = list(_MARK.finditer(body))
        if not marks:
            return None
        last = marks[-1]
        marker = Marker(cast("Kind", last["kind"]), last["head"], _list(last["of"]), _list(last["done"]))
        return marker if hmac.compare_digest(last["mac"], self._mac(marker)) else None

    def _mac(self, marker: Marker) -> str:
        text = f"{self.subject}|{_fields(marker)}"
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


def strip(body: str) -> str:
    """Return a body without its marks."""
    return _MARK.sub("", body).rstrip()


def _fields(marker: Marker) -> str:
    fields = f"{marker.kind} head={marker.head}"
    if marker.fingerprints:
        fields += f" of={','.join(marker.fingerprints)}"
    if marker.repaired:
        fields += f" done={','.join(marker.repaired)}"
    return fields


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
