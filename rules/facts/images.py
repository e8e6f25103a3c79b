"""What a base image brings: its configuration, system, tools and relatives, as far as it is known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rules.facts import image_table, tools
from rules.facts.cycles import languages_in
from rules.facts.distributions import Release, release_of, rpm_manager_of
from rules.facts.given_up_root import gives_up_root, has_unprivileged_workers
from rules.facts.names import built_upon, canonical_name, table_name
from rules.facts.relatives import Relatives, relatives_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.dockerfile.reference import ImageReference

_EPOCH = date(2013, 1, 1)
"""Day 0 of the days on which a tag left the official library."""

_WINDOWS = re.compile(
    r"windowsservercore|nanoserver|servercore|ltsc20\d\d|mcr\.microsoft\.com/(?:windows|dotnet/framework)/"
)


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


_TAG_WORDS = frozenset("latest slim alpine bullseye bookworm trixie jammy noble stable".split())
"""Words that so many tags are put together of that people expect them of every image."""
_ROOT = frozenset({"", "root", "0", "0:0", "root:root", "root:0", "0:root"})
_PLAIN = frozenset({"os", "runtime", "runtime+toolchain", "sdk"})


@dataclass(frozen=True, eq=False)
class ImageFacts:
    """What is known about one image. A value that is `None` is unknown, and nothing follows from it.

    Attributes:
        name: The image's familiar name: `python`, `gcr.io/distroless/static-debian12`.
        tag: The tag that the facts are for; `None` for a bare digest.
        exact: Whether the table knows this very tag; else its shape only, and just what holds for all such tags.
        listed: Whether the official library has or had this tag; `None` for images that are not official.
        kind: `os`, `runtime`, `runtime+toolchain`, `sdk`, `dev`, `server` or `copy-from` (an image to copy a
            program from).
        user: The configured `USER`; empty where the image sets none, which means root.
        nonroot: Whether the publisher promises a user that is not root, where `user` is unknown.
        users: Accounts that the image adds to those of its system, with their uid where it is known.
        entrypoint: The configured `ENTRYPOINT`; empty where there is none.
        cmd: The configured `CMD`; empty where there is none.
        workdir: The configured `WORKDIR`; empty where there is none.
        env: Known variables of the configured `ENV`; there may be more.
        env_names: The names of those, and of variables that are set to a value the table does not know.
        ports: Known ports of the configured `EXPOSE`, such as `8080` or `443/udp`; there may be more.
        volumes: Known paths of the configured `VOLUME`; there may be more.
        healthcheck: Whether a `HEALTHCHECK` is configured.
        onbuild: The `ONBUILD` triggers.
        shell: The configured `SHELL`; empty for Docker's default.
        stopsignal: The configured `STOPSIGNAL`; empty for the default.
        tools: Commands and packages that the table lists. It lists only what matters; ask `has_tool`.
        toolchain: Whether compilers are installed.
        full: Whether the image holds all of `buildpack-deps`: compilers, headers, version control.
        distro: `debian`, `ubuntu`, `alpine`, `wolfi`, `rhel`, `busybox`, `scratch`, `windows`, …
        release: The distribution's release, with codename and number.
        libc: `glibc` or `musl`; empty where there is none.
        package_manager: `apt`, `apk`, `dnf` (`yum` leads to it), `yum` (before dnf), `microdnf`, `tdnf`, …; empty
            where there is none.
        languages: Runtimes that are there, with their version as far as the tag says it: `{"python": "3.12"}`.
        relatives: Smaller images, runtime images and images with another user, for advice.
        drops_privileges: The entrypoint gives up root before the program starts, as `gosu` does.
        unprivileged_workers: A root process starts workers that are not root, as nginx, Apache and PHP-FPM do.
        stopped: The day after which the tag is no longer rebuilt; `None` also where that is unknown.
        windows: Whether this is an image for Windows.
        deprecated: What the publisher says instead, where the image is deprecated.
        source: Where the facts come from.
        data_date: How recent they are.
    """

    name: str
    tag: str | None
    exact: bool
    listed: bool | None = None
    kind: str | None = None
    user: str | None = None
    nonroot: bool | None = None
    users: Mapping[str, int | None] = field(default_factory=_nothing)
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    workdir: str | None = None
    env: Mapping[str, str] = field(default_factory=_nothing)
    env_names: frozenset[str] = frozenset()
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    healthcheck: bool | None = None
    onbuild: tuple[str, ...] | None = None
    shell: tuple[str, ...] | None = None
    stopsignal: str | None = None
    tools: frozenset[str] | None = None
    toolchain: bool | None = None
    full: bool | None = None
    distro: str | None = None
    release: Release | None = None
    libc: str | None = None
    package_manager: str | None = None
    languages: Mapping[str, str | None] = field(default_factory=_nothing)
    relatives: Relatives = field(default_factory=Relatives)
    drops_privileges: bool = False
    unprivileged_workers: bool = False
    stopped: date | None = None
    windows: bool = False
    deprecated: str = ""
    source: str = ""
    data_date: date | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is known to hold a system or a language alone: others build upon it, nobody runs it as it is."""
        return self.kind in _PLAIN

    @property
    def runs_as_root(self) -> bool | None:
        """Whether a container starts as root; `None` where that is unknown."""
        if self.user is not None:
            return self.user in _ROOT
        return False if self.nonroot else None

    @property
    def has_shell(self) -> bool | None:
        """Whether `/bin/sh` exists, which shell forms need; `None` where that is unknown."""
        if self.has_busybox_shell:
            return False
        return self.has_tool("sh")

    @property
    def has_busybox_shell(self) -> bool:
        """Whether it is a distroless `debug` image, which has its shell elsewhere: `/busybox/sh`."""
        return self.tools is not None and tools.BUSYBOX_SHELL in self.tools

    @property
    def has_busybox_accounts(self) -> bool:
        """Whether its `adduser` and `addgroup` are those of BusyBox."""
        return self.distro in ("alpine", "busybox") or self.has_busybox_shell

    @property
    def is_distroless(self) -> bool:
        """Whether it is known to have none of its distribution's commands, though a `debug` image has BusyBox's."""
        return tools.is_distroless(self)

    def has_tool(self, name: str) -> bool | None:
        """Tell whether a command can be called by its name.

        Returns:
            `True` or `False` only where that is really known, else `None`.
        """
        return tools.has_tool(self, name)

    def off_path(self, name: str) -> str | None:
        """Return where the image has its program, when calling it by its name does not find it; `None` otherwise."""
        return tools.off_path(self, name)

    def uid_of(self, name: str) -> int | None:
        """Return an account's uid, of the image or of its system; `None` where it is not known."""
        return self.users.get(name, tools.system_users(self.distro).get(name))

    def has_user(self, name: str) -> bool | None:
        """Tell whether `/etc/passwd` names an account; `None` where that is unknown."""
        return tools.has_user(self, name)


