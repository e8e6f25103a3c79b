"""The table of base images: from a name and a tag to a configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from rules.data import load
from rules.facts.distributions import distro_of_codename, libc_of, package_manager_of

_SNAPSHOT = re.compile(r"-(20\d{6})(?:\.\d+)?(?=-|$)")
"""The date in a tag of a snapshot, such as `bookworm-20240513-slim`; the table leaves these tags out."""

_SYSTEM = re.compile(r"(?:alpine|azurelinux)(\d+\.\d+)")
_compiled = lru_cache(maxsize=1024)(re.compile)  # the tables hold more patterns than `re` keeps

_ALL = frozenset(
    {"cmd", "distro", "entrypoint", "expose", "stopsignal", "tools", "user", "users", "volumes", "workdir"}
)


_CHANGING = frozenset(
    {"env", "env_names", "full", "healthcheck", "libc", "onbuild", "pm", "release", "shell", "source"}
)
"""Fields about which nothing is said without a tag."""


@dataclass(frozen=True)
class Entry:
    """What the table says about one tag.

    Attributes:
        config: The configuration; only the fields not in `doubt` hold.
        doubt: Fields that differ among tags of this shape, so that they are unknown here.
        exact: Whether the table knows this very tag.
        listed: Whether the official library lists the tag; `None` where the image is not official.
        gone: The day, since 2013-01-01, on which the tag left the official library; 0 for a tag still built.
        release: The release as the tag or the table names it.
    """

    config: dict[str, Any]
    doubt: frozenset[str] = frozenset()
    exact: bool = False
    listed: bool | None = None
    gone: int = 0
    release: str | None = None

    def holds(self, key: str) -> bool:
        """Tell whether a field is known; a field that is known and absent is empty in the image."""
        return bool(self.config) and key not in self.doubt and key not in self.config.get("unknown", ())

    def get(self, key: str, default: Any) -> Any:
        """Return a known field's value, else the default."""
        return self.config.get(key, default) if self.holds(key) else default

    def text(self, key: str) -> str | None:
        """Return a text field: empty where the image sets none, `None` where that is unknown."""
        return self.config.get(key, "") if self.holds(key) else None

    def words(self, key: str) -> tuple[str, ...] | None:
        """Return a list field: empty where the image sets none, `None` where that is unknown."""
        return tuple(self.config.get(key, ())) if self.holds(key) else None

    @property
    def distro(self) -> str | None:
        """The distribution; a codename in the tag says it best."""
        named = distro_of_codename(self.release) if self.release else None
        return named or (self.config.get("distro") if self.holds("distro") else None)

    @property
    def libc(self) -> str | None:
        """`glibc`, `musl`, empty where there is none, `None` where it is unknown."""
        known = "libc" in self.config and self.holds("distro")
        return self.config["libc"] if known else libc_of(self.distro)

    @property
    def package_manager(self) -> str | None:
        """The package manager, empty where there is none, `None` where it is unknown."""
        known = "pm" in self.config and self.holds("distro")
        return self.config["pm"] if known else package_manager_of(self.distro)


@lru_cache(maxsize=64)
def _tags(name: str) -> dict[str, tuple[int, int]]:
    """Return the listed tags of an official image: the day it went, and its configuration or -1."""
    result = {}
    for key, tags in load("images", name)["tags"].items():
        gone, config = key.split(":")
        result.update(dict.fromkeys(tags.split(), (int(gone), int(config))))
    return result


@lru_cache(maxsize=64)
def tag_words(name: str) -> frozenset[str]:
    """Return the words without a number that the listed tags of an official image are put together of."""
    return frozenset(part for tag in _tags(name) for part in tag.split("-") if part.isalpha())


def is_official(name: str) -> bool:
    """Tell whether an image is one of the official library, whose tags are all listed."""
    return load("images", name) is not None and bool(_tags(name))


