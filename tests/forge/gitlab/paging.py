"""Pages: twenty items unless asked otherwise, a hundred at most; numbered, or by the last entry seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.forge.gitlab.answer import Answer

DEFAULT, MOST = 20, 100
COUNTED = 10_000
"""Lists longer than this are not counted: their total is missing from the headers."""


def paged(answer: Answer, url: str, query: Mapping[str, str]) -> Answer:
    """Cut an answer's list into a page."""
    if not answer.paged:
        return answer
    size = min(number(query.get("per_page"), DEFAULT), MOST)
    if answer.keyset and query.get("pagination") == "keyset":
        return by_key(answer, answer.keyset, size, url, query)
    items: list[Any] = answer.body
    page = number(query.get("page"), 1)
    last = max(1, -(-len(items) // size))
    shown = items[(page - 1) * size : page * size]
    targets = {"prev": page - 1 if page > 1 else 0, "next": page + 1 if page < last else 0, "first": 1, "last": last}
    links = [link(url, query, rel, page=str(to), per_page=str(size)) for rel, to in targets.items() if to]
    headers = {
        "Link": ", ".join(links),
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Next-Page": str(targets["next"] or ""),
        "X-Prev-Page": str(targets["prev"] or ""),
    }
    if len(items) <= COUNTED:
        headers |= {"X-Total": str(len(items)), "X-Total-Pages": str(last)}
    return replace(answer, body=shown, headers={**answer.headers, **headers})


def by_key(answer: Answer, key: str, size: int, url: str, query: Mapping[str, str]) -> Answer:
    """Cut the page that follows the entry named by `page_token`; no page has a number then."""
    items: list[Any] = answer.body
    seen = query.get("page_token")
    start = next((at + 1 for at, item in enumerate(items) if str(item[key]) == seen), 0) if seen else 0
    shown = items[start : start + size]
    more = start + size < len(items)
    header = link(url, query, "next", page_token=str(shown[-1][key]), per_page=str(size)) if more else ""
    return replace(answer, body=shown, headers={**answer.headers, "X-Per-Page": str(size), "Link": header})


def link(url: str, query: Mapping[str, str], rel: str, **changed: str) -> str:
    """Word one entry of the `Link` header."""
    return f'<{url}?{urlencode({**query, **changed})}>; rel="{rel}"'


def number(text: str | None, otherwise: int) -> int:
    """Read a number of the query, which is 1 at least."""
    return max(int(text), 1) if text is not None and text.isdecimal() else otherwise
