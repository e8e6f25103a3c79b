"""Refuses to keep SQLite on a network file system, where its locks do not hold and its log is not shared."""

from __future__ import annotations

import re
from pathlib import Path

from bot.mailbox.faults import DatabaseFaultError

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    {"afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "glusterfs"}
    | {"gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)


def refuse_network_file_system(database: Path) -> None:
    """Raise when a database file would lie on a network file system.

    Linux says so in `/proc/self/mountinfo`; elsewhere nothing is checked.

    Raises:
        DatabaseFaultError: With a sentence that says what to do.
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = file_system_of(database.absolute().resolve(), mounts)
    if kind in _NETWORK:
        raise DatabaseFaultError(
            f"HULLCHECK_DATABASE_URL names a file on a network file system ({kind}), where SQLite loses data. "
            "Use a local disk, or PostgreSQL."
        )


def file_system_of(path: Path, mounts: str) -> str:
    """Return the type of the file system that a path lies on.

    Args:
        path: Absolute, links resolved.
        mounts: Text of `/proc/self/mountinfo` (proc(5)): field 5 is the mount point, the type follows ` - `.
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:  # noqa: PLR2004 - see the docstring
            continue
        point = Path(_unescape(fields[4]))
        # Of two mounts on one point the later one hides the earlier.
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split(" ")[0]
    return kind


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