def family(name: str) -> dict[str, Any] | None:
    """Return what the table says about all tags of an image: relatives, deprecation, kind."""
    shard = load("images", name)
    return shard["family"] if shard is not None else None


def kind_of(family: dict[str, Any], tag: str | None) -> str | None:
    """Return the kind of all tags of an image, or the one that a tag says."""
    by_tag = (kind for pattern, kind in family.get("kinds", ()) if re.search(pattern, tag or ""))
    return family.get("kind") or next(by_tag, None)


@lru_cache(maxsize=1)
def data_date() -> date:
    """Return the day on which the official library was read."""
    return date.fromisoformat(load("images", "meta")["data_date"])


def convention(repository: str, tag: str | None) -> dict[str, Any] | None:
    """Return what a publisher promises for all images under a name, such as a user that is not root."""
    for promise in load("images", "meta")["conventions"]:
        if repository.startswith(promise["prefix"]):
            unless = promise["unless"]
            return None if tag is None or (unless and re.search(unless, tag)) else dict(promise)
    return None


def newer_systems(name: str, tag: str) -> tuple[str, ...]:
    """Return the systems that a version was published for, where a tag names an older one, which it then never was.

    A version is built for the systems of its day and for later ones.

    Args:
        name: An official image.
        tag: A tag with a version and a release: `4.0.2-alpine3.20`, `3.13.1-slim-buster`.

    Returns:
        `("alpine3.22", "alpine3.23")`, the oldest first; empty where the tag is or was listed, names no release, or
        where the library never had its version for that system at all.
    """
    if load("images", name) is None or tag in _tags(name) or not _numbers(tag):
        return ()
    asked = _taken_apart(tag)
    if asked is None:
        return ()
    rest, _, order = asked
    same = {other: its for other, its in _systems(name).get(rest, {}).items() if its[0] == order[0]}
    return tuple(sorted(same, key=same.__getitem__)) if same and order < min(same.values()) else ()


_Order = tuple[str, tuple[int, ...]]
"""A system and its release as numbers."""


@lru_cache(maxsize=64)
def _systems(name: str) -> dict[str, dict[str, _Order]]:
    """Return by what is left of a listed tag without its system which systems it was published for."""
    found: dict[str, dict[str, _Order]] = {}
    for tag in _tags(name):
        apart = _taken_apart(tag)
        if apart is not None:
            found.setdefault(apart[0], {})[apart[1]] = apart[2]
    return found


def _taken_apart(tag: str) -> tuple[str, str, _Order] | None:
    """Return a tag with a gap for the system in it, the system, and its place; `None` of a tag that names none."""
    parts = tag.split("-")
    for at, part in enumerate(parts[1:], 1):
        order = _order_of(part)
        if order is not None:
            return "-".join([*parts[:at], "", *parts[at + 1 :]]), part, order
    return None


def _order_of(part: str) -> _Order | None:
    """Return a system and its release as numbers, of `alpine3.20` or a codename."""
    if found := _SYSTEM.fullmatch(part):
        return part.rstrip("0123456789."), tuple(map(int, found[1].split(".")))
    release = load("eol", "codenames").get(part)
    return (release[0], tuple(map(int, release[1].split(".")))) if release is not None else None


def is_built(name: str, tag: str) -> bool:
    """Tell whether the official library still built a tag when the data were taken."""
    return load("images", name) is not None and _tags(name).get(tag, (1, -1))[0] == 0


def gone_since(name: str, tag: str) -> int:
    """Return the day, since 2013-01-01, on which a tag left the official library; 0 where it has not, or never was."""
    return max(_tags(name).get(tag, (0, -1))[0], 0) if load("images", name) is not None else 0


