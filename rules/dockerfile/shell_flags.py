"""How options are written on a command line: long and short, in clusters, with and without values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def takes_next_word(option: str, with_values: Collection[str]) -> bool:
    """Tell whether an option as written takes the next word for its value.

    Args:
        option: With its dashes; may be a cluster of short options, of which the last may take a value.
        with_values: The options that take one, with their dashes.
    """
    if option in with_values:
        return True
    if option[:2] == "--" or "=" in option:
        return False
    for index in range(1, len(option)):
        if "-" + option[index] in with_values:
            return index == len(option) - 1
    return False


def holds(value: str, flag: str) -> bool:
    """Tell whether an option word contains a flag: a letter of a cluster, or a long flag with a value."""
    if flag[:2] == "--":
        return value.startswith(flag) and value[len(flag) : len(flag) + 1] == "="
    return len(flag) == 2 and value[:2] != "--" and flag[1] in value[1:] and value[1:].isalpha()  # noqa: PLR2004 - dash and letter


def inline_value(value: str, name: str) -> str | None:
    """Return an option's value from its own word, empty when it is the next word, `None` for another option."""
    if value == name:
        return ""
    if len(name) != 2:  # noqa: PLR2004 - dash and letter
        return value[len(name) + 1 :] if value.startswith(name + "=") else None
    at = -1 if value[:2] == "--" else value.find(name[1], 1)
    if at == 1:
        return value[2:].removeprefix("=")
    rest = value[at + 1 :]
    return rest if at > 1 and value[1:at].isalpha() and not rest[:1].isalpha() else None
