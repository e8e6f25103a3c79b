"""Write a table: a zip of JSON files whose bytes depend on their contents only."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def write(table: str, parts: dict[str, Any]) -> None:
    """Write `rules/data/<table>.zip` and say how large it is."""
    path = HERE / f"{table}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(parts):
            text = json.dumps(parts[name], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            member = zipfile.ZipInfo(f"{name}.json", _NO_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3
            archive.writestr(member, text)
    print(f"{path.name}: {len(parts)} parts, {path.stat().st_size:,} bytes")
