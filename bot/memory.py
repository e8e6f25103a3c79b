"""How often Python looks for memory to free, in processes that do nothing but judge files."""

from __future__ import annotations

import gc

_THRESHOLDS = (5_000, 10, 10)


def collect_seldom() -> None:
    """Look for unreachable objects seldom, and never among those that were loaded at the start.

    A model of a Dockerfile is thousands of small objects that refer to one another and die together: with Python's own
    thresholds and everything that was loaded to look at, a review takes about a twentieth longer. Still fewer looks
    save no more, and let memory grow (`python -m tests.bench.catalogue` prints the difference).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
