"""The App's credentials: its own name, and one narrow, short-lived token a repository."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gidgethub.apps import get_jwt
from jwt import get_algorithm_by_name

from bot.forges.base import Denied, Gone, Rejected
from bot.forges.github.faults import translated
from bot.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.forges.github.wire import Wire
    from bot.jobs import Job

PERMISSIONS: Final = {"checks": "write", "contents": "read", "pull_requests": "write"}
"""All that a review needs. `pull_requests` covers the comments and reactions below a pull request."""

SPARE = 300.0
"""Seconds before its end at which a token is no longer used: longer than any review takes."""

_JWT_LIFE = 540  # seconds; GitHub refuses more than ten minutes, by its own clock
_NOT_COVERED = "not accessible to the parent installation"
"""What GitHub's 422 says when the repository was taken out of the installation; the other one is of permissions."""


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App.

    Attributes:
        id: Its number, as text.
        private_key: PEM of its RSA key.
    """

    id: str
    private_key: Secret

    def jwt(self) -> str:
        """Return a signed token that says who we are, for the next minutes."""
        key = _loaded(self.private_key.reveal())
        return get_jwt(app_id=self.id, private_key=key, expiration=_JWT_LIFE)  # type: ignore[arg-type]  # a loaded key signs too


@lru_cache(maxsize=4)
def _loaded(pem: str) -> object:
    """Load a key once: that takes as long as a hundred signatures, for its primes are looked at."""
    return get_algorithm_by_name("RS256").prepare_key(pem)


class _Key(NamedTuple):
    installation: str
    repository: str


@dataclass(frozen=True, slots=True)
class _Token:
    value: Secret
    end: float


class Tokens:
    """Hands out installation tokens, each for one repository, and asks for a new one shortly before it dies.

    Args:
        wire: gidgethub's client without a token.
        app: Who we are.
        now: Seconds since the epoch.
        permissions: What a token may do, never more than the App was granted.
    """

    def __init__(
        self, wire: Wire, app: App, now: Callable[[], float], permissions: Mapping[str, str] = PERMISSIONS
    ) -> None:
        self._wire = wire
        self._app = app
        self._now = now
        self._permissions = dict(permissions)
        self._kept: dict[_Key, _Token] = {}
        self._turns: defaultdict[_Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._login = ""

    async def token(self, job: Job) -> Secret:
        """Return a token for the job's repository; jobs that ask at once share one request.

        Raises:
            Denied: The installation is suspended or lacks a permission.
            Gone: The App is no longer installed there.
        """
        key = _Key(job.installation, job.key.repository)
        async with self._turns[key]:
            kept = self._kept.get(key)
            if kept is None or kept.end - SPARE <= self._now():
                self._drop_dead()
                kept = self._kept[key] = await self._ask(job)
            return kept.value

    def forget(self, job: Job) -> None:
        """Drop a token that the forge no longer takes."""
        self._kept.pop(_Key(job.installation, job.key.repository), None)

    async def login(self) -> str:
        """Return the login under which our comments stand: the App's slug and `[bot]`, which no person can have."""
        if not self._login:
            with translated(self._now):
                app = await self._wire.getitem("/app", jwt=self._app.jwt())
            self._login = f"{app['slug']}[bot]"
        return self._login

    async def _ask(self, job: Job) -> _Token:
        name = job.key.repository.partition("/")[2]
        scope = {"repository_ids": [job.repository_id]} if job.repository_id else {"repositories": [name]}
        try:
            with translated(self._now):
                answer: dict[str, Any] = await self._wire.post(
                    "/app/installations/{id}/access_tokens",
                    {"id": job.installation},
                    data={**scope, "permissions": self._permissions},
                    jwt=self._app.jwt(),
                )
        except Rejected as refusal:
            if _NOT_COVERED in str(refusal):
                raise Gone(str(refusal)) from refusal
            wanted = ", ".join(f"{name}: {access}" for name, access in self._permissions.items())
            raise Denied(f"{refusal}; the App's installation must grant {wanted}") from refusal
        return _Token(Secret(answer["token"]), datetime.fromisoformat(answer["expires_at"]).timestamp())

    def _drop_dead(self) -> None:
        for key, token in list(self._kept.items()):
            if token.end <= self._now():
                del self._kept[key]
                if not self._turns[key].locked():
                    del self._turns[key]
