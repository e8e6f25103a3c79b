"""Whether an image has a command or an account: yes, no, or not known."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.facts import commands
from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY, release_numbers
from rules.numbers import number_of

if TYPE_CHECKING:
    from rules.facts.distributions import Release
    from rules.facts.images import ImageFacts

_FOLDERS = frozenset({"", "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"})
BUSYBOX_SHELL = "/busybox/sh"
"""The shell of distroless `debug` images: BusyBox lies in a folder of its own, the last of `PATH` (its `base.bzl`)."""
_TRACKED = frozenset({"bash", "curl", "git", "gpg", "ssh", "sudo", "tini", "unzip", "wget"})
"""Commands that the table of images lists wherever an image has them."""

_OF_BUILDPACK_DEPS = frozenset("gcc g++ cc c++ make patch autoconf automake file xz bzip2 hg svn".split())
_WITH_COMPILER = {
    "golang": frozenset("gcc g++ cc c++ make ld ar as pkg-config".split()),
    "rust": frozenset("gcc cc ld ar as".split()),
}
"""Commands of the official images that install a compiler for their own, upon Debian (their Dockerfiles)."""
_MORE_OF_BUSYBOX = frozenset({"dpkg"})
"""Commands of the BusyBox in distroless images that Alpine's does not have (distroless' `busybox/commands.bzl`)."""
_WITH_PYTHON = frozenset({"python", "python3"})
"""Version control in buildpack-deps brings Debian's Python along (Mercurial)."""
_FOR_FONTS = frozenset({"fc-cache"})
_DRAWING = frozenset({"java", "r"})
"""Languages that draw text, of which some images bring Fontconfig, and others not (adoptium/containers, r-base)."""

_COMPILER_OF_JAVA = "javac"
"""A JDK has it, as the images of Java are unless their tag says `jre` (their pages on Docker Hub)."""

_SINCE = {"debian": (9,), "ubuntu": (18, 4), "alpine": (3, 8)}
"""The oldest release for which the lists of commands were checked."""

ACCOUNT_TOOLS = frozenset({"adduser", "addgroup", "deluser", "delgroup"})
"""The commands of Debian's package `adduser`."""
FIRST_WITHOUT_ADDUSER = {"debian": "13", "ubuntu": "23.04"}
"""Releases whose apt no longer depends on the package `adduser`, so that the base images, full and slim, lack it: the
manifests of debuerreotype/docker-debian-artifacts, devcontainers/cli 1060; for Ubuntu adoptium/containers 606."""
_FIRST_WITHOUT = {("ubuntu", "unminimize"): "24.10"}
"""The first release whose own image lacks a command that is in a package of the same name now (Ubuntu's release notes,
"unminimize"; of 24.04 some images have it and some do not)."""
_BRING_ADDUSER = frozenset({"gnupg", "openssh-client"})
"""Packages of images that bring it along in Debian 13 (its `Packages`); in Ubuntu's newer releases not both do."""
_LAST_WITH = {"corepack": 24, "yarn": 25}
"""The last Node.js whose official image has them (docker-node's README, "Yarn v1 Classic bundling"; Node's
changelog)."""

_DEBIAN_USERS = {
    "root": 0, "daemon": 1, "bin": 2, "sys": 3, "sync": 4, "games": 5, "man": 6, "lp": 7, "mail": 8, "news": 9,
    "uucp": 10, "proxy": 13, "www-data": 33, "backup": 34, "list": 38, "irc": 39, "_apt": None, "nobody": 65534,
}  # fmt: skip
_ALPINE_USERS = {
    "root": 0, "bin": 1, "daemon": 2, "lp": 4, "sync": 5, "shutdown": 6, "halt": 7, "mail": 8, "news": 9, "uucp": 10,
    "cron": 16, "ftp": 21, "sshd": 22, "games": 35, "ntp": 123, "guest": 405, "nobody": 65534,
}  # fmt: skip
_REDHAT_USERS = {
    "root": 0, "bin": 1, "daemon": 2, "adm": 3, "lp": 4, "sync": 5, "shutdown": 6, "halt": 7, "mail": 8,
    "operator": 11, "games": 12, "ftp": 14, "nobody": None,
}  # fmt: skip


def system_users(distro: str | None) -> dict[str, int | None]:
    """Return the accounts of a distribution's base system with their uid, empty where they are not known."""
    if distro in DEBIAN_FAMILY:
        return dict(_DEBIAN_USERS)
    if distro in REDHAT_FAMILY:
        return dict(_REDHAT_USERS)
    return dict(_ALPINE_USERS) if distro == "alpine" else {}


