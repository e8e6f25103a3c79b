"""A mapping that grows without being copied: each instruction has a scope of its own, and a file may have thousands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

T = TypeVar("T")

SMALL: Final = 64
"""Names up to which a plain dictionary is copied: faster than anything else, and all that ordinary files need."""
_GONE: Final = object()


def extended(mapping: Mapping[str, T], added: Mapping[str, T], gone: Collection[str] = ()) -> Mapping[str, T]:
    """Return a mapping with more names and without some, in about the time that these take, however large it is.

    Args:
        mapping: What there is. It is kept, so nobody may change it afterwards.
        added: Names that are new or get another value.
        gone: Names that are taken out before.
    """
    if isinstance(mapping, dict) and len(mapping) <= SMALL:
        found = {**mapping}
        for name in gone:
            found.pop(name, None)
        return {**found, **added}
    return (mapping if isinstance(mapping, Layered) else Layered((mapping,))).with_(added, gone)


class Layered(Mapping[str, T]):
    """Dictionaries on top of each other, each at most half as large as the one below: so there are few of them."""

    __slots__ = ("_layers", "_settled")

    def __init__(self, layers: tuple[Mapping[str, Any], ...]) -> None:
        self._layers = layers
        self._settled: tuple[Mapping[str, Any], ...] | None = None

    def with_(self, added: Mapping[str, T], gone: Collection[str] = ()) -> Layered[T]:
        """Return this mapping with more names and without some; see `extended`."""
        if self._settled is None:  # once for all that are made from this one
            self._settled = _settled(self._layers)
        return Layered((*self._settled, {**dict.fromkeys(gone, _GONE), **added}))

    def __getitem__(self, name: str) -> T:
        """Return the value that was given last.

        Raises:
            KeyError: The name has none.
        """
        for layer in reversed(self._layers):
            value = layer.get(name, self)
            if value is not self:
                if value is _GONE:
                    break
                return value  # type: ignore[no-any-return]  # a value of T, since it is neither mark
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """Give the names, the oldest first, as a dictionary does."""
        return iter(_merged(self._layers))

    def __len__(self) -> int:
        """Count the names; this looks at all of them."""
        return len(_merged(self._layers))


def _settled(layers: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
    """Merge the topmost layers until each is at most half as large as the one below; views are left alone."""
    kept = list(layers)
    while (
        len(kept) > 1 and isinstance(kept[-2], dict) and (len(kept[-1]) * 2 > len(kept[-2]) or len(kept[-2]) <= SMALL)
    ):
        above = kept.pop()
        kept[-1] = {**kept[-1], **above}
    return tuple(kept)


def _merged(layers: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for layer in layers:
        merged.update(layer)
    return {name: value for name, value in merged.items() if value is not _GONE}
