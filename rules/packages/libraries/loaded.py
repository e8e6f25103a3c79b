"""Packages of the system that a project's own packages load or call, as its lists of requirements say."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.api import DockerfileChange, Stage

_LISTS = frozenset({"requirements.txt", "pyproject.toml", "Gemfile", "package.json"})
_WANTED: Mapping[str, tuple[str, ...]] = {
    "ffmpeg": ("pydub", "ffmpeg-python", "fluent-ffmpeg"),
    "graphviz": ("graphviz", "pygraphviz", "pydot"),
    "imagemagick": ("mini_magick",),
    "libgl": ("opencv-python", "opencv-contrib-python"),
    "libgomp": ("lightgbm", "xgboost"),
    "libmagic": ("python-magic",),
    "libmagickwand": ("wand", "rmagick"),
    "libmariadb": ("mysqlclient", "mysql2"),
    "libpango": ("weasyprint",),
    "libpq": ("psycopg2", "psycopg", "pg"),
    "libvips": ("pyvips", "ruby-vips"),
    "libzbar": ("pyzbar",),
    "mariadb-connector-c": ("mysqlclient", "mysql2"),
    "poppler-utils": ("pdf2image",),
    "tesseract-ocr": ("pytesseract",),
    "wkhtmltopdf": ("pdfkit",),
    "zbar": ("pyzbar",),
}
"""By the beginning of a system package's name the packages of PyPI, RubyGems and npm that load or call it (their
installation guides)."""
_BINARY = re.compile(r"\bpsycopg(?:2-binary|\[[^\]\n]*binary|[-_]binary)", re.IGNORECASE)
"""The builds of Psycopg that have libpq in them; of those that are installed, it loads the one that it can."""
_NUMBERS = re.compile(r"(?<![\d.])(?:-?[\d.](?:t64)?)+$")
"""What a system package has behind its own name: `libmagickwand-6.16-7t64`."""
_WITHOUT_ZONES = frozenset({"alpine", "ubuntu"})
"""Distributions whose base images have no time zones (their package lists)."""
_WITH_OWN_ZONES = frozenset({"node", "java", "deno", "bun"})
"""Languages whose runtime brings the time zones itself."""


def need_of(change: DockerfileChange, stage: Stage, package: str) -> str | None:
    """Say what of the project needs a package of the system that its image has lost; `None` where nothing does.

    Args:
        change: The change under review.
        stage: The image.
        package: The package's name.

    Returns:
        The rest of a sentence: "which `psycopg2` in `requirements.txt` needs …".
    """
    if package == "tzdata":
        return _zone(stage)
    names = linkers_of(package)
    for path, data in change.repository.files.items() if names else ():
        if posixpath.basename(path) in _LISTS and _is_near(change, path):
            text = data.decode("utf-8", "replace")
            name = next((name for name in names if links(text, name)), None)
            if name is not None and not (name.startswith("psycopg") and _BINARY.search(change.after.code)):
                return (
                    f"which {quote(name)} in {quote(path)} needs when the program runs. It fails there, and not in the "
                    "build, unless another package brings it"
                )
    return None


def linkers_of(package: str) -> tuple[str, ...]:
    """Return the packages of a language that load or call a package of the system, as far as that is known."""
    return _WANTED.get(_NUMBERS.sub("", package)) or _WANTED.get(package) or ()


def names_requirements(change: DockerfileChange) -> bool:
    """Tell whether a list of what the project needs was read."""
    return any(posixpath.basename(path) in _LISTS and _is_near(change, path) for path in change.repository.files)


def _zone(stage: Stage) -> str | None:
    """What a time zone that the file sets comes to without the list of zones."""
    setting = stage.image.env.get("TZ")
    zone = setting.value if setting is not None and setting.set_in_file else None
    if zone is None or "/" not in zone or zone.startswith("Etc/") or stage.runtime.distribution not in _WITHOUT_ZONES:
        return None
    if not _WITH_OWN_ZONES.isdisjoint(stage.runtime.languages) or stage.packages.has("openjdk", "nodejs"):
        return None
    return f"without which `TZ={zone}` means nothing: the program's times are those of UTC"


def _is_near(change: DockerfileChange, path: str) -> bool:
    """Whether a list lies in the build context's root, or beside the Dockerfile."""
    folder = posixpath.dirname(path)
    return folder in (change.repository.context_of(change.path), posixpath.dirname(change.path))


def links(text: str, name: str) -> bool:
    """Tell whether a list names a package, and none with its own library (`psycopg2-binary`, `psycopg[binary]`)."""
    pattern = rf"^[ \t]*(?:gem\s+)?[\"']?{re.escape(name)}(?![\w.-])(?!\[[^\]]*binary)"
    return re.search(pattern, text, re.MULTILINE | re.IGNORECASE) is not None