_DEBIAN_GROUPS = {
    "adm": 4, "tty": 5, "disk": 6, "kmem": 15, "dialout": 20, "fax": 21, "voice": 22, "cdrom": 24, "floppy": 25,
    "tape": 26, "sudo": 27, "audio": 29, "dip": 30, "operator": 37, "src": 40, "shadow": 42, "utmp": 43, "video": 44,
    "sasl": 45, "plugdev": 46, "staff": 50, "users": 100, "nogroup": 65534,
}  # fmt: skip
_ALPINE_GROUPS = {
    "sys": 3, "adm": 4, "tty": 5, "disk": 6, "kmem": 9, "wheel": 10, "floppy": 11, "audio": 18, "cdrom": 19,
    "dialout": 20, "input": 23, "tape": 26, "video": 27, "netdev": 28, "kvm": 34, "shadow": 42,
    "users": 100, "abuild": 300, "utmp": 406, "ping": 999,
}  # fmt: skip
"""Groups of the base system that belong to no account of the same name (Debian's base-passwd, `group.master`; Alpine's
alpine-baselayout, `group`)."""


def system_groups(distro: str | None) -> dict[str, int]:
    """Return the groups of a distribution's base system without an account, empty where they are not known."""
    if distro in DEBIAN_FAMILY:
        return dict(_DEBIAN_GROUPS)
    return dict(_ALPINE_GROUPS) if distro == "alpine" else {}


def lacks_account_tools(distro: str | None, release: Release | None) -> bool | None:
    """Tell whether a release's own image has no `adduser`; `None` where that is not known."""
    first, numbers = FIRST_WITHOUT_ADDUSER.get(distro or ""), release.numbers if release is not None else ()
    return numbers >= release_numbers(first) if first is not None and numbers else None


def has_user(facts: ImageFacts, name: str) -> bool | None:
    """Tell whether an image has an account of a name; `None` where that is unknown.

    `False` is said of exactly known images on Debian, Ubuntu and Alpine only. Of servers, whose packages create
    accounts, it is said where the name is one that no package creates.
    """
    if name in facts.users or name in system_users(facts.distro):
        return True
    if not facts.exact or facts.distro not in {*DEBIAN_FAMILY, "alpine"}:
        return None
    return False if facts.is_plain or (facts.kind == "server" and name in _OF_DOCKERFILES) else None


_OF_DOCKERFILES = frozenset({"app", "appuser", "bun", "deno", "gradle", "nextjs", "node"})
"""Accounts that Dockerfiles make, and no package: those of the images of languages (docker-node, docker-gradle, Bun's,
Deno's and .NET's), and those of Docker's and Next.js's own examples. Of a server's image that has one the table says so
(`ghost`)."""


_WITHOUT_DOTNET = "mcr.microsoft.com/dotnet/runtime-deps"
"""Microsoft's image of what .NET needs of the system, and no .NET, in any of its tags (its README)."""


def has_tool(facts: ImageFacts, name: str) -> bool | None:
    """Tell whether an image has a command; `None` where that is unknown.

    Args:
        facts: The image.
        name: The command as it is called: `curl`, `/usr/bin/curl`.
    """
    folder, base = posixpath.split(name)
    if base == "dotnet" and facts.name == _WITHOUT_DOTNET and not facts.windows:
        return False
    if facts.windows or facts.tools is None or folder not in _FOLDERS:
        return None
    return False if not folder and off_path(facts, base) is not None else _is_known_to_have(facts, folder, base)


def _is_known_to_have(facts: ImageFacts, folder: str, base: str) -> bool | None:
    assert facts.tools is not None, "the caller looked"
    has_system = facts.distro != "scratch" and not is_distroless(facts)
    if has_system and base not in ACCOUNT_TOOLS and base in _system(facts):
        return True  # as what is asked for mostly is, a shell above all
    if base in _brought(facts, facts.tools - {BUSYBOX_SHELL}):
        return True
    if not has_system:
        return _has_nothing_else(facts, base, with_busybox=BUSYBOX_SHELL in facts.tools and not folder)
    if base in ACCOUNT_TOOLS and facts.distro in DEBIAN_FAMILY:
        return _has_account_tools(facts, facts.tools)
    return True if base in _system(facts) else False if _is_given_up(facts, base) or _is_absent(facts, base) else None


def is_checked(facts: ImageFacts) -> bool:
    """Tell whether an image holds a system or a language alone, of a release whose commands were checked."""
    first = _SINCE.get(facts.distro or "")
    return facts.is_plain and first is not None and facts.release is not None and facts.release.numbers >= first


def _is_newest_system(facts: ImageFacts) -> bool:
    """Tell whether it is a system alone in its newest release, which the table does not number: `alpine:latest`."""
    return facts.listed is True and facts.kind == "os" and facts.distro in _SINCE and facts.tag == "latest"


def is_distroless(facts: ImageFacts) -> bool:
    """Tell whether an image is known to have none of its distribution's commands, though a `debug` one has BusyBox."""
    return facts.tools is not None and facts.tools <= {BUSYBOX_SHELL}


