"""What all tests share: helpers whose assertions show what differs, and patience on a busy machine."""

import gc
import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from bot.memory import collect_seldom

pytest.register_assert_rewrite("tests.cases", "tests.fixing")

# How fast examples are made and run says nothing about them; benchmarks live in `tests/bench`.
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

gc.disable()  # nothing that collecting makes goes away again


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Let one worker more than there are cores run: the tests of the server wait a third of their time."""
    found = yield
    asked = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")  # noqa: TID251 - not ours; who names a number gets it
    return found if asked else found + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for unreachable objects as the server does: ten thousand tests to look through take a sixth of the time."""
    collect_seldom()
    gc.enable()
