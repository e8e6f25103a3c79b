"""What the operator says, read once from the environment; every fault is reported at once, with its remedy.

`python -m bot.settings` prints the table of all settings as Markdown.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from bot.database_url import with_driver
from bot.environment import Environment
from bot.forge_settings import GitHubSettings, GitLabSettings, read_github, read_gitlab
from bot.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LogLevel = Literal["debug", "info", "warning", "error"]

MAX_PORT = 65_535
MAX_CONCURRENCY = 64


class Setting(NamedTuple):
    """One row of the table of settings.

    Attributes:
        name: The environment variable. A secret may also be given as `name_FILE`, the path of a file.
        default: The value used when it is not set; empty when there is none.
        meaning: One sentence, Markdown.
        secret: Whether the value is never shown.
    """

    name: str
    default: str
    meaning: str
    secret: bool = False


SETTINGS = (
    Setting("HULLCHECK_HOST", "0.0.0.0", "Address to listen on."),  # noqa: S104 - a container listens on all
    Setting("HULLCHECK_PORT", "8080", "Port to listen on; `PORT` is read when this is not set."),
    Setting(
        "HULLCHECK_DATABASE_URL",
        "sqlite:///hullcheck.db",
        "`sqlite:///path` (one machine, local disk) or `postgresql://user:password@host/name`.",
        secret=True,
    ),
    Setting(
        "HULLCHECK_SPOOL",
        "hullcheck-spool",
        "Folder for GitLab's deliveries while the database is away; it must outlive the process.",
    ),
    Setting("HULLCHECK_PUBLIC_URL", "", "Where people reach this server; links to the rule manual start with it."),
    Setting("HULLCHECK_LOG_LEVEL", "info", "`debug`, `info`, `warning` or `error`."),
    Setting("HULLCHECK_CONCURRENCY", "4", "Reviews at the same time in this process, 1 to 64."),
    Setting(
        "HULLCHECK_GITHUB_API_URL",
        "https://api.github.com",
        "Root of GitHub's REST API; GitHub Enterprise Server: `https://HOST/api/v3`.",
    ),
    Setting("HULLCHECK_GITHUB_APP_ID", "", "The GitHub App's number."),
    Setting("HULLCHECK_GITHUB_PRIVATE_KEY", "", "The GitHub App's private key, PEM.", secret=True),
    Setting("HULLCHECK_GITHUB_WEBHOOK_SECRET", "", "The secret that signs GitHub's deliveries.", secret=True),
    Setting(
        "HULLCHECK_GITHUB_RESOLVE",
        "off",
        "`on`: threads whose problem is gone are resolved, too. GitHub wants *Contents* write of the App for that.",
    ),
    Setting(
        "HULLCHECK_GITLAB_URL",
        "https://gitlab.com",
        "A GitLab instance. More of them: `HULLCHECK_GITLAB_2_URL`, `HULLCHECK_GITLAB_2_TOKEN` …, to 9.",
    ),
    Setting(
        "HULLCHECK_GITLAB_TOKEN",
        "",
        "Project or group access token, scope `api`, role Developer.",
        secret=True,
    ),
    Setting(
        "HULLCHECK_GITLAB_WEBHOOK_SECRET",
        "",
        "The secret token that GitLab sends with each delivery. This or the signing token is required.",
        secret=True,
    ),
    Setting(
        "HULLCHECK_GITLAB_SIGNING_TOKEN",
        "",
        "The token that signs GitLab's deliveries, `whsec_…`, on instances that have it.",
        secret=True,
    ),
    Setting(
        "HULLCHECK_GITLAB_STATUS",
        "none",
        "Where verdicts are set, too: `none`, `commit` (commit status), `external` (external status check) or `both`.",
    ),
    Setting(
        "HULLCHECK_GITLAB_ACCOUNTS",
        "",
        "Numbers of accounts that earlier tokens had, with commas, where the database does not remember them.",
    ),
)

_DEFAULT = {setting.name: setting.default for setting in SETTINGS}
_SECRET = {setting.name for setting in SETTINGS if setting.secret}


_NO_FORGE = (
    "No forge is configured: set HULLCHECK_GITHUB_APP_ID, HULLCHECK_GITHUB_PRIVATE_KEY and "
    "HULLCHECK_GITHUB_WEBHOOK_SECRET, or HULLCHECK_GITLAB_TOKEN and HULLCHECK_GITLAB_WEBHOOK_SECRET."
)


class SettingsError(Exception):
    """The settings cannot be used.

    Attributes:
        faults: One sentence each: the setting's name, what is wrong, what to do.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the operator decides.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 asks the system for a free one.
        spool: Folder for deliveries while the database is away.
        database_url: With the async driver, as SQLAlchemy wants it. It may hold a password.
        public_url: Without a trailing slash; empty when not set.
        log_level: Least level that is logged.
        concurrency: Reviews at the same time in this process.
        github: The GitHub App; `None` when none is configured.
        gitlab: GitLab instances, in the order of their numbers.
        notices: Sentences for the log: names that look like ours and mean nothing.
    """

    host: str
    port: int
    database_url: Secret
    spool: Path
    public_url: str
    log_level: LogLevel
    concurrency: int
    github: GitHubSettings | None
    gitlab: tuple[GitLabSettings, ...] = ()
    notices: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Args:
            environment: Names and values, such as the process environment. Files named by `…_FILE` are read.

        Raises:
            SettingsError: With every fault there is.
        """
        env = Environment(environment, _DEFAULT, _SECRET)
        settings = cls(
            host=env.text("HULLCHECK_HOST"),
            port=_port(env),
            database_url=_database_url(env),
            spool=Path(env.text("HULLCHECK_SPOOL")),
            public_url=env.url("HULLCHECK_PUBLIC_URL"),
            log_level=cast("LogLevel", env.choice("HULLCHECK_LOG_LEVEL", ("debug", "info", "warning", "error"))),
            concurrency=env.number("HULLCHECK_CONCURRENCY", 1, MAX_CONCURRENCY),
            github=read_github(env),
            gitlab=tuple(read_gitlab(env)),
            notices=tuple(_notices(env)),
        )
        if settings.github is None and not settings.gitlab and not env.faults:
            env.faults.append(_NO_FORGE)
        if env.faults:
            raise SettingsError(tuple(env.faults))
        return settings

    @classmethod
    def from_process(cls) -> Settings:
        """Read the settings from the environment of this process.

        Raises:
            SettingsError: With every fault there is.
        """
        return cls.from_env(os.environ)  # noqa: TID251 - this is the one place that reads it

    def secrets(self) -> Iterator[Secret]:
        """Give every secret, so that the log can blot them out."""
        yield self.database_url
        if self.github is not None:
            yield self.github.private_key
            yield self.github.webhook_secret
        for instance in self.gitlab:
            yield instance.token
            yield from (secret for secret in (instance.webhook_secret, instance.signing_token) if secret)


