"""Dockerfiles that say the same in other words: of such a change no rule has anything to say."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING

from tests.restating import instructions, layout, runs, words
from tests.restating.pieces import restated

if TYPE_CHECKING:
    from tests.restating.pieces import Restating

__all__ = ["RESTATEMENTS", "restated"]

RESTATEMENTS: dict[str, Restating] = {
    name: function
    for module in (layout, instructions, runs, words)
    for name, function in vars(module).items()
    if isinstance(function, FunctionType) and function.__module__ == module.__name__ and name[0] != "_"
}
"""Every restatement by its name."""
