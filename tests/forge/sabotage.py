"""Rules of a forge's double, broken on purpose: what every forge's list of them needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import pytest

from tests.forge.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from tests.forge.faults import Fault


S = TypeVar("S")
TAKE = Faults.take


class Sabotage(NamedTuple, Generic[S]):
    """A rule broken: what is replaced by what, and the probe that must notice on the forge's scene."""

    owner: Any
    name: str
    broken: Any
    probe: Callable[[S], Awaitable[None]]


async def check(
    sabotage: Sabotage[S], scene: Callable[[], AbstractAsyncContextManager[S]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watch a probe pass, and fail once its rule is broken."""
    async with scene() as whole:
        await sabotage.probe(whole)
    monkeypatch.setattr(sabotage.owner, sabotage.name, sabotage.broken)
    with pytest.raises((AssertionError, KeyError, IndexError, pytest.fail.Exception)):
        async with scene() as spoilt:
            await sabotage.probe(spoilt)


def nothing(*_: object, **__: object) -> None:
    """Do nothing."""


def yes(*_: object, **__: object) -> bool:
    """Say yes."""
    return True


def no(*_: object, **__: object) -> bool:
    """Say no."""
    return False


def nowhere(*_: object, **__: object) -> list[str]:
    """Find nothing wrong."""
    return []


def take_before(self: Faults, method: str, path: str) -> list[Fault]:
    """Let every fault come before the write."""
    return [replace(fault, when="before") for fault in TAKE(self, method, path)]