@lru_cache(maxsize=2048)
def image_facts(reference: ImageReference, *, platform: str | None = None) -> ImageFacts | None:
    """Look up a base image.

    Args:
        reference: The image, not `scratch`.
        platform: The `--platform` it is taken for, such as `linux/arm64`; only Windows makes a difference.

    Returns:
        What is known about the very tag, else about tags of its shape, else `None`: the image is unknown.
    """
    name, tag = table_name(reference), reference.effective_tag
    if (platform or "").startswith("windows") or _WINDOWS.search(f"{name}:{tag}"):
        return ImageFacts(name, tag, exact=False, kind=None, distro="windows", windows=True)
    below = built_upon(name, tag)
    base = image_table.find(*below) if below is not None else None
    if below is not None and base is not None:
        facts, exact = _facts(*below, base), base.exact and below[0] == name
        return replace(facts, name=name, tag=tag, exact=exact, listed=None, stopped=None, relatives=Relatives())
    entry = image_table.find(name, tag) if tag is not None else image_table.common(name)
    if entry is not None:
        return _facts(name, tag, entry)
    promise = image_table.convention(canonical_name(reference), tag)
    if promise is None:
        return None
    return ImageFacts(name, tag, exact=False, nonroot=True, source=promise["source"], data_date=image_table.data_date())


