"""Packages of PyPI and npm that load a library of the system, or call a program of it, and bring neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.api import recommends_nothing
from rules.facts.packages import depends_on, is_in_base, plain_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.api import Installed, Stage


class Need(NamedTuple):
    """What a package cannot do without.

    Attributes:
        libraries: Packages of Debian, each with the file that is loaded of it or the program that is called.
        fails: What comes to nothing without them.
        besides: Packages of the same index that bring or replace what is needed.
        instead: The one of those to advise; empty where there is none.
        waived_by: The beginning of variables that switch the need off, or say where something else is.
        through: The package of Debian to install in their place, which brings them; empty where it is they.
        besides_that: What else the way out takes, as the end of its sentence.
        why: What the package does without them, where it neither loads nor calls them.
    """

    libraries: Mapping[str, str]
    fails: str
    besides: tuple[str, ...] = ()
    instead: str = ""
    waived_by: str = ""
    through: str = ""
    besides_that: str = ""
    why: str = ""


def _of_opencv(name: str) -> Need:
    other = "opencv-contrib-python-headless" if "contrib" in name else "opencv-python-headless"
    libraries = {"libgl1": "libGL.so.1", "libglib2.0-0": "libgthread-2.0.so.0"}
    return Need(libraries, "`import cv2`", ("opencv-python-headless", "opencv-contrib-python-headless"), other)


_FFMPEG = ("imageio-ffmpeg", "static-ffmpeg")
NEEDS: Mapping[str, Need] = {
    **{name: _of_opencv(name) for name in ("opencv-python", "opencv-contrib-python")},
    "cairosvg": Need({"libcairo2": "libcairo.so.2"}, "`import cairosvg`"),
    "ffmpeg-python": Need({"ffmpeg": "ffmpeg"}, "each conversion", _FFMPEG),
    "gitpython": Need({"git": "git"}, "`import git`", waived_by="GIT_PYTHON_REFRESH"),
    "lightgbm": Need({"libgomp1": "libgomp.so.1"}, "`import lightgbm`"),
    "pdf2image": Need({"poppler-utils": "pdftoppm"}, "each conversion"),
    "pydub": Need({"ffmpeg": "ffmpeg"}, "reading anything but WAV", _FFMPEG),
    "pyodbc": Need({"libodbc2": "libodbc.so.2"}, "`import pyodbc`"),
    "pytesseract": Need({"tesseract-ocr": "tesseract"}, "each recognition"),
    "python-magic": Need({"libmagic1": "libmagic.so.1"}, "`import magic`", ("pylibmagic",)),
    "pyzbar": Need({"libzbar0": "libzbar.so.0"}, "`from pyzbar import pyzbar`"),
    "weasyprint": Need(
        {"libpango-1.0-0": "libpango-1.0.so.0", "libpangoft2-1.0-0": "libpangoft2-1.0.so.0"}, "`import weasyprint`"
    ),
}
"""By the package of PyPI: of OpenCV 4.5 to 5.0, LightGBM 4.3 to 4.7 and pyodbc 5.5 what `readelf -d` shows of the
wheels for manylinux; GitPython 3.1, pydub 0.25 and ffmpeg-python 0.2 were tried; of the others what their installation
guides ask for.

