from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.gitlab_scene import Lab
from tests.forge.scene import Scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A repository, a pull request that changes three places of one file, and somebody with a token."""
    async with Scene.set() as scene:
        yield scene


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """The same on GitLab, and its bot with a token."""
    async with Lab.set() as lab:
        yield lab
