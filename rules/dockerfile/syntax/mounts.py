"""Check the values of `RUN --mount` and `RUN --device` (BuildKit's `commands_runmount.go`, `commands_rundevice.go`)."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.dockerfile.expand import UNKNOWN, expansion_fault
from rules.dockerfile.nodes import Doubt
from rules.dockerfile.spelling import nearest
from rules.dockerfile.syntax.fault import fault, listed
from rules.dockerfile.syntax.grammar import TRUTH
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
_OF_PODMAN = frozenset(
    "bind-nonrecursive bind-propagation idmap notmpcopyup relabel tmpcopyup tmpfs-mode tmpfs-size u z".split()
)
"""Keys that only Podman and Buildah know (buildah-run(1))."""
_PLACED = ("cache", "tmpfs")
"""Types that are empty at first, and would hide what `WORKDIR` holds (`convert_runmount.go` joins a target to it)."""
_AT_ONCE = {"required": ("secret", "ssh"), "size": ("tmpfs",)}
"""Keys that BuildKit takes only behind a `type` that has them."""
_SIZE = re.compile(r"[0-9]+(?:\.[0-9]+)? ?[kmgtp]?i?b?", re.IGNORECASE)
_VALUES = MappingProxyType({"gid": re.compile("[0-9]+"), "mode": re.compile("[0-7]+"), "uid": re.compile("[0-9]+")})
_HIGHEST = 2**32 - 1
_ROOT = re.compile(r"/(?:\.{0,2}(?:/|\Z))*")


def mount_faults(flag: Flag, escape: str) -> Iterator[SyntaxFault]:
    """Yield what BuildKit refuses about one `--mount`; values with variables or quotes are not judged.

    Args:
        flag: The flag.
        escape: The file's escape character.
    """
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
        problem = _too_early(name, values) or _cannot_expand(value, escape)
        if problem:
            yield fault(problem, flag.value_span)
            return
    problem = _problem(values)
    if problem:
        yield fault(problem, flag.value_span)


def _too_early(name: str, values: dict[str, str]) -> str | None:
    """Say which key stands in front of the `type` that it belongs to, or belongs to another one."""
    kind = values.get("type", "bind").lower()
    kinds = _AT_ONCE.get(name)
    if kinds is None or kind in kinds or kind not in TYPES:
        return None
    if "type" in values:
        return f"`{name}` is allowed for mounts of type {listed(kinds)}, not for `{kind}`."
    return f"`{name}` in `--mount` is read before the type: write `type=…` in front of it."


def _cannot_expand(value: str, escape: str) -> str | None:
    reason = expansion_fault(value, lambda _: UNKNOWN, escape) if "$" in value else None
    return None if reason is None else f"The builder cannot expand {quote(value)} in `--mount`: {reason}."


def _unknown_key(flag: Flag, key: str) -> SyntaxFault:
    """Name the key that was meant."""
    if not key:
        return fault(
            "`--mount` has an empty field: commas separate `key=value` pairs, without blanks.", flag.value_span
        )
    if key.lower() in _OF_PODMAN:
        message = f"`--mount` has no key {quote(key)} in BuildKit: only Podman and Buildah know it."
        return fault(message, flag.value_span, doubt=Doubt.PODMAN)
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
    if "$" in values.get("from", "")[:-1]:
        return "`from` in `--mount` takes no variables: give the image a stage name and use that."
    return (
        _wrong_value(values)
        or _misplaced(kind, values)
        or (_secret_problem(values) if kind == "secret" else None)
        or _target_problem(kind, values)
    )


def _target_problem(kind: str, values: dict[str, str]) -> str | None:
    """Say what is wrong with the place of a mount."""
    target = values.get("target", "")
    if kind not in ("secret", "ssh") and _ROOT.fullmatch(target):
        return "A mount cannot cover the whole file system: its `target` is a folder below `/`."
    if kind in _PLACED and not target:
        return (
            f"A {kind} mount needs a `target`: without one it covers `WORKDIR`, and the build stops where that is `/`. "
            "Commas separate `key=value` pairs, without blanks."
        )
    if target.split("/")[0] == "~":
        return (
            "`~` in the `target` of `--mount` is no home folder, but one of that name below `WORKDIR`. Write the whole "
            "path."
        )
    return None


def _wrong_value(values: dict[str, str]) -> str | None:
    """Say which value is not of its key's kind."""
    for name, value in values.items():
        if "$" in value:
            continue
        pattern = _VALUES.get(name)
        if pattern and (pattern.fullmatch(value) is None or int(value[:20], 8 if name == "mode" else 10) > _HIGHEST):
            return f"{quote(value)} is no {'octal ' if name == 'mode' else ''}number, as `{name}` in `--mount` needs."
        if name in _BARE and value not in TRUTH:
            return f"{quote(value)} is neither true nor false, as `{name}` in `--mount` needs."
        if name == "size" and _SIZE.fullmatch(value) is None:
            return f"{quote(value)} is no size, as `size` in `--mount` needs: write `64m` or `1g`."
    return None


def _misplaced(kind: str, values: dict[str, str]) -> str | None:
    """Say which key does not belong to the mount's type."""
    allowed = {"sharing": ("cache",), **dict.fromkeys(_OWNERSHIP, _OWNED)}
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


def device_faults(flag: Flag) -> Iterator[SyntaxFault]:
    """Yield what BuildKit refuses about one `--device`, such as `vendor.com/gpu=all,required`."""
    text = flag.value or ""
    if '"' in text:
        return
    name = ""
    for field in text.split(","):
        key, equals, value = field.partition("=")
        if key.lower() == "required":
            if equals and value not in TRUTH:
                yield fault(f"{quote(value)} is neither true nor false, as `required` needs.", flag.value_span)
        elif not name:
            name = value if key.lower() == "name" and equals else field
        else:
            yield fault(f"`--device` names one device, and {quote(field)} is another.", flag.value_span)
            return
    if not text:
        yield fault("`--device` needs a device, such as `vendor.com/gpu=all`.", flag.value_span)
