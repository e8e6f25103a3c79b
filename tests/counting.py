"""How much work something is, counted: the same on every machine, busy or not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any


def lines_run(work: Callable[[], object]) -> int:
    """Return how many lines of Python some work runs, those of generators and comprehensions for each turn.

    What functions written in C do is not counted: a search in a list, a pattern. `tests.bench.growth` times that too.
    """
    count = 0

    def see_line(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return see_line

    before = sys.gettrace()
    sys.settrace(see_line)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
