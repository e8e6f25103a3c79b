"""A value that does not print."""

from __future__ import annotations

import hmac
from typing import NoReturn, final


@final
class Secret:
    """Text that is shown only where it is asked for by `reveal`.

    `repr`, `str` and formatting give `Secret(…)`, so that a log line, a dataclass's repr or a traceback with
    locals never shows it. Pickling is refused.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, _spec: str, /) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        message = "a Secret is not pickled: hand it over by setting"
        raise TypeError(message)
