"""What all tests share: helpers whose assertions show what differs."""

import pytest

pytest.register_assert_rewrite("tests.cases", "tests.fixing")
