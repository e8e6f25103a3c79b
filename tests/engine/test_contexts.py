"""Which folder a Dockerfile is built in, by what it copies."""

from __future__ import annotations

import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from rules.repository.contexts import context_by_sources

_FILES = {"backend/Dockerfile", "backend/requirements.txt", "backend/app/main.py", "shared/log.py"}
_FOLDERS = {"", "backend", "backend/app", "shared"}


@pytest.mark.parametrize(
    ("copies", "context"),
    [
        ("COPY requirements.txt app/main.py /srv/", "backend"),
        ("COPY backend/requirements.txt /srv/", ""),
        ("COPY requirements.txt /srv/\nCOPY shared/log.py /srv/", None),
        ("COPY requirements.txt /srv/\nCOPY backend/dist /srv/dist", None),
        ("COPY requirements.txt /srv/\nCOPY shared/*.py /srv/", None),
        ("COPY requirements.txt /srv/\nCOPY shared/${PART}/log.py /srv/", None),
        ("COPY requirements.txt /srv/\nCOPY dist /srv/dist\nCOPY generated/api.py *.cfg /srv/", "backend"),
    ],
)
def test_all_that_is_copied_agrees_on_the_context(copies: str, context: str | None) -> None:
    """A pattern, a variable and what only a build makes tell it by the folders that lead to them."""
    parsed = parse(Source("Dockerfile", f"FROM python:3.13-slim\n{copies}\n"))
    assert context_by_sources("backend/Dockerfile", parsed, _FILES, _FOLDERS) == context
