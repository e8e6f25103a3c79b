"""What is computed once for an object, and goes with it, for objects that no two threads share."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

T = TypeVar("T")
R = TypeVar("R")


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


def kept_with_argument(function: Callable[[T], R]) -> Callable[[T], R]:
    """Keep a function's result in its argument's own dictionary: a cache that holds no object alive."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def kept(argument: T) -> R:
        results = vars(argument)
        if name not in results:
            results[name] = function(argument)
        result: R = results[name]
        return result

    return kept
