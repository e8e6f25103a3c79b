"""The command line that the fuzzers share."""

from __future__ import annotations

import argparse


def count_and_seed(about: str | None) -> tuple[int, int]:
    """Read from the command line how many files to spoil (1,000) and the seed of chance (0).

    Args:
        about: The module's docstring, for `--help`.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=1000, help="files to spoil")
    parser.add_argument("seed", nargs="?", type=int, default=0, help="seed of chance")
    chosen = parser.parse_args()
    return chosen.count, chosen.seed
