"""Names of packages that one family of distributions has and the other never had: they stay behind in a new base."""

from __future__ import annotations

from typing import NamedTuple

from rules.facts.distributions import DEBIAN_FAMILY


class Foreign(NamedTuple):
    """A name from elsewhere.

    Attributes:
        home: The distribution whose name it is.
        instead: What the package is called here; `None` where there is none, or its name has a number.
    """

    home: str
    instead: str | None


_OF_ALPINE = {
    **dict.fromkeys(("build-base", "alpine-sdk"), "build-essential"),
    **dict.fromkeys(("jpeg-dev", "libjpeg-turbo-dev"), "libjpeg-dev"),
    **dict.fromkeys(("mariadb-dev", "mariadb-connector-c-dev"), "libmariadb-dev"),
    **dict.fromkeys(("gcompat", "icu-libs", "libc6-compat"), None),
    "bind-tools": "bind9-dnsutils",
    "bzip2-dev": "libbz2-dev",
    "cairo-dev": "libcairo2-dev",
    "curl-dev": "libcurl4-openssl-dev",
    "freetype-dev": "libfreetype-dev",
    "gdal-dev": "libgdal-dev",
    "gdk-pixbuf-dev": "libgdk-pixbuf-2.0-dev",
    "geos-dev": "libgeos-dev",
    "gmp-dev": "libgmp-dev",
    "imagemagick-dev": "libmagickwand-dev",
    "krb5-dev": "libkrb5-dev",
    "oniguruma-dev": "libonig-dev",
    "openldap-dev": "libldap-dev",
    "openssl-dev": "libssl-dev",
    "pango-dev": "libpango1.0-dev",
    "postgresql-dev": "libpq-dev",
    "procps-ng": "procps",
    "readline-dev": "libreadline-dev",
    "sqlite-dev": "libsqlite3-dev",
    "su-exec": "gosu",
    "xz-dev": "liblzma-dev",
    "zlib-dev": "zlib1g-dev",
}
"""Names of Alpine's that Debian 12 neither has nor provides, and what it has for them (`apt-cache`, 2026-11)."""
_PYTHON_OF_ALPINE = "py3-"
"""How Alpine's packages of Python modules begin; none of Debian's does."""
_SAME_MODULES = frozenset("cffi cryptography lxml numpy pip psycopg2 requests setuptools virtualenv wheel yaml".split())
"""Modules whose packages differ in that beginning alone (apt-cache, November 2026)."""
_OF_DEBIAN = {
    "build-essential": "build-base",
    "libgmp-dev": "gmp-dev",
    "liblzma-dev": "xz-dev",
    "libssl-dev": "openssl-dev",
    "python3-pip": "py3-pip",
    "zlib1g-dev": "zlib-dev",
}
"""Names of Debian's at which apk stops: “no such package” (etscrivner/rbsecp256k1 60, docker-library/golang 368)."""


def foreign_package(name: str, distro: str | None) -> Foreign | None:
    """Return whose name it is, of which a distribution is known to have no package."""
    if distro == "alpine":
        return Foreign("Debian", _OF_DEBIAN[name]) if name in _OF_DEBIAN else None
    if distro not in DEBIAN_FAMILY:
        return None
    if name.startswith(_PYTHON_OF_ALPINE):
        module = name.removeprefix(_PYTHON_OF_ALPINE)
        return Foreign("Alpine", f"python3-{module}" if module in _SAME_MODULES else None)
    return Foreign("Alpine", _OF_ALPINE[name]) if name in _OF_ALPINE else None
