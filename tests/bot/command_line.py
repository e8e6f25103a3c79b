"""The command `hullcheck` as a user runs it, and files to run it on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Put = Callable[[str, str], Path]


CLEAN = (
    "FROM python:3.13-slim\nENV PYTHONUNBUFFERED=1\nRUN useradd --uid 10001 app\nUSER 10001\n"
    'CMD ["python", "-m", "http.server"]\n'
)


UNPINNED = CLEAN.replace("python:3.13-slim", "python:latest")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it wrote to both streams."""
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Run the command for JSON."""
    report: dict[str, Any] = json.loads(run(capsys, *arguments, "--format", "json")[1])
    return report
