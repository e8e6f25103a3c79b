"""Write a table: a zip of JSON files whose bytes depend on their contents only."""

from __future__ import annotations

import argparse
import json
import zipfile
from pathlib import Path
from typing import Any

_TABLES = Path(__file__).resolve().parent.parent
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def arguments(description: str, *names: str) -> argparse.Namespace:
    """Read the command line: the raw files, and where the table goes."""
    parser = argparse.ArgumentParser(description=description)
    for name in names:
        parser.add_argument(name, type=Path)
    parser.add_argument("--output", type=Path, default=_TABLES, help="the folder of the tables")
    return parser.parse_args()


def write(path: Path, parts: dict[str, Any]) -> None:
    """Write a table and say how large it is."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(parts):
            text = json.dumps(parts[name], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            member = zipfile.ZipInfo(f"{name}.json", _NO_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3
            archive.writestr(member, text)
    print(f"{path.name}: {len(parts)} parts, {path.stat().st_size:,} bytes")
