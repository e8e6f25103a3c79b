"""What a download is of, whatever its host, version and platform are: by that an old fault is known again."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = re.compile(r"[^-_.+%~]+")
_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}|\$\([^()]*\)|`[^`]*`|\$\w+")
_STAGE: Final = r"(?:alpha|beta|dev|final|post|pre|rc)"
_VERSION: Final = re.compile(rf"v?\d+(?:{_STAGE}|[a-z])?\d*|{_STAGE}\d*", re.IGNORECASE)
_DIGITS: Final = re.compile(r"\d+")
_OF_BUILDS: Final = frozenset(
    "linux linux32 linux64 darwin macos windows win win64 amd64 arm64 aarch64 armhf armv6 armv7 armv7l "
    "x86 x64 i386 i686 64bit 32bit ppc64le s390x riscv64 gnu musl gnueabihf unknown all any universal noarch".split()
)
_ENDINGS: Final = frozenset(
    "tar gz tgz xz txz bz2 zst zip 7z deb rpm apk jar war sh run bin exe appimage whl gem src".split()
)
_FOLDERS: Final = frozenset(
    "archive refs tags heads releases release download downloads files dist stable bin raw get".split()
)
"""What stands in the path of a forge or a mirror in front of a release."""
_GENERIC: Final = frozenset(
    "install installer setup bootstrap get key keys pubkey gpg asc latest master main trunk nightly head file init "
    "run".split()
)
"""Names that say nothing of what is downloaded, or that it is no release."""


def downloaded_name(url: str) -> str:
    """Return what a download is of: `kubectl`, `apache-tomcat`; empty where its path does not say.

    Two releases of one program have the same name, fetched from a mirror or from the forge, for one platform or
    another; a branch has not the name of a release.

    Args:
        url: The address as written, variables and all.
    """
    address = url.partition("://")[2] or url
    path = re.split(r"[?#]", _VARIABLE.sub("0", address), maxsplit=1)[0]
    _, *segments = path.rstrip("/").split("/")
    for segment in reversed(segments):
        words = _words(segment)
        if not _FOLDERS.issuperset(words):
            return "-".join(words) if _GENERIC.isdisjoint(words) else ""
    return ""


def _words(segment: str) -> list[str]:
    """Return the words of a file's or folder's name without versions, platforms and the endings of archives."""
    parts = (part for part in _PART.findall(segment) if not _VERSION.fullmatch(part))
    words = [part.lower() for part in parts if part.lower() not in _OF_BUILDS and part.lower() not in _ENDINGS]
    return [name for word in words if (name := _DIGITS.sub("", word))]
