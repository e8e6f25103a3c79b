"""How often Python looks for memory to free, in processes that do nothing but judge files."""

from __future__ import annotations

import gc

_THRESHOLDS = (100_000, 50, 100)


def collect_seldom() -> None:
    """Look for unreachable objects seldom, and never among those that were loaded at the start.

    A model of a Dockerfile is tens of thousands of small objects that refer to one another and die together. With
    Python's own thresholds a third of a review's time goes into looking at them while they live
    (`python -m tests.bench.catalogue` prints the difference).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