def find(name: str, tag: str) -> Entry | None:
    """Look up a tag of an image by the name that the table uses."""
    shard = load("images", name)
    if shard is None:
        return None
    tags = _tags(name)
    if tag in tags:
        return _listed(shard, tag, *tags[tag])
    if not tags:
        return _documented(shard, tag)
    shape = _SNAPSHOT.sub("", tag)
    found = _variant(shard, shape)
    if found is None:
        return None
    variant, match = found
    old = () if shape == tag and _is_newer(tag, tags) else variant.get("old_doubt", ())
    doubt = frozenset((*variant.get("doubt", ()), *old))
    return Entry(shard["configs"][variant["config"]], doubt, listed=False, release=_release(match, tag))


def common(name: str) -> Entry | None:
    """Return what holds for every tag of an image, for a reference that has a digest and no tag."""
    shard = load("images", name)
    if shard is None or not shard["configs"]:
        return None
    first, *others = shard["configs"]
    doubt = {key for key in _ALL if any(other.get(key) != first.get(key) for other in others)}
    kinds = {shard["configs"][variant["config"]].get("kind") for variant in shard["variants"]}
    config = first | {"kind": kinds.pop() if len(kinds) == 1 else ""}
    return Entry(config, frozenset(doubt | _CHANGING))


def _listed(shard: dict[str, Any], tag: str, gone: int, index: int) -> Entry:
    found = _variant(shard, tag)
    variant, match = found if found is not None else ({}, None)
    shape = shard["configs"][variant["config"]] if found is not None else {}
    if index < 0:
        old = variant.get("old_doubt", ()) if gone else ()
        doubt = frozenset((*variant.get("doubt", ()), *old)) if found else _ALL
        return Entry(shape, doubt, listed=True, gone=gone, release=_release(match, tag))
    config = dict(shard["configs"][index])
    same = all(shape.get(key) == config.get(key) for key in ("cmd", "distro", "entrypoint", "user", "workdir"))
    for key in ("kind", *(("env", "env_names", "healthcheck", "libc", "pm") if same else ())):
        if key in shape:
            config.setdefault(key, shape[key])
    return Entry(config, exact=True, listed=True, gone=gone, release=config.get("release") or _release(match, tag))


def _documented(shard: dict[str, Any], tag: str) -> Entry | None:
    """Look up a tag of an image outside the official library, by its publisher's list or naming."""
    shape, found = tag, _variant(shard, tag)
    for pattern, replacement in shard["family"].get("shapes", ()):
        if found is not None:
            break
        shape = re.sub(pattern, replacement, shape)
        found = _variant(shard, shape)
    if found is None:
        return None
    variant, match = found
    config = shard["configs"][variant["config"]]
    exact = "tags" in variant and shape == tag
    return Entry(config, exact=exact, release=_release(match, tag) or (config.get("release") if exact else None))


def _variant(shard: dict[str, Any], tag: str) -> tuple[dict[str, Any], re.Match[str] | None] | None:
    patterns = []
    for variant in shard["variants"]:
        if "match" in variant:
            patterns.append(variant)
        elif tag in variant["tags"]:
            return variant, None
    for variant in patterns:
        if found := _compiled(variant["match"]).fullmatch(tag):
            return variant, found
    return None


def _release(match: re.Match[str] | None, tag: str) -> str | None:
    """Return the release that a tag names."""
    groups = match.groupdict() if match is not None else {}
    named = groups.get("release") or groups.get("alpine")
    if named is None and (found := _SYSTEM.search(tag)):
        named = found[1]
    if named is None:
        named = next((part for part in tag.split("-") if distro_of_codename(part)), None)
    return named


@lru_cache(maxsize=8192)
def _numbers(tag: str) -> tuple[int, ...]:
    found = re.match(r"v?(\d+(?:\.\d+)*)", tag)
    return tuple(int(number) for number in found[1].split(".")) if found else ()


def _is_newer(tag: str, tags: dict[str, tuple[int, int]]) -> bool:
    """Tell whether a tag's version is above every listed one of its major version: newer than the data."""
    version = _numbers(tag)
    others = [_numbers(other) for other in tags]
    same_major = [other for other in others if other[:1] == version[:1]]
    return bool(version) and (version > max(same_major) if same_major else version > max(others))
