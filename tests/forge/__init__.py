"""Doubles of the forges: real HTTP over a real git repository, as strict as the forges themselves."""

from tests.forge.clock import Clock
from tests.forge.faults import Fault
from tests.forge.github.double import ContractBroken, GitHubDouble
from tests.forge.github.project import Project
from tests.forge.github.pulls import PullRequest
from tests.forge.gitlab.double import GitLabDouble
from tests.forge.repository import Executable, Moved, Submodule, Symlink

__all__ = [
    "Clock",
    "ContractBroken",
    "Executable",
    "Fault",
    "GitHubDouble",
    "GitLabDouble",
    "Moved",
    "Project",
    "PullRequest",
    "Submodule",
    "Symlink",
]
