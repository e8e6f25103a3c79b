"""Whether a file that a COPY brings is executable already, so that a `chmod` of it changes nothing."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Copy, Run
from rules.model.puts import within
from rules.user.modes.granted import octal_bits, read_mode

if TYPE_CHECKING:
    from rules.api import CopySource, DockerfileChange, Put, Stage

_LINKERS = frozenset("go gcc g++ cc clang rustc".split())
"""What writes a program with its execute bits set, as far as the umask lets it (POSIX, `c99`, "Output Files")."""
_PLAIN = frozenset({"curl", "wget", "tee", "touch", "echo", "printf", "cat"})
"""What writes a file as any other: without them."""
_RUNS = 0o111
_SMALL = 64 * 1024
_TEXTS = (
    *(".sh", ".bash", ".py", ".pl", ".rb", ".js", ".conf", ".cnf", ".cfg", ".ini", ".cron", ".txt"),
    *(".yml", ".yaml", ".toml", ".key", ".pem", ".crt", ".pub"),
)
"""How files end of which a few kilobytes are written by hand, and keys."""
_LITTLE = frozenset("tini dumb-init su-exec id_rsa id_dsa id_ecdsa id_ed25519 authorized_keys known_hosts".split())
"""Programs of some ten kilobytes, and files of SSH's."""


def is_executable(change: DockerfileChange, copy: Copy, source: CopySource) -> bool | None:
    """Tell whether a file has its execute bits before a COPY brings it; `None` where that is not known.

    Args:
        change: The change under review.
        copy: The COPY, without a mode of its own.
        source: One file that it takes.
    """
    path = copy.source_path(source)
    if path is None or source.is_remote:
        closed = source.is_remote and not copy.unpacks(source)  # "the destination will have permissions of 600" (ADD)
        return False if closed else None
    if copy.from_context:
        return _in_repository(change, path)
    return _in_stage(change, copy.from_stage, path) if copy.from_stage is not None else None


def is_small(change: DockerfileChange, copy: Copy) -> bool:
    """Tell whether a COPY brings nothing but a few texts: by what was read of them, or by their endings."""
    return all(_is_small(change, copy, source) for source in copy.sources)


def is_known_to_be_small(change: DockerfileChange, copy: Copy) -> bool:
    """Tell whether all files that a COPY brings were read, and are a few kilobytes together."""
    sizes = [_size(change, copy, source) for source in copy.sources]
    known = [size for size in sizes if size is not None]
    return bool(sizes) and len(known) == len(sizes) and sum(known) <= _SMALL


def _is_small(change: DockerfileChange, copy: Copy, source: CopySource) -> bool:
    size, name = _size(change, copy, source), posixpath.basename(source.path or "")
    return size <= _SMALL if size is not None else name.endswith(_TEXTS) or "entrypoint" in name or name in _LITTLE


def _size(change: DockerfileChange, copy: Copy, source: CopySource) -> int | None:
    """Return the bytes of a file of the build context; `None` where it was not read."""
    path = change.repository.in_context(change.path, source.path or "") if copy.from_context else None
    data = change.repository.files.get(path) if path is not None else None
    return len(data) if data is not None else None


def _in_repository(change: DockerfileChange, path: str) -> bool | None:
    known = change.repository.in_context(change.path, path)
    mode = change.repository.mode(known) if known is not None else None
    return bool(mode & _RUNS) if mode is not None and known is not None else None


def _in_stage(change: DockerfileChange, stage: Stage, path: str) -> bool | None:
    """Tell whether a file of another stage is executable at its end: by the last that wrote it or set its mode."""
    for put in reversed(stage.files.covering(path)):
        if put.kind == "workdir" or not within(path, put.path):
            continue
        given = _given_behind(stage, put, path)
        return given if given is not None else _as_put(change, put, path)
    return None


def _given_behind(stage: Stage, put: Put, path: str) -> bool | None:
    """Tell what a `chmod` of the file behind its writing leaves; `None` without one."""
    found = None
    for one in stage.files.attribute_changes:
        if one.kind != "chmod" or one.path is None or one.step.at < put.step.at:
            continue
        mode = read_mode(one.value) if one.path == path or (one.recursive and within(path, one.path)) else None
        if mode is not None:
            runs = _lets_run(mode.text)
            found = runs if runs is not None else "x" in mode.text.lower() and "-" not in mode.text
    return found


def _as_put(change: DockerfileChange, put: Put, path: str) -> bool | None:
    step = put.step
    if isinstance(step, Copy):
        return _by_copy(change, step, put, path)
    if not isinstance(step, Run) or put.command is None or put.path != path:
        return None
    name = put.command.name
    if name == "install":
        mode = put.command.option("-m", "--mode")  # "instead of rwxr-xr-x" (coreutils, "install invocation")
        return mode is None or _lets_run(mode) is True
    return True if name in _LINKERS else False if name in _PLAIN else None


def _by_copy(change: DockerfileChange, copy: Copy, put: Put, path: str) -> bool | None:
    mode = copy.option("chmod") if copy.instruction.flag("chmod") is not None else None
    if mode is not None:
        return _lets_run(mode)
    if put.kind == "heredoc":
        return False
    inner = put.source if put.path == path else posixpath.join(put.source, posixpath.relpath(path, put.path))
    if put.kind == "context":
        return _in_repository(change, posixpath.normpath(inner))
    return _in_stage(change, copy.from_stage, inner) if put.kind == "stage" and copy.from_stage is not None else None


def _lets_run(mode: str) -> bool | None:
    """Tell whether an octal mode lets everybody run a file; `None` of any other text."""
    bits = octal_bits(mode)
    return bits & _RUNS == _RUNS if bits is not None else None
