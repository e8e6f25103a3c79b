"""Packages that bring no program besides their own: no bash, Perl, Python or procps comes along unnamed."""

from __future__ import annotations

_LEAN = frozenset(
    "ca-certificates curl wget tzdata git tini dumb-init su-exec gosu openssl jq libc6-compat gcompat libpq libpq5 "
    "libffi libffi8 libstdc++ libstdc++6 libgcc libgomp libgomp1 zlib libjpeg-turbo libpng libuuid icu-libs libzip "
    "mariadb-connector-c libmariadb3 freetype libxml2 libxslt shadow coreutils rsync unzip zip".split()
)
"""Those of every distribution."""
_LEAN_OF = {
    "alpine": frozenset(
        "binutils build-base cmake fd file g++ gcc htop libc-dev libffi-dev libmagic linux-headers make musl-dev nano "
        "ninja openssl-dev patch pkgconf ripgrep shellcheck tmux vim xz xz-dev zlib-dev zstd".split()
    )
}
"""Those of one, by what they depend on there (alpinelinux/aports, their `APKBUILD`)."""


def is_lean(name: str, distribution: str | None) -> bool:
    """Tell whether a package of the system is known to bring no such program along."""
    return name in _LEAN or name in _LEAN_OF.get(distribution or "", ())
