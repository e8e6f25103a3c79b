"""What all tests share: helpers whose assertions show what differs, and patience on a busy machine."""

import gc

import pytest
from hypothesis import HealthCheck, settings

from bot.memory import collect_seldom

pytest.register_assert_rewrite("tests.cases", "tests.fixing")

# How fast examples are made and run says nothing about them; benchmarks live in `tests/bench`.
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

gc.disable()  # nothing that collecting makes goes away again


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for unreachable objects as the server does: ten thousand tests to look through take a sixth of the time."""
    collect_seldom()
    gc.enable()
