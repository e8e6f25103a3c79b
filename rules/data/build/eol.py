"""Build `eol.zip`: end-of-life dates by product and cycle, and which images are which product.

python rules/data/build/eol.py eol.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pack import write


def main() -> None:
    """Read the raw table and write the compact one."""
    parser = argparse.ArgumentParser(description="Build eol.zip")
    parser.add_argument("eol", type=Path)
    raw = json.loads(parser.parse_args().eol.read_text())
    parts: dict[str, Any] = {
        "meta": raw["meta"],
        "images": raw["image_map"],
        "suffix": raw["suffix"]["patterns"],
        "codenames": raw["suffix"]["codenames"],
        "dead": raw["dead_images"],
    }
    parts |= {f"product/{name}": product for name, product in raw["products"].items()}
    write("eol", parts)


if __name__ == "__main__":
    main()
