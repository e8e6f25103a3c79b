"""The demo's pull requests, as folders: what both sides have, what was before, what comes after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.forge.repository import Executable

if TYPE_CHECKING:
    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.pulls import PullRequest
    from tests.forge.repository import Content

FOLDER = Path(__file__).with_name("pull_requests")
OWNERS = {"shop-api": "acme", "report-worker": "globex", "checkout-web": "initech"}
"""Each repository has an owner, and so an installation, of its own: their writes need not wait for one another."""
NAMES = tuple(OWNERS)


@dataclass(frozen=True, slots=True)
class Change:
    """One pull request to be opened; the files are path to content."""

    name: str
    title: str
    description: str
    before: dict[str, Content]
    after: dict[str, Content]


def change(name: str) -> Change:
    """Read a pull request's folder."""
    folder = FOLDER / name
    title, _, description = (folder / "pull_request.md").read_text("utf-8").partition("\n\n")
    others: dict[str, Content] = {path: f"{path}\n" for path in (folder / "others.txt").read_text("utf-8").split()}
    before = others | _files(folder / "common") | _files(folder / "before")
    return Change(name, title, description.strip(), before, _files(folder / "after"))


def opened(forge: GitHubDouble, change: Change) -> PullRequest:
    """Open a pull request in a repository of its own."""
    project = forge.create_repository(f"{OWNERS[change.name]}/{change.name}", change.before)
    return project.open_pull_request(
        files=change.after, title=change.title, body=change.description, author="sam", branch="change"
    )


def _files(folder: Path) -> dict[str, Content]:
    found: dict[str, Content] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            executable = path.stat().st_mode & 0o100
            found[path.relative_to(folder).as_posix()] = Executable(data) if executable else data
    return found