def tags_date() -> date:
    """Return the day on which the tags of the official library were read."""
    return image_table.data_date()


def is_unpublished(reference: ImageReference) -> bool:
    """Tell whether an official image never had a tag although all its words are those of tags: `python:slim-alpine`.

    A tag with another word may be newer than the table, and one with a number always.
    """
    name, tag = table_name(reference), reference.tag
    if tag is None or reference.registry != "docker.io" or image_table.find(name, tag) is not None:
        return False
    if "/" in name or not image_table.is_official(name):
        return False
    words = image_table.tag_words(name) | _TAG_WORDS
    return all(part in words for part in tag.split("-"))


def newer_systems(reference: ImageReference) -> tuple[str, ...]:
    """Return the systems that an official image's version was published for, where its tag names an older one.

    `ruby:4.0.2-alpine3.20` never was: `("alpine3.22", "alpine3.23")`. Empty for what the library has or had, and for
    what it may have had.
    """
    name = table_name(reference)
    official = reference.registry == "docker.io" and "/" not in name and reference.tag is not None
    return image_table.newer_systems(name, reference.tag or "") if official else ()


def _facts(name: str, tag: str | None, entry: image_table.Entry) -> ImageFacts:
    family = image_table.family(name) or {}
    kind = entry.text("kind") or image_table.kind_of(family, tag)
    release = release_of(entry.distro, entry.release or (tag if kind == "os" else None))
    languages = languages_in(name, tag)
    tools_known = entry.holds("tools")
    return ImageFacts(
        name,
        tag,
        exact=entry.exact,
        listed=entry.listed,
        kind=kind,
        users=MappingProxyType(dict(entry.get("users", {}))),
        tools=frozenset(entry.get("tools", ())) if tools_known else None,
        toolchain=bool(entry.get("toolchain", False)) if tools_known else None,
        full=bool(entry.get("full", False)) if tools_known else None,
        distro=entry.distro,
        release=release,
        libc=entry.libc,
        package_manager=rpm_manager_of(entry.package_manager, entry.distro, release, tag or ""),
        languages=languages,
        relatives=relatives_of(name, tag, languages, release),
        drops_privileges=gives_up_root(name, tag, family),
        unprivileged_workers=has_unprivileged_workers(name, tag, family),
        stopped=_EPOCH + timedelta(days=entry.gone) if entry.gone else None,
        deprecated=family.get("deprecated", ""),
        source=entry.text("source") or "docker-library/official-images",
        data_date=image_table.data_date(),
        **_configuration(entry),
    )


def _configuration(entry: image_table.Entry) -> dict[str, Any]:
    """Return what `docker image inspect` shows under `Config`, by the fact's name."""
    return {
        "user": entry.text("user"),
        "entrypoint": entry.words("entrypoint"),
        "cmd": entry.words("cmd"),
        "workdir": entry.text("workdir"),
        "env": MappingProxyType(_env(entry)),
        "env_names": frozenset((*entry.get("env", {}), *entry.get("env_names", ()))),
        "ports": entry.words("expose") or (),
        "volumes": entry.words("volumes") or (),
        "healthcheck": bool(entry.get("healthcheck", "")) if entry.holds("healthcheck") else None,
        "onbuild": entry.words("onbuild"),
        "shell": entry.words("shell"),
        "stopsignal": entry.text("stopsignal"),
    }


def _env(entry: image_table.Entry) -> dict[str, str]:
    """Return the variables; of a tag that is known by its shape only, those that do not hold a version."""
    return {
        key: value
        for key, value in entry.get("env", {}).items()
        if entry.exact or not any(char.isdecimal() for char in value)
    }
