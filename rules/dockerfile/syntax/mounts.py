"""Check the values of `RUN --mount` (BuildKit's `commands_runmount.go`)."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.dockerfile.spelling import nearest
from rules.dockerfile.syntax.fault import fault, listed
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Flag, SyntaxFault

TYPES = ("bind", "cache", "secret", "ssh", "tmpfs")
SHARING = ("locked", "private", "shared")

_KEYS = MappingProxyType(
    {
        "destination": "target",
        "dst": "target",
        "env": "env",
        "from": "from",
        "gid": "gid",
        "id": "id",
        "mode": "mode",
        "readonly": "readonly",
        "readwrite": "readonly",
        "required": "required",
        "ro": "readonly",
        "rw": "readonly",
        "sharing": "sharing",
        "size": "size",
        "source": "source",
        "src": "source",
        "target": "target",
        "type": "type",
        "uid": "uid",
    }
)
"""Every key, and the name under which its value counts."""

_BARE = frozenset({"readonly", "required"})
_OWNERSHIP = ("mode", "uid", "gid")
_OWNED = ("cache", "secret", "ssh")
_TRUTH = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})
_VALUES = MappingProxyType({"gid": re.compile("[0-9]+"), "mode": re.compile("[0-7]+"), "uid": re.compile("[0-9]+")})


def mount_faults(flag: Flag) -> Iterator[SyntaxFault]:
    """Yield what BuildKit refuses about one `--mount`; values with variables or quotes are not judged."""
    text = flag.value or ""
    if '"' in text:
        return
    values: dict[str, str] = {}
    for field in text.split(","):
        key, equals, value = field.partition("=")
        name = _KEYS.get(key.lower())
        if name is None:
            yield _unknown_key(flag, key)
            return
        if not equals and name not in _BARE:
            yield fault(f"`{key}` in `--mount` needs a value, written `{key}=…`.", flag.value_span)
            return
        values[name] = value if equals else "true"
    problem = _problem(values)
    if problem:
        yield fault(problem, flag.value_span)


def _unknown_key(flag: Flag, key: str) -> SyntaxFault:
    """Name the key that was meant."""
    if not key:
        return fault(
            "`--mount` has an empty field: commas separate `key=value` pairs, without blanks.", flag.value_span
        )
    meant = nearest(key, _KEYS)
    hint = f"did you mean `{meant}`?" if meant else f"it knows {listed(sorted(set(_KEYS.values())))}."
    return fault(f"`--mount` has no key {quote(key)}: {hint}", flag.value_span)


def _problem(values: dict[str, str]) -> str | None:
    """Say what is wrong with a mount's values together."""
    kind = values.get("type", "bind").lower()
    if "$" in kind:
        return None
    if kind not in TYPES:
        return f"A mount's type is one of {listed(TYPES)}, not {quote(kind)}."
    for name, pattern in _VALUES.items():
        value = values.get(name)
        if value is not None and "$" not in value and pattern.fullmatch(value) is None:
            return f"{quote(value)} is no {'octal ' if name == 'mode' else ''}number, as `{name}` in `--mount` needs."
    for name in ("readonly", "required"):
        value = values.get(name, "true")
        if "$" not in value and value not in _TRUTH:
            return f"{quote(value)} is neither true nor false, as `{name}` in `--mount` needs."
    if "$" in values.get("from", ""):
        return "`from` in `--mount` takes no variables: give the image a stage name and use that."
    return _misplaced(kind, values) or (_secret_problem(values) if kind == "secret" else None)


def _misplaced(kind: str, values: dict[str, str]) -> str | None:
    """Say which key does not belong to the mount's type."""
    allowed = {"size": ("tmpfs",), "required": ("secret", "ssh"), "sharing": ("cache",), "env": ("secret",)}
    allowed |= dict.fromkeys(_OWNERSHIP, _OWNED)
    for name, kinds in allowed.items():
        if name in values and kind not in kinds:
            return f"`{name}` is allowed for mounts of type {listed(kinds)}, not for `{kind}`."
    sharing = values.get("sharing", "shared").lower()
    if "$" not in sharing and sharing not in SHARING:
        return f"The sharing of a cache mount is one of {listed(SHARING)}, not {quote(sharing)}."
    return None


def _secret_problem(values: dict[str, str]) -> str | None:
    """Say what is wrong with a secret mount."""
    if "from" in values:
        return "A secret mount has no `from`: secrets come from the build's caller."
    if "source" in values and "id" in values:
        return "A secret mount has `id` or `source`, not both."
    if not {"env", "id", "source", "target"} & values.keys():
        return "A secret mount needs an `id`, or a `target` that names it."
    return None
