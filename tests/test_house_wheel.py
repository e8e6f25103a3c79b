"""What is installed from the wheel is whole: the command, the pages, the tables."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.checkout import ROOT, tracked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it, which is all that installing pure Python does."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command from the wheel, away from the checkout."""
    # The checkout is installed as one more folder to import from; here it must not help out.
    alone = f"sys.path[:] = [path for path in sys.path if path != {str(ROOT)!r}]"
    program = f"import sys; {alone}; from bot.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=installed.parent,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_every_file_of_both_packages(installed: Path) -> None:
    names = [path.relative_to(ROOT) for path in tracked("bot", "rules")]
    assert [name for name in names if not (installed / name).is_file()] == []


def test_the_installed_command_knows_its_version(installed: Path) -> None:
    assert run(installed, "--version").stdout == "hullcheck 0.1.0\n"


def test_the_installed_command_explains_a_rule(installed: Path) -> None:
    assert "## When to silence it" in run(installed, "explain", "final-stage-no-command").stdout


def test_the_installed_command_finds_something(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:latest\n", "utf-8")
    done = run(installed, "check", str(tmp_path))
    assert "base-image-unpinned" in done.stdout
    assert done.returncode == 1


def test_the_installed_command_has_no_demo_and_says_where_it_is(installed: Path) -> None:
    done = run(installed, "demo")
    assert done.returncode == 2
    assert "make demo" in done.stderr


def test_the_entry_point_is_the_command(installed: Path) -> None:
    (points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "hullcheck = bot.cli:main" in points.read_text("utf-8")
