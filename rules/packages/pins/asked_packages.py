"""What installs of Python packages ask for by name, on their command line and in the lists that were read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.installs.calls import install_folder
from rules.facts.python_names import index_name
from rules.packages.pins.project_requirements import project_requirements
from rules.packages.projects.texts import requirements_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, PackageCall, Run

MANAGERS = frozenset({"pip", "uv", "poetry", "pdm"})
"""The managers whose lists are read."""
ACTIONS = frozenset({"install", "sync", "build"})
_LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[([^\]]*)\])?")
_VERSIONS = re.compile(r"\s*((?:[<>=!~]=?=?\s*[\w.*+-]+[\s,]*)+)")


class Asked(NamedTuple):
    """A package of PyPI that an install asks for.

    Attributes:
        name: Normalised, as in the index: `opencv-python`.
        extras: What it is asked for with: `binary` of `psycopg[binary]`.
        versions: Which of its releases, as written: `==1.26.4`, `>=1.21,<2`; empty for any.
    """

    name: str
    extras: frozenset[str]
    versions: str


def asked_packages(change: DockerfileChange, run: Run, call: PackageCall) -> Iterator[Asked]:
    """Yield what an install asks for on every system: what has a condition or an address is left out."""
    texts = [*(package.word.value for package in call.packages), *project_requirements(change, run, call)]
    folder = install_folder(run, call)
    for manifest in call.manifests:
        texts += (requirements_text(change, run, folder, manifest) or "").splitlines()
    for text in texts:
        match = _LINE.match(text.strip()) if ";" not in text and "@" not in text else None
        if match is not None:
            extras = frozenset(filter(None, re.split(r"[, ]+", match[2] or "")))
            versions = _VERSIONS.match(text.strip(), match.end())
            yield Asked(index_name(match[1]), extras, versions[1] if versions else "")
