"""Packages of PyPI that have no wheel for Linux, so that whoever installs them compiles them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.copying.installs import install_folder
from rules.packages.project_texts import requirements_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, PackageCall, Run

SOURCES_ONLY = {
    "mysqlclient": ("default-libmysqlclient-dev pkg-config", "mariadb-connector-c-dev pkgconf"),
    "psycopg2": ("libpq-dev", "postgresql-dev"),
    "psycopg-c": ("libpq-dev", "postgresql-dev"),
    "uwsgi": ("", "linux-headers"),
    "python-ldap": ("libldap-dev libsasl2-dev", "openldap-dev"),
    "pycups": ("libcups2-dev", "cups-dev"),
    "dbus-python": ("libdbus-1-dev", "dbus-dev"),
    "pycairo": ("libcairo2-dev pkg-config", "cairo-dev pkgconf"),
    "pyaudio": ("portaudio19-dev", "portaudio-dev"),
}
"""Packages of PyPI that have no wheel for Linux, with the headers that each needs on Debian and on Alpine (their
pages on PyPI, "Built distributions", and their installation guides)."""

_WHEELS = ("--find-links", "-f", "--no-index", "--only-binary", "--index-url", "-i", "--extra-index-url", "--no-deps")
_INDEXES = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_ONLY_BINARY", "UV_INDEX_URL", "UV_INDEX")
_LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)(\[[^\]]*\])?")


def takes_public_index(call: PackageCall) -> bool:
    """Tell whether a call takes packages from the public index: another one may have wheels of its own."""
    return not call.has(*_WHEELS) and not any(name in call.env for name in _INDEXES)


def sources_asked(change: DockerfileChange, run: Run, call: PackageCall) -> Iterator[str]:
    """Yield what a call of pip or uv asks for that has no wheel for Linux."""
    for package in call.packages:
        yield from _without_wheel(package.word.value if ";" not in package.word.value else "")
    folder = install_folder(run, call)
    for manifest in call.manifests:
        for line in (requirements_text(change, run, folder, manifest) or "").splitlines():
            if ";" not in line:
                yield from _without_wheel(line.strip())


def _without_wheel(text: str) -> Iterator[str]:
    match = _LINE.match(text)
    if match is None:
        return
    name = re.sub(r"[-_.]+", "-", match[1]).lower()
    if name in SOURCES_ONLY:
        yield name
    elif name == "psycopg" and match[2] and "c" in re.split(r"[\[\], ]+", match[2]):
        yield "psycopg-c"
