"""Reads named values one by one and collects what is wrong with them, instead of stopping at the first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

MAX_SECRET_BYTES = 65_536


class Environment:
    """Values by name, their defaults, and the faults found so far.

    An empty value counts as not given, because templates and compose files leave empty ones behind.

    Args:
        values: The environment.
        defaults: Value of each setting that is not given.
        secrets: Names that may be given as `name_FILE` too.
    """

    def __init__(self, values: Mapping[str, str], defaults: Mapping[str, str], secrets: Collection[str]) -> None:
        self._values = {name: value.strip() for name, value in values.items()}
        self._defaults = defaults
        self._secrets = secrets
        self._read: set[str] = set()
        self.faults: list[str] = []

    def fault(self, name: str, sentence: str) -> None:
        """Note that something is wrong with a setting."""
        self.faults.append(f"{name} {sentence}.")

    def given(self, name: str) -> bool:
        """Say whether a setting has a value, or a file that should hold it."""
        self._read |= {name, f"{name}_FILE"}
        return bool(self._values.get(name) or self._values.get(f"{name}_FILE"))

    def any_given(self, prefix: str, names: Iterable[str]) -> bool:
        """Say whether any of the settings that start with `prefix` is given."""
        return sum(self.given(f"{prefix}{name}") for name in names) > 0

    def text(self, name: str) -> str:
        """Return a value or its default."""
        self._read.add(name)
        return self._values.get(name) or self._defaults.get(name, "")

    def number(self, name: str, least: int, most: int) -> int:
        """Return a whole number between two bounds."""
        value = self.text(name)
        if value.isascii() and value.isdigit() and len(value) < 10 and least <= int(value) <= most:  # noqa: PLR2004 - keeps int() short
            return int(value)
        self.fault(name, f"is not a whole number from {least} to {most}; correct it or leave it out")
        return least

    def choice(self, name: str, words: tuple[str, ...]) -> str:
        """Return one of some words, in lower case."""
        value = self.text(name).lower()
        if value in words:
            return value
        self.fault(name, f"is none of {', '.join(words)}; correct it or leave it out")
        return words[0]

    def url(self, name: str) -> str:
        """Return a web address without its trailing slash; empty when none is given."""
        value = self.text(name)
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or any(c.isspace() or not c.isprintable() for c in value):
            self.fault(name, "is not a web address; write it as https://HOST or http://HOST:PORT")
            return ""
        if parts.username is not None or parts.query or parts.fragment:
            self.fault(name, "holds a user name, a query or a fragment; leave only https://HOST/PATH")
            return ""
        return value.rstrip("/")

    def secret(self, name: str) -> Secret | None:
        """Return a secret, given in the variable itself or in the file that `name_FILE` names."""
        self._read |= {name, f"{name}_FILE"}
        value, path = self._values.get(name), self._values.get(f"{name}_FILE")
        if value and path:
            self.fault(name, f"and {name}_FILE are both set; keep one")
            return None
        if path:
            return self._from_file(f"{name}_FILE", path)
        if value and not _is_utf_8(value):
            self.fault(name, "is not text; set it to the secret as the forge has it")
            return None
        return Secret(value) if value else None

    def _from_file(self, name: str, path: str) -> Secret | None:
        try:
            with Path(path).open("rb") as file:
                text = file.read(MAX_SECRET_BYTES).decode().strip()
        except UnicodeDecodeError:
            self.fault(name, "names a file that is not text; point it at the file that holds the secret")
            return None
        except (OSError, ValueError) as fault:
            reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else "the path is not valid"
            self.fault(name, f"names a file that cannot be read ({reason}); correct the path or its permissions")
            return None
        if not text:
            self.fault(name, "names an empty file; write the secret into it")
            return None
        return Secret(text)

    def unread(self, prefix: str) -> Iterator[str]:
        """Give the names with a prefix that nothing has asked for, sorted."""
        yield from sorted(name for name in self._values if name.startswith(prefix) and name not in self._read)


def _is_utf_8(value: str) -> bool:
    """Tell whether a value of the environment is text: Python reads other bytes as lone surrogates."""
    return not any("\ud800" <= char <= "\udfff" for char in value)