The packages have their names of before 2024. Those that a later Debian or Ubuntu calls `…t64` provide them as well."""

NEEDS_OF_NODE: Mapping[str, Need] = {
    "@prisma/client": Need(
        {"libssl3": "libssl.so.3"},
        "the first query",
        ("@prisma/extension-accelerate",),
        waived_by="PRISMA_",
        through="openssl",
        besides_that=", and the same where `prisma generate` runs: it picks the engine by the OpenSSL that it finds",
    ),
    "puppeteer": Need(
        {"libnss3": "libnss3.so", "libatk-bridge2.0-0": "libatk-bridge-2.0.so.0", "libgbm1": "libgbm.so.1"},
        "the start of its Chrome",
        ("@sparticuz/chromium", "chrome-aws-lambda"),
        waived_by="PUPPETEER_",
        through="chromium",
        besides_that=" and set `PUPPETEER_EXECUTABLE_PATH=/usr/bin/chromium`",
    ),
}
"""By the package of npm: of Prisma up to 6, whose engine is a library (prisma/orm#19729), and of Puppeteer (pptr.dev,
"Troubleshooting", "Chrome doesn't launch on Linux")."""
ON_ALPINE: Mapping[str, Mapping[str, str]] = {
    "cairosvg": {"cairo": "libcairo.so.2"},
    "ffmpeg-python": {"ffmpeg": "ffmpeg"},
    "gitpython": {"git": "git"},
    "pdf2image": {"poppler-utils": "pdftoppm"},
    "pydub": {"ffmpeg": "ffmpeg"},
    "pytesseract": {"tesseract-ocr": "tesseract"},
    "python-magic": {"libmagic": "libmagic.so.1"},
    "pyzbar": {"zbar": "libzbar.so.0"},
    "weasyprint": {"pango": "libpango-1.0.so.0"},
    "puppeteer": {"chromium": "chromium"},
}
"""What Alpine's packages are called that serve a need (pkgs.alpinelinux.org); of the other needs there is no wheel for
musl, or it brings what it loads."""
_BROWSER_OF_ALPINE = " and set `PUPPETEER_EXECUTABLE_PATH=/usr/bin/chromium-browser`"
_BRING_NOTHING = frozenset(
    "bash build-base busybox-extras ca-certificates cargo coreutils curl dumb-init findutils g++ gcc gcompat gettext "
    "icu-libs jpeg-dev jq krb5-libs less libc-dev libc6-compat libffi-dev libgcc libjpeg-turbo-dev libpng-dev libpq "
    "libpq-dev libstdc++ libxml2-dev libxslt-dev linux-headers make mariadb-connector-c mariadb-connector-c-dev "
    "mariadb-dev musl-dev nano netcat-openbsd nodejs npm openssl openssl-dev pkgconf postgresql-client postgresql-dev "
    "procps py3-pip python3 python3-dev rust sed shadow su-exec tar tini tzdata unzip vim wget zip zlib-dev".split()
)
"""Alpine's packages that people often install, of which none brings any of those (their dependencies in aports)."""
LAST_WITH_ENGINE = 6
"""Major version of Prisma up to which its client loads a library for the system (Prisma 7's release notes)."""

_RECOMMEND_OTHERS = frozenset(
    "build-essential cron curl default-libmysqlclient-dev default-mysql-client g++ gcc gettext git gnupg gnupg2 "
    "gpg htop iputils-ping libc6-dev libcurl4-openssl-dev libglib2.0-0 libjpeg-dev libjpeg62-turbo-dev libpng-dev "
    "libpq-dev libpq5 libsqlite3-dev libxml2-dev libxslt1-dev nano nginx openssh-client poppler-utils "
    "postgresql-client procps python3 python3-dev python3-venv supervisor tesseract-ocr vim wget zip zlib1g-dev".split()
)
"""Packages that recommend others, none of which brings what is needed here (the archive's `Packages` of Debian 12)."""


def on_system(stage: Stage, name: str, need: Need) -> Need | None:
    """Return a need with the names that its packages have in an image's distribution; `None` where there are none."""
    if stage.runtime.distribution != "alpine":
        return need
    libraries = ON_ALPINE.get(name)
    if libraries is None:
        return None
    if name != "puppeteer":
        return need._replace(libraries=libraries)
    why = "what it fetches is built for glibc, which Alpine has not"
    return need._replace(libraries=libraries, why=why, besides_that=_BROWSER_OF_ALPINE)


def missing(stage: Stage, need: Need) -> tuple[str, ...] | None:
    """Return what of a need the packages of an image do not bring.

    Args:
        stage: The image, upon Debian, Ubuntu or Alpine.
        need: The need, as it is there.

    Returns:
        `None` where one of its packages may bring anything.
    """
    if stage.runtime.distribution == "alpine":
        names = {plain_name(item.name) for item in stage.packages.present if item.manager == "apk"}
        return None if names - _BRING_NOTHING else tuple(need.libraries)
    installed = [item for item in stage.packages.present if item.manager == "apt"]
    if any(_is_unknown(stage, item) for item in installed):
        return None
    lacking = (name for name in need.libraries if not any(_brings(stage, item, name) for item in installed))
    return tuple(name for name in lacking if not _is_there(stage, name))


def _is_unknown(stage: Stage, item: Installed) -> bool:
    """Whether it is not known what comes along with a package."""
    name, release = plain_name(item.name), stage.runtime.release
    if depends_on(name, name, release) is None:
        return True
    plain = name in _RECOMMEND_OTHERS or item.call.no_recommends
    return not plain and recommends_nothing(name, release) is not True


def _brings(stage: Stage, item: Installed, wanted: str) -> bool:
    return any(depends_on(item.name, name, stage.runtime.release) for name in (wanted, f"{wanted}t64"))


def _is_there(stage: Stage, name: str) -> bool:
    """Whether the base image of the distribution has a package, under either name."""
    distribution, release = stage.runtime.distribution or "", stage.runtime.release
    return any(is_in_base(one, distribution, release) for one in (name, f"{name}t64"))
