"""A package beside the environment that a container starts from gets no comment of its own."""

from __future__ import annotations

import pytest

import rules

BEFORE = "FROM python:3.13-slim\nWORKDIR /srv\nRUN pip install --no-cache-dir till\nCOPY pyproject.toml uv.lock ./\n"
SYNCED = f"{BEFORE}RUN uv sync --frozen\nCOPY . .\nUSER 10001\n"


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        (f'{SYNCED}CMD ["uv", "run", "main.py"]\n', True),
        (f'{SYNCED}CMD [".venv/bin/python", "main.py"]\n', True),
        (f'{SYNCED}CMD ["/srv/.venv/bin/till", "serve"]\n', True),
        (f'{SYNCED}CMD ["till", "serve"]\n', False),
        (f'{SYNCED}CMD ["uv", "run", "--no-project", "main.py"]\n', False),
        (f'{SYNCED}RUN till compile\nCMD ["uv", "run", "main.py"]\n', False),
        (f'{BEFORE}CMD ["uv", "run", "main.py"]\n', False),
    ],
    ids=["uv run", "its python", "its program", "the other one", "no project", "called by a RUN", "nothing made"],
)
def test_what_never_runs_there_is_minor(text: str, *, minor: bool) -> None:
    files = {"Dockerfile": text.encode(), "pyproject.toml": b"[project]\nname = 'shop'\n", "uv.lock": b"version = 1\n"}
    findings = rules.review({}, files).findings
    assert [one.minor for one in findings if one.rule == "pip-unpinned"] == [minor]