def _port(env: Environment) -> int:
    # Kubernetes sets HULLCHECK_PORT=tcp://10.0.0.1:80 in every pod when a Service is called "hullcheck".
    if env.given("HULLCHECK_PORT") and not env.text("HULLCHECK_PORT").startswith("tcp://"):
        return env.number("HULLCHECK_PORT", 0, MAX_PORT)
    if env.given("PORT"):
        return env.number("PORT", 0, MAX_PORT)
    return int(_DEFAULT["HULLCHECK_PORT"])


def _database_url(env: Environment) -> Secret:
    name = "HULLCHECK_DATABASE_URL"
    given = env.secret(name)
    try:
        return Secret(with_driver(given.reveal() if given else _DEFAULT[name]))
    except ValueError as fault:
        env.fault(name, str(fault))
        return Secret("")


def _notices(env: Environment) -> Iterator[str]:
    known = [*_DEFAULT, *(f"{name}_FILE" for name in _SECRET)]
    for name in env.unread("HULLCHECK_"):
        # What Kubernetes adds for a Service called "hullcheck".
        if re.match(r"HULLCHECK_(SERVICE_|PORT_[0-9]|PORT$)", name):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        yield f"{name} is set and means nothing here" + (f"; did you mean {near[0]}?" if near else ".")


def table() -> str:
    """Return the settings as a Markdown table, as the README shows it."""
    rows = [
        f"| `{s.name}`{' 🔒' if s.secret else ''} | {f'`{s.default}`' if s.default else ''} | {s.meaning} |"
        for s in SETTINGS
    ]
    return "\n".join(["| Setting | Default | Meaning |", "| --- | --- | --- |", *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
