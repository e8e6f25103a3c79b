"""What is computed once for an object, and goes with it, for objects that no two threads share."""

from __future__ import annotations

from copy import copy
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

T = TypeVar("T")
Key = TypeVar("Key")
Owner = TypeVar("Owner")


class cached_property(Generic[T]):  # noqa: N801 - named and used like that of functools
    """Like `functools.cached_property` of Python 3.12 and later: without the lock that 3.11 takes at each first use."""

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function = function
        self._name = function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        """Compute the value and keep it in the object's dictionary, where the next look finds it first."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._function(instance)
        return value


def once(function: Callable[[Owner], T]) -> Callable[[Owner], T]:
    """Let a function of one object (a stage, a RUN, a model) compute its answer once for each, and keep it there.

    For what a rule asks again for every finding: a file may have thousands of them. The object must not change, and the
    answer belongs to it: nothing of another object may come in.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def answer(owner: Owner) -> T:
        kept = owner.__dict__
        if name not in kept:
            kept[name] = function(owner)
        found: T = kept[name]
        return found

    return answer


def once_for_each(function: Callable[[Owner, Key], T]) -> Callable[[Owner, Key], T]:
    """Let a function of an object and of something that can be hashed (a path, a name) answer once for each of both.

    As `once`. What it returns should be small: all of it stays as long as the object.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def answer(owner: Owner, key: Key) -> T:
        kept: dict[Key, T] | None = owner.__dict__.get(name)
        if kept is None:
            kept = owner.__dict__[name] = {}
        if key not in kept:
            kept[key] = function(owner, key)
        return kept[key]

    return answer


def without_answers(owner: Owner) -> Owner:
    """Return a shallow copy that has forgotten what functions computed `once` for it; its properties keep their values.

    For an object that is to differ in something that such functions may have asked.
    """
    twin = copy(owner)
    for name in [name for name in twin.__dict__ if "." in name]:  # a property's name has none
        del twin.__dict__[name]
    return twin
