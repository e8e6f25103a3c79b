"""Packages of PyPI that have no wheel for Linux, so that whoever installs them compiles them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.packages.pins.asked_packages import asked_packages

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
    "gdal": ("libgdal-dev", "gdal-dev"),
    "dlib": ("cmake", "cmake"),
    **dict.fromkeys(("annoy", "fasttext", "hnswlib", "llama-cpp-python", "webrtcvad"), ("", "")),
    **dict.fromkeys(("evdev", "spidev"), ("", "linux-headers")),
}
"""Packages of PyPI that have no wheel for Linux, with the headers that each needs on Debian and on Alpine (their
pages on PyPI, "Built distributions", and their installation guides; of the last ones pip finds none for Python 3.8 to
3.13 on x86-64)."""


def sources_asked(change: DockerfileChange, run: Run, call: PackageCall) -> Iterator[str]:
    """Yield what a call of pip or uv asks for that has no wheel for Linux."""
    for asked in asked_packages(change, run, call):
        if asked.name in SOURCES_ONLY:
            yield asked.name
        elif asked.name == "psycopg" and "c" in asked.extras:
            yield "psycopg-c"
