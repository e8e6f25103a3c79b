"""Log lines as JSON, one a line, with secrets blotted out wherever they turn up."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.secret import Secret

BLOT = "[secret]"
SHORTEST = 6
"""Secrets shorter than this are not searched for by value: they would blot out ordinary words."""

_PATTERNS = (
    # A PEM block, with real line ends or with the two characters backslash and n.
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\b(?:gh[a-z]_|github_pat_|glpat-|gldt-|glft-|whsec_)[A-Za-z0-9_\-./+=]+"),
    # A JSON web token, such as the App's own.
    re.compile(r"(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+"),
    re.compile(r"(?P<keep>://[^/\s:@]*:)[^/\s@]+(?=@)"),
    re.compile(
        r"(?P<keep>(?:authorization|private-token|x-gitlab-token|x-hub-signature(?:-256)?|webhook-signature)"
        r"['\"]?\s*[:=,]\s*['\"]?(?:(?:bearer|token|basic)\s+)?)[^\s'\")}\]]+",
        re.IGNORECASE,
    ),
)


class Redactor:
    """Blots out what looks like a credential, and the secrets of the settings whatever they look like.

    Args:
        secrets: Values to search for.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        values = {secret.reveal() for secret in secrets}
        # The longer first: one secret may begin with another.
        found = sorted((value for value in values if len(value) >= SHORTEST), key=lambda value: (-len(value), value))
        self._values = re.compile("|".join(map(re.escape, found))) if found else None

    def __call__(self, text: str) -> str:
        """Return the text without its secrets."""
        if self._values is not None:
            text = self._values.sub(BLOT, text)
        for pattern in _PATTERNS:
            text = pattern.sub(lambda match: match.groupdict().get("keep", "") + BLOT, text)
        return text


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, message, the record's `extra` fields, and the traceback.

    Args:
        redact: Applied to every text in it, tracebacks included.
    """

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its end."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
        }
        for name, value in record.__dict__.items():
            if name not in _ORDINARY:
                fields[name] = value if isinstance(value, (int, float, bool)) else self._redact(str(value))
        if record.exc_info:
            fields["traceback"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=True)


_ORDINARY = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime", "color_message"})


def configure(level: str, secrets: Iterable[Secret] = ()) -> None:
    """Send every logger's records to standard error as JSON lines, replacing what was configured before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(Redactor(secrets)))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # These say at INFO what nobody asked for: every migration that is already there, every request.
    for chatty in ("alembic", "aiohttp.access", "aiosqlite", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
