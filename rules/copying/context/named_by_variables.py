"""Files whose names hold a variable without value, in folders that are written out."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rules.api import Copy, Put, once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Stage
    from rules.model.puts import Kind

_OPEN_MARKS = "*?[]'\"\\"


@once
def named_by_variables(stage: Stage) -> tuple[Put, ...]:
    """Return what COPYs put under a name that a build argument decides, with the name as it is written.

    A command that writes the same name means the same file: `/tmp/shop_${VERSION}.deb`.
    """
    copies = (copy for copy in stage.all_copies if not copy.deferred and copy.destination is not None)
    return tuple(put for copy in copies if copy.lands_in_folder for put in _puts(copy))


def _puts(copy: Copy) -> Iterator[Put]:
    kind: Kind = "context" if copy.from_context else "stage" if copy.from_stage is not None else "image"
    for source in copy.sources:
        text = source.word.text
        name = posixpath.basename(text)
        whole = name.count("{") == name.count("}") and not any(mark in name for mark in _OPEN_MARKS)
        if source.path is None and "$" in name and "://" not in text and whole and not _unpacks(copy, name):
            path = posixpath.join(copy.destination or "/", name)
            yield Put(path, kind, tree=False, whole=False, source=text, step=copy)


def _unpacks(copy: Copy, name: str) -> bool:
    return copy.is_add and (".tar" in name or name.endswith((".tgz", ".tbz2", ".txz")))
