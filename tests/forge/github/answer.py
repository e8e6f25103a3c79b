"""A request that has come through the front door, and what is answered to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.model import App, Installation, Token, User
    from tests.forge.github.project import Project
    from tests.forge.github.pulls import PullRequest
    from tests.forge.openapi import Operation


DOCS = "https://docs.github.com/rest"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: JSON unless `raw` holds other bytes.

    Attributes:
        page: The body's key whose list is to be cut into pages; `""` when the body is that list, `None` for no pages.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media: str = "application/json; charset=utf-8"
    page: str | None = None


class Refused(Exception):  # noqa: N818  it is an answer, not a fault of the double
    """Ends a request with a refusal."""

    def __init__(self, status: int, message: str, errors: list[Any] | None = None) -> None:
        super().__init__(f"{status} {message} {errors or ''}")
        body: dict[str, Any] = {"message": message, "documentation_url": DOCS}
        if errors:
            body["errors"] = errors
        self.answer = Answer(status, body | {"status": str(status)})

    @classmethod
    def by(cls, answer: Answer) -> Refused:
        """Refuse with an answer made elsewhere."""
        refused = cls(answer.status, answer.body["message"])
        refused.answer = answer
        return refused


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated and matched to its operation.

    Attributes:
        path: The values in the path, decoded.
        body: Parsed JSON, `None` without a body.
        token: The installation token; `None` for the App itself.
    """

    forge: GitHubDouble
    operation: Operation
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    token: Token | None

    @property
    def app(self) -> App:
        """The App that asks."""
        return self.forge.app

    @property
    def installation(self) -> Installation:
        """The installation that asks."""
        assert self.token is not None, "the door lets only tokens through to such operations"
        return self.token.installation

    @property
    def user(self) -> User:
        """Who writes."""
        return self.forge.app.bot

    @property
    def project(self) -> Project:
        """The repository named in the path; the door has checked that it may be seen."""
        project = self.forge.find(f"{self.path['owner']}/{self.path['repo']}")
        assert project is not None, "the door has looked it up"
        return project

    @property
    def pull_request(self) -> PullRequest:
        """The pull request named in the path."""
        number = self.path.get("pull_number") or self.path["issue_number"]
        found = self.project.pulls.get(self.number(number))
        if found is None:
            raise Refused(404, "Not Found")
        return found

    def number(self, text: str) -> int:
        """Read a number out of the path."""
        if not text.isdecimal():
            raise Refused(404, "Not Found")
        return int(text)


Handler = Callable[[Call], Answer]


class Route(NamedTuple):
    """How an operation is answered.

    Attributes:
        handler: Answers it.
        needs: The permission, such as `pull_requests:write`; several by `|` when one of them is enough;
            `app` when the App itself must ask, with its JSON web token.
    """

    handler: Handler
    needs: str = "metadata:read"

    @property
    def writes(self) -> bool:
        """Whether it counts as a write."""
        return self.needs.endswith(":write")
