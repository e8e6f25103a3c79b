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
_WITHOUT_BASH = frozenset(
    "build-base bzip2 curl g++ gcc git gzip jq less libc-dev libgcc libstdc++ linux-headers make musl-dev nano nodejs "
    "npm openssh-client pkgconf py3-pip python3 python3-dev rsync shadow sudo tar unzip vim wget xz yarn zip".split()
)
"""Packages of Alpine's that bring no Bash, for its scripts are those of BusyBox (their APKBUILDs in aports)."""


def is_lean(name: str, distribution: str | None, program: str = "") -> bool:
    """Tell whether a package of the system is known to bring no such program along, or not that one."""
    if program == "bash" and distribution == "alpine" and name in _WITHOUT_BASH:
        return True
    return name in _LEAN or name in _LEAN_OF.get(distribution or "", ())
