"""The checkout that the tests stand in, as git sees it."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def listed(*arguments: str) -> list[str]:
    """Return the paths that `git ls-files` gives, whoever owns the checkout."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return [name for name in done.stdout.decode().split("\0") if name]


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git knows, and those it would take in."""
    paths = [ROOT / name for name in listed("--cached", "--others", "--exclude-standard", "--", *patterns)]
    return [path for path in paths if path.is_file()]
