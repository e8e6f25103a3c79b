"""Where a stage's Python puts packages and scripts, and which version it is, as far as the text says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.cycles import newest_line
from rules.facts.languages import system_python
from rules.numbers import numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, Stage

PACKAGES_FOLDER = re.compile(
    r"(?P<base>.*)/python(?P<version>3\.\d+)(?:/(?P<kind>site-packages|dist-packages)(?:/.*)?)?$"
)
"""`/usr/local/lib/python3.12/site-packages`, or the folder above it."""

_VERSION = re.compile(r"3\.\d+")
_OFFICIAL = frozenset({"python"})

CONSOLE_SCRIPTS = frozenset(
    "gunicorn uvicorn hypercorn daphne granian uwsgi waitress-serve flask celery alembic django-admin fastapi "
    "streamlit jupyter jupyter-lab airflow prefect dagster mlflow rq scrapy litestar sanic chainlit dramatiq "
    "huey_consumer supervisord pytest arq brownie dbt ddtrace-run locust mkdocs newrelic-admin "
    "opentelemetry-instrument superset taskiq".split()
)
"""Commands that are scripts of Python packages."""

MODULES = frozenset("gunicorn uvicorn hypercorn daphne granian flask celery streamlit sanic fastapi".split())
"""Those of them that `python -m` starts by the same name."""


_SHORTEST = 4
"""Letters of a package's name that tell what it is."""


def is_packaged_as(package: str, name: str) -> bool:
    """Whether a distribution's package is called for a script: `supervisor`, `python3-flask`, `py3-gunicorn`."""
    plain = package.removeprefix("python3-").removeprefix("py3-")
    return len(plain) >= _SHORTEST and (name.startswith(plain) or plain.startswith(name.partition("-")[0]))


def python_version(stage: Stage) -> str | None:
    """Return the version of the Python that a stage runs, `3.12`; `None` when unknown.

    The base image's own, else the distribution's when the chain installs `python3` from its packages.
    """
    if "python" in stage.runtime.languages:
        found = _VERSION.match(stage.runtime.languages["python"] or "")
        return found[0] if found else None
    release = stage.runtime.release
    if release is None or not stage.packages.has("python3", "python3-pip", "python3-venv", "python3-minimal"):
        return None
    return system_python(stage.runtime.distribution, release.number)


class Pythons(NamedTuple):
    """The two versions of Python between which packages go, and do not fit.

    Attributes:
        made: The one that they are made for: `3.12`, or `3.14 or later`, as a message says it.
        run: The one that is to load them, likewise.
        folder: Where the first keeps them below its prefix, for a message.
    """

    made: str
    run: str
    folder: str


def differing(builder: Stage, stage: Stage) -> Pythons | None:
    """Return the versions of two stages' Pythons where they surely differ; `None` where they do not, or may not."""
    made, run = python_version(builder), python_version(stage)
    if made is not None and run is not None:
        return Pythons(made, run, f"`lib/python{made}`") if made != run else None
    floor = newest_line("python")
    if floor is None or (made or run) is None or numbers_of(made or run or "") >= numbers_of(floor):
        return None
    if made is None and _moves(builder):
        return Pythons(f"{floor} or later", str(run), "a folder of that version")
    return Pythons(str(made), f"{floor} or later", f"`lib/python{made}`") if run is None and _moves(stage) else None


def _moves(stage: Stage) -> bool:
    """Whether the base is always the newest Python: a tag of the official image that names no line of it."""
    facts, reference = stage.facts, stage.root.reference
    if facts is None or reference is None or reference.digest is not None or not has_official_python(stage):
        return False
    return facts.listed is True and stage.runtime.languages.get("python") in (None, "3")


def has_official_python(stage: Stage) -> bool:
    """Tell whether the base is an image of `python`, whose interpreter lies in /usr/local."""
    return stage.facts is not None and stage.facts.name in _OFFICIAL


def has_system_python(stage: Stage) -> bool:
    """Tell whether the Python is the distribution's, in /usr/bin: from its packages, or in a distroless image."""
    facts = stage.facts
    if facts is None:
        return False
    if facts.name.startswith("gcr.io/distroless/python3"):
        return True
    return "python" not in facts.languages and stage.packages.has("python3", "python3-minimal", "python3-pip")


def packages_copies(stage: Stage) -> Iterator[tuple[Copy, str, re.Match[str]]]:
    """Yield the COPYs of a chain that take a version's package folder out of another stage, with source and match."""
    for copy in stage.all_copies:
        if copy.from_stage is None or copy.deferred:
            continue
        for source in copy.sources:
            path = copy.source_path(source)
            match = PACKAGES_FOLDER.match(path) if path is not None else None
            if path is not None and match is not None:
                yield copy, path, match
