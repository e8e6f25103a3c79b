"""What all tests share: helpers whose assertions show what differs, and patience on a busy machine."""

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.cases", "tests.fixing")

# How fast examples are made and run says nothing about them; benchmarks live in `tests/bench`.
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
