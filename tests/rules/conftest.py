"""Show what differs when a case fails."""

import pytest

pytest.register_assert_rewrite("tests.cases")
