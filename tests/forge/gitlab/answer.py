"""A request that has come through the front door, and what is answered to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.forge.gitlab.model import GUEST

if TYPE_CHECKING:
    from tests.forge.gitlab.double import GitLabDouble
    from tests.forge.gitlab.merge_request import MergeRequest
    from tests.forge.gitlab.model import Token, User
    from tests.forge.gitlab.project import Project


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: JSON unless `raw` holds other bytes.

    Attributes:
        paged: Whether the body is a list that is to be cut into pages.
        keyset: Names an entry of that list for `page_token`; `None` when there are only numbered pages.
        later: Makes the real answer, where GitLab itself has to wait for somebody first.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media: str = "application/json"
    paged: bool = False
    keyset: str | None = None
    later: Callable[[], Awaitable[Answer]] | None = None


class Refused(Exception):  # noqa: N818  it is an answer, not a fault of the double
    """Ends a request with a refusal: `{"message": …}`, as GitLab itself words it."""

    def __init__(self, status: int, message: Any) -> None:
        super().__init__(f"{status} {message}")
        self.answer = Answer(status, {"message": message})

    @classmethod
    def by(cls, answer: Answer) -> Refused:
        """Refuse with an answer made elsewhere."""
        refused = cls(answer.status, "")
        refused.answer = answer
        return refused

    @classmethod
    def error(cls, status: int, text: str) -> Refused:
        """Refuse as GitLab's API layer does: `{"error": …}`."""
        return cls.by(Answer(status, {"error": text}))

    @classmethod
    def invalid(cls, what: str, errors: Mapping[str, list[str]]) -> Refused:
        """Refuse a record that fails its validation, in the notation in which GitLab shows it."""
        shown = ", ".join(f":{name}=>[{', '.join(map(quoted, texts))}]" for name, texts in errors.items())
        return cls(400, f"400 Bad request - {what} {{{shown}}}")

    @classmethod
    def forbidden(cls) -> Refused:
        """Refuse somebody whose role is too low."""
        return cls(403, "403 Forbidden")

    @classmethod
    def missing(cls, what: str = "") -> Refused:
        """Say that something is not there."""
        return cls(404, f"404 {what} Not Found" if what else "404 Not found")


def quoted(text: str) -> str:
    """Put a text in double quotes."""
    return f'"{text}"'


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated, matched to its route and with its parameters checked.

    Attributes:
        path: The values in the path, decoded.
        params: What query and body say, as one.
        token: Who asks.
        target: The project named in the path, which the door has checked.
    """

    forge: GitLabDouble
    path: Mapping[str, str]
    params: Mapping[str, Any]
    token: Token
    target: Project | None = None

    @property
    def user(self) -> User:
        """Who asks."""
        return self.token.user

    @property
    def project(self) -> Project:
        """The project named in the path."""
        assert self.target is not None, "the door has looked it up"
        return self.target

    @property
    def merge_request(self) -> MergeRequest:
        """The merge request named in the path."""
        found = self.project.merge_requests.get(self.number("merge_request_iid"))
        if found is None:
            raise Refused.missing()
        return found

    @property
    def level(self) -> int:
        """The asker's access level in the project."""
        return self.project.level(self.user)

    def number(self, name: str) -> int:
        """Read a number out of the path."""
        text = self.path[name]
        if not text.isdecimal():
            raise Refused.error(400, f"{name} is invalid")
        return int(text)


Handler = Callable[[Call], Answer]


class Route(NamedTuple):
    """How a request is answered.

    Attributes:
        handler: Answers it.
        takes: Its parameters: `name:type`, with `!` behind it when required and `?a|b` for the values allowed.
        level: The access level needed.
        counted: What it makes that is counted on its own: `notes` or `tests`.
    """

    handler: Handler
    takes: str = ""
    level: int = GUEST
    counted: str = ""