def off_path(facts: ImageFacts, name: str) -> str | None:
    """Return the path of the program that an image is made for, where `PATH` does not lead to it.

    Distroless Node.js starts `/nodejs/bin/node`, and its `PATH` is Docker's default (GoogleContainerTools/distroless,
    issue 1773). Of an image with a system nothing is said, which may have links.
    """
    starts = facts.entrypoint or facts.cmd or ("",)
    folder, base = posixpath.split(starts[0])
    path = facts.env.get("PATH")
    unknown = not facts.exact or facts.tools is None or not is_distroless(facts)
    if base != name or unknown or folder in _FOLDERS or (path is None and "PATH" in facts.env_names):
        return None
    return None if path is not None and folder in path.split(":") else starts[0]


def _brought(facts: ImageFacts, tools: frozenset[str]) -> set[str]:
    """Return the commands that the image adds to its system."""
    found = {*commands.OF_IMAGE.get(facts.name, ()), posixpath.basename(facts.name)}  # an image of uv has `uv`
    for tool in tools:
        found |= commands.OF_TOOL.get(tool, {tool})
    for start in (facts.entrypoint, facts.cmd):
        if start and facts.exact:
            found.add(posixpath.basename(start[0]))
    if not tools:
        return found
    if facts.package_manager:
        found.add(facts.package_manager)
    for language in facts.languages:
        found |= commands.OF_LANGUAGE.get(language, frozenset())
    if facts.full:
        found |= _OF_BUILDPACK_DEPS
    if facts.distro in DEBIAN_FAMILY:
        found |= _WITH_COMPILER.get(facts.name, frozenset())
    major = (facts.languages.get("node") or "").partition(".")[0]
    if facts.name == "node" and major.isdecimal():
        found |= {name for name, last in _LAST_WITH.items() if number_of(major) <= last}
    return found


def _has_nothing_else(facts: ImageFacts, name: str, *, with_busybox: bool) -> bool | None:
    """Answer for images without a system: they have the one program they are made for, and perhaps its kin."""
    if with_busybox and name in commands.BUSYBOX:
        return True
    known = commands.DEBIAN | commands.BUSYBOX | commands.NOT_IN_DEBIAN | commands.NOT_IN_ALPINE
    if with_busybox:
        known = (commands.NOT_IN_ALPINE | commands.FOREIGN) - _MORE_OF_BUSYBOX
    kin = {tool for language in facts.languages for tool in commands.OF_LANGUAGE.get(language, ())}
    return False if name in known | commands.FOREIGN and name not in kin else None


def _system(facts: ImageFacts) -> frozenset[str]:
    if facts.distro in DEBIAN_FAMILY:
        return commands.UBUNTU if facts.distro == "ubuntu" else commands.DEBIAN
    if facts.distro == "alpine":
        return commands.ALPINE
    return commands.REDHAT if facts.distro in REDHAT_FAMILY else frozenset()


def _has_account_tools(facts: ImageFacts, tools: frozenset[str]) -> bool | None:
    """Answer for `adduser` and its kin, which Debian's newer images have only where another package needs them."""
    lacking = lacks_account_tools(facts.distro, facts.release)
    if lacking is not True:
        return True if lacking is False else None
    if not tools.isdisjoint(_BRING_ADDUSER):
        return True if facts.distro == "debian" else None
    if facts.distro == "ubuntu" and facts.name == "eclipse-temurin":
        return None  # it had none in July 2024 (adoptium/containers 606); SonarQube's image calls `deluser` upon one
    return None if not facts.is_plain or "git" in tools else False


def _is_given_up(facts: ImageFacts, name: str) -> bool:
    first = _FIRST_WITHOUT.get((facts.distro or "", name))
    if first is None or facts.release is None:
        return False
    return is_checked(facts) and facts.release.numbers >= release_numbers(first)


def _is_absent(facts: ImageFacts, name: str) -> bool:
    """Tell whether a command is known to be missing in an image with a shell."""
    if name in _TRACKED:
        followed = facts.distro in {*DEBIAN_FAMILY, "alpine", "busybox", "wolfi"}
        return followed and (facts.is_plain or facts.kind == "server")
    if not is_checked(facts):
        return name in commands.FOREIGN and _is_newest_system(facts)
    rich = bool(facts.full or facts.toolchain or "git" in (facts.tools or ()))
    if name == _COMPILER_OF_JAVA and "java" in facts.languages and "jre" not in (facts.tag or ""):
        return False
    if name in commands.FOREIGN:
        return not (rich and name in _WITH_PYTHON)
    if name in _FOR_FONTS and not _DRAWING.isdisjoint(facts.languages):
        return False
    missing = commands.NOT_IN_ALPINE if facts.distro == "alpine" else commands.NOT_IN_DEBIAN
    return not rich and name in missing
