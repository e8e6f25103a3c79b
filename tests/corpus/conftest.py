"""The corpora of real Dockerfiles, which lie beside the project and are no part of it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def files_of(name: str) -> dict[str, bytes]:
    """Return the files of an archive beside the project, path to bytes; skips loudly where it is missing."""
    archive = DATA / name
    if not archive.exists():
        pytest.skip(f"NOT RUN: {name} is missing from ../shared/data, so no real Dockerfile was read")
    with tarfile.open(archive) as tar:
        return {
            member.name.removeprefix("files/"): tar.extractfile(member).read()  # type: ignore[union-attr]  # a file
            for member in tar
            if member.isfile() and member.name.startswith("files/")
        }


@pytest.fixture(scope="session")
def corpus() -> dict[str, bytes]:
    """Real Dockerfiles of real repositories, path to bytes."""
    return files_of("corpus.tar.gz")


@pytest.fixture(scope="session")
def torture() -> dict[str, bytes]:
    """Fixtures of other tools, and templates, path to bytes."""
    return files_of("torture.tar.gz")
