"""The settings of each forge, and how they are read."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.environment import Environment

SIGNING_KEY_BYTES = 32

GateName = Literal["none", "commit", "external", "both"]
GATES: Final = ("none", "commit", "external", "both")
"""Where a verdict is set on GitLab besides the notes: as commit status, as external status check."""

_GITLAB_NAMES = ("URL", "TOKEN", "WEBHOOK_SECRET", "SIGNING_TOKEN", "STATUS", "ACCOUNTS")
_GITHUB_REQUIRED = (
    ("HULLCHECK_GITHUB_APP_ID", "copy it from the App's settings page"),
    ("HULLCHECK_GITHUB_PRIVATE_KEY", "generate one on the App's settings page and paste the PEM file"),
    ("HULLCHECK_GITHUB_WEBHOOK_SECRET", "enter the same secret here and on the App's settings page"),
)


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """One GitHub App.

    Attributes:
        api_url: REST root without a trailing slash.
        app_id: The App's number, as text.
        private_key: PEM of an RSA key.
        webhook_secret: Signs the deliveries.
        resolves: Whether threads are resolved whose problem is gone, for which the App needs *Contents* write.
    """

    api_url: str
    app_id: str
    private_key: Secret
    webhook_secret: Secret
    resolves: bool = False

    @property
    def instance(self) -> str:
        """Host (and port, when it has one) of the API, as in `PullRequestKey.instance`."""
        return urlsplit(self.api_url).netloc


@dataclass(frozen=True, slots=True)
class GitLabSettings:
    """One GitLab instance.

    Attributes:
        url: The instance without a trailing slash.
        token: Access token.
        webhook_secret: Expected in `X-Gitlab-Token`; `None` when deliveries are signed only.
        signing_token: `whsec_…`; `None` when deliveries carry the secret only.
        gate: Where verdicts are set besides the notes.
        accounts: Numbers of the accounts that earlier tokens had.
        prefix: What the names of its settings begin with.
    """

    url: str
    token: Secret
    webhook_secret: Secret | None
    signing_token: Secret | None
    gate: GateName = "none"
    accounts: tuple[int, ...] = ()
    prefix: str = "HULLCHECK_GITLAB_"

    @property
    def instance(self) -> str:
        """Host (and port, when it has one), as in `PullRequestKey.instance`."""
        return urlsplit(self.url).netloc


def read_github(env: Environment) -> GitHubSettings | None:
    """Read the GitHub App; `None` when nothing of it is set."""
    api_url = env.url("HULLCHECK_GITHUB_API_URL")
    if not any(env.given(name) for name, _ in _GITHUB_REQUIRED):
        return None
    for name, remedy in _GITHUB_REQUIRED:
        if not env.given(name):
            env.fault(name, f"is missing; {remedy}")
    app_id = env.text("HULLCHECK_GITHUB_APP_ID")
    if app_id and not re.fullmatch(r"[1-9][0-9]{0,17}", app_id):
        env.fault("HULLCHECK_GITHUB_APP_ID", "is not a number; it stands as “App ID” on the App's settings page")
    secret = env.secret("HULLCHECK_GITHUB_WEBHOOK_SECRET") or Secret("")
    resolves = env.choice("HULLCHECK_GITHUB_RESOLVE", ("off", "on")) == "on"
    return GitHubSettings(api_url, app_id, _private_key(env), secret, resolves)


def _private_key(env: Environment) -> Secret:
    name = "HULLCHECK_GITHUB_PRIVATE_KEY"
    given = env.secret(name)
    if given is None:
        return Secret("")
    # Environment files hold one line, so the line ends of the PEM often arrive as backslash and n.
    pem = given.reveal().replace("\\n", "\n")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        env.fault(
            name,
            "is not an unencrypted PEM private key; paste the whole file that GitHub gave",
        )
        return Secret("")
    if not isinstance(key, RSAPrivateKey):
        env.fault(name, "is not an RSA key; generate one on the App's settings page")
    return Secret(pem)


def read_gitlab(env: Environment) -> Iterator[GitLabSettings]:
    """Read the GitLab instances: the plain names, then `HULLCHECK_GITLAB_2_…` to `_9_…`; gaps are allowed."""
    seen: dict[str, str] = {}
    for number in ("", *(f"{n}_" for n in range(2, 10))):
        prefix = f"HULLCHECK_GITLAB_{number}"
        if not env.any_given(prefix, _GITLAB_NAMES):
            continue
        instance = _gitlab(env, prefix)
        if first := seen.get(instance.instance):
            env.fault(f"{prefix}URL", f"names the same instance as {first}; configure each instance once")
        seen[instance.instance] = f"{prefix}URL"
        yield instance


def _gitlab(env: Environment, prefix: str) -> GitLabSettings:
    url = env.url(f"{prefix}URL")
    if not url and prefix != "HULLCHECK_GITLAB_" and not env.given(f"{prefix}URL"):
        env.fault(f"{prefix}URL", "is missing; set it to the instance's address, such as https://gitlab.example.com")
    token = env.secret(f"{prefix}TOKEN")
    if token is None and not env.given(f"{prefix}TOKEN"):
        env.fault(f"{prefix}TOKEN", "is missing; create a project or group access token (scope api, role Developer)")
    secret, signing = env.secret(f"{prefix}WEBHOOK_SECRET"), env.secret(f"{prefix}SIGNING_TOKEN")
    if not any(env.given(f"{prefix}{name}") for name in ("WEBHOOK_SECRET", "SIGNING_TOKEN")):
        env.fault(
            f"{prefix}WEBHOOK_SECRET",
            f"is missing; set it, or {prefix}SIGNING_TOKEN, to what the hook's page says",
        )
    if signing is not None and not _is_signing_token(signing.reveal()):
        env.fault(
            f"{prefix}SIGNING_TOKEN",
            "is not `whsec_` and 32 bytes in Base64; copy it whole from the hook's page",
        )
    gate = env.choice(f"{prefix}STATUS", GATES) if env.given(f"{prefix}STATUS") else "none"
    return GitLabSettings(
        url, token or Secret(""), secret, signing, cast("GateName", gate), _accounts(env, f"{prefix}ACCOUNTS"), prefix
    )


def _accounts(env: Environment, name: str) -> tuple[int, ...]:
    """Read numbers of accounts, separated by commas."""
    words = [word.strip() for word in env.text(name).split(",") if word.strip()]
    if not all(re.fullmatch(r"[1-9][0-9]{0,17}", word, re.ASCII) for word in words):
        env.fault(name, "is not a list of numbers such as 1203,1877; correct it or leave it out")
        return ()
    return tuple(map(int, words))


def _is_signing_token(text: str) -> bool:
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith("whsec_") and len(key) == SIGNING_KEY_BYTES
