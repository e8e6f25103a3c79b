"""Pages: thirty items unless asked otherwise, a hundred at most, and `Link` to the others."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from tests.forge.github.answer import Answer
from tests.forge.github.model import IssueComment, ReviewComment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT, MOST = 30, 100
T = TypeVar("T", IssueComment, ReviewComment)


def paged(answer: Answer, url: str, query: Mapping[str, str]) -> Answer:
    """Cut an answer's list into a page."""
    if answer.page is None or answer.status != 200:
        return answer
    items: list[Any] = answer.body[answer.page] if answer.page else answer.body
    size = min(max(number(query.get("per_page"), DEFAULT), 1), MOST)
    page = max(number(query.get("page"), 1), 1)
    last = max(1, -(-len(items) // size))
    shown = items[(page - 1) * size : page * size]
    rest = {name: value for name, value in query.items() if name != "page"}
    links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = [
        rel for rel in links if (rel in {"prev", "first"} and page > 1) or (rel in {"next", "last"} and page < last)
    ]
    header = ", ".join(f'<{url}?{urlencode(rest | {"page": str(links[rel])})}>; rel="{rel}"' for rel in wanted)
    body = answer.body | {answer.page: shown} if answer.page else shown
    headers = {**answer.headers, **({"Link": header} if header else {})}
    return Answer(answer.status, body, headers, answer.raw, answer.media)


def chosen(items: Iterable[T], query: Mapping[str, str]) -> list[T]:
    """Choose and order comments as asked: `since` by their last change, `sort` and `direction` by time."""
    found = list(items)
    if "since" in query:
        since = datetime.fromisoformat(query["since"])
        found = [each for each in found if each.updated >= since]
    if "sort" in query:
        by = attrgetter("updated" if query["sort"] == "updated" else "created", "id")
        found = sorted(found, key=by, reverse=query.get("direction") == "desc")
    return found


def number(text: str | None, otherwise: int) -> int:
    """Read a number of the query; GitHub takes the default for what is none."""
    return int(text) if text is not None and text.isdecimal() else otherwise
